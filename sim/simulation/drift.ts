/**
 * A clock that goes wrong by some millionths, as crystals do: a view of another clock, with the interfaces of the VM host's
 * clock and the gateway's.
 */
import type { Clock as GatewayClock } from "../gateway/clock"
import type { Clock as VmClock } from "../vm/clock"

export class DriftingClock implements VmClock, GatewayClock {
    private readonly startMs: number
    private readonly rate: number

    /** @param ppm millionths by which it is fast; negative: slow. Both clocks agree now. */
    constructor(
        private readonly base: VmClock,
        ppm: number
    ) {
        this.startMs = base.now()
        this.rate = 1 + ppm / 1e6
    }

    now(): number {
        return this.startMs + (this.base.now() - this.startMs) * this.rate
    }

    setTimeout(callback: () => void, delayMs: number): unknown {
        return this.base.setTimeout(callback, delayMs / this.rate)
    }

    clearTimeout(timer: unknown): void {
        this.base.clearTimeout(timer)
    }

    after(delayMs: number, callback: () => void): () => void {
        const timer = this.setTimeout(callback, delayMs)
        return () => this.clearTimeout(timer)
    }
}
