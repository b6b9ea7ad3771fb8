/** The device's TLS client against independent servers, in the VM over real sockets: every pair of what can be varied. */
import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { needsPeer } from "../peers"
import { allCases, describeCase, describeColumns } from "./cases"
import { allCombinations, coverPairs, pairsOf } from "./combinations"
import { Trials } from "./trial"

/** The VM takes a core; servers and waits go on beside it. */
const AT_ONCE = 3

const all = allCases()
const chosen = coverPairs(all)

test("the cases have every pair in them that is possible, and nothing that is not", () => {
    const possible = new Set(all.flatMap(pairsOf))
    assert.deepEqual(new Set(chosen.flatMap(pairsOf)), possible)
    assert.ok(chosen.every(one => all.includes(one)))
    console.log(
        `interop: ${chosen.length} of ${all.length} cases hold all ${possible.size} pairs`
    )
})

test("the cover of four dimensions of three values is small", () => {
    const values = [1, 2, 3]
    const every = allCombinations(
        { a: values, b: values, c: values, d: values },
        () => true
    )
    assert.equal(every.length, 81)
    const some = coverPairs(every)
    assert.equal(new Set(some.flatMap(pairsOf)).size, 6 * 9)
    // An orthogonal array has 9.
    assert.ok(some.length <= 12, `${some.length} cases`)
})

describe("TLS in the VM, pair by pair", { concurrency: AT_ONCE }, () => {
    let trials: Trials
    const results: string[] = []

    before(async () => (trials = await Trials.prepare()))
    after(async () => {
        await trials.close()
        console.log(
            [`${describeColumns()} | result`, ...results.sort()].join("\n")
        )
    })

    for (const one of chosen)
        test(describeCase(one), needsPeer(one.peer), async () => {
            const sinceMs = Date.now()
            let result = "failed"
            try {
                await trials.run(one)
                result = "full, resumed, resumed"
            } finally {
                results.push(
                    `${describeCase(one)} | ${result}, ${Date.now() - sinceMs} ms`
                )
            }
        })
})
