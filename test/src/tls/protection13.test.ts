import * as ds from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { chacha20Poly1305 } from "../../../src/crypto/chacha20poly1305"
import { ErrorCode } from "../../../src/errors"
import { expandLabel } from "../../../src/tls/keyschedule"
import { Protection13 } from "../../../src/tls/protection13"
import { RecordLayer, MAX_HANDSHAKE_CONTENT } from "../../../src/tls/record"
import { expectBytes, expectCode } from "../check"
import { plainRecord, ScriptedTransport } from "./script"

/** A record with this inner plaintext, content type and padding included, and a layer that is about to read it. */
async function layerWith(inner: Buffer): Promise<RecordLayer> {
    const secret = Buffer.alloc(32)
    const record = Buffer.alloc(5 + inner.length + 16)
    record.blitAt(5, inner, 0, inner.length)
    const last = inner[inner.length - 1]
    await new Protection13(chacha20Poly1305(), secret).seal(
        record,
        last,
        inner.length - 1
    )
    const layer = new RecordLayer(new ScriptedTransport([record]))
    layer.protectIncoming(new Protection13(chacha20Poly1305(), secret))
    return layer
}

async function expectReadCode(code: number, layer: RecordLayer): Promise<void> {
    await expectCode(code, async () => {
        await layer.read(ds.millis() + 1000)
    })
}

describe("record protection of TLS 1.3", () => {
    test("R5: as much padding as a record can hold does not stop the program", async () => {
        const inner = Buffer.alloc(MAX_HANDSHAKE_CONTENT + 1)
        inner[0] = 0x61
        inner[1] = 23
        const layer = await layerWith(inner)
        expect(await layer.read(ds.millis() + 1000)).toBe(true)
        expect(layer.type).toBe(23)
        expectBytes(layer.data.slice(layer.from, layer.to), hex`61`)
    })

    test("R1: padding does not lift the limit of a record", async () => {
        const inner = Buffer.alloc(MAX_HANDSHAKE_CONTENT + 2)
        inner[0] = 0x61
        inner[1] = 23
        await expectReadCode(ErrorCode.TlsRecordTooLong, await layerWith(inner))
    })

    test("refuses a record of padding alone, and types that stand in no record", async () => {
        for (const inner of [hex`00`, hex`0000000000`, hex`6114`, hex`6118`])
            await expectReadCode(
                ErrorCode.TlsUnexpectedRecord,
                await layerWith(inner)
            )
    })

    test("R3: a record opens in its turn alone", async () => {
        const secret = Buffer.alloc(32)
        const sender = new Protection13(chacha20Poly1305(), secret)
        const pieces: Buffer[] = []
        for (let i = 0; i < 4; i++) {
            const record = Buffer.alloc(5 + 1 + 17)
            record[5] = i
            await sender.seal(record, 23, 1)
            if (i !== 2) pieces.push(record)
        }
        const layer = new RecordLayer(new ScriptedTransport(pieces))
        layer.protectIncoming(new Protection13(chacha20Poly1305(), secret))
        for (let i = 0; i < 2; i++) {
            expect(await layer.read(ds.millis() + 1000)).toBe(true)
            expect(layer.data[0]).toBe(i)
        }
        await expectReadCode(ErrorCode.TlsBadRecord, layer)
    })

    test("R3: the nonce is the IV and the sequence number in all its bytes", async () => {
        const secret = Buffer.alloc(32)
        const sender = new Protection13(chacha20Poly1305(), secret)
        const record = Buffer.alloc(5 + 1 + 17)
        for (let i = 0; i <= 0x102; i++) {
            record[5] = 0x61
            await sender.seal(record, 23, 1)
        }
        // RFC 8446 5.2 and 5.3, by hand.
        const nonce = expandLabel(secret, "iv", hex``, 12)
        nonce[10] = nonce[10] ^ 1
        nonce[11] = nonce[11] ^ 2
        const key = expandLabel(secret, "key", hex``, 32)
        const data = Buffer.alloc(18)
        data[0] = 0x61
        data[1] = 23
        await chacha20Poly1305()
            .create(key)
            .seal(nonce, hex`1703030012`, data, 0, 2)
        expectBytes(record, Buffer.concat(hex`1703030012`, data))
    })

    test("R2: refuses a record that is shorter than its tag and a type", async () => {
        const layer = new RecordLayer(
            new ScriptedTransport([plainRecord(23, Buffer.alloc(16))])
        )
        layer.protectIncoming(
            new Protection13(chacha20Poly1305(), Buffer.alloc(32))
        )
        await expectReadCode(ErrorCode.TlsBadRecord, layer)
    })
})
