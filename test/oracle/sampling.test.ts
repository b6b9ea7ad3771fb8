/**
 * What a `Sampling` sends, against a model that remembers everything and computes anew each time: random sensors with random
 * options, readings, failures and pauses. `SEED=…` repeats a run.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { type Random, seededRandom } from "../random"

/** Of the device's options, those that matter here. */
interface MeasurementOptions {
    name: string
    unit: string
    source: { read(): Promise<number> }
    everyMs: number
    averageOf?: number
    deadBand?: number
    maxPeriodMs?: number
    alertAbove?: number
    alertBelow?: number
    hysteresis?: number
    decimals?: number
}

interface SampledMessage {
    body: Record<string, number | null>
    properties: Record<string, string | number>
    alert: boolean
}

const { Sampling } = require("../../src/app/sampling") as {
    Sampling: new (options: { send: (message: SampledMessage) => void }) => {
        measurements: {
            take(reading: number): void
            fail(code: number, why: string): void
        }[]
        add(options: MeasurementOptions): void
        step(nowMs: number): Promise<void>
    }
}

const RUNS = 300
const STEPS = 400
/** In a row: then a sensor has failed. */
const FAILURES = 3

/** A sensor as the model sees it: all that ever came of it. */
interface Model {
    options: MeasurementOptions
    key: string
    /** Readings since the last value or told failure; numbers only. */
    readings: number[]
    failuresInARow: number
    values: number[]
    /** -1, 0, 1 after each of the values. */
    alerts: number[]
    hasFailed: boolean
    /** What was sent last: a value, null for a failure, undefined for nothing. */
    sent: number | null | undefined
    sentMs: number
    /** Something happened that a message has to tell. */
    news: boolean
    alarm: boolean
}

function randomOptions(random: Random, name: string): MeasurementOptions {
    const options: MeasurementOptions = {
        name,
        unit: random.pick(["C", "Percent", ""]),
        source: { read: async () => 0 },
        everyMs: random.between(100, 5000),
    }
    if (random.oneIn(2)) options.averageOf = random.between(1, 5)
    if (random.oneIn(2)) options.deadBand = random.between(0, 40) / 4
    if (random.oneIn(3)) options.maxPeriodMs = random.between(1000, 20000)
    if (random.oneIn(2)) options.alertAbove = random.between(5, 20)
    if (random.oneIn(2)) options.alertBelow = random.between(-20, 4)
    if (random.oneIn(2)) options.hysteresis = random.between(0, 12) / 2
    if (random.oneIn(2)) options.decimals = random.between(0, 4)
    return options
}

/** The state of the alert after a list of values, from the definition. */
function alertAfter(values: number[], options: MeasurementOptions): number {
    const { alertAbove = Infinity, alertBelow = -Infinity } = options
    const hysteresis = options.hysteresis ?? 0
    // The last value at a threshold decides, unless one came behind the hysteresis since.
    for (let i = values.length - 1; i >= 0; i--) {
        const since = values.slice(i + 1)
        if (values[i] >= alertAbove)
            return since.some(value => value < alertAbove - hysteresis) ? 0 : 1
        if (values[i] <= alertBelow)
            return since.some(value => value > alertBelow + hysteresis) ? 0 : -1
    }
    return 0
}

function modelReading(model: Model, reading: number): void {
    const { options } = model
    model.failuresInARow = 0
    model.readings.push(reading)
    if (model.readings.length < (options.averageOf ?? 1)) return
    const value =
        model.readings.reduce((sum, one) => sum + one) / model.readings.length
    model.readings = []
    model.values.push(value)
    model.hasFailed = false
    const alert = alertAfter(model.values, options)
    if (alert !== (model.alerts.at(-1) ?? 0)) model.alarm = model.news = true
    model.alerts.push(alert)
    const { sent } = model
    if (sent === undefined || sent === null) model.news = true
    else if (Math.abs(value - sent) >= (options.deadBand ?? 0))
        model.news = true
}

