/** What has to be true of a run of days, and of storms: for the tests in CI and for the slow runs alike. */
import assert from "node:assert/strict"
import {
    ALL_BACK_SEC,
    DUPLICATES_PER_LOSS,
    HEAP_SPREAD_BYTES,
    LIFE_YEARS,
    lifeYears,
    mostInASecond,
    WRITES_PER_BOOT,
    WRITES_PER_CONNECTION,
} from "./bounds"
import type { DaysResult } from "./days"
import { peakOf, type StormResult } from "./storm"

/** The most that the heap differs between the ends of days, in bytes. */
export function heapSpread({ perDay }: DaysResult): number {
    const used = perDay.map(day => day.heapBytes).filter(bytes => bytes > 0)
    return used.length ? Math.max(...used) - Math.min(...used) : 0
}

export function judgeDays(result: DaysResult): void {
    const { summary, days, seed } = result
    const where = `SEED=${seed} DAYS=${days}`
    assert.deepEqual(result.problems, [], where)
    assert.deepEqual(result.panics, [], where)
    // Every reading is accounted for.
    assert.equal(
        summary.received + summary.dropped + summary.lostToCuts,
        summary.readings,
        where
    )
    // A reading a minute: the ledger is not empty by mistake.
    assert.ok(summary.received > 0, where)
    assert.ok(
        result.perDay.some(day => day.heapBytes > 0),
        `${where}: the heap was never looked at`
    )
    assert.ok(
        heapSpread(result) <= HEAP_SPREAD_BYTES,
        `${where}: the heap differs by ${heapSpread(result)} bytes`
    )
    const losses = result.connections - result.renewals
    assert.ok(
        summary.duplicates <= losses * DUPLICATES_PER_LOSS,
        `${where}: ${summary.duplicates} duplicates`
    )
    const writes =
        result.handshakes * WRITES_PER_CONNECTION +
        summary.boots * WRITES_PER_BOOT
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
