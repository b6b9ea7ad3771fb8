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

/**
 * With an `Activity`, the turns in which nothing stirs before time goes on. What is under way is then in memory alone, in
 * queues of Node's that are worked off a turn each: a record of TLS goes through two or three of them, an end through four.
 */
const CALM_TURNS = 8

/** Timers that come due without a turn between them, while nothing stirs: then the process is heard once. */
const BATCH = 5000

/**
 * Counts what happens outside a clock's own queue: bytes that move, connections that open and end, lines that somebody may
 * wait for. Where all of that is in memory, a virtual clock needs no other sign that everybody is idle.
 */
export class Activity {
    count = 0

    stir(): void {
        this.count++
    }
}

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

    /** @param activity what tells that nothing is under way; without, a number of turns has to do, see `SETTLE_TURNS` */
    constructor(
        private nowMs: number = Date.now(),
        private readonly activity?: Activity
    ) {
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
            new Promise<void>(resolve =>
                this.setTimeout(() => {
                    // Who waited goes on before time does.
                    this.activity?.stir()
                    resolve()
                }, ms)
            )
        )
    }

    private async go(): Promise<void> {
        this.running = true
        while (this.waits > 0) {
            const { activity } = this
            if (activity) await this.calm(activity)
            else await turns(SETTLE_TURNS)
            const before = activity?.count
            for (let i = 0; i < (activity ? BATCH : 1); i++) {
                const nextMs = this.queue.nextMs
                if (this.waits === 0 || nextMs === undefined) break
                this.nowMs = Math.max(this.nowMs, nextMs)
                this.queue.takeDue(this.nowMs)?.()
                if (activity?.count !== before) break
            }
        }
        this.running = false
    }

    /** Waits until nothing has stirred for some turns. */
    private async calm(activity: Activity): Promise<void> {
        let seen: number
        do {
            seen = activity.count
            await turns(CALM_TURNS)
        } while (activity.count !== seen)
    }
}

async function turns(count: number): Promise<void> {
    for (let i = 0; i < count; i++)
        await new Promise(resolve => setImmediate(resolve))
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
