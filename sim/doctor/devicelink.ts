/**
 * A connection to a gateway as a device makes it: the device's own TLS client and path validator, under Node, with every part that a
 * firmware can have (one of the set `rsa` or `ec` takes less).
 *
 * Not as on a device: no session is resumed, the clock is this machine's, and public-key operations take milliseconds.
 */
import { connect, type Socket } from "node:net"
import { Buffer as DeviceBuffer } from "../shim/buffer"

/** How long a gateway may take to accept a connection; the device's own limit. */
export const CONNECT_TIMEOUT_MS = 15_000
/** As on the device, see `gatewaylink.ts`. */
const CLOCK_BEHIND_SEC = 60
/** More than a server sends before it is answered. */
const MAX_BUFFERED_BYTES = 262_144

const enum NetCode {
    ConnectFailed = 1001,
    ConnectTimeout = 1002,
    ConnectionReset = 1003,
    ConnectionClosed = 1004,
    ReceiveOverflow = 1007,
}

type LeafErrorClass = new (
    code: number,
    message: string
) => Error & { code: number }

interface PathModule {
    readTrustAnchor(both: DeviceBuffer): object
}

/** What a device remembers of certificates that it has verified: `src/x509/issuers.ts`. */
export interface VerifiedIssuers {
    has(id: DeviceBuffer): boolean
    add(id: DeviceBuffer): Promise<void>
}

/** The device's `TlsConnection`, as far as it is used here. */
export interface DeviceLink {
    /** `null`: the peer has closed; `undefined`: nothing came in time. */
    read(timeoutMs: number): Promise<DeviceBuffer | null | undefined>
    write(data: DeviceBuffer): Promise<void>
    close(): Promise<void>
    notBeforeSec: number
    notAfterSec: number
}

export interface DeviceLinkOptions {
    /** Where to connect to. */
    address: string
    port: number
    /** What the certificate must be for. */
    host: string
    /** Pinned CAs, as the device keeps them. */
    anchors: DeviceBuffer[]
    nowMs: number
    issuers?: VerifiedIssuers
    connectTimeoutMs?: number
}

/**
 * Connects and verifies the gateway.
 *
 * @throws LeafError with the device's code; see `leafCode`
 */
export async function openDeviceLink(
    options: DeviceLinkOptions
): Promise<DeviceLink> {
    const { connectTls } = require("../../src/tls/client") as {
        connectTls(
            transport: SocketTransport,
            options: object
        ): Promise<DeviceLink>
    }
    const { allSet } = require("../../src/tls/sets") as { allSet(): object }
    const { readTrustAnchor } = require("../../src/x509/path") as PathModule
    const { address, port, host, anchors, issuers, nowMs } = options
    const nowSec = Math.floor(nowMs / 1000)
    const transport = await SocketTransport.open(
        address,
        port,
        options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS
    )
    return connectTls(transport, {
        parts: allSet(),
        anchors: anchors.map(readTrustAnchor),
        host,
        port,
        nowSec,
        floorSec: nowSec,
        clockBehindSec: CLOCK_BEHIND_SEC,
        issuers,
    })
}

/** What a device would know of the gateway's certificates after this, for its flash. */
export async function issuerMemory(
    anchors: DeviceBuffer[],
    store: (name: string, value: unknown) => void
): Promise<VerifiedIssuers> {
    const { loadIssuers } = require("../../src/app/issuermemory") as {
        loadIssuers(
            anchors: DeviceBuffer[],
            read: (name: string) => Promise<unknown>,
            store: (name: string, value: unknown) => Promise<void>
        ): Promise<VerifiedIssuers>
    }
    return loadIssuers(
        anchors,
        () => Promise.resolve(undefined),
        (name, value) => Promise.resolve(store(name, value))
    )
}

/** The device's code of an error; 0 if it is none of the device's. */
export function leafCode(error: unknown): number {
    return error instanceof leafErrorClass() ? error.code : 0
}

function leafErrorClass(): LeafErrorClass {
    const { LeafError } = require("../../src/errors") as {
        LeafError: LeafErrorClass
    }
    return LeafError
}

function leafError(code: NetCode, message: string): Error {
    return new (leafErrorClass())(code, `net: ${message}`)
}

/** The device's `Transport` on a socket of Node. */
class SocketTransport {
    private readonly pieces: Buffer[] = []
    private buffered = 0
    private ended = false
    private failure: Error | undefined
    private waiting: () => void = () => undefined

    static open(
        host: string,
        port: number,
        timeoutMs: number
    ): Promise<SocketTransport> {
        return new Promise((resolve, reject) => {
            const socket = connect({ host, port, noDelay: true })
            const fail = (error: Error) => {
                clearTimeout(timer)
                socket.destroy()
                reject(error)
            }
            const failed = (error: Error) =>
                fail(leafError(NetCode.ConnectFailed, error.message))
            const timer = setTimeout(
                () =>
                    fail(
                        leafError(
                            NetCode.ConnectTimeout,
                            "no connection in time"
                        )
                    ),
                timeoutMs
            )
            socket.once("error", failed)
            socket.once("connect", () => {
                clearTimeout(timer)
                socket.off("error", failed)
                resolve(new SocketTransport(socket))
            })
        })
    }

    private constructor(private readonly socket: Socket) {
        socket.on("data", bytes => {
            this.pieces.push(bytes)
            this.buffered += bytes.length
            if (this.buffered > MAX_BUFFERED_BYTES)
                this.failed(
                    leafError(
                        NetCode.ReceiveOverflow,
                        "the peer sends faster than is read"
                    )
                )
            this.wake()
        })
        socket.on("end", () => this.over())
        socket.on("close", () => this.over())
        socket.on("error", error =>
            this.failed(leafError(NetCode.ConnectionReset, error.message))
        )
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
        const piece = this.pieces.shift()
        if (piece) {
            this.buffered -= piece.length
            return DeviceBuffer.from(piece)
        }
        if (this.failure) throw this.failure
        return this.ended ? null : undefined
    }

    async write(data: DeviceBuffer): Promise<void> {
        if (this.failure) throw this.failure
        if (this.ended)
            throw leafError(NetCode.ConnectionClosed, "it was closed")
        // The caller may change it: a copy goes out.
        this.socket.write(Buffer.from(data as unknown as Uint8Array))
    }

    wake(): void {
        this.waiting()
    }

    async close(): Promise<void> {
        this.over()
        this.socket.end()
        this.socket.destroySoon()
    }

    private over(): void {
        this.ended = true
        this.wake()
    }

    private failed(error: Error): void {
        this.failure ??= error
        this.socket.destroy()
        this.over()
    }
}
