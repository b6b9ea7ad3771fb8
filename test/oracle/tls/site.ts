/** The device's TLS client, under Node, at a server in the same process that may misbehave. */
import assert from "node:assert/strict"
import type { KeyObject } from "node:crypto"
import { Faults, TlsServer13 } from "../../sim/faults/tlsserver13"
import { pinnedAnchor } from "../../sim/pki/anchor"
import { Chain, makeChain } from "../../sim/pki/chain"
import { Buffer as DeviceBuffer } from "../../sim/shim/buffer"

/** What the tests call of the device's code. */
interface TlsConnection {
    read(timeoutMs: number): Promise<DeviceBuffer | null | undefined>
    write(data: DeviceBuffer): Promise<void>
    close(): Promise<void>
    notAfterSec: number
}
interface ClientOptions {
    parts: object
    anchors: { name: DeviceBuffer; key: DeviceBuffer }[]
    host: string
    nowSec: number
    floorSec: number
}
const { connectTls } = require("../../src/tls/client") as {
    connectTls(
        transport: MemoryTransport,
        options: object
    ): Promise<TlsConnection>
}
const { rsaSet } = require("../../src/tls/sets") as { rsaSet(): object }
export const { ErrorCode, errorCode } = require("../../src/errors") as {
    ErrorCode: Record<string, number> & Record<number, string>
    errorCode(error: unknown): number
}

export const HOST = "gateway.test"

/** A Transport with a server behind it; what the server sends comes in pieces. */
export class MemoryTransport {
    private readonly pieces: DeviceBuffer[] = []
    private waiting: (() => void) | undefined
    private ended = false
    server!: TlsServer13
    closed = false

    constructor(private readonly pieceBytes: number) {}

    /** From the server. */
    deliver(bytes: Buffer) {
        for (let at = 0; at < bytes.length; at += this.pieceBytes)
            this.pieces.push(
                DeviceBuffer.from(bytes.subarray(at, at + this.pieceBytes))
            )
        this.waiting?.()
    }

    /** The server ends the stream. */
    end() {
        this.ended = true
        this.waiting?.()
    }

    async read(timeoutMs: number): Promise<DeviceBuffer | null | undefined> {
        if (!this.pieces.length && !this.ended && timeoutMs > 0)
            await new Promise<void>(resolve => {
                const timer = setTimeout(resolve, timeoutMs)
                this.waiting = () => {
                    clearTimeout(timer)
                    resolve()
                }
            })
        return this.pieces.shift() ?? (this.ended ? null : undefined)
    }

    async write(data: DeviceBuffer): Promise<void> {
        this.server.receive(Buffer.from(data))
    }

    wake() {
        this.waiting?.()
    }

    async close(): Promise<void> {
        this.closed = true
    }
}

export class TlsSite {
    private constructor(readonly owner: Chain) {}

    static async create(): Promise<TlsSite> {
        return new TlsSite(await makeChain({ names: [HOST], caBits: 2048 }))
    }

    /** The chain as it is sent. */
    get chain(): Buffer[] {
        const { server, edgeCa, intermediate } = this.owner
        return [server.der, edgeCa.der, intermediate.der]
    }

    /** The server's private key. */
    get key(): KeyObject {
        return this.owner.server.keys.privateKey
    }

    /**
     * Starts a connection.
     *
     * @param endsAfter the stream ends after so many records of the server
     * @param client changes to the client's options
     */
    open(
        faults: Faults = {},
        pieceBytes = 1024,
        endsAfter = Infinity,
        client: Partial<ClientOptions> = {}
    ): { transport: MemoryTransport; connection: Promise<TlsConnection> } {
        const transport = new MemoryTransport(pieceBytes)
        let records = 0
        transport.server = new TlsServer13(
            { chain: this.chain, key: this.key },
            faults,
            bytes => {
                if (records < endsAfter) transport.deliver(bytes)
                records++
                if (records === endsAfter) transport.end()
            }
        )
        const { subjectName, publicKeyInfo } = pinnedAnchor(this.owner.root)
        const connection = connectTls(transport, {
            parts: rsaSet(),
            anchors: [
                {
                    name: DeviceBuffer.from(subjectName),
                    key: DeviceBuffer.from(publicKeyInfo),
                },
            ],
            host: HOST,
            nowSec: -1,
            floorSec: 0,
            ...client,
        })
        // Looked at later: an early failure is not an unhandled one.
        connection.catch(() => undefined)
        return { transport, connection }
    }

    /** The handshake fails with this code, and the server sees this alert (undefined: none). */
    async refuses(
        code: string,
        alert: number | undefined,
        faults: Faults,
        endsAfter?: number,
        client?: Partial<ClientOptions>
    ): Promise<void> {
        const { transport, connection } = this.open(
            faults,
            1024,
            endsAfter,
            client
        )
        await assertCode(connection, code)
        assert.equal(transport.server.alert, alert, "the alert on the wire")
        assert.ok(transport.closed, "the transport is closed")
        assert.equal(transport.server.applicationData.length, 0, "S4")
    }

    /** The handshake succeeds, and then reading fails. */
    async breaksOff(
        code: string,
        alert: number | undefined,
        faults: Faults
    ): Promise<void> {
        const { transport, connection } = this.open(faults)
        const open = await connection
        await assertCode(readAll(open), code)
        assert.equal(transport.server.alert, alert, "the alert on the wire")
        assert.ok(transport.closed, "the transport is closed")
    }
}

/** The promise is rejected with this code. */
export async function assertCode(promise: Promise<unknown>, code: string) {
    try {
        await promise
    } catch (error) {
        if (errorCode(error) === 0) throw error
        assert.equal(
            ErrorCode[errorCode(error)],
            code,
            (error as Error).message
        )
        return
    }
    assert.fail(`${code} was expected, and nothing was wrong`)
}

/** Everything that a connection delivers until its end. */
export async function readAll(connection: TlsConnection): Promise<string> {
    let text = ""
    for (;;) {
        const piece = await connection.read(1000)
        if (piece === null) return text
        if (piece === undefined) throw new Error(`nothing came after "${text}"`)
        text += piece.toString()
    }
}
