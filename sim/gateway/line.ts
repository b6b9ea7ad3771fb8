/**
 * A bad line between a device and a gateway: slow, stalling, lossy, in pieces or in lumps, or cut off at a byte.
 *
 * What TCP makes of a lost segment is time, not loss: it comes again after the retransmission timeout, and all behind it waits
 * (RFC 6298 2.1: 1 s at first). So nothing here changes bytes or their order; `cut` ends them. Each direction is a `Flow` of its
 * own; `BadLine` is a socket with both. Random losses are from a seed. All waits are the clock's.
 *
 * Memory: `MOST_WAITING` bytes each way, then the sender is made to wait.
 */
import { Duplex } from "node:stream"
import type { Clock } from "./clock"

/** Bytes that wait in a direction before their sender has to. */
const MOST_WAITING = 65_536

/** RFC 6298 2.1: until it knows better, TCP sends again after a second. */
const LOSS_MS = 1_000

export type CutKind =
    /** Both sides get a reset. */
    | "reset"
    /** Both sides get an orderly end. */
    | "close"
    /** The receiver of this direction gets an orderly end; the other direction goes on. */
    | "half-close"
    /** Nobody hears anything, in either direction, and the connection stands. */
    | "silence"

/** What is wrong with a line; nothing that is missing. */
export interface LineOptions {
    /** `down`: to the device; `up`: from it; both if it is missing. */
    direction?: "up" | "down"
    /** How long a byte is under way. */
    delayMs?: number
    bytesPerSec?: number
    /** The most bytes that arrive together; the next ones do 1 ms later. */
    segmentBytes?: number
    /** What comes within so long arrives together. */
    coalesceMs?: number
    /** Of a hundred segments so many are lost once and come `lossMs` later, with all that is behind them. */
    lossPercent?: number
    /** 1 s, as TCP has it. */
    lossMs?: number
    /** Of the losses: 1. */
    seed?: number
    /** Nothing arrives for `stallMs` once so many bytes have. */
    stallAfterBytes?: number
    stallMs?: number
    /** Ends the line once so many bytes have arrived. */
    cutAfterBytes?: number
    /** `reset`. */
    cut?: CutKind
}

interface Segment {
    bytes: Buffer
    dueMs: number
}

/** One direction. */
export class Flow {
    /** Bytes that have arrived. */
    arrived = 0
    private readonly queue: Segment[] = []
    private waiting = 0
    /** Bytes that were taken, with those that wait. */
    private taken = 0
    private lastDueMs = 0
    private cancel: (() => void) | undefined
    private whenRoom: (() => void) | undefined
    private whenEmpty: (() => void) | undefined
    private hasStalled = false
    private hasEnded = false
    private readonly random: () => number

    constructor(
        private readonly options: LineOptions,
        private readonly clock: Clock,
        private readonly deliver: (bytes: Buffer) => void,
        /** The line ends here. */
        private readonly cutOff: (kind: CutKind) => void
    ) {
        this.random = seeded(options.seed ?? 1)
        if (options.cutAfterBytes === 0) this.endBy(0)
    }

    /** Takes bytes. `room` is called once there is room for more, which is at once as a rule. */
    push(bytes: Buffer, room: () => void): void {
        const { cutAfterBytes = Infinity } = this.options
        const left = Math.max(0, cutAfterBytes - this.taken)
        const kept = bytes.subarray(0, Math.min(left, bytes.length))
        const size = this.options.segmentBytes ?? Infinity
        for (let at = 0; at < kept.length;) {
            const end = Math.min(at + size, kept.length)
            this.enqueue(kept.subarray(at, end))
            at = end
        }
        if (this.waiting <= MOST_WAITING) room()
        else this.whenRoom = room
        this.schedule()
    }

    /** The sender has ended; calls back when all has arrived. */
    end(ended: () => void): void {
        if (this.hasEnded) return ended()
        this.whenEmpty = ended
        if (!this.queue.length) this.settle()
    }

    stop(): void {
        this.hasEnded = true
        this.queue.length = 0
        this.cancel?.()
        this.cancel = undefined
        this.whenEmpty = undefined
        const room = this.whenRoom
        this.whenRoom = undefined
        room?.()
    }

    private enqueue(bytes: Buffer): void {
        if (this.hasEnded) return
        const {
            delayMs = 0,
            bytesPerSec,
            segmentBytes,
            coalesceMs = 0,
            lossPercent = 0,
            lossMs = LOSS_MS,
            stallAfterBytes = Infinity,
            stallMs = 0,
        } = this.options
        let dueMs = Math.max(this.clock.now() + delayMs, this.lastDueMs)
        if (bytesPerSec !== undefined)
            dueMs += (1000 * bytes.length) / bytesPerSec
        else if (segmentBytes !== undefined) dueMs += 1
        if (this.random() * 100 < lossPercent) dueMs += lossMs
        if (coalesceMs > 0) dueMs = Math.ceil(dueMs / coalesceMs) * coalesceMs
        this.taken += bytes.length
        if (!this.hasStalled && this.taken > stallAfterBytes) {
            this.hasStalled = true
            dueMs += stallMs
        }
        this.lastDueMs = dueMs
        this.waiting += bytes.length
        this.queue.push({ bytes, dueMs })
    }

    private schedule(): void {
        const first = this.queue.at(0)
        if (!first || this.cancel || this.hasEnded) return
        this.cancel = this.clock.after(
            Math.max(0, Math.ceil(first.dueMs - this.clock.now())),
            () => this.flush()
        )
    }