function modelFailure(model: Model): void {
    if (++model.failuresInARow !== FAILURES) return
    model.readings = []
    model.hasFailed = true
    model.news = true
}

/** What has to be in a message now. */
function modelMessage(
    models: Model[],
    nowMs: number
): { values: Map<string, number | null>; alert: boolean } {
    const values = new Map<string, number | null>()
    let alert = false
    for (const model of models) {
        if (!model.news) continue
        const value = model.hasFailed ? null : model.values.at(-1)!
        values.set(model.key, value)
        alert ||= model.alarm
        model.sent = value
        model.sentMs = nowMs
        model.news = model.alarm = false
    }
    return { values, alert }
}

test("what a sampling sends is what a model of its rules sends, for random sensors", async t => {
    const random = seededRandom("sampling")
    // Failures are told on the console.
    t.mock.method(console, "log", () => undefined)
    let messages = 0
    let alerts = 0
    let failures = 0
    for (let run = 0; run < RUNS; run++) {
        const sent: SampledMessage[] = []
        const sampling = new Sampling({
            send: message => void sent.push(message),
        })
        const models: Model[] = []
        for (let i = random.between(1, 4); i > 0; i--) {
            const options = randomOptions(random, `s${i}`)
            sampling.add(options)
            models.push({
                options,
                key: options.name + options.unit,
                readings: [],
                failuresInARow: 0,
                values: [],
                alerts: [],
                hasFailed: false,
                sent: undefined,
                sentMs: 0,
                news: false,
                alarm: false,
            })
        }
        let nowMs = 0
        // Sums of quarters are exact: nothing depends on the order of additions.
        let walk = 0
        for (let step = 0; step < STEPS; step++) {
            nowMs += random.between(1, 2000)
            const i = random.below(models.length)
            if (random.oneIn(3)) {
                sampling.measurements[i].fail(5, "broken")
                modelFailure(models[i])
            } else {
                walk = Math.max(
                    -30,
                    Math.min(30, walk + random.between(-16, 16) / 4)
                )
                sampling.measurements[i].take(walk)
                modelReading(models[i], walk)
            }
            if (random.oneIn(2)) continue
            const before = sent.length
            // Twice: what is due waits once for others.
            await sampling.step(nowMs)
            await sampling.step(nowMs)
            for (const model of models) {
                const { maxPeriodMs = 0 } = model.options
                if (maxPeriodMs > 0 && nowMs - model.sentMs >= maxPeriodMs)
                    if (model.hasFailed || model.values.length)
                        model.news = true
            }
            const expected = modelMessage(models, nowMs)
            assert.equal(sent.length - before, expected.values.size ? 1 : 0)
            if (!expected.values.size) continue
            const message = sent[before]
            const { sequence, ...values } = message.body
            assert.equal(sequence, sent.length)
            assert.deepEqual(
                Object.keys(values).sort(),
                [...expected.values.keys()].sort()
            )
            assert.equal(message.alert, expected.alert)
            for (const model of models) {
                const value = expected.values.get(model.key)
                if (value === undefined) continue
                if (value === null) {
                    failures++
                    assert.equal(values[model.key], null)
                    assert.equal(message.properties[`${model.key}Error`], 5)
                } else
                    assert.ok(
                        Math.abs(values[model.key]! - value) <=
                            0.5001 * 10 ** -(model.options.decimals ?? 2),
                        `${values[model.key]} is not ${value}`
                    )
                const { alertAbove, alertBelow } = model.options
                assert.equal(
                    message.properties[`${model.key}Alert`],
                    alertAbove === undefined && alertBelow === undefined
                        ? undefined
                        : ["low", "none", "high"][
                              (model.alerts.at(-1) ?? 0) + 1
                          ]
                )
            }
            messages++
            if (message.alert) alerts++
        }
    }
    assert.ok(messages > 10_000, `${messages} messages`)
    assert.ok(alerts > 500, `${alerts} alerts`)
    assert.ok(failures > 500, `${failures} failures`)
})
