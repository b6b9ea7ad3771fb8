/** The opcodes that boards are charged for are those that the device's code takes. */
import assert from "node:assert/strict"
import { join } from "node:path"
import { test } from "node:test"
import { KNOWN_OPERATIONS, operationOpcodes } from "../../sim/vm/boards"
import { compile } from "../../sim/vm/compiler"
import { startDevice } from "../../sim/vm/host"
import { VirtualClock } from "../../sim/vm/virtualclock"
import { measure, median } from "../bench/measure"

const root = join(__dirname, "..", "..", "..")

/** Beside the operation there is what announces it; and small changes need not be followed. */
const TOLERANCE = 0.02

test("the table of public-key operations has the opcodes that they take in the VM", async () => {
    const image = await compile(join(root, "test/firmware/operations.ts"), {
        root,
    })
    const clock = new VirtualClock()
    const device = await startDevice({ image, clock, countOpcodes: true })
    try {
        const results = await measure(device, clock)
        for (const name of KNOWN_OPERATIONS) {
            const counted = median(results.get(name)!.opcodes)
            const expected = operationOpcodes(name)
            assert.ok(
                Math.abs(counted / expected - 1) < TOLERANCE,
                `${name} takes ${counted} opcodes, and the table in sim/vm/boards.ts says ${expected}`
            )
        }
    } finally {
        device.stop()
    }
})
