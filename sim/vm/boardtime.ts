/**
 * A device's time when its processor is as slow as a board's.
 *
 * The firmware prints a line before each public-key operation. The line makes the board busy for the seconds that the
 * operation takes there, in slices: between two of them the VM runs once, as it does on a board when a long computation
 * pauses, so that sensors and network are heard meanwhile. During a slice none of the device's timers comes due, and
 * everybody else's time (the gateway's deadlines) goes on. In real time the device is then as slow as the board; in
 * virtual time (`VirtualClock`) the seconds pass at once.
 *
 * Charged is the table's time and nothing else that the device does: see `boards.ts`.
 */
import { Board, operationSeconds } from "./boards"
import { Clock } from "./clock"

const OPERATION_LINE = /^crypto: (.+)$/

/** The name of the public-key operation that a line of the console announces. */
export function operationOf(line: string): string | undefined {
    return OPERATION_LINE.exec(line)?.[1]
}

interface Waiting {
    timer: unknown
    /** What is to be done; nothing any more when it was cancelled. */
    callback: (() => void) | undefined
}

/**
 * The longest time without a look at anything else, in ms. An operation pauses more often here (each 50,000 opcodes)
 * than it has slices: so all of its time has passed when it ends.
 */
const SLICE_MS = 500

export class BoardClock implements Clock {
    private owedMs = 0
    private runningSinceMs: number | undefined
    /** The timer that begins the next slice. */
    private next: unknown
    /** The timer that ends this one. */
    private end: unknown
    /** What came due in this slice, in its order: all of it is done before the next one begins. */
    private late: Waiting[] = []

    constructor(
        private readonly base: Clock,
        private readonly board: Board,
        /** Told the length of each slice as it begins, in ms. */
        private readonly onBusy: (ms: number) => void = () => undefined
    ) {}

    /**
     * Stands still while the device runs, and up to the next slice: else a pause of a millisecond would often be over
     * before it begins, and the operation before its time.
     */
    now(): number {
        return this.runningSinceMs ?? this.base.now()
    }

    setTimeout(callback: () => void, delayMs: number): unknown {
        const waiting: Waiting = { timer: undefined, callback }
        this.wait(waiting, delayMs)
        return waiting
    }

    clearTimeout(timer: unknown): void {
        const waiting = timer as Waiting | undefined
        if (!waiting) return
        waiting.callback = undefined
        this.base.clearTimeout(waiting.timer)
    }

    /**
     * An operation begins.
     *
     * @returns what it takes, in seconds
     * @throws Error when that is not known
     */
    charge(operation: string): number {
        const seconds = operationSeconds(this.board, operation)
        this.owedMs += seconds * 1000
        return seconds
    }

    /** The board was switched off. */
    reset(): void {
        this.owedMs = 0
        this.runningSinceMs = undefined
        this.base.clearTimeout(this.next)
        this.next = undefined
        this.base.clearTimeout(this.end)
        this.end = undefined
        // Who waits for the network's sake, or for the bus, does so still.
        for (const waiting of this.late.splice(0)) this.wait(waiting, 0)
    }

    private wait(waiting: Waiting, delayMs: number): void {
        waiting.timer = this.base.setTimeout(() => {
            if (this.end !== undefined) return void this.late.push(waiting)
            this.run(waiting)
            this.goOn()
        }, delayMs)
    }

    private run(waiting: Waiting): void {
        const { callback } = waiting
        waiting.callback = undefined
        if (!callback) return
        this.runningSinceMs ??= this.base.now()
        callback()
    }

    /** Begins the next slice of what is owed, after all that is due now. */
    private goOn(): void {
        if (this.owedMs === 0) this.runningSinceMs = undefined
        if (this.owedMs === 0 || this.next !== undefined) return
        this.next = this.base.setTimeout(() => {
            this.next = undefined
            this.runningSinceMs = undefined
            const ms = Math.min(this.owedMs, SLICE_MS)
            this.owedMs -= ms
            this.end = this.base.setTimeout(() => this.endSlice(), ms)
            this.onBusy(ms)
        }, 0)
    }

    private endSlice(): void {
        this.end = undefined
        for (const waiting of this.late.splice(0)) this.run(waiting)
        this.goOn()
    }
}
