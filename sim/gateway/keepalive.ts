/** Keep-alive of one connection (MQTT 3.1.1, 3.1.2.10): ends it when nothing came for 1.5 times what the client announced. */
import type { Clock } from "./clock"

/**
 * How long a client may be silent. As on edgeHub, 0 means no exemption: it, and all that comes to more than the cap, is the cap.
 */
export function silenceLimitMs(keepAliveSec: number, capMs: number): number {
    const ms = keepAliveSec * 1500
    return ms === 0 || ms > capMs ? capMs : ms
}

export class KeepAlive {
    private lastMs: number
    private cancel: () => void = () => undefined

    constructor(
        private readonly clock: Clock,
        private readonly limitMs: number,
        /** True while nothing is read because the store is slow: then silence is not the client's. */
        private readonly paused: () => boolean,
        private readonly expired: (silentMs: number) => void
    ) {
        this.lastMs = clock.now()
        this.look()
    }

    /** A packet came. The timer is left as it is, and looks again when it comes due. */
    heard(): void {
        this.lastMs = this.clock.now()
    }

    stop(): void {
        this.cancel()
    }

    private look(): void {
        const silentMs = this.paused() ? 0 : this.clock.now() - this.lastMs
        if (silentMs >= this.limitMs) return this.expired(silentMs)
        this.cancel = this.clock.after(this.limitMs - silentMs, () =>
            this.look()
        )
    }
}
