/** RELIABILITY.md says what the runs have found, and those runs were as long as they have to be. */
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { DOCUMENT, readResults, withFigures } from "../../tools/reliability"
import { judgeDays, judgeStorms } from "../reliability/judge"

const FIGURES = ["days", "heap", "storms"]

test("the figures in RELIABILITY.md are those of the results: npm run reliability", () => {
    const document = readFileSync(DOCUMENT, "utf8")
    for (const name of FIGURES)
        assert.ok(document.includes(`<!-- figures: ${name} -->`), name)
    assert.equal(withFigures(document, readResults()), document)
})

test("a figure that is changed by hand is found", () => {
    const document = readFileSync(DOCUMENT, "utf8")
    const { days, storms } = readResults()
    const other = days.map(result => ({
        ...result,
        flashWrites: result.flashWrites + result.days,
    }))
    assert.notEqual(withFigures(document, { days: other, storms }), document)
})

test("the results are of 30 days and of 200 devices, and pass", () => {
    const { days, storms } = readResults()
    assert.ok(days.length > 0 && storms.length > 0)
    for (const result of days) {
        assert.equal(result.days, 30)
        judgeDays(result)
    }
    assert.ok(storms.some(({ devices }) => devices === 200))
    storms.forEach(judgeStorms)
})
