import assert from "node:assert/strict"
import { test } from "node:test"
import { withCounter } from "../../../sim/vm/opcodes"
import { deviceFor, firmware } from "./programs"

test("a VM that counts executes the same opcodes each time, and as many as the program has", async context => {
    const image = await firmware("heap")
    const counts: number[] = []
    for (let i = 0; i < 2; i++) {
        const device = await deviceFor(context, { image, countOpcodes: true })
        await device.until("holding")
        const before = device.opcodes
        await device.until("done")
        counts.push(device.opcodes - before)
        assert.deepEqual(device.panics, [])
    }
    assert.equal(counts[0], counts[1])
    // 50 rounds of a loop of some 20 opcodes.
    assert.ok(counts[0] > 500 && counts[0] < 3000, String(counts[0]))
})

test("a VM that does not count says 0", async context => {
    const device = await deviceFor(context, { image: await firmware("heap") })
    await device.until("done")
    assert.equal(device.opcodes, 0)
})

test("a module without the interpreter's loop is not changed", () => {
    const empty = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
    assert.equal(withCounter(empty), undefined)
})
