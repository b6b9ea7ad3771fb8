/**
 * One sensor of a `Sampling`: its options, the mean of its readings, its dead-band, its alert and its failures.
 *
 * No time and no message is here: see sampling.ts.
 */
import * as ds from "@devicescript/core"
import { ErrorCode, errorCode, fail, failIf } from "../errors"
import type { Readable } from "./sampler"

/** So many failures in a row are in the message. */
export const TOLD_FAILURES = 3

/** Lowest, highest, and usual value of the options that are numbers; JSON, as texts are no code. */
const BOUNDS = `{
    "everyMs": [100, 86400000],
    "averageOf": [1, 3600, 1],
    "deadBand": [0, 1000000000, 0],
    "maxPeriodMs": [0, 2000000000, 0],
    "alertAbove": [-1000000000, 1000000000, 2000000000],
    "alertBelow": [-1000000000, 1000000000, -2000000000],
    "hysteresis": [0, 1000000000, 0],
    "decimals": [0, 6, 2],
    "timeoutMs": [100, 60000, 2000]
}`

/** A sensor, and when it is told of. */
export interface MeasurementOptions {
    /** What is measured, such as `temperature`. */
    name: string
    /** The unit of the source, such as `C`, `Percent`, `HPa`: it stands behind the name in the message, `temperatureC`. May be empty. */
    unit: string
    /** A register of a role, or anything else with such a `read`. */
    source: Readable
    /** From one reading to the next, 100 ms to a day. */
    everyMs: number
    /** So many readings make one value, their mean; 1 to 3,600, default 1. Failed readings do not count. */
    averageOf?: number
    /** A value that differs from the one sent last by less is not sent. Default 0: each value is sent. */
    deadBand?: number
    /** A value is sent after this time even if it has not changed. Default 0: never. */
    maxPeriodMs?: number
    /** From this value on there is an alert. */
    alertAbove?: number
    /** Down from this value there is an alert. Less than `alertAbove`. */
    alertBelow?: number
    /** An alert is over when the value is back by more than this behind its threshold. Default 0. */
    hysteresis?: number
    /** Of the value in the message, 0 to 6, default 2. */
    decimals?: number
    /** A sensor that has not answered after this time has failed; it is waited for all the same. 100 ms to a minute, default 2 s. */
    timeoutMs?: number
}

/** One sensor of a `Sampling`. Its methods are for `Sampling` and tests. */
export class Measurement {
    /** Name and unit. */
    readonly key: string
    /** 1 above, -1 below, 0 none. */
    alert = 0
    /** The last one; `null` when the sensor fails. */
    value: number
    /** Failures in a row. */
    failures = 0
    /** The error's code of the last failure. */
    code = 0
    isDue = false
    /** An alert has begun or ended. */
    isUrgent = false
    isAsked = false
    askedMs = 0
    sentMs = 0
    sentValue = NaN

    // The constructor sets them by name.
    everyMs: number
    averageOf: number
    deadBand: number
    maxPeriodMs: number
    alertAbove: number
    alertBelow: number
    hysteresis: number
    decimals: number
    timeoutMs: number

    private sum = 0
    private count = 0

    constructor(readonly options: MeasurementOptions) {
        this.key = options.name + options.unit
        const self: any = this
        const given: any = options
        const bounds = JSON.parse(BOUNDS)
        for (const name of Object.keys(bounds)) {
            const row = bounds[name]
            const value = given[name]
            self[name] = row[2]
            if (value !== undefined || row.length < 3) {
                if (!(value >= row[0] && value <= row[1]))
                    this.refuse(`${name} is not from ${row[0]} to ${row[1]}`)
                self[name] = value
            }
        }
        if (this.alertBelow >= this.alertAbove)
            this.refuse("alertBelow is not less than alertAbove")
    }

    /** @throws LeafError SamplingOption */
    refuse(why: string): void {
        fail(ErrorCode.SamplingOption, `app: measurement ${this.key}: ${why}`)
    }

    /** Reads the sensor. Never throws, and may never return. */
    async read(): Promise<void> {
        this.askedMs = ds.millis()
        this.isAsked = true
        try {
            this.take(await this.options.source.read())
        } catch (e: any) {
            this.fail(errorCode(e), e.message)
        }
        this.isAsked = false
    }

    /** A reading. */
    take(reading: number): void {
        // NaN and infinity differ from themselves, or their difference does.
        failIf(
            typeof reading !== "number" || !(reading - reading === 0),
            ErrorCode.SensorReading,
            "the reading is no number"
        )
        this.sum += reading
        this.count++
        if (this.failures >= TOLD_FAILURES)
            console.log(`sampling: ${this.key} is back`)
        this.failures = 0
        if (this.count < this.averageOf) return
        const value = this.sum / this.count
        this.sum = 0
        this.count = 0
        this.value = value
        let alert = this.alert
        if (alert > 0 && value < this.alertAbove - this.hysteresis) alert = 0
        if (alert < 0 && value > this.alertBelow + this.hysteresis) alert = 0
        if (value >= this.alertAbove) alert = 1
        if (value <= this.alertBelow) alert = -1
        if (alert !== this.alert) {
            this.alert = alert
            this.isUrgent = true
            this.isDue = true
        }
        // Nothing was sent: the difference is NaN.
        if (!(Math.abs(value - this.sentValue) < this.deadBand))
            this.isDue = true
    }

    /** The reading has failed. */
    fail(code: number, why: string): void {
        if (this.failures === 0 || code !== this.code)
            console.log(`sampling: ${this.key}: ${why} (${code})`)
        this.code = code
        this.failures++
        if (this.failures !== TOLD_FAILURES) return
        this.sum = 0
        this.count = 0
        this.value = null
        this.isDue = true
    }
}
