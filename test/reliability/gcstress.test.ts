/**
 * A whole life of a connection in a VM that collects its garbage at every allocation (the runtime's own stress switch,
 * `devsGcStress`): what is used without being held anywhere is gone at once, and not once in a thousand days.
 *
 * A full handshake with a chain of three, telemetry, a message, a method, the twin, a lost connection, a resumed handshake, and a
 * reading of the time. In virtual time, since everything takes sixteen times as long.
 */
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import type { Image } from "../../sim/vm/compiler"
import { Site } from "../site"
import { FaultBench } from "./faultbench"

/** Without stress it is 2 KB in this time. */
const SAMPLES = 20
const SAMPLE_MS = 100
const MOST_GARBAGE = 512

let site: Site
let image: Image
before(async () => {
    site = await Site.create()
    image = await site.compile("src/mainthermostat.ts")
})
after(() => site.close())

test("with a collection at every allocation the thermostat lives through a connection, its loss and a resumed one", async t => {
    const bench = await FaultBench.start(site, image, {
        device: { gcStress: true },
    })
    const handshakes: boolean[] = []
    let timesRead = 0
    bench.gateway.on("secured", ({ resumed }) => handshakes.push(resumed))
    bench.gateway.on("timeServed", () => timesRead++)
    await bench.nextReading()
    bench.desire()
    await bench.prove()
    // That it does collect: while the program waits and looks at its clocks, no garbage adds up.
    const used: number[] = []
    for (let i = 0; i < SAMPLES; i++) {
        await bench.clock.pass(SAMPLE_MS)
        used.push(bench.device.heap()!.used)
    }
    const garbage = Math.max(...used) - Math.min(...used)
    assert.ok(garbage <= MOST_GARBAGE, `${garbage} bytes of garbage`)
    bench.drop()
    await bench.nextReading()
    bench.desire()
    await bench.prove()
    t.diagnostic(`resumed: ${handshakes.join()}`)
    assert.equal(handshakes[0], false)
    assert.equal(handshakes.at(-1), true)
    assert.equal(timesRead, 1)
    await bench.close()
})
