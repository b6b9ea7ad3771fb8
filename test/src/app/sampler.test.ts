import { sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { Sampler, roundReading } from "../../../src/app/sampler"

/** A sensor that answers with `value` after `delayMs`; it can fail. */
class Sensor {
    reads = 0
    value = 0
    delayMs = 0
    fails = false

    async read(): Promise<number> {
        this.reads++
        const value = this.value
        await sleep(this.delayMs)
        if (this.fails) throw new Error("bus error")
        return value
    }
}

describe("sampler", () => {
    test("gives a value that was read after the call", async () => {
        const sensor = new Sensor()
        const sampler = new Sampler(sensor)
        sensor.value = 20
        expect(await sampler.sample(5000)).toBe(20)
        sensor.value = 21
        expect(await sampler.sample(5000)).toBe(21)
        expect(sensor.reads).toBe(2)
    })

    test("gives nothing when the sensor does not answer in time, and asks it only once", async () => {
        const sensor = new Sensor()
        sensor.delayMs = 1000
        const sampler = new Sampler(sensor)
        expect(await sampler.sample(30)).toBe(undefined)
        expect(await sampler.sample(30)).toBe(undefined)
        expect(sensor.reads).toBe(1)
    })

    test("gives a fresh value when the sensor has come back", async () => {
        const sensor = new Sensor()
        sensor.value = 1
        sensor.delayMs = 80
        const sampler = new Sampler(sensor)
        expect(await sampler.sample(10)).toBe(undefined)
        await sleep(200)
        sensor.value = 2
        sensor.delayMs = 1
        expect(await sampler.sample(5000)).toBe(2)
    })

    test("gives nothing when the sensor fails, and tries again at the next call", async () => {
        const sensor = new Sensor()
        sensor.fails = true
        const sampler = new Sampler(sensor)
        expect(await sampler.sample(5000)).toBe(undefined)
        sensor.fails = false
        sensor.value = 0
        expect(await sampler.sample(5000)).toBe(0)
    })
})

describe("rounded readings", () => {
    test("have two decimals in JSON, whatever the sensor's binary fraction", () => {
        expect(JSON.stringify(roundReading(21.3701171875))).toBe("21.37")
        expect(JSON.stringify(roundReading(-3.456))).toBe("-3.46")
        expect(JSON.stringify(roundReading(0.1 + 0.2))).toBe("0.3")
        expect(JSON.stringify(roundReading(99999.994))).toBe("99999.99")
        expect(JSON.stringify(roundReading(40))).toBe("40")
    })

    test("that are missing are null", () => {
        expect(JSON.stringify({ t: roundReading(undefined) })).toBe(
            '{"t":null}'
        )
    })
})