    private flush(): void {
        this.cancel = undefined
        const now = this.clock.now()
        const due: Buffer[] = []
        for (;;) {
            const first = this.queue.at(0)
            if (!first || first.dueMs > now) break
            due.push(first.bytes)
            this.queue.shift()
            // One at a time, unless they are to arrive in a lump.
            if (this.options.coalesceMs === undefined) break
        }
        const bytes = Buffer.concat(due)
        this.waiting -= bytes.length
        this.arrived += bytes.length
        if (bytes.length) this.deliver(bytes)
        if (this.hasEnded) return
        this.endBy(this.arrived)
        if (this.hasEnded) return
        if (this.waiting <= MOST_WAITING) {
            const room = this.whenRoom
            this.whenRoom = undefined
            room?.()
        }
        if (this.queue.length) this.schedule()
        else this.settle()
    }

    private endBy(arrived: number): void {
        const { cutAfterBytes = Infinity, cut = "reset" } = this.options
        if (arrived < cutAfterBytes) return
        this.stop()
        // Not inside the caller's constructor.
        queueMicrotask(() => this.cutOff(cut))
    }

    private settle(): void {
        const ended = this.whenEmpty
        this.whenEmpty = undefined
        if (!ended) return
        this.hasEnded = true
        ended()
    }
}

/** What a bad line can be laid on: Node's socket, or what stands in for it. */
export interface LineSocket extends Duplex {
    readonly remoteAddress?: string
    readonly remotePort?: number
    setNoDelay(noDelay: boolean): unknown
    /** Without it a reset is an abrupt end. */
    resetAndDestroy?(): unknown
}

/** A device's socket behind a bad line: what is read here comes from the device, what is written here goes to it. */
export class BadLine extends Duplex implements LineSocket {
    readonly remoteAddress?: string
    readonly remotePort?: number
    readonly up: Flow
    readonly down: Flow
    private isMute = false
    private hasEnded = false
    /** Its reader takes no more for now; the flow takes more. */
    private isFull = false
    private hasRoom = true

    constructor(
        private readonly socket: LineSocket,
        options: LineOptions,
        clock: Clock
    ) {
        super({ allowHalfOpen: true })
        this.remoteAddress = socket.remoteAddress
        this.remotePort = socket.remotePort
        socket.setNoDelay(true)
        const { direction } = options
        this.up = new Flow(
            direction === "down" ? {} : options,
            clock,
            bytes => {
                if (!this.isMute && !this.hasEnded)
                    this.isFull = !this.push(bytes)
            },
            kind => this.cut(kind, () => this.endReading())
        )
        this.down = new Flow(
            direction === "up" ? {} : options,
            clock,
            bytes => {
                if (!this.isMute && socket.writable) socket.write(bytes)
            },
            kind => this.cut(kind, () => void socket.end())
        )
        socket.on("data", (bytes: Buffer) => {
            this.hasRoom = false
            socket.pause()
            this.up.push(bytes, () => {
                this.hasRoom = true
                if (!this.isFull) socket.resume()
            })
        })
        socket.once("end", () => {
            // Of a line that is dead only the device's going is noticed, for the socket's sake.
            if (this.isMute) this.destroy()
            else this.up.end(() => this.endReading())
        })
        socket.once("error", (error: Error) => this.destroy(error))
        socket.once("close", () => {
            if (this.isMute || !socket.readableEnded) this.destroy()
        })
    }

    setNoDelay(): this {
        return this
    }

    /** The device gets a reset. */
    resetAndDestroy(): this {
        reset(this.socket)
        return this.destroy()
    }

    override _read(): void {
        this.isFull = false
        if (this.hasRoom) this.socket.resume()
    }

    override _write(
        chunk: Buffer,
        _encoding: BufferEncoding,
        done: () => void
    ): void {
        this.down.push(Buffer.from(chunk), done)
    }

    override _final(done: () => void): void {
        this.down.end(() => {
            // It is for the device to leave a dead line.
            if (!this.isMute) this.socket.end(() => done())
        })
    }

    override _destroy(
        error: Error | null,
        done: (error: Error | null) => void
    ): void {
        this.up.stop()
        this.down.stop()
        this.socket.destroy()
        done(error)
    }

    private endReading(): void {
        if (this.hasEnded) return
        this.hasEnded = true
        this.push(null)
    }

    private cut(kind: CutKind, end: () => void): void {
        if (this.destroyed) return
        if (kind === "half-close") return end()
        this.up.stop()
        this.down.stop()
        if (kind === "silence") this.isMute = true
        else if (kind === "close") {
            this.endReading()
            this.socket.end()
        } else {
            reset(this.socket)
            this.destroy(
                Object.assign(new Error("read ECONNRESET"), {
                    code: "ECONNRESET",
                })
            )
        }
    }
}

/** Ends a socket with a reset, as far as it knows what that is. */
export function reset(socket: LineSocket): void {
    if (socket.resetAndDestroy) socket.resetAndDestroy()
    else socket.destroy()
}

/** Numbers from 0 up to 1 that a seed repeats (mulberry32). */
function seeded(seed: number): () => number {
    let state = seed
    return () => {
        state = (state + 0x6d2b79f5) | 0
        let mixed = Math.imul(state ^ (state >>> 15), state | 1)
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
    }
}
