/** A BME280 at the VM's I2C transaction, and roles that read it, for `test/vm/drivers.test.ts`. */
import * as ds from "@devicescript/core"
import { SimulatedBus } from "../../sim/i2c/bus"
import {
    SimulatedBme280,
    exampleCalibration1,
    exampleCalibration2,
} from "../../sim/i2c/bme280"
import { startBME280 } from "../../src/drivers/bme280"
import { errorCode } from "../../src/errors"

async function tryStart(name: string): Promise<void> {
    try {
        await startBME280({ name })
    } catch (e: any) {
        console.log(`${name}: error ${errorCode(e)}`)
    }
}

async function main(): Promise<void> {
    // Without a simulated part: the board's own bus, which the simulator does not have.
    await tryStart("nothing")
    const bus = new SimulatedBus()
    const simulated = async (
        address: number,
        write: Buffer,
        read: Buffer
    ): Promise<number> => await bus.transaction(address, write, read)
    ;(ds as any)._i2cTransaction = simulated
    await tryStart("missing")
    bus.parts.push(
        new SimulatedBme280(
            () => ds.millis(),
            exampleCalibration1(),
            exampleCalibration2()
        )
    )
    const sensors = await startBME280({ name: "attic" })
    await tryStart("attic")
    let samples = 0
    await sensors.temperature.reading.subscribe(async t => {
        samples++
        if (samples <= 2) console.log(`sample ${t}`)
    })
    console.log(`temperature ${await sensors.temperature.reading.read()}`)
    console.log(`humidity ${await sensors.humidity.reading.read()}`)
    console.log(`pressure ${await sensors.pressure.reading.read()}`)
    bus.isStuck = true
    await ds.sleep(3000)
    const before = samples
    await ds.sleep(3000)
    console.log(`samples while stuck ${samples - before}`)
    bus.isStuck = false
    await ds.sleep(3000)
    console.log(`samples go on ${samples > before}`)
    console.log("end")
}

main.start()
