import * as ds from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import {
    ContentType,
    MAX_CONTENT,
    MAX_FRAGMENT,
    MAX_HANDSHAKE_CONTENT,
    RecordLayer,
} from "../../../src/tls/record"
import { Transport } from "../../../src/transport"
import { expectBytes, expectCode } from "../check"
import { plainRecord, ScriptedTransport } from "./script"

function soon(): number {
    return ds.millis() + 1000
}

async function expectReadCode(code: number, pieces: Buffer[]): Promise<void> {
    const layer = new RecordLayer(new ScriptedTransport(pieces))
    await expectCode(code, async () => {
        await layer.read(soon())
    })
}

/** The same piece over and over, without a pause, as when much has arrived while the program computed. */
class Flood implements Transport {
    constructor(
        private readonly piece: Buffer,
        private left: number
    ) {}

    async read(): Promise<Buffer> {
        this.left--
        return this.left >= 0 ? this.piece.slice(0) : undefined
    }

    async write(): Promise<void> {}
    wake(): void {}
    async close(): Promise<void> {}
}

describe("the record layer, without protection", () => {
    test("gives a record's type and content", async () => {
        const layer = new RecordLayer(
            new ScriptedTransport([plainRecord(22, hex`010203`)])
        )
        expect(await layer.read(soon())).toBe(true)
        expect(layer.type).toBe(ContentType.Handshake)
        expectBytes(layer.data.slice(layer.from, layer.to), hex`010203`)
    })

    test("gives two records of one piece, and one record of many pieces", async () => {
        const layer = new RecordLayer(
            new ScriptedTransport([
                hex`160303 0001 aa 160303 0002 bb`,
                hex`cc 16`,
                hex`03`,
                hex`0300`,
                hex`01dd`,
            ])
        )
        for (const content of [hex`aa`, hex`bbcc`, hex`dd`]) {
            expect(await layer.read(soon())).toBe(true)
            expectBytes(layer.data, content)
        }
    })

    test("goes on in the middle of a header and of a record after time was over", async () => {
        const layer = new RecordLayer(
            new ScriptedTransport([
                hex`1603`,
                undefined,
                hex`03 0002 aa`,
                undefined,
                hex`bb`,
            ])
        )
        expect(await layer.read(soon())).toBe(false)
        expect(await layer.read(soon())).toBe(false)
        expect(await layer.read(soon())).toBe(true)
        expectBytes(layer.data, hex`aabb`)
    })

    test("R6: the end of the stream is an error, between records and within one", async () => {
        await expectReadCode(ErrorCode.TlsTruncated, [null])
        await expectReadCode(ErrorCode.TlsTruncated, [hex`1603`, null])
        await expectReadCode(ErrorCode.TlsTruncated, [
            hex`160303 0002 aa`,
            null,
        ])
    })

    test("R1: refuses a length over the limit by the header alone", async () => {
        const most = MAX_HANDSHAKE_CONTENT
        const header = hex`160303 0000`.slice(0)
        header[3] = (most + 1) >> 8
        header[4] = (most + 1) & 255
        await expectReadCode(ErrorCode.TlsRecordTooLong, [header])
        await expectReadCode(ErrorCode.TlsRecordTooLong, [hex`160303 ffff`])
    })

    test("R1: takes a record at the limit", async () => {
        const layer = new RecordLayer(
            new ScriptedTransport([
                Buffer.concat(
                    hex`160303`,
                    Buffer.from([
                        MAX_HANDSHAKE_CONTENT >> 8,
                        MAX_HANDSHAKE_CONTENT & 255,
                    ])
                ),
                Buffer.alloc(MAX_HANDSHAKE_CONTENT),
            ])
        )
        expect(await layer.read(soon())).toBe(true)
        expect(layer.data.length).toBe(MAX_HANDSHAKE_CONTENT)
        expect(MAX_HANDSHAKE_CONTENT < MAX_CONTENT).toBe(true)
    })

    test("tells what is not TLS from a record type that TLS has not", async () => {
        await expectReadCode(ErrorCode.TlsNotTls, [Buffer.from("HTTP/1.1")])
        await expectReadCode(ErrorCode.TlsNotTls, [hex`160203 0001 00`])
        for (const type of [0, 19, 24, 255])
            await expectReadCode(ErrorCode.TlsUnexpectedRecord, [
                plainRecord(type, hex`00`),
            ])
    })

    test("R5: refuses an empty record of any type but application data", async () => {
        for (const type of [20, 21, 22])
            await expectReadCode(ErrorCode.TlsFlood, [plainRecord(type, hex``)])
    })

    test("R5: takes eight empty records in a row and refuses the ninth", async () => {
        const empty = plainRecord(23, hex``)
        const pieces: Buffer[] = []
        for (let i = 0; i < 8; i++) pieces.push(empty)
        pieces.push(plainRecord(23, hex`00`))
        for (let i = 0; i < 9; i++) pieces.push(empty)
        const layer = new RecordLayer(new ScriptedTransport(pieces))
        for (let i = 0; i < 17; i++) expect(await layer.read(soon())).toBe(true)
        await expectCode(ErrorCode.TlsFlood, async () => {
            await layer.read(soon())
        })
    })

    test("R5: thousands of small records that have all arrived do not stop the program", async () => {
        const layer = new RecordLayer(new Flood(hex`160303 0001 61`, 2000))
        let count = 0
        while (await layer.read(soon())) count++
        expect(count).toBe(2000)
    })

    test("R5: thousands of pieces of one byte do not stop the program", async () => {
        const layer = new RecordLayer(new Flood(hex`16`, 5))
        await expectCode(ErrorCode.TlsNotTls, async () => {
            await layer.read(soon())
        })
        const transport = new Flood(hex`03`, 3000)
        const slow = new RecordLayer(
            new Joined(new ScriptedTransport([hex`160303 0bb8`]), transport)
        )
        expect(await slow.read(soon())).toBe(true)
        expect(slow.data.length).toBe(3000)
    })

    test("writes content in records of the size that we ask for", async () => {
        const transport = new ScriptedTransport([])
        const layer = new RecordLayer(transport)
        await layer.write(
            ContentType.ApplicationData,
            Buffer.alloc(MAX_FRAGMENT + 1)
        )
        expect(transport.written.length).toBe(2)
        expectBytes(transport.written[0].slice(0, 5), hex`170303 0800`)
        expectBytes(transport.written[1], hex`170303 0001 00`)
    })

    test("writes nothing for no content", async () => {
        const transport = new ScriptedTransport([])
        await new RecordLayer(transport).write(23, hex``)
        expect(transport.written.length).toBe(0)
    })
})

/** One transport's pieces, then another's. */
class Joined implements Transport {
    constructor(
        private readonly first: Transport,
        private readonly second: Transport
    ) {}

    async read(timeoutMs: number): Promise<Buffer> {
        const piece = await this.first.read(timeoutMs)
        return piece !== undefined ? piece : await this.second.read(timeoutMs)
    }

    async write(): Promise<void> {}
    wake(): void {}
    async close(): Promise<void> {}
}
