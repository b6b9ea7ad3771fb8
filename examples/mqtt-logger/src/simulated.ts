/** The same program with a simulated BME280 on the simulator's bus, which has no parts of its own. */
import * as ds from "@devicescript/core"
import {
    SimulatedBme280,
    exampleCalibration1,
    exampleCalibration2,
} from "devicescript-edge-leaf/sim/i2c/bme280"
import { SimulatedBus } from "devicescript-edge-leaf/sim/i2c/bus"
import { runLogger } from "./logger"

async function main(): Promise<void> {
    const bus = new SimulatedBus()
    bus.parts.push(
        new SimulatedBme280(
            () => ds.millis(),
            exampleCalibration1(),
            exampleCalibration2()
        )
    )
    const transaction = async (
        address: number,
        write: Buffer,
        read: Buffer
    ): Promise<number> => await bus.transaction(address, write, read)
    ;(ds as any)._i2cTransaction = transaction
    await runLogger()
}

main.start()
