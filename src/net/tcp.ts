/**
 * TCP as a Transport, on the runtime's one socket.
 *
 * It stands on the runtime's own calls (`_socketOpen`, `_socketWrite`, `_socketClose`, `_socketOnEvent`), which
 * `@devicescript/net` wraps too, because that wrapper has no limit on what it buffers, stops on a send that would
 * block, and fails an assertion when data or the end comes in the tick in which the socket opens.
 *
 * The runtime has one socket: opening a second kills the first. There is no flow control: what the peer sends piles up
 * on the heap while the program computes, up to MAX_BUFFERED_BYTES, and then the connection is dropped.
 */
import * as ds from "@devicescript/core"
import { removeAt } from "../bytes"
import { ErrorCode, fail, LeafError, failIf } from "../errors"
import { Transport } from "../transport"

/**
 * Bytes that may wait to be read. A server's first flight with a certGen chain is 5 KB and comes while the key share is
 * computed; four of the largest records beside a big-number computation are what the heap can hold.
 */
export const MAX_BUFFERED_BYTES = 16384

/** How long to wait before a send that would have blocked is tried again, and how often. */
const SEND_RETRY_MS = 10
const MAX_SEND_RETRIES = 1000

/** `_socketWrite` would block. */
const WOULD_BLOCK = -1

type SocketEvent = "open" | "close" | "data" | "error"

interface Runtime {
    _socketOpen(host: string, port: number): number
    _socketClose(): number
    _socketWrite(data: Buffer): number
    _socketOnEvent(event: SocketEvent, argument?: Buffer | string): void
}

/** The one that the runtime's events are for. */
let current: TcpTransport = null

export class TcpTransport implements Transport {
    private isOpen = false
    private ended = false
    private failure: LeafError = null
    private readonly pieces: Buffer[] = []
    private buffered = 0
    private waiting: ds.Fiber = null
    /** `wake` was called while nobody waited. */
    private woken = false

    /** An event of the runtime; never blocks. */
    onEvent(event: SocketEvent, argument: any): void {
        if (event === "open") this.isOpen = true
        else if (event === "close") this.ended = true
        else if (event === "error")
            this.failure = new LeafError(
                this.isOpen
                    ? ErrorCode.ConnectionReset
                    : ErrorCode.ConnectFailed,
                "net: " + argument
            )
        // The runtime has one queue of events: what comes before "open" is left over from the connection before.
        else if (this.isOpen) {
            this.buffered = this.buffered + argument.length
            if (this.buffered <= MAX_BUFFERED_BYTES) this.pieces.push(argument)
            else if (this.failure === null) {
                this.failure = new LeafError(
                    ErrorCode.ReceiveOverflow,
                    "net: the peer sends faster than the device reads"
                )
                while (this.pieces.length > 0) this.pieces.pop()
                this.release()
            }
        }
        this.wake()
    }

    wake(): void {
        const fiber = this.waiting
        this.waiting = null
        this.woken = fiber === null
        if (fiber !== null) if (fiber.suspended) fiber.resume(undefined)
    }

    /** Waits for an event or `wake`. */
    private async wait(timeoutMs: number): Promise<void> {
        this.waiting = ds.Fiber.self()
        await ds.suspend(timeoutMs)
        this.waiting = null
    }

    /** Waits for the socket that was just opened. */
    async opened(timeoutMs: number): Promise<void> {
        const deadlineMs = ds.millis() + timeoutMs
        while (!this.isOpen && !this.isOver()) {
            const leftMs = deadlineMs - ds.millis()
            failIf(
                leftMs <= 0,
                ErrorCode.ConnectTimeout,
                "net: no connection in time"
            )
            await this.wait(leftMs)
        }
        if (!this.isOpen) {
            if (this.failure !== null) throw this.failure
            fail(ErrorCode.ConnectFailed, "net: the connection was refused")
        }
    }

    async read(timeoutMs: number): Promise<Buffer> {
        if (this.pieces.length === 0)
            if (!this.isOver())
                if (!this.woken) if (timeoutMs > 0) await this.wait(timeoutMs)
        this.woken = false
        // What came before a reset is still read: it may be the alert that explains it.
        if (this.pieces.length > 0) {
            const piece = this.pieces[0]
            removeAt(this.pieces, 0)
            this.buffered = this.buffered - piece.length
            return piece
        }
        if (this.failure !== null) throw this.failure
        if (this.ended) return null
        return undefined
    }

    private isOver(): boolean {
        if (this.ended) return true
        return this.failure !== null
    }

    async write(data: Buffer): Promise<void> {
        for (let tries = 0; tries < MAX_SEND_RETRIES; tries++) {
            if (this.failure !== null) throw this.failure
            failIf(
                this.ended || this !== current,
                ErrorCode.ConnectionClosed,
                "net: it was closed"
            )
            const result = (ds as any as Runtime)._socketWrite(data)
            if (result === 0) return
            if (result !== WOULD_BLOCK)
                fail(ErrorCode.WriteFailed, "net: sending failed: " + result)
            await ds.sleep(SEND_RETRY_MS)
        }
        fail(ErrorCode.WriteFailed, "net: the peer does not take our data")
    }

    async close(): Promise<void> {
        this.ended = true
        this.release()
        this.wake()
    }

    private release(): void {
        if (this !== current) return
        current = null
        ;(ds as any as Runtime)._socketClose()
    }
}

function onEvent(event: SocketEvent, argument?: Buffer | string): void {
    if (current !== null) current.onEvent(event, argument)
}

/**
 * Opens a connection. One that is open is killed.
 *
 * @param host a name or an address
 * @throws LeafError ConnectFailed (with the runtime's reason), ConnectTimeout
 */
export async function openTcp(
    host: string,
    port: number,
    timeoutMs: number
): Promise<TcpTransport> {
    if (current !== null) await current.close()
    const runtime = ds as any as Runtime
    runtime._socketOnEvent = onEvent
    const transport = new TcpTransport()
    current = transport
    const result = runtime._socketOpen(host, port)
    if (result !== 0) {
        current = null
        fail(ErrorCode.ConnectFailed, "net: no connection: " + result)
    }
    try {
        await transport.opened(timeoutMs)
    } catch (e: any) {
        await transport.close()
        throw e
    }
    return transport
}
