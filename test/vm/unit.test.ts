/**
 * Runs the unit tests of the device code in the real VM: every file of `test/src`, each in a VM of its own.
 *
 * `node built/test/run.js vm/unit` runs them all; `VM_TEST=bytes` in the environment picks files by a part of the name.
 */
import assert from "node:assert/strict"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { compile } from "../../sim/vm/compiler"
import { Device, startDevice } from "../../sim/vm/host"
import { VirtualClock } from "../../sim/vm/virtualclock"

const root = join(__dirname, "..", "..", "..")
const folder = join(root, "test", "src")

/** Longer than any file takes on a slow machine, in ms. Crypto is slow in the VM. */
const TIMEOUT_MS = 300_000

/** What the program does at its end: `ds.restart()` after its tests, or panics. */
function end(device: Device): Promise<string> {
    return new Promise(resolve => {
        const timer = setTimeout(
            () => resolve(`no end after ${TIMEOUT_MS} ms`),
            TIMEOUT_MS
        )
        device.once("panic", ({ code, name }) => {
            clearTimeout(timer)
            resolve(code === 0 ? "" : `panic ${code}: ${name}`)
        })
    })
}

/**
 * The runner prints its summary when it went through all tests: without it a test was not run or ended the program.
 */
export function judge(lines: string[], ending: string): string[] {
    const summary = lines
        .map(line => /^tests: (\d+), pass: (\d+), error: (\d+)$/.exec(line))
        .find(match => match !== null)
    if (ending) return [ending]
    if (!summary) return ["no summary of the tests"]
    const [, tests, pass, errors] = summary.map(Number)
    if (errors !== 0 || pass !== tests)
        return [`${tests - pass} of ${tests} tests failed`]
    return tests > 0 ? [] : ["no test was run"]
}

const files = (readdirSync(folder, { recursive: true }) as string[])
    .filter(name => name.endsWith(".test.ts"))
    .filter(name => name.includes(process.env.VM_TEST ?? ""))
    .sort()

for (const name of files)
    test(`${name} passes in the VM`, async () => {
        const image = await compile(join(folder, name), { root })
        const clock = new VirtualClock()
        const device = await startDevice({ image, clock })
        const ending = await clock.run(end(device))
        device.stop()
        const lines = device.lines.map(({ text }) => text)
        assert.deepEqual(judge(lines, ending), [], lines.join("\n"))
    })

test("there are unit tests to run in the VM", () => {
    assert.notEqual(files.length, 0)
})

test("a run is judged by its summary and its ending", () => {
    assert.deepEqual(judge(["tests: 3, pass: 3, error: 0"], ""), [])
    assert.deepEqual(judge(["tests: 3, pass: 2, error: 1"], ""), [
        "1 of 3 tests failed",
    ])
    assert.deepEqual(judge(["tests: 0, pass: 0, error: 0"], ""), [
        "no test was run",
    ])
    assert.deepEqual(judge(["running 3 tests"], ""), [
        "no summary of the tests",
    ])
    assert.deepEqual(judge(["tests: 3, pass: 3, error: 0"], "panic 60004"), [
        "panic 60004",
    ])
})
