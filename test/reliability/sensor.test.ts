/**
 * A sensor that throws at one read in ten, and a device that goes on for all that: `HOURS=24` of it, in CI some. From one
 * third of an hour to the next the heap does not grow: what an exception leaves behind would be seen.
 */
import assert from "node:assert/strict"
import { join } from "node:path"
import { test } from "node:test"
import { World } from "../../sim/simulation/world"
import { compile } from "../../sim/vm/compiler"
import { HEAP_SPREAD_BYTES } from "./bounds"
import { HOUR_MS, MINUTE_MS } from "./plan"

const HOURS = Number(process.env.HOURS ?? 1)
/** The heap is looked at so often. */
const SLICES = 3 * HOURS
const SLICE_MS = HOUR_MS / 3
const ONE_IN = 10
const WATCH_MS = 5000
const GARBAGE_BYTES = 256

const root = join(__dirname, "..", "..", "..")

test(`${HOURS} h with a sensor that throws at one read in ten: each other reading arrives, and the heap stays as it is`, async t => {
    const image = await compile(join(root, "test/firmware/faultysensor.ts"), {
        root,
    })
    const world = await World.create({ seed: 1, image })
    try {
        const { device } = await world.addLeaf({ id: "leaf-1" })
        const reads: (number | null)[] = []
        let failures = 0
        device.on("line", ({ text }) => {
            if (/^sampler: read \d+ failed$/.test(text)) failures++
        })
        world.gateway.on("telemetry", ({ body }) =>
            reads.push((JSON.parse(body.toString()) as { read: number }).read)
        )
        const heap: number[] = []
        for (let slice = 0; slice < SLICES; slice++) {
            await world.clock.pass(SLICE_MS - MINUTE_MS / 2 - WATCH_MS)
            device.watchHeap(GARBAGE_BYTES)
            await world.clock.pass(WATCH_MS)
            heap.push(device.heap()!.used)
            device.unwatchHeap()
            await world.clock.pass(MINUTE_MS / 2)
        }
        t.diagnostic(`heap, each third of an hour: ${heap.join(" ")}`)
        assert.deepEqual(device.panics, [])
        // A reading takes some 0.1 s beside its minute.
        assert.ok(reads.length > HOURS * 59, `${reads.length} messages`)
        assert.deepEqual(
            reads,
            reads.map((_, i) => ((i + 1) % ONE_IN ? i + 1 : null))
        )
        assert.equal(failures, Math.floor(reads.length / ONE_IN))
        const growth = Math.max(...heap) - Math.min(...heap)
        assert.ok(growth <= HEAP_SPREAD_BYTES, `the heap grew by ${growth}`)
    } finally {
        await world.close()
    }
})
