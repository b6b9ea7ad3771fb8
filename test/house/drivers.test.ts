/** What a driver costs: a leaf with the rsa set is compiled with each driver and without any. */
import assert from "node:assert/strict"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { compile } from "../../sim/vm/compiler"
import { MAX_CODE_BYTES } from "./budgets"

const root = join(__dirname, "..", "..", "..")

/** By file: its start function, what it starts that is read, and the most code that its own file may have, in bytes. */
const DRIVERS: Record<string, { start: string; budget: number }> = {
    bme280: { start: "startBME280", budget: 1850 },
    sht3x: { start: "startSHT3x", budget: 750 },
    sht4x: { start: "startSHT4x", budget: 750 },
}

/** What all drivers share: 1.1 KB of the bus and the sensors, Sensirion's CRC, and 3.8 KB of what DeviceScript needs to serve on its Jacdac bus. */
const SHARED_BUDGET = 5200

/** A leaf with telemetry from one sensor, with or without its driver. */
function source(file?: string): string {
    const driver = file === undefined ? undefined : DRIVERS[file]
    return [
        'import * as ds from "@devicescript/core"',
        'import { Leaf, Sampler, gatewayLink, readSettings, rsaSet, storeSetting } from "../../src/index"',
        driver
            ? `import { ${driver.start} } from "../../src/drivers/${file}"`
            : "",
        "async function main(): Promise<void> {",
        "    const leaf = new Leaf(await readSettings(), gatewayLink(rsaSet()), storeSetting)",
        driver ? `    await ${driver.start}()` : "",
        "    const sampler = new Sampler(new ds.Temperature().reading)",
        "    leaf.start()",
        "    leaf.send({ temperature: await sampler.sample(1000) })",
        "}",
        "main.start()",
        "",
    ].join("\n")
}

test("each driver keeps to its budget, and a leaf with it and the rsa set fits", async () => {
    const folder = join(root, ".devicescript", "drivers")
    mkdirSync(folder, { recursive: true })
    const imageOf = (name: string, text: string) => {
        const entry = join(folder, name)
        writeFileSync(entry, text)
        return compile(entry, { root })
    }
    const { codeBytes: without } = await imageOf("none.ts", source())
    for (const [file, { budget }] of Object.entries(DRIVERS)) {
        const image = await imageOf(`${file}.ts`, source(file))
        const own = image.modules
            .filter(module => module.file === `src/drivers/${file}.ts`)
            .reduce((sum, { bytes }) => sum + bytes, 0)
        const shared = image.codeBytes - without - own
        console.log(
            `${file}: ${own} bytes of ${budget}, and ${shared} of ${SHARED_BUDGET} shared by all; with the rsa set ${image.codeBytes} of ${MAX_CODE_BYTES}`
        )
        assert.ok(own > 100 && own <= budget, `${file}: ${own} bytes`)
        assert.ok(shared <= SHARED_BUDGET, `shared: ${shared} bytes`)
        assert.ok(image.codeBytes <= MAX_CODE_BYTES)
    }
})
