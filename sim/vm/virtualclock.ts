/**
 * Clocks for devices and gateways that share one time which is not the one on the wall. Both have the interface of the
 * VM host's clock and that of the gateway's.
 *
 * `VirtualClock` goes as fast as the computer can, and only while something is waited for: an hour of backing off takes
 * a second, and what is asserted in its seconds does not depend on the computer. `SkippingClock` goes as the one on the wall
 * does, and can be moved forward: for those who watch.
 */
import type { Clock as GatewayClock } from "../gateway/clock"
import type { Clock as VmClock } from "./clock"
import { TimerQueue } from "./timers"

/**
 * Turns of Node's event loop before time goes on. Device and gateway are in one process, and what is written to a local
 * socket can be read at once: a turn to hear of it and a turn for the answer. Ten is on the safe side; were it too few,
 * a few milliseconds would pass while something is under way.
 */
const SETTLE_TURNS = 10

abstract class QueuedClock implements VmClock, GatewayClock {
    protected readonly queue = new TimerQueue()

    abstract now(): number

    setTimeout(callback: () => void, delayMs: number): unknown {
        const timer = this.queue.add(
            this.now() + Math.max(0, delayMs),
            callback
        )
        this.changed()
        return timer
    }

    clearTimeout(timer: unknown): void {
        this.queue.remove(timer)
        this.changed()
    }

    after(delayMs: number, callback: () => void): () => void {
        const timer = this.setTimeout(callback, delayMs)
        return () => this.clearTimeout(timer)
    }

    /** Timers came or went. */
    protected changed(): void {}
}

/** Time that stands still, and flies while something is waited for. */
export class VirtualClock extends QueuedClock {
    private waits = 0
    private running = false

    constructor(private nowMs: number = Date.now()) {
        super()
    }

    now(): number {
        return this.nowMs
    }

    /** Lets time go on until the promise is settled, and gives what it gives. */
    async run<T>(promise: Promise<T>): Promise<T> {
        this.waits++
        if (!this.running) void this.go()
        try {
            return await promise
        } finally {
            this.waits--
        }
    }

    /** Lets so much time pass. */
    async pass(ms: number): Promise<void> {
        await this.run(
            new Promise<void>(resolve => this.setTimeout(resolve, ms))
        )
    }

    private async go(): Promise<void> {
        this.running = true
        while (this.waits > 0) {
            for (let i = 0; i < SETTLE_TURNS; i++)
                await new Promise(resolve => setImmediate(resolve))
            const nextMs = this.queue.nextMs
            if (this.waits === 0 || nextMs === undefined) continue
            this.nowMs = Math.max(this.nowMs, nextMs)
            this.queue.takeDue(this.nowMs)?.()
        }
        this.running = false
    }
}

/** The clock on the wall, which can be moved forward. */
export class SkippingClock extends QueuedClock {
    private skippedMs = 0
    private timer: NodeJS.Timeout | undefined

    now(): number {
        return Date.now() + this.skippedMs
    }

    /** Moves on; what comes due by that happens soon, in its order, and not inside this call. */
    skip(ms: number): void {
        this.skippedMs += ms
        this.changed()
    }

    protected override changed(): void {
        clearTimeout(this.timer)
        const nextMs = this.queue.nextMs
        if (nextMs !== undefined)
            this.timer = setTimeout(
                () => this.fire(),
                Math.max(0, nextMs - this.now())
            )
    }

    private fire(): void {
        this.queue.takeDue(this.now())?.()
        this.changed()
    }
}
