/**
 * Sensors into messages: each is read at its own rate, and goes into the message when there is something to tell.
 *
 *     const sampling = new Sampling({ send: message => leaf.send(message.body, message), clock: leaf.clock })
 *     sampling.add({ name: "temperature", unit: "C", source: thermometer.reading, everyMs: 10000, deadBand: 0.2, alertAbove: 30, hysteresis: 1 })
 *     sampling.add({ name: "pressure", unit: "HPa", source: barometer.reading, everyMs: 1000, averageOf: 60 })
 *     sampling.start()
 *
 * gives `{"sequence":1,"time":1767225600,"temperatureC":21.5,"pressureHPa":1013.25}`, and then what has changed. One `Sampling` is one
 * message; for several messages make several. docs/sampling.md has the rules.
 *
 * Each sensor has a fiber of its own: one that hangs or fails is told of, tried again, and holds up nobody. It knows nothing of
 * networks: `send` may be a leaf's, or anything else.
 *
 * Not here: time stamps of single readings, units other than the sensor's own, values that are no numbers.
 */
import * as ds from "@devicescript/core"
import { ErrorCode, errorCode, failIf } from "../errors"
import {
    Measurement,
    type MeasurementOptions,
    TOLD_FAILURES,
} from "./measurement"

/** Sensors of one message: it fits a page of the outbox in flash then. */
export const MAX_MEASUREMENTS = 8
/** Of a name with its unit. */
export const MAX_NAME_LENGTH = 32

/** How often is looked whether there is something to send. What is due then waits once more for what comes at the same time. */
export const CHECK_MS = 250
/** A sensor that failed is tried again after this, or after its interval if that is shorter. */
export const RETRY_MS = 10000
/** What `send` gets. It fits `leaf.send(message.body, message)`. */
export interface SampledMessage {
    /** `sequence` from 1 on, `time` in Unix seconds once it is known, and values by name; `null` for a sensor that fails. */
    body: any
    /** `…Alert` is `high`, `low` or `none` for a value that has thresholds, `…Error` the error's code of a sensor that fails. */
    properties: Record<string, string | number>
    /** Whether an alert has begun or ended. */
    alert: boolean
}

/** What is used of a leaf's clock. */
export interface TimeSource {
    readonly known: boolean
    /** Unix seconds */
    nowSec(): number
}

/** What a `Sampling` is made of. */
export interface SamplingOptions {
    /** Gets each message. What it throws is told on the console, and the message is gone: the sequence shows it. */
    send: (message: SampledMessage) => void | Promise<void>
    /** Without one no message has a time. */
    clock?: TimeSource
    /** Messages have at least this distance, unless an alert begins or ends; default 0. */
    minPeriodMs?: number
}

/** Sensors that go into one message. */
export class Sampling {
    readonly measurements: Measurement[] = []
    /** Of the last message. */
    sequence = 0
    isRunning = false

    private wasDue = false
    private sentMs: number

    /** @throws LeafError SamplingOption when the distance is negative or no number */
    constructor(private readonly options: SamplingOptions) {
        const minPeriodMs = options.minPeriodMs
        failIf(
            minPeriodMs !== undefined && !(minPeriodMs >= 0),
            ErrorCode.SamplingOption,
            "app: sampling: minPeriodMs is not from 0 on"
        )
    }

    /**
     * Adds a sensor; it is read from the start on, or from now on.
     *
     * @throws LeafError SamplingOption: a name that is there or has a wrong length, a ninth sensor, a number out of bounds
     */
    add(options: MeasurementOptions): Measurement {
        const added = new Measurement(options)
        const key = added.key
        if (!options.name || key.length > MAX_NAME_LENGTH)
            added.refuse("the name's length is wrong")
        if (this.measurements.length === MAX_MEASUREMENTS)
            added.refuse("there are too many")
        let isTaken = key === "sequence" || key === "time"
        for (const other of this.measurements)
            if (other.key === key) isTaken = true
        if (isTaken) added.refuse("the name is taken")
        this.measurements.push(added)
        if (this.isRunning) keepReading.start(this, added)
        return added
    }

    /** Starts to read and to send, in fibers of its own. */
    start(): void {
        this.isRunning = true
        for (const measurement of this.measurements)
            keepReading.start(this, measurement)
        keepSending.start(this)
    }

    /**
     * Ends reading and sending, after the intervals that have begun.
     *
     * @devsWhenUsed
     */
    stop(): void {
        this.isRunning = false
    }

    /** Sends what is due. Never throws. */
    async step(nowMs: number): Promise<void> {
        if (!this.isTime(nowMs)) return
        try {
            await this.options.send(this.compose(nowMs))
        } catch (e: any) {
            console.log(`sampling: not sent: ${e.message} (${errorCode(e)})`)
        }
    }

    /** Whether a message is to be sent now. */
    private isTime(nowMs: number): boolean {
        let isDue = false
        let isUrgent = false
        for (const m of this.measurements) {
            if (m.isAsked && m.failures < TOLD_FAILURES)
                if (nowMs - m.askedMs >= m.timeoutMs) {
                    m.failures = TOLD_FAILURES - 1
                    m.code = 0
                    m.fail(ErrorCode.SensorTimeout, "no answer")
                }
            if (m.maxPeriodMs > 0 && m.value !== undefined)
                if (nowMs - m.sentMs >= m.maxPeriodMs) m.isDue = true
            if (m.isDue) isDue = true
            if (m.isUrgent) isUrgent = true
        }
        const wasDue = this.wasDue
        this.wasDue = isDue
        if (isUrgent) return true
        if (!(isDue && wasDue)) return false
        // Nothing was sent: the difference is NaN.
        return !(nowMs - this.sentMs < this.options.minPeriodMs)
    }

    /** The message of what is due. */
    private compose(nowMs: number): SampledMessage {
        this.sequence++
        this.wasDue = false
        this.sentMs = nowMs
        const body: any = { sequence: this.sequence }
        const properties: any = {}
        const clock = this.options.clock
        if (clock !== undefined)
            if (clock.known) body.time = Math.floor(clock.nowSec())
        let alert = false
        for (const m of this.measurements) {
            if (!m.isDue) continue
            const value = m.value
            const key = m.key
            body[key] = null
            m.sentValue = NaN
            if (value === null) properties[key + "Error"] = m.code
            else {
                let scale = 1
                for (let i = 0; i < m.decimals; i++) scale = scale * 10
                body[key] = Math.round(value * scale) / scale
                m.sentValue = value
            }
            if (m.alertAbove < 2000000000 || m.alertBelow > -2000000000)
                properties[key + "Alert"] = ["low", "none", "high"][m.alert + 1]
            if (m.isUrgent) alert = true
            m.isDue = false
            m.isUrgent = false
            m.sentMs = nowMs
        }
        return { body, properties, alert }
    }
}

async function keepReading(
    sampling: Sampling,
    measurement: Measurement
): Promise<void> {
    let dueMs = ds.millis()
    while (sampling.isRunning) {
        await measurement.read()
        const nowMs = ds.millis()
        const everyMs = measurement.everyMs
        dueMs += everyMs
        if (measurement.failures > 0)
            dueMs = nowMs + Math.min(everyMs, RETRY_MS)
        // What was missed is not read afterwards.
        dueMs = Math.max(dueMs, nowMs + 1)
        await ds.sleep(dueMs - nowMs)
    }
}

async function keepSending(sampling: Sampling): Promise<void> {
    while (sampling.isRunning) {
        await ds.sleep(CHECK_MS)
        await sampling.step(ds.millis())
    }
}
