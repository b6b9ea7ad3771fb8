/**
 * A leaf with a `Sampling`, for `test/e2e/sampling.test.ts`: a thermometer and a hygrometer of the bus at different rates, and a
 * sensor of its own that fails from 40 s after the start until 60 s after it.
 */
import * as ds from "@devicescript/core"
import {
    Leaf,
    Sampling,
    gatewayLink,
    keepOutbox,
    readSettings,
    storeSetting,
} from "../../src/index"
import { rsaSet } from "../../src/tls/sets"

async function readTank(): Promise<number> {
    const nowMs = ds.millis()
    if (nowMs > 40000 && nowMs < 60000) throw new Error("the tank is away")
    return Math.floor(nowMs / 1000)
}

async function main(): Promise<void> {
    const leaf = new Leaf(
        await readSettings(),
        gatewayLink(rsaSet()),
        storeSetting
    )
    const outbox = await keepOutbox(leaf)
    const sampling = new Sampling({
        clock: leaf.clock,
        send: async message => {
            leaf.send(message.body, message)
            if (message.alert) await outbox.keep()
        },
    })
    sampling.add({
        name: "temperature",
        unit: "C",
        source: new ds.Temperature().reading,
        everyMs: 1000,
        averageOf: 5,
        deadBand: 0.5,
        maxPeriodMs: 30000,
        alertAbove: 30,
        hysteresis: 2,
    })
    sampling.add({
        name: "humidity",
        unit: "Percent",
        source: new ds.Humidity().reading,
        everyMs: 20000,
    })
    sampling.add({
        name: "level",
        unit: "M",
        source: { read: readTank },
        everyMs: 5000,
        deadBand: 1000,
    })
    leaf.start()
    sampling.start()
}

main.start()
