import * as ds from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { SimulatedBus } from "../../../sim/i2c/bus"
import { simulatedSht4x } from "../../../sim/i2c/sensirion"
import { crc8 } from "../../../src/drivers/bus"
import { Sht4x, type Sht4xReading } from "../../../src/drivers/sht4x"
import { ErrorCode, errorCode } from "../../../src/errors"
import { expectCode } from "../check"

/** A quarter of the scale, and half of it. */
const RAW_TEMPERATURE = 0x6666
const RAW_HUMIDITY = 0x7fff

function rig() {
    const bus = new SimulatedBus()
    const model = simulatedSht4x(
        () => ds.millis(),
        RAW_TEMPERATURE,
        RAW_HUMIDITY
    )
    bus.parts.push(model)
    return { bus, model, part: new Sht4x({ bus }) }
}

function expectExample(reading: Sht4xReading): void {
    // 0x6666 is two fifths of 0xffff: 25 °C exactly.
    expect(Math.abs(reading.temperature - 25) < 0.0001).toBe(true)
    expect(Math.abs(reading.humidity - 56.499) < 0.001).toBe(true)
}

/** Reads. @returns the error's code, or 0 after a reading, which is the right one */
async function codeOfRead(part: Sht4x): Promise<number> {
    let reading: Sht4xReading = undefined
    try {
        reading = await part.read()
    } catch (e: any) {
        // The command that was not fetched may still be running.
        await ds.sleep(15)
        return errorCode(e)
    }
    expectExample(reading)
    return 0
}

describe("SHT4x", () => {
    test("the CRC of the data sheet's example is right", () => {
        expect(crc8(Buffer.from([0xbe, 0xef]), 0)).toBe(0x92)
    })
    test("a part is reset, tells its serial number and measures", async () => {
        const { part } = rig()
        const serial = await part.start()
        expect(serial[0]).toBe(0x0123)
        expect(serial[1]).toBe(0x4567)
        expectExample(await part.read())
    })
    test("a missing part is an error at the start, and an address it cannot have", async () => {
        const { bus, part } = rig()
        bus.parts.pop()
        await expectCode(ErrorCode.DriverBus, async () => {
            await part.start()
        })
        await expectCode(ErrorCode.DriverOption, () => {
            new Sht4x({ address: 0x47 })
        })
        new Sht4x({ address: 0x46 })
    })
    test("a stuck bus and a part that never ends are errors each time, and the part is read after them", async () => {
        const { bus, model, part } = rig()
        bus.isStuck = true
        expect(await codeOfRead(part)).toBe(ErrorCode.DriverBus)
        expect(await codeOfRead(part)).toBe(ErrorCode.DriverBus)
        bus.isStuck = false
        model.isSlow = true
        expect(await codeOfRead(part)).toBe(ErrorCode.DriverBus)
        model.isSlow = false
        expect(await codeOfRead(part)).toBe(0)
    })
    test("a flipped bit in any byte of a reading is found by its CRC", async () => {
        for (let bit = 0; bit < 48; bit += 3) {
            const { bus, part } = rig()
            bus.faultAt = 1
            bus.fault = "flip"
            bus.flipBit = bit
            expect(await codeOfRead(part)).toBe(ErrorCode.DriverChecksum)
        }
    })
    test("what is outside -40 to 125 °C is an error, and humidity beyond its ends is limited", async () => {
        const { part } = rig()
        await expectCode(ErrorCode.DriverRange, () => {
            part.convert(0, RAW_HUMIDITY)
        })
        await expectCode(ErrorCode.DriverRange, () => {
            part.convert(0xffff, RAW_HUMIDITY)
        })
        expect(part.convert(RAW_TEMPERATURE, 0).humidity).toBe(0)
        expect(part.convert(RAW_TEMPERATURE, 0xffff).humidity).toBe(100)
    })
    test("a brown-out during the measurement, or a transaction without an answer, is an error, and the next reading is right", async () => {
        for (let at = 0; at < 2; at++) {
            const { bus, part } = rig()
            bus.faultAt = at
            bus.fault = "nack"
            expect(await codeOfRead(part)).toBe(ErrorCode.DriverBus)
            expect(await codeOfRead(part)).toBe(0)
        }
        const { bus, part } = rig()
        bus.faultAt = 0
        bus.fault = "brownout"
        expect(await codeOfRead(part)).toBe(ErrorCode.DriverBus)
        expect(await codeOfRead(part)).toBe(0)
    })
})
