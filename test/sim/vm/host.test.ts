import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { promisify } from "node:util"
import { Clock } from "../../../sim/vm/clock"
import { compile } from "../../../sim/vm/compiler"
import { flashWith } from "../../../sim/vm/flash"
import { startDevice } from "../../../sim/vm/host"
import { deviceFor, firmware, root } from "./programs"

for (const [how, code] of [
    ["restart", 0],
    ["exception", 60005],
    ["steps", 60001],
    ["depth", 60006],
    ["memory", 60004],
] as const)
    test(`ending by ${how} is panic ${code}, and the program starts again with its flash`, async context => {
        const device = await deviceFor(context, {
            image: await firmware("ends"),
            flash: flashWith({ how }),
            restartMs: 30,
        })
        let restarts = 0
        device.on("restart", () => restarts++)
        await device.until(`ending by ${how}`)
        await device.until(`ending by ${how}`)
        assert.equal(device.panics[0].code, code)
        assert.notEqual(device.panics[0].name, "panic of the program")
        assert.equal(restarts, 1)
    })

test("a reboot of the runtime is a new start with the flash kept", async context => {
    const device = await deviceFor(context, {
        image: await firmware("ends"),
        flash: flashWith({ how: "reboot" }),
        restartMs: 10,
    })
    await device.until("ending by reboot")
    await device.until("ending by reboot")
    assert.match(device.panics[0].name, /^reset of the runtime/)
})

test("a board's five seconds pass on the given clock before the program starts again", async context => {
    let now = 1_000_000
    const timers = new Set<{ at: number; run: () => void }>()
    const clock: Clock = {
        now: () => now,
        setTimeout: (run, delayMs) => {
            const timer = { at: now + Math.max(delayMs, 0.1), run }
            timers.add(timer)
            return timer
        },
        clearTimeout: timer =>
            void timers.delete(timer as { at: number; run: () => void }),
    }
    const device = await startDevice({
        image: await firmware("ends"),
        flash: flashWith({ how: "exception" }),
        clock,
    })
    context.after(() => device.stop())
    const starts: number[] = []
    device.on("line", ({ text }) => {
        if (text.startsWith("ending")) starts.push(now)
    })
    while (starts.length < 3) {
        const next = [...timers].reduce((a, b) => (b.at < a.at ? b : a))
        timers.delete(next)
        now = Math.max(now, next.at)
        next.run()
    }
    for (let i = 1; i < starts.length; i++) {
        const gap = starts[i] - starts[i - 1]
        assert.ok(gap > 5000 && gap < 7000, `${gap} ms`)
    }
})

test("two devices at once have flash, console and identity of their own", async context => {
    const image = await firmware("settings")
    const [a, b] = await Promise.all([
        deviceFor(context, {
            image,
            deviceId: "00000000000000a1",
            flash: flashWith({ text: "first" }),
        }),
        deviceFor(context, {
            image,
            deviceId: "00000000000000b2",
            flash: flashWith({ text: "second", starts: 10 }),
        }),
    ])
    const [lineA, lineB] = await Promise.all([
        a.until("starts"),
        b.until("starts"),
    ])
    assert.equal(lineA.text, "starts 1 text first list 0")
    assert.equal(lineB.text, "starts 11 text second list 0")
})

test("an image that the VM refuses is an error with its reason", async () => {
    const image = await firmware("heap")
    const broken = Buffer.from(image.binary)
    broken[0] ^= 1
    await assert.rejects(
        startDevice({ image: { ...image, binary: broken } }),
        /refuses the image with error -\d+: it was made by another version/
    )
})

test("code past 64 KB is refused with its size", async context => {
    const folder = mkdtempSync(join(tmpdir(), "large-"))
    context.after(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, "devsconfig.json"), "{}")
    const lines = Array.from(
        { length: 9000 },
        (_, i) => `n = (n * ${1000 + i} + x) | ${2000 + i}`
    )
    const functions = Array.from(
        { length: 60 },
        (_, i) =>
            `function f${i}(x: number) {\nlet n = x\n${lines.slice(i * 150, i * 150 + 150).join("\n")}\nreturn n\n}\nconsole.log(f${i}(1))`
    )
    writeFileSync(join(folder, "main.ts"), functions.join("\n"))
    const image = await compile(join(folder, "main.ts"))
    assert.ok(image.codeBytes > 65536)
    await assert.rejects(
        startDevice({ image }),
        new RegExp(
            `error -1051: its code ends at byte ${image.codeBytes}, and must end below 65,536`
        )
    )
})

test("waiting for a line that does not come fails with the latest lines and panics", async context => {
    const device = await deviceFor(context, {
        image: await firmware("ends"),
        flash: flashWith({ how: "exception" }),
        restartMs: 10_000,
    })
    await device.until("ending")
    await assert.rejects(device.until("never", 300), (error: Error) => {
        assert.match(error.message, /never: 300 ms are over/)
        assert.match(error.message, /panic 60005: uncaught exception/)
        assert.match(error.message, /on purpose/)
        return true
    })
    const waiting = device.until("never")
    device.stop()
    await assert.rejects(waiting, /the device was stopped/)
    await assert.rejects(device.until("never"), /the device was stopped/)
})

test("with GC stress the program still runs", async context => {
    const device = await deviceFor(context, {
        image: await firmware("heap"),
        gcStress: true,
    })
    await device.until("done")
})

test("after stop the process ends by itself and was silent", async () => {
    const script = `
        const { startDevice } = require("./built/sim/vm/host.js")
        const { compile } = require("./built/sim/vm/compiler.js")
        const { simulatedSensors } = require("./built/sim/vm/sensors.js")
        const { constant } = require("./built/sim/vm/signals.js")
        compile("test/firmware/sensors.ts").then(async image => {
            const bus = simulatedSensors({ temperatureC: constant(1), humidityPercent: constant(2) })
            const device = await startDevice({ image, bus })
            await device.until("temperature 10 humidity 2")
            device.stop()
            console.log("stopped")
        })`
    const { stdout, stderr } = await promisify(execFile)(
        process.execPath,
        ["-e", script],
        { cwd: root, timeout: 60_000 }
    )
    assert.equal(stdout, "stopped\n")
    assert.equal(stderr, "")
})
