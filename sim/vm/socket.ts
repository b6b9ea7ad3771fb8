/**
 * The network that a simulated device sees: Node's TCP, made to behave as a board's.
 *
 * A board hands received bytes to the program in pieces of at most 1,024 bytes, one after the other. Node hands over
 * what has arrived, up to 64 KB at once, and a piece over 57,344 bytes would abort the VM. So received bytes are cut
 * and paced here, and the end of the stream comes when its last byte was delivered.
 *
 * The VM calls `createConnection`, `once`, `on`, `write` and `end`, and nothing else. It must not be called back
 * while it runs: every event here comes from a timer or from Node's own event loop.
 */
import { EventEmitter } from "node:events"
import { connect } from "node:net"
import { Duplex } from "node:stream"
import { Clock, realClock } from "./clock"

/** An ESP32's receive buffer, in bytes. */
export const PIECE_BYTES = 1024

/** Time between two pieces, in ms. 1 MB/s is more than a board's Wi-Fi brings. */
export const PIECE_INTERVAL_MS = 1

/**
 * What comes within this time of the connection being open waits for it to be over, in ms: the runtime asserts when a
 * connection opens and closes between two of its ticks, which are 10 ms apart.
 */
const SETTLE_MS = 20

/** Pieces that wait here before the peer is made to wait. */
const MAX_WAITING = 64

/** After `end`, the peer gets this long to close its side, in ms. */
const LINGER_MS = 1000

export interface Address {
    host: string
    port: number
}

/** What is used of a socket on its way to open, or open. */
export interface ClientSocket extends Duplex {
    readonly connecting: boolean
    setNoDelay(noDelay: boolean): unknown
    /** Ends the connection when what was written is on its way. */
    destroySoon(): void
}

/** Opens a connection; events as with Node's sockets. */
export type Connect = (address: Address) => ClientSocket

/** TCP. Boards speak IPv4 only. */
const connectTcp: Connect = address =>
    connect({ ...address, family: 4, allowHalfOpen: true })

export interface NetworkOptions {
    clock?: Clock
    /** Where a connection to this name and port goes really; `undefined`: to that very name and port. */
    resolve?: (host: string, port: number) => Address | undefined
    /** Default: TCP. */
    connect?: Connect
    pieceBytes?: number
    pieceIntervalMs?: number
}

/** What the VM uses of a socket. */
export interface VmSocket extends Pick<EventEmitter, "on" | "once"> {
    write(data: Uint8Array): unknown
    end(): unknown
}

/** What stands in for `node:net` in the VM. */
export interface VmNetwork {
    createConnection(address: Address): VmSocket
    /** Drops every connection at once. */
    close(): void
}

export class Network implements VmNetwork {
    private readonly open = new Set<PacedSocket>()

    constructor(private readonly options: NetworkOptions = {}) {}

    createConnection({ host, port }: Address): VmSocket {
        // Node throws on these. An exception in a call from the VM would end the VM.
        if (!(port >= 1 && port <= 65535))
            return new BrokenSocket(`port ${port} is not a port`)
        const socket = new PacedSocket(
            this.options.resolve?.(host, port) ?? { host, port },
            this.options,
            () => this.open.delete(socket)
        )
        this.open.add(socket)
        return socket
    }

    close(): void {
        for (const socket of this.open) socket.destroy()
    }
}

/** A connection that fails as soon as the VM can hear it. */
export class BrokenSocket extends EventEmitter implements VmSocket {
    constructor(reason: string) {
        super()
        setImmediate(() => {
            if (this.listenerCount("error"))
                this.emit("error", new Error(reason))
        })
    }

    write(): void {}

    end(): void {
        this.removeAllListeners()
    }
}

class PacedSocket extends EventEmitter implements VmSocket {
    private readonly real: ClientSocket
    private readonly clock: Clock
    /** What is to be told to the VM, in order. */
    private readonly queue: (Buffer | (() => void))[] = []
    private timer: unknown
    private closing = false
    private linger: unknown

    constructor(
        address: Address,
        private readonly options: NetworkOptions,
        private readonly released: () => void
    ) {
        super()
        this.clock = options.clock ?? realClock
        this.real = (options.connect ?? connectTcp)(address)
        this.real.setNoDelay(true)
        this.real.once("connect", () => {
            if (this.closing) return
            this.emit("connect")
            this.schedule(SETTLE_MS)
        })
        this.real.on("data", data => this.push(data))
        this.real.once("end", () => this.push(() => this.finish()))
        this.real.once("error", error =>
            this.push(() => {
                this.emit("error", error)
                this.finish()
            })
        )
        this.real.once("close", () => {
            this.clock.clearTimeout(this.linger)
            this.released()
        })
        // The VM has its listener; this one is for after it.
        this.on("error", () => undefined)
    }

    write(data: Uint8Array): boolean {
        return !this.real.destroyed && this.real.write(data)
    }

    /** The VM is done with the connection: what was written still goes out. */
    end(): void {
        if (this.closing) return
        this.silence()
        if (this.real.connecting) return void this.real.destroy()
        this.real.end()
        if (this.real.readableEnded) return this.real.destroySoon()
        // Closed with bytes unread, the system would reset the connection, and what was written might be lost.
        this.real.resume()
        this.real.once("end", () => this.real.destroySoon())
        this.linger = this.clock.setTimeout(
            () => this.real.destroy(),
            LINGER_MS
        )
    }

    /** The device is gone. */
    destroy(): void {
        this.silence()
        this.real.destroy()
    }

    private silence(): void {
        this.closing = true
        this.queue.length = 0
        this.removeAllListeners()
        this.on("error", () => undefined)
        this.clock.clearTimeout(this.timer)
        this.timer = undefined
    }

    private finish(): void {
        this.emit("close", false)
        this.silence()
        this.real.destroySoon()
    }

    private push(item: Buffer | (() => void)): void {
        if (this.closing) return
        const size = this.options.pieceBytes ?? PIECE_BYTES
        if (typeof item === "function") this.queue.push(item)
        else
            for (let at = 0; at < item.length; at += size)
                this.queue.push(item.subarray(at, at + size))
        if (this.queue.length > MAX_WAITING) this.real.pause()
        if (this.timer === undefined) this.schedule(0)
    }

    private schedule(delayMs: number): void {
        this.clock.clearTimeout(this.timer)
        this.timer = this.clock.setTimeout(() => this.deliver(), delayMs)
    }

    private deliver(): void {
        this.timer = undefined
        const item = this.queue.shift()
        if (item === undefined) return
        if (this.queue.length < MAX_WAITING) this.real.resume()
        // The timer first: the VM may end the connection in its listener.
        this.schedule(this.options.pieceIntervalMs ?? PIECE_INTERVAL_MS)
        if (typeof item === "function") item()
        else this.emit("data", item)
    }
}
