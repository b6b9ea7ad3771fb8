/** The line through the heap's values shows a slow leak, and is not misled by new starts. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { growth, type HeapSample, shrinkage, summarize } from "./heaptrend"

const HOURS = 72

/** A sample an hour of a heap that loses so many bytes a day, with differences of 250 bytes to both sides. */
function samples(leakADay: number, boot = 0, base = 16_000): HeapSample[] {
    return Array.from({ length: HOURS }, (_, i) => {
        const hours = i + 1
        const noise = [-250, 100, 250, -100][i % 4]
        const lost = (leakADay * hours) / 24
        return {
            boot,
            hours,
            used: base + noise + lost,
            largestFree: 40_000 - noise - lost,
        }
    })
}

test("a heap that is only restless has a flat line", () => {
    const flat = summarize(samples(0))
    assert.equal(flat.samples, HOURS)
    assert.ok(Math.abs(growth(flat)) < 40, `${growth(flat)}`)
    assert.ok(Math.abs(shrinkage(flat)) < 40, `${shrinkage(flat)}`)
    assert.equal(flat.usedMost - flat.usedLeast, 500)
})

test("120 bytes a day are found below differences of 500", () => {
    const leak = summarize(samples(120))
    assert.ok(Math.abs(leak.usedSlope - 120) < 15, `${leak.usedSlope}`)
    assert.ok(growth(leak) > 300 && shrinkage(leak) > 300)
})

test("a start with another heap than the one before is no growth, and a leak in both is one", () => {
    const flat = summarize([...samples(0), ...samples(0, 1, 17_000)])
    assert.ok(Math.abs(growth(flat)) < 40, `${growth(flat)}`)
    const leak = summarize([...samples(120), ...samples(120, 1, 15_000)])
    assert.ok(Math.abs(leak.usedSlope - 120) < 15, `${leak.usedSlope}`)
})

test("the first hour after a start does not count", () => {
    const [first, ...rest] = samples(0)
    const warm = summarize([{ ...first, hours: 0.5, used: 30_000 }, ...rest])
    assert.equal(warm.samples, HOURS - 1)
    assert.ok(warm.usedMost < 17_000)
})
