/** A clock that stands still until a test moves it. */
import type { Clock } from "../../../sim/vm/clock"

interface Timer {
    atMs: number
    callback: () => void
}

export class FakeClock implements Clock {
    private readonly timers = new Set<Timer>()

    constructor(private nowMs = Date.UTC(2026, 5, 1)) {}

    now(): number {
        return this.nowMs
    }

    setTimeout(callback: () => void, delayMs: number): unknown {
        const timer = { atMs: this.nowMs + delayMs, callback }
        this.timers.add(timer)
        return timer
    }

    clearTimeout(timer: unknown): void {
        this.timers.delete(timer as Timer)
    }

    /** How many timers are set. */
    get pending(): number {
        return this.timers.size
    }

    /** Goes forward; every timer runs at its own time. */
    advance(ms: number): void {
        const untilMs = this.nowMs + ms
        for (;;) {
            const due = [...this.timers]
                .filter(timer => timer.atMs <= untilMs)
                .sort((a, b) => a.atMs - b.atMs)[0]
            if (!due) break
            this.timers.delete(due)
            this.nowMs = Math.max(this.nowMs, due.atMs)
            due.callback()
        }
        this.nowMs = untilMs
    }
}
