/**
 * Mutated flights of servers of both versions: the client accepts them, or fails with an error that has a code. Never
 * another exception, never a read that is not needed, never a buffer over the limits, never data that was not sent.
 *
 * `SEED=… node built/test/run.js fuzz/flights` makes the same flights again, `ROUND=…` only one of them.
 */
import assert from "node:assert/strict"
import { join } from "node:path"
import { test } from "node:test"
import { Worker } from "node:worker_threads"
import { seededRandom } from "../random"
import type { Orders, Report } from "./flights"

const ROUNDS = 20_000
const WORKERS = 2

/** The largest buffer that a server may make the client allocate: a record of 16 KB and what protects it. */
const MAX_BUFFER = 16384 + 256

/** Ways to end that so many flights must have found; below, the mutations have become harmless. */
const LEAST_OUTCOMES = 25

test(`${ROUNDS} mutated flights are accepted or refused with a code`, async t => {
    const { seed } = seededRandom("mutated server flights")
    const only = process.env.ROUND
    const rounds = only
        ? [Number(only)]
        : Array.from({ length: ROUNDS }, (_, i) => i)
    const reports = await Promise.all(
        Array.from({ length: WORKERS }, (_, worker) =>
            fly({ seed, rounds: rounds.filter(i => i % WORKERS === worker) })
        )
    )
    const outcomes = new Map<string, number>()
    for (const report of reports) {
        assert.ok(report.largest <= MAX_BUFFER, `${report.largest} bytes`)
        for (const [outcome, count] of Object.entries(report.outcomes))
            outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count)
    }
    for (const [outcome, count] of [...outcomes].sort((a, b) => b[1] - a[1]))
        t.diagnostic(`${count} ${outcome}`)
    if (!only) assert.ok(outcomes.size >= LEAST_OUTCOMES)
})

function fly(orders: Orders): Promise<Report> {
    return new Promise((resolve, reject) => {
        const worker = new Worker(join(__dirname, "flights.js"), {
            workerData: orders,
        })
        worker.once("message", resolve)
        worker.once("error", reject)
    })
}
