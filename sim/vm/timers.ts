/** Timers of a clock that is not the one on the wall: kept in the order in which they come due. */

interface Timer {
    dueMs: number
    callback: () => void
}

export class TimerQueue {
    /** Sorted by time; those of one time in the order in which they were set. */
    private readonly timers: Timer[] = []

    /** When the next one comes due; `undefined` without any. */
    get nextMs(): number | undefined {
        return this.timers[0]?.dueMs
    }

    add(dueMs: number, callback: () => void): Timer {
        const timer = { dueMs, callback }
        let at = this.timers.length
        while (at > 0 && this.timers[at - 1].dueMs > dueMs) at--
        this.timers.splice(at, 0, timer)
        return timer
    }

    remove(timer: unknown): void {
        const at = this.timers.indexOf(timer as Timer)
        if (at >= 0) this.timers.splice(at, 1)
    }

    /** Takes the next one out if it is due. */
    takeDue(nowMs: number): (() => void) | undefined {
        const first = this.timers[0]
        if (!first || first.dueMs > nowMs) return undefined
        this.timers.shift()
        return first.callback
    }
}
