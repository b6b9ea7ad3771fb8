/**
 * Reads a sensor without ever hanging on it.
 *
 * A DeviceScript register read waits until the sensor answers: for ever, if it is unplugged. The sampler reads in a fiber of
 * its own and gives the caller a fresh value or, when the time is over, nothing. A read that is still waiting is used for the
 * next sample, so a missing sensor costs one fiber, and comes back by itself.
 */
import * as ds from "@devicescript/core"

/** How often a waiting caller looks for the answer. */
const CHECK_MS = 20

/** What a sampler reads: a register of a sensor's role, or anything else with such a `read`. */
export interface Readable {
    read(): Promise<number>
}

export class Sampler {
    private waiting = false
    private value: number

    constructor(private readonly source: Readable) {}

    /** A value read after this call, or `undefined` when the sensor does not answer in time or fails. */
    async sample(timeoutMs: number): Promise<number> {
        if (!this.waiting) this.startReading()
        const endMs = ds.millis() + timeoutMs
        while (this.waiting && ds.millis() < endMs) await ds.sleep(CHECK_MS)
        return this.waiting ? undefined : this.value
    }

    private startReading(): void {
        const self = this
        self.waiting = true
        self.value = undefined
        const run = async () => {
            try {
                self.value = await self.source.read()
            } catch (e: any) {
                console.log(`sampler: ${e.message}`)
            }
            self.waiting = false
        }
        run.start()
    }
}

/** A reading as telemetry shows it: two decimals, which JSON prints exactly below 100,000; `null` when there is none. */
export function roundReading(value: number): number {
    return value === undefined ? null : Math.round(value * 100) / 100
}
