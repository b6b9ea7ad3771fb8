import assert from "node:assert/strict"
import { test } from "node:test"
import { deviceFor, firmware } from "./programs"

test("the heap is measured from outside: a held buffer is seen, and later it is gone", async context => {
    const device = await deviceFor(context, {
        image: await firmware("heap"),
    })
    const peak = device.watchHeap()
    await device.until("start:")
    await device.until("holding")
    const holding = device.heap()!
    await device.until("done")
    const after = device.heap()!
    assert.ok(holding.used > 20_000, JSON.stringify(holding))
    assert.ok(holding.used < 28_000, JSON.stringify(holding))
    assert.ok(after.used < 8_000, JSON.stringify(after))
    for (const use of [holding, after]) {
        assert.ok(Math.abs(use.used + use.free - 65_524) < 16)
        assert.ok(use.largestFree <= use.free && use.objects > 10)
    }
    assert.ok(peak.samples > 20)
    assert.ok(peak.live >= holding.used - 4000, JSON.stringify(peak))
    // 50 pieces of garbage of 900 bytes are not live.
    assert.ok(peak.live < 30_000, JSON.stringify(peak))
})

test("with less heap the same program runs, or ends out of memory", async context => {
    const image = await firmware("heap")
    const enough = await deviceFor(context, { image, heapLimit: 28_000 })
    await enough.until("done")
    assert.deepEqual(enough.panics, [])
    assert.ok(enough.heap()!.used < 28_000)
    const tooSmall = await deviceFor(context, { image, heapLimit: 20_000 })
    await new Promise(resolve => tooSmall.once("panic", resolve))
    const { code, heap } = tooSmall.panics[0]
    assert.equal(code, 60004)
    // The buffer of 20,000 bytes did not fit: what is left is less than that.
    assert.ok(heap!.largestFree < 20_000, JSON.stringify(heap))
    assert.ok(heap!.used > 0 && heap!.used < 2000, JSON.stringify(heap))
    assert.ok(Math.abs(heap!.used + heap!.free - 20_000) < 16)
})

test("the limit holds again after a restart", async context => {
    const device = await deviceFor(context, {
        image: await firmware("heap"),
        heapLimit: 20_000,
        restartMs: 10,
    })
    await new Promise(resolve => device.once("panic", resolve))
    await new Promise(resolve => device.once("panic", resolve))
    assert.deepEqual(
        device.panics.map(({ code }) => code),
        [60004, 60004]
    )
})
