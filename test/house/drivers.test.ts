/** What drivers cost: a leaf with the rsa set is compiled with all of them and without any. */
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

/** A leaf with telemetry from one sensor, and the drivers of these files. */
function source(files: string[]): string {
    return [
        'import * as ds from "@devicescript/core"',
        'import { Leaf, Sampler, gatewayLink, readSettings, rsaSet, storeSetting } from "../../src/index"',
        ...files.map(
            file =>
                `import { ${DRIVERS[file].start} } from "../../src/drivers/${file}"`
        ),
        "async function main(): Promise<void> {",
        "    const leaf = new Leaf(await readSettings(), gatewayLink(rsaSet()), storeSetting)",
        ...files.map(file => `    await ${DRIVERS[file].start}()`),
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
    const imageOf = (name: string, files: string[]) => {
        const entry = join(folder, name)
        writeFileSync(entry, source(files))
        return compile(entry, { root })
    }
    const files = Object.keys(DRIVERS)
    const without = await imageOf("none.ts", [])
    const image = await imageOf("all.ts", files)
    const own = (file: string) =>
        image.modules
            .filter(module => module.file === `src/drivers/${file}.ts`)
            .reduce((sum, { bytes }) => sum + bytes, 0)
    const shared =
        image.codeBytes -
        without.codeBytes -
        files.reduce((sum, file) => sum + own(file), 0)
    console.log(`shared by all: ${shared} bytes of ${SHARED_BUDGET}`)
    assert.ok(shared > 0 && shared <= SHARED_BUDGET, `shared: ${shared} bytes`)
    for (const file of files) {
        const bytes = own(file)
        const { budget } = DRIVERS[file]
        // Not less than with this driver alone, which may need less of what is shared.
        const whole = without.codeBytes + shared + bytes
        console.log(
            `${file}: ${bytes} bytes of ${budget}; with the leaf ${whole} of ${MAX_CODE_BYTES}`
        )
        assert.ok(bytes > 100 && bytes <= budget, `${file}: ${bytes} bytes`)
        assert.ok(whole <= MAX_CODE_BYTES, `${file}: ${whole} bytes in all`)
    }
})
