/** The gateway's time: real, or moved by hand in a test. Everything that waits, waits here. */

export interface Clock {
    /** Milliseconds since 1970, UTC. */
    now(): number
    /** Calls back once after `delayMs`; the result cancels it. */
    after(delayMs: number, callback: () => void): () => void
}

/** A timer of Node's counts to 2^31 ms, less than 25 days; this is a day. */
const MAX_TIMER_MS = 86_400_000

/** Calls back once when that time has come, however far it is; the result cancels it. */
export function callAt(
    clock: Clock,
    timeMs: number,
    callback: () => void
): () => void {
    let cancel: () => void
    const wait = () => {
        const leftMs = Math.max(timeMs - clock.now(), 0)
        cancel = clock.after(Math.min(leftMs, MAX_TIMER_MS), () =>
            clock.now() < timeMs ? wait() : callback()
        )
    }
    wait()
    return () => cancel()
}

export const realClock: Clock = {
    now: () => Date.now(),
    after(delayMs, callback) {
        const timer = setTimeout(callback, delayMs)
        return () => clearTimeout(timer)
    },
}

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
    private waiting: { dueMs: number; callback: () => void }[] = []

    constructor(private nowMs: number = Date.now()) {}

    now(): number {
        return this.nowMs
    }

    after(delayMs: number, callback: () => void): () => void {
        const timer = { dueMs: this.nowMs + delayMs, callback }
        this.waiting.push(timer)
        return () => {
            this.waiting = this.waiting.filter(other => other !== timer)
        }
    }

    /** Timers that have not come due. */
    get pending(): number {
        return this.waiting.length
    }

    /** Moves on; whatever comes due is called in its order, at its own time, timers set on the way included. */
    advance(byMs: number): void {
        const untilMs = this.nowMs + byMs
        for (;;) {
            const next = this.waiting
                .filter(timer => timer.dueMs <= untilMs)
                .reduce<{ dueMs: number; callback: () => void } | undefined>(
                    (first, timer) =>
                        first && first.dueMs <= timer.dueMs ? first : timer,
                    undefined
                )
            if (!next) break
            this.waiting = this.waiting.filter(timer => timer !== next)
            this.nowMs = Math.max(this.nowMs, next.dueMs)
            next.callback()
        }
        this.nowMs = untilMs
    }
}
