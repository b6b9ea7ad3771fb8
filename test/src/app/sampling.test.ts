import { millis, sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import {
    MAX_MEASUREMENTS,
    type SampledMessage,
    Sampling,
} from "../../../src/app/sampling"
import { TOLD_FAILURES } from "../../../src/app/measurement"
import { ErrorCode, errorCode } from "../../../src/errors"

/** A sensor that gives `value`, fails, or does not answer. */
class Sensor {
    value = 0
    reads = 0
    fails = false
    isMute = false

    async read(): Promise<number> {
        this.reads++
        while (this.isMute) await sleep(10)
        if (this.fails) throw new Error("bus error")
        return this.value
    }
}

/** A `Sampling` that keeps what it sends as texts. */
class Bench {
    readonly bodies: string[] = []
    readonly properties: string[] = []
    readonly alerts: boolean[] = []
    readonly sensor = new Sensor()
    readonly clock: any = { known: false, nowSec: () => 1767225600.75 }
    sampling: Sampling

    constructor(minPeriodMs: number = undefined) {
        const self = this
        this.sampling = new Sampling({
            send: (message: SampledMessage) => {
                self.bodies.push(JSON.stringify(message.body))
                self.properties.push(JSON.stringify(message.properties))
                self.alerts.push(message.alert)
            },
            clock: this.clock,
            minPeriodMs,
        })
    }

    add(more: any, name: string = "a") {
        const options: any = {
            name,
            unit: "C",
            source: this.sensor,
            everyMs: 1000,
        }
        for (const key of Object.keys(more)) options[key] = more[key]
        return this.sampling.add(options)
    }

    /** Looks twice, as `start` does: what is due is sent. */
    async look(nowMs: number): Promise<void> {
        await this.sampling.step(nowMs)
        await this.sampling.step(nowMs)
    }
}

/** The code of what `add` throws. */
function refusal(more: any, name: string = "a"): number {
    try {
        new Bench().add(more, name)
    } catch (e: any) {
        return errorCode(e)
    }
    return 0
}

describe("a measurement that cannot be", () => {
    test("is refused when it is added: an interval of 0 or NaN, a number out of bounds, thresholds that overlap", () => {
        expect(refusal({})).toBe(0)
        for (const more of [
            { everyMs: 0 },
            { everyMs: NaN },
            { everyMs: undefined },
            { everyMs: -1 },
            { everyMs: 86400001 },
            { averageOf: 0 },
            { deadBand: -0.1 },
            { deadBand: NaN },
            { hysteresis: -1 },
            { maxPeriodMs: -1 },
            { alertAbove: NaN },
            { alertAbove: 5, alertBelow: 5 },
            { decimals: 7 },
            { timeoutMs: 0 },
        ])
            expect(refusal(more)).toBe(ErrorCode.SamplingOption)
    })

    test("is refused for its name: none, too long, one of the message's own", () => {
        expect(refusal({}, "")).toBe(ErrorCode.SamplingOption)
        expect(refusal({}, "abcdefghijklmnopqrstuvwxyzabcdef")).toBe(
            ErrorCode.SamplingOption
        )
        expect(refusal({ unit: "" }, "time")).toBe(ErrorCode.SamplingOption)
        expect(refusal({ unit: "" }, "sequence")).toBe(ErrorCode.SamplingOption)
    })

    test("is refused when its name is taken, or there are too many; those that are there stay", async () => {
        const bench = new Bench()
        let message = ""
        bench.add({}).take(1)
        try {
            bench.add({})
        } catch (e: any) {
            message = e.message
        }
        expect(message).toBe("app: measurement aC: the name is taken")
        for (let i = 1; i < MAX_MEASUREMENTS; i++) bench.add({}, `a${i}`)
        let code = 0
        try {
            bench.add({}, "more")
        } catch (e: any) {
            code = errorCode(e)
        }
        expect(code).toBe(ErrorCode.SamplingOption)
        expect(bench.sampling.measurements.length).toBe(MAX_MEASUREMENTS)
        await bench.look(0)
        expect(bench.bodies[0]).toBe('{"sequence":1,"aC":1}')
    })

    test("does not come of a message's distance that is negative or no number", () => {
        let refused = 0
        for (const distance of [-1, NaN])
            try {
                new Bench(distance)
            } catch (e: any) {
                if (errorCode(e) === ErrorCode.SamplingOption) refused++
            }
        expect(refused).toBe(2)
    })
})

describe("a message", () => {
    test("has a sequence number, the time once it is known, and only what is due", async () => {
        const bench = new Bench()
        const a = bench.add({})
        const b = bench.add({ unit: "Percent" }, "b")
        await bench.look(0)
        expect(bench.bodies.length).toBe(0)
        a.take(21.123)
        b.take(45)
        await bench.look(1000)
        bench.clock.known = true
        a.take(21.127)
        await bench.look(2000)
        expect(bench.bodies.length).toBe(2)
        expect(bench.bodies[0]).toBe('{"sequence":1,"aC":21.12,"bPercent":45}')
        expect(bench.bodies[1]).toBe(
            '{"sequence":2,"time":1767225600,"aC":21.13}'
        )
        expect(bench.properties[0]).toBe("{}")
        expect(bench.alerts[0]).toBe(false)
    })

    test("waits once for what comes at the same time, and keeps its distance but for an alert", async () => {
        const bench = new Bench(5000)
        const a = bench.add({ alertAbove: 30 })
        a.take(1)
        await bench.sampling.step(0)
        expect(bench.bodies.length).toBe(0)
        await bench.sampling.step(250)
        expect(bench.bodies.length).toBe(1)
        a.take(2)
        await bench.look(1000)
        await bench.look(5249)
        expect(bench.bodies.length).toBe(1)
        await bench.look(5250)
        expect(bench.bodies.length).toBe(2)
        a.take(31)
        await bench.sampling.step(5300)
        expect(bench.bodies.length).toBe(3)
        expect(bench.alerts[2]).toBe(true)
    })

    test("that cannot be sent is told of, and the next ones are sent", async () => {
        let sent = 0
        const sampling = new Sampling({
            send: async message => {
                if (message.body.sequence === 1) throw new Error("too large")
                sent = message.body.sequence
            },
        })
        const a = sampling.add({
            name: "a",
            unit: "",
            source: new Sensor(),
            everyMs: 1000,
        })
        for (let i = 0; i < 2; i++) {
            a.take(i)
            await sampling.step(i)
            await sampling.step(i)
        }
        expect(sent).toBe(2)
    })
})

describe("a value", () => {
    test("is the mean of so many readings", async () => {
        const bench = new Bench()
        const a = bench.add({ averageOf: 3 })
        for (const reading of [1, 2, 6, 10, 10]) a.take(reading)
        await bench.look(0)
        a.take(13)
        await bench.look(1)
        expect(bench.bodies[0]).toBe('{"sequence":1,"aC":3}')
        expect(bench.bodies[1]).toBe('{"sequence":2,"aC":11}')
    })

    test("inside the dead-band is not sent, but after the longest period", async () => {
        const bench = new Bench()
        const a = bench.add({ deadBand: 1, maxPeriodMs: 60000 })
        const values = [20, 20.9, 19.1, 20.99, 21, 20.5, 20.1]
        for (let i = 0; i < values.length; i++) {
            a.take(values[i])
            await bench.look(i * 1000)
        }
        expect(bench.bodies.length).toBe(2)
        expect(bench.bodies[1]).toBe('{"sequence":2,"aC":21}')
        await bench.look(63999)
        expect(bench.bodies.length).toBe(2)
        await bench.look(64000)
        expect(bench.bodies[2]).toBe('{"sequence":3,"aC":20.1}')
    })

    test("has as many decimals as are wanted", async () => {
        const bench = new Bench()
        const a = bench.add({ decimals: 0 })
        const b = bench.add({ decimals: 5 }, "b")
        a.take(12.7)
        b.take(0.0012345)
        await bench.look(0)
        expect(bench.bodies[0]).toBe('{"sequence":1,"aC":13,"bC":0.00123}')
    })
})

describe("an alert", () => {
    test("begins at its threshold and ends behind the hysteresis, each at once", async () => {
        const bench = new Bench()
        const a = bench.add({
            alertAbove: 30,
            alertBelow: 10,
            hysteresis: 2,
            deadBand: 100,
        })
        const said: string[] = []
        for (const value of [20, 29.9, 30, 28, 27.9, 10, 12, 12.1, 35, 5]) {
            a.take(value)
            const before = bench.bodies.length
            await bench.sampling.step(0)
            await bench.sampling.step(0)
            said.push(
                bench.bodies.length > before
                    ? `${value}${bench.properties[before]}${bench.alerts[before]}`
                    : `${value}`
            )
        }
        expect(said.join(" ")).toBe(
            '20{"aCAlert":"none"}false 29.9 ' +
                '30{"aCAlert":"high"}true 28 27.9{"aCAlert":"none"}true ' +
                '10{"aCAlert":"low"}true 12 12.1{"aCAlert":"none"}true ' +
                '35{"aCAlert":"high"}true 5{"aCAlert":"low"}true'
        )
    })
})

describe("a sensor that fails", () => {
    test("is null in a message after some failures in a row, and its value when it is back", async () => {
        const bench = new Bench()
        const a = bench.add({ deadBand: 5 })
        const b = bench.add({}, "b")
        bench.sensor.value = 20
        await a.read()
        await bench.look(0)
        bench.sensor.fails = true
        for (let i = 1; i < TOLD_FAILURES; i++) await a.read()
        b.take(1)
        await bench.look(1000)
        await a.read()
        await bench.look(2000)
        // Told once.
        await a.read()
        await bench.look(3000)
        bench.sensor.fails = false
        await a.read()
        await bench.look(4000)
        expect(bench.bodies.join(" ")).toBe(
            '{"sequence":1,"aC":20} {"sequence":2,"bC":1} {"sequence":3,"aC":null} {"sequence":4,"aC":20}'
        )
        expect(bench.properties[2]).toBe('{"aCError":0}')
    })

    test("has failed with a reading that is no number: NaN, infinite, or nothing", async () => {
        const bench = new Bench()
        const a = bench.add({})
        const none: number = undefined
        let failures = 0
        for (const value of [NaN, 1 / 0, none, null]) {
            bench.sensor.value = value
            await a.read()
            failures++
            expect(a.failures).toBe(failures)
            expect(a.code).toBe(ErrorCode.SensorReading)
        }
        bench.sensor.value = 0
        await a.read()
        expect(a.failures).toBe(0)
    })

    test("does not count in the mean of its readings", async () => {
        const bench = new Bench()
        const a = bench.add({ averageOf: 2 })
        bench.sensor.value = 10
        await a.read()
        bench.sensor.fails = true
        await a.read()
        bench.sensor.fails = false
        bench.sensor.value = 20
        await a.read()
        await bench.look(0)
        expect(bench.bodies[0]).toBe('{"sequence":1,"aC":15}')
    })

    test("and one that does not answer hold up nobody, and come back by themselves", async () => {
        const bench = new Bench()
        const mute = new Sensor()
        const broken = new Sensor()
        mute.isMute = true
        broken.fails = true
        bench.add({ everyMs: 100, source: mute, timeoutMs: 100 }, "mute")
        bench.add({ everyMs: 100, source: broken }, "broken")
        bench.add({ everyMs: 100, deadBand: 1 }, "good")
        bench.sampling.start()
        // The first message has what is good, by the second one the others have failed.
        await until(() => bench.bodies.join("").indexOf("broken") > 0)
        expect(bench.bodies[0].indexOf('"goodC":0') > 0).toBe(true)
        await until(() => bench.bodies.join("").indexOf('"muteC":null') > 0)
        expect(mute.reads).toBe(1)
        const reads = bench.sensor.reads
        mute.value = 7
        mute.isMute = false
        broken.value = 8
        broken.fails = false
        await until(() => {
            const all = bench.bodies.join("")
            return (
                all.indexOf('"muteC":7') > 0 && all.indexOf('"brokenC":8') > 0
            )
        })
        expect(bench.sensor.reads > reads).toBe(true)
        bench.sampling.stop()
        await sleep(300)
        const after = bench.sensor.reads
        await sleep(300)
        expect(bench.sensor.reads).toBe(after)
    })
})

describe("sensors at different rates", () => {
    test("are each read at their own", async () => {
        const bench = new Bench()
        const slow = new Sensor()
        bench.add({ everyMs: 100 })
        bench.sampling.start()
        // Added later, read from then on.
        bench.add({ everyMs: 500, source: slow }, "slow")
        const startMs = millis()
        await until(() => slow.reads === 2)
        const took = millis() - startMs
        bench.sampling.stop()
        // It may be a slow machine: what is late is not read afterwards.
        expect(bench.sensor.reads >= 2).toBe(true)
        expect(bench.sensor.reads <= took / 100 + 2).toBe(true)
        expect(took >= 450).toBe(true)
    })
})

async function until(isSo: () => boolean): Promise<void> {
    for (let i = 0; i < 1000; i++) {
        if (isSo()) return
        await sleep(10)
    }
    throw new Error("it never came to be")
}
