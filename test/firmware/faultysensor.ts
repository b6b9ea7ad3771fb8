/** A leaf whose sensor throws at one read in ten, for `test/reliability/sensor.test.ts`: each minute a message with the read's number. */
import * as ds from "@devicescript/core"
import { createLeaf } from "../../src/firmware"
import { Sampler } from "../../src/index"
import { rsaSet } from "../../src/tls/sets"

const INTERVAL_MS = 60000
const SENSOR_TIMEOUT_MS = 2000
const ONE_IN = 10

class FaultySensor {
    private reads = 0

    async read(): Promise<number> {
        this.reads++
        // Some sensors fail at once, others after a while.
        if (this.reads % (2 * ONE_IN) === 0) await ds.sleep(100)
        if (this.reads % ONE_IN === 0)
            throw new Error(`read ${this.reads} failed`)
        return this.reads
    }
}

async function main(): Promise<void> {
    const leaf = await createLeaf(rsaSet())
    const sampler = new Sampler(new FaultySensor())
    leaf.start()
    while (true) {
        const value = await sampler.sample(SENSOR_TIMEOUT_MS)
        leaf.send({ read: value === undefined ? null : value })
        await ds.sleep(INTERVAL_MS)
    }
}

main.start()
