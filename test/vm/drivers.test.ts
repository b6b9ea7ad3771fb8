/** Drivers in the VM at the lowest seam, its I2C transaction: from there to the program's roles. */
import assert from "node:assert/strict"
import { join } from "node:path"
import { test } from "node:test"
import { compile } from "../../sim/vm/compiler"
import { startDevice } from "../../sim/vm/host"
import { VirtualClock } from "../../sim/vm/virtualclock"

const root = join(__dirname, "..", "..", "..")

test("a BME280 becomes three roles, and a stuck bus is no value and no panic", async () => {
    const image = await compile(join(root, "test", "firmware", "bme280.ts"), {
        root,
    })
    const clock = new VirtualClock()
    const device = await startDevice({ image, clock })
    try {
        await clock.run(device.until("end", 60_000))
    } finally {
        device.stop()
    }
    const lines = device.lines.map(({ text }) => text)
    console.log(lines.join("\n"))
    assert.deepEqual(device.panics, [])
    for (const wanted of [
        "nothing: error 8002",
        "missing: error 8002",
        "attic: error 8001",
        "samples while stuck 0",
        "samples go on true",
    ])
        assert.ok(
            lines.some(line => line.includes(wanted)),
            `${wanted} in\n${lines.join("\n")}`
        )
    const number = (name: string) =>
        Number(
            lines
                .find(line => line.startsWith(name + " "))
                ?.slice(name.length + 1)
        )
    // As precise as Jacdac's fixed-point numbers of 1/1024.
    assert.ok(Math.abs(number("temperature") - 25.08) < 0.001)
    assert.ok(Math.abs(number("pressure") - 1006.5327) < 0.002)
    assert.ok(number("humidity") > 40 && number("humidity") < 70)
    assert.ok(Math.abs(number("sample") - 25.08) < 0.001)
})
