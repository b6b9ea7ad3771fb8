import assert from "node:assert/strict"
import { test } from "node:test"
import { simulatedSensors } from "../../../sim/vm/sensors"
import { constant, sine } from "../../../sim/vm/signals"
import { deviceFor, firmware } from "./programs"

test("the firmware reads a constant humidity and a temperature that swings", async context => {
    const device = await deviceFor(context, {
        image: await firmware("sensors"),
        bus: simulatedSensors({
            temperatureC: sine(20, 5, 3000),
            humidityPercent: constant(45),
        }),
    })
    const seen: number[] = []
    for (let i = 0; i < 30; i++) {
        const { text } = await device.until("temperature")
        const match = /^temperature (\d+) humidity 45$/.exec(text)
        assert.ok(match, text)
        seen.push(Number(match[1]))
    }
    assert.ok(seen.every(value => value >= 150 && value <= 250))
    assert.ok(Math.max(...seen) - Math.min(...seen) > 30, seen.join(" "))
})

test("the sensors are there again after a power cut", async context => {
    const device = await deviceFor(context, {
        image: await firmware("sensors"),
        bus: simulatedSensors({
            temperatureC: constant(-7.5),
            humidityPercent: constant(100),
        }),
    })
    await device.until("temperature -75 humidity 100")
    await device.powerCycle()
    await device.until("start:")
    await device.until("temperature -75 humidity 100")
})

test("a signal is a function of the time", () => {
    assert.equal(constant(3)(99), 3)
    const signal = sine(10, 2, 1000)
    assert.equal(signal(0), 10)
    assert.ok(Math.abs(signal(250) - 12) < 1e-9)
    assert.ok(Math.abs(signal(750) - 8) < 1e-9)
})
