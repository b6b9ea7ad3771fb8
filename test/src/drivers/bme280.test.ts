import * as ds from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { SimulatedBus } from "../../../sim/i2c/bus"
import {
    SimulatedBme280,
    exampleCalibration1,
    exampleCalibration2,
} from "../../../sim/i2c/bme280"
import { Bme280, type Bme280Reading } from "../../../src/drivers/bme280"
import { ErrorCode, errorCode } from "../../../src/errors"
import { expectCode } from "../check"

/** Longer than a reading is fresh, and than the simulated part takes to start. */
const STALE_MS = 520

function rig() {
    const bus = new SimulatedBus()
    const model = new SimulatedBme280(
        () => ds.millis(),
        exampleCalibration1(),
        exampleCalibration2()
    )
    bus.parts.push(model)
    return { bus, model, part: new Bme280({ bus }) }
}

/** Reads. @returns whether it failed; what else it gives is the right value */
async function failsOnce(part: Bme280): Promise<boolean> {
    let reading: Bme280Reading = undefined
    try {
        reading = await part.read()
    } catch (e: any) {
        const code = errorCode(e)
        expect(
            code === ErrorCode.DriverBus || code === ErrorCode.DriverNoData
        ).toBe(true)
        // The part needs 2 ms to start.
        await ds.sleep(5)
        return true
    }
    expectExample(reading)
    return false
}

async function expectAddress(address: number): Promise<void> {
    await expectCode(ErrorCode.DriverOption, () => {
        new Bme280({ address })
    })
}

function expectExample(reading: Bme280Reading): void {
    // The data sheet: 25.08 °C and 100653.27 Pa.
    expect(reading.temperature).toBe(25.08)
    expect(Math.abs(reading.pressure - 1006.5327) < 0.001).toBe(true)
    expect(reading.humidity > 40 && reading.humidity < 70).toBe(true)
}

describe("BME280", () => {
    test("the data sheet's example comes out of the registers", async () => {
        const { part } = rig()
        await part.start()
        expectExample(await part.read())
    })
    test("two sensors of the part share a measurement, and a later reading is a new one", async () => {
        const { part, model } = rig()
        await part.start()
        await part.read()
        await part.read()
        expect(model.measurements).toBe(1)
        await ds.sleep(STALE_MS)
        await part.read()
        expect(model.measurements).toBe(2)
    })
    test("a part that is missing, or has another id, is an error at the start", async () => {
        const { bus, model, part } = rig()
        model.registers[0xd0] = 0x58
        await expectCode(ErrorCode.DriverIdentity, async () => {
            await part.start()
        })
        bus.parts.pop()
        await expectCode(ErrorCode.DriverBus, async () => {
            await part.start()
        })
        await expectCode(ErrorCode.DriverBus, async () => {
            await part.read()
        })
    })
    test("an address that the part cannot have is an error", async () => {
        await expectAddress(0x75)
        await expectAddress(0x78)
        await expectAddress(0)
        await expectAddress(NaN)
        new Bme280({ address: 0x77 })
    })
    test("a stuck bus is an error each time, and the part is read once it is free", async () => {
        const { bus, part } = rig()
        await part.start()
        bus.isStuck = true
        for (let i = 0; i < 3; i++)
            await expectCode(ErrorCode.DriverBus, async () => {
                await part.read()
            })
        bus.isStuck = false
        expectExample(await part.read())
    })
    test("a measurement that does not end, a reset's values and an impossible temperature are errors", async () => {
        const { model, part } = rig()
        model.isSlow = true
        await expectCode(ErrorCode.DriverNoData, async () => {
            await part.read()
        })
        model.isSlow = false
        model.rawTemperature = 0x80000
        await expectCode(ErrorCode.DriverNoData, async () => {
            await part.read()
        })
        model.rawTemperature = 0xfffff
        await expectCode(ErrorCode.DriverRange, async () => {
            await part.read()
        })
        model.rawTemperature = 519888
        model.rawPressure = 0
        await expectCode(ErrorCode.DriverRange, async () => {
            await part.read()
        })
        model.rawPressure = 415148
        expectExample(await part.read())
    })
    test("whichever transaction fails or finds the part reset, there is an error or the right value, and the next reading is right", async () => {
        for (let kind = 0; kind < 2; kind++) {
            let errors = 0
            let at = 0
            let isOver = false
            while (!isOver) {
                const { bus, part } = rig()
                bus.faultAt = at
                bus.fault = kind === 0 ? "nack" : "brownout"
                if (await failsOnce(part)) errors++
                // A fault after the last transaction, and one that was never reached, leave a value.
                isOver = bus.count <= at
                at++
                expectExample(await part.read())
            }
            // id, two calibrations, command, status, data.
            expect(at - 1 >= 6).toBe(true)
            if (kind === 0) expect(errors).toBe(at - 1)
            else {
                // What was measured is gone; a reset before that is no error if the part is back, 2 ms later, when it is asked next.
                expect(errors >= 1).toBe(true)
                expect(errors <= at - 2).toBe(true)
            }
        }
    })
})
