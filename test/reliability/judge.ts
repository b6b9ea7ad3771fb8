/** What has to be true of a run of days, and of storms: for the tests in CI and for the slow runs alike. */
import assert from "node:assert/strict"
import {
    ALL_BACK_SEC,
    DUPLICATES_PER_LOSS,
    HEAP_GROWTH_BYTES,
    HEAP_SPREAD_BYTES,
    LARGEST_FREE_BYTES,
    LARGEST_FREE_SHRINKAGE_BYTES,
    LIFE_YEARS,
    LINE_DAYS,
    lifeYears,
    mostInASecond,
    WRITES_PER_BOOT,
    WRITES_PER_CONNECTION,
    WRITES_PER_READING,
} from "./bounds"
import type { DaysResult } from "./days"
import { growth, shrinkage } from "./heaptrend"
import { POLICY } from "./policy"
import { peakOf, type StormResult } from "./storm"

/** Hours of a day, at least, in which the heap was looked at: it is when there is a connection. */
const HOURS_LOOKED_AT = 4

/** The most that the heap differs between two hours, in bytes. */
export function heapSpread({ heap }: DaysResult): number {
    return heap.usedMost - heap.usedLeast
}

function judgeHeap(result: DaysResult, where: string): void {
    const { heap, days } = result
    // An outage is no longer than a day: else it was not looked at by mistake.
    assert.ok(
        heap.samples > days * HOURS_LOOKED_AT,
        `${where}: the heap was looked at in ${heap.samples} hours`
    )
    assert.ok(
        heapSpread(result) <= HEAP_SPREAD_BYTES,
        `${where}: the heap differs by ${heapSpread(result)} bytes`
    )
    assert.ok(
        heap.largestFreeLeast >= LARGEST_FREE_BYTES,
        `${where}: the largest free block has ${heap.largestFreeLeast} bytes`
    )
    if (heap.days < LINE_DAYS) return
    assert.ok(
        growth(heap) <= HEAP_GROWTH_BYTES,
        `${where}: the heap grows by ${heap.usedSlope} bytes a day`
    )
    assert.ok(
        shrinkage(heap) <= LARGEST_FREE_SHRINKAGE_BYTES,
        `${where}: the largest free block differs by ${heap.largestFreeSlope} bytes a day`
    )
}

export function judgeDays(result: DaysResult): void {
    const { summary, days, seed } = result
    const where = `SEED=${seed} DAYS=${days}`
    assert.deepEqual(result.problems, [], where)
    assert.deepEqual(result.panics, [], where)
    assert.ok(
        (result.leastDropped ?? Infinity) >= POLICY.keeps,
        `${where}: one was dropped when ${result.leastDropped} waited`
    )
    // A reading a minute: the ledger is not empty by mistake.
    assert.ok(summary.received > 0, where)
    judgeHeap(result, where)
    const losses = result.connections - result.renewals
    assert.ok(
        summary.duplicates <=
            losses * DUPLICATES_PER_LOSS + result.cuts * POLICY.pageMessages,
        `${where}: ${summary.duplicates} duplicates`
    )
    const writes =
        result.handshakes * WRITES_PER_CONNECTION +
        summary.boots * WRITES_PER_BOOT +
        summary.readings * WRITES_PER_READING
    assert.ok(
        result.flashWrites <= writes,
        `${where}: ${result.flashWrites} writes to flash, ${writes} at most`
    )
    const years = lifeYears(result.packings, days)
    assert.ok(years >= LIFE_YEARS, `${where}: the flash lasts ${years} years`)
}

export function judgeStorms({
    storms,
    devices,
    seed,
    panics,
}: StormResult): void {
    assert.equal(panics, 0)
    for (const { name, accepted, allBackSec, isFirst } of storms) {
        const where = `${name}, ${devices} devices, SEED=${seed}`
        assert.ok(allBackSec <= ALL_BACK_SEC, `${where}: ${allBackSec} s`)
        // Nobody switches on a house of new devices in one second.
        if (isFirst) continue
        const most = mostInASecond(devices)
        assert.ok(
            peakOf(accepted) <= most,
            `${where}: ${peakOf(accepted)} connections in a second, ${most} at most`
        )
    }
}
