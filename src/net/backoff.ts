/**
 * How long to wait before the next try: exponential, with full jitter.
 *
 * The first wait is jittered too: when a gateway restarts, all its leaves notice at once. The range doubles from 1 s to
 * 60 s, for ever, and starts again only after a connection has lasted for a minute, so that a gateway that accepts and
 * then drops is not hammered.
 */

import { randomBuffer } from "@devicescript/crypto"
import { readUint24 } from "../bytes"

const FIRST_RANGE_MS = 1000
const MAX_RANGE_MS = 60000
const STABLE_MS = 60000

export class Backoff {
    private rangeMs = FIRST_RANGE_MS
    private connectedMs = -1

    /** @param random gives a number from 0 up to, but not including, 1: `hardwareRandom` */
    constructor(private readonly random: () => number) {}

    /** A connection is up. @param nowMs as `ds.millis()` counts */
    connectedAt(nowMs: number): void {
        this.connectedMs = nowMs
    }

    /** The connection is lost, or there was none. */
    lostAt(nowMs: number): void {
        if (this.connectedMs >= 0 && nowMs - this.connectedMs >= STABLE_MS)
            this.rangeMs = FIRST_RANGE_MS
        this.connectedMs = -1
    }

    /** The wait before the next try, in whole milliseconds. */
    nextMs(): number {
        const waitMs = Math.floor(this.random() * this.rangeMs)
        this.rangeMs = Math.min(2 * this.rangeMs, MAX_RANGE_MS)
        return waitMs
    }
}

/**
 * A random number from 0 up to 1, in steps of 2^-24, from the random source that also makes keys. `Math.random` will not do: its
 * numbers are the same after every start, so that all leaves that a power cut has stopped would come back in step.
 */
export function hardwareRandom(): number {
    return readUint24(randomBuffer(3), 0) / 0x1000000
}
