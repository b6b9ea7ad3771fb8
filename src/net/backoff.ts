/**
 * How long to wait before the next try: exponential, with full jitter.
 *
 * The first wait is jittered too: when a gateway restarts, all its leaves notice at once. The range doubles from the first to the
 * largest, for ever, and starts again only after a connection that was stable, so that a gateway that accepts and
 * then drops is not hammered. Both ends are the caller's at each call: what went wrong says how soon trying again makes sense.
 */

import { randomBuffer } from "@devicescript/crypto"
import { readUint24 } from "../bytes"

/** The ranges, and how long a connection has to last for them to start again, for callers without a policy. */
export const FIRST_RANGE_MS = 1000
export const MAX_RANGE_MS = 60000
export const STABLE_MS = 60000

export class Backoff {
    /** When the connection came up that there is, as `ds.millis()` counts: the caller sets it. -1: there is none. */
    connectedMs = -1
    private rangeMs = 0

    /** @param random gives a number from 0 up to, but not including, 1: `hardwareRandom` */
    constructor(private readonly random: () => number) {}

    /** The connection is lost, or has ended in order, or there was none. */
    lostAt(nowMs: number, stableMs: number): void {
        if (this.connectedMs >= 0 && nowMs - this.connectedMs >= stableMs)
            this.rangeMs = 0
        this.connectedMs = -1
    }

    /** The wait before the next try, in whole milliseconds. @param firstMs the first range, and the largest */
    nextMs(firstMs: number, maxMs: number): number {
        const rangeMs = Math.min(Math.max(this.rangeMs, firstMs), maxMs)
        this.rangeMs = 2 * rangeMs
        return Math.floor(this.random() * rangeMs)
    }
}

/**
 * A random number from 0 up to 1, in steps of 2^-24, from the random source that also makes keys. `Math.random` will not do: its
 * numbers are the same after every start, so that all leaves that a power cut has stopped would come back in step.
 */
export function hardwareRandom(): number {
    return readUint24(randomBuffer(3), 0) / 0x1000000
}
