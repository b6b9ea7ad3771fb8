/** The device's TLS client, under Node, at a server in the same process that may misbehave. */
import assert from "node:assert/strict"
import type { KeyObject } from "node:crypto"
import type {
    CommonFaults,
    HostileServer,
    ServerConfig,
} from "../../sim/faults/hostile"
import { Faults13, TlsServer13 } from "../../sim/faults/tlsserver13"
import { pinnedAnchor } from "../../sim/pki/anchor"
import type { Certificate } from "../../sim/pki/certificate"
import { Chain, ChainOptions, makeChain } from "../../sim/pki/chain"
import { Buffer as DeviceBuffer } from "../../sim/shim/buffer"

/** What the tests call of the device's code. */
export interface TlsConnection {
    read(timeoutMs: number): Promise<DeviceBuffer | null | undefined>
    write(data: DeviceBuffer): Promise<void>
    close(): Promise<void>
    notAfterSec: number
}
export interface ClientOptions {
    parts: object
    anchors: { der: DeviceBuffer; keyAt: number }[]
    host: string
    port: number
    resumption: object
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
export class MemoryTransport<Server extends HostileServer = HostileServer> {
    private readonly pieces: DeviceBuffer[] = []
    private waiting: (() => void) | undefined
    private ended = false
    server!: Server
    closed = false
    /** How often the client read, and how many pieces there were to read. */
    reads = 0
    delivered = 0

    constructor(
        private readonly pieceBytes: number,
        private readonly endsWhenIdle = false
    ) {}

    /** From the server. */
    deliver(bytes: Buffer) {
        for (let at = 0; at < bytes.length; at += this.pieceBytes) {
            this.delivered++
            this.pieces.push(
                DeviceBuffer.from(bytes.subarray(at, at + this.pieceBytes))
            )
        }
        this.waiting?.()
    }

    /** The server ends the stream. */
    end() {
        this.ended = true
        this.waiting?.()
    }

    async read(timeoutMs: number): Promise<DeviceBuffer | null | undefined> {
        this.reads++
        if (!this.pieces.length && this.endsWhenIdle) return null
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

/** A class of hostile servers, which says the version. */
export type ServerClass<Faults, Server extends HostileServer> = new (
    config: ServerConfig,
    faults: Faults,
    output: (bytes: Buffer) => void
) => Server

/** How a connection differs from the usual one. */
export interface OpenOptions {
    /** TCP pieces from the server. */
    pieceBytes?: number
    /** The stream ends after so many records of the server. */
    endsAfter?: number
    /** The stream ends as soon as the client waits: the server, which answers at once, has nothing to say any more. */
    endsWhenIdle?: boolean
    /** Changes to the client's options. */
    client?: Partial<ClientOptions> & object
    /** What the server is and can. */
    server?: Partial<ServerConfig>
}

/** A CA, as a device pins it. */
export function anchorOf(ca: Certificate): ClientOptions["anchors"][0] {
    const { subjectName, publicKeyInfo } = pinnedAnchor(ca)
    return {
        der: DeviceBuffer.from(Buffer.concat([subjectName, publicKeyInfo])),
        keyAt: subjectName.length,
    }
}

export class TlsSite<
    Faults extends CommonFaults = Faults13,
    Server extends HostileServer = TlsServer13,
> {
    private readonly anchor: ClientOptions["anchors"][0]

    private constructor(
        readonly owner: Chain,
        private readonly Server: ServerClass<Faults, Server>,
        private readonly config: Partial<ServerConfig> = {}
    ) {
        this.anchor = anchorOf(owner.root)
    }

    static async create(options?: Partial<ChainOptions>): Promise<TlsSite>
    static async create<F extends CommonFaults, S extends HostileServer>(
        options: Partial<ChainOptions>,
        Server: ServerClass<F, S>
    ): Promise<TlsSite<F, S>>
    static async create(
        options: Partial<ChainOptions> = {},
        Server: ServerClass<never, HostileServer> = TlsServer13
    ): Promise<unknown> {
        const chain = await makeChain({
            names: [HOST],
            caBits: 2048,
            ...options,
        })
        return new TlsSite(chain, Server)
    }

    /** The same chain, at a server of another version. */
    at<F extends CommonFaults, S extends HostileServer>(
        Server: ServerClass<F, S>
    ): TlsSite<F, S> {
        return new TlsSite(this.owner, Server)
    }

    /** The same, at a server that is and can something else. */
    with(config: Partial<ServerConfig>): TlsSite<Faults, Server> {
        return new TlsSite(this.owner, this.Server, config)
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

    /** Starts a connection. */
    open(
        faults = {} as Faults,
        {
            pieceBytes = 1024,
            endsAfter = Infinity,
            endsWhenIdle,
            client,
            server,
        }: OpenOptions = {}
    ): {
        transport: MemoryTransport<Server>
        connection: Promise<TlsConnection>
    } {
        const transport = new MemoryTransport<Server>(pieceBytes, endsWhenIdle)
        let records = 0
        transport.server = new this.Server(
            { chain: this.chain, key: this.key, ...this.config, ...server },
            faults,
            bytes => {
                if (records < endsAfter) transport.deliver(bytes)
                records++
                if (records === endsAfter) transport.end()
            }
        )
        const connection = connectTls(transport, {
            parts: rsaSet(),
            anchors: [this.anchor],
            host: HOST,
            port: 8883,
            nowSec: -1,
            floorSec: 0,
            ...client,
        })
        // Looked at later: an early failure is not an unhandled one.
        connection.catch(() => undefined)
        return { transport, connection }
    }

    /** The handshake succeeds, the server has no complaints, and one message goes each way. */
    async accepts(faults?: Faults, options?: OpenOptions): Promise<Server> {
        const { transport, connection } = this.open(faults, options)
        const open = await connection
        const { server } = transport
        assert.deepEqual(server.complaints, [])
        assert.ok(server.clientFinishedIsRight)
        server.sendData("down")
        assert.equal((await open.read(1000))?.toString(), "down")
        await open.write(DeviceBuffer.from("up"))
        assert.equal(String(server.applicationData), "up")
        await open.close()
        assert.equal(server.alert, 0, "close_notify")
        return server
    }

    /** The handshake fails with this code, and the server sees this alert (undefined: none). */
    async refuses(
        code: string,
        alert: number | undefined,
        faults: Faults,
        options?: OpenOptions
    ): Promise<void> {
        const { transport, connection } = this.open(faults, options)
        await assertCode(connection, code)
        assert.equal(transport.server.alert, alert, "the alert on the wire")
        assert.ok(transport.closed, "the transport is closed")
        assert.equal(transport.server.applicationData.length, 0, "S4")
    }

    /** The handshake succeeds, and then reading fails. */
    async breaksOff(
        code: string,
        alert: number | undefined,
        faults: Faults,
        options?: OpenOptions
    ): Promise<void> {
        const { transport, connection } = this.open(faults, options)
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
