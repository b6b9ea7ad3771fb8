/** That the judge of published vectors (`npm run test:vectors`) lets nothing through. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { Exception, judge, Row } from "./suite"

const row = (
    id: string,
    expected: Row["expected"],
    actual: string,
    ...rules: string[]
): Row => ({ id, expected, actual, note: "note", rules })

const failures = (rows: Row[], exceptions: Exception[] = []) =>
    judge(rows, exceptions).failures

const rejects = (of: Pick<Exception, "rule" | "cases">): Exception => ({
    ...of,
    outcome: "reject",
    reason: "not offered",
})

test("rows that agree with their file are counted by outcome", () => {
    const rows = [
        row("1", "accept", "accept"),
        row("2", "reject", "reject"),
        row("3", "reject", "reject"),
    ]
    assert.deepEqual(judge(rows, []), {
        cases: 3,
        accepted: 1,
        rejected: 2,
        excepted: 0,
        failures: [],
    })
})

test("a difference in either direction fails, and so does any other outcome", () => {
    assert.equal(failures([row("1", "accept", "reject")]).length, 1)
    assert.equal(failures([row("1", "reject", "accept")]).length, 1)
    assert.equal(failures([row("1", "accept", "wrong text")]).length, 1)
    assert.equal(failures([row("1", "reject", "TypeError")]).length, 1)
})

test("a case that its file leaves to us needs an exception", () => {
    const rows = [row("1", "acceptable", "reject")]
    assert.equal(failures(rows).length, 1)
    assert.deepEqual(failures(rows, [rejects({ cases: ["1"] })]), [])
})

test("an exception covers the cases that it names, with the outcome that it names", () => {
    const exceptions = [rejects({ cases: ["1"] })]
    const verdict = judge([row("1", "accept", "reject")], exceptions)
    assert.deepEqual(verdict.failures, [])
    assert.equal(verdict.excepted, 1)
    const twoRows = [row("1", "accept", "reject"), row("2", "accept", "reject")]
    assert.equal(failures(twoRows, exceptions).length, 1)
})

test("an exception does not excuse a wrong result or another error", () => {
    for (const actual of ["wrong text", "TypeError"])
        assert.notEqual(
            failures([row("1", "accept", actual)], [rejects({ cases: ["1"] })])
                .length,
            0
        )
})

test("an unexpected pass fails, named or by rule", () => {
    const rows = [row("1", "accept", "accept", "long")]
    assert.notEqual(failures(rows, [rejects({ cases: ["1"] })]).length, 0)
    assert.notEqual(failures(rows, [rejects({ rule: "long" })]).length, 0)
})

test("a rule covers what the file wants refused as well, but has to explain a difference", () => {
    const refused = row("1", "reject", "reject", "long")
    const differs = row("2", "accept", "reject", "long")
    const exceptions = [rejects({ rule: "long" })]
    const verdict = judge([refused, differs], exceptions)
    assert.deepEqual(verdict.failures, [])
    assert.deepEqual([verdict.rejected, verdict.excepted], [1, 1])
    assert.equal(failures([refused], exceptions).length, 1)
})

test("an exception that no case needs fails", () => {
    const rows = [row("1", "reject", "reject")]
    assert.notEqual(failures(rows, [rejects({ cases: ["1"] })]).length, 0)
    assert.notEqual(failures(rows, [rejects({ cases: ["2"] })]).length, 0)
    assert.notEqual(failures(rows, [rejects({ rule: "long" })]).length, 0)
})

test("the first exception that covers a row counts, so that the second one is idle", () => {
    const rows = [row("1", "accept", "reject", "long")]
    const first = rejects({ rule: "long" })
    assert.equal(failures(rows, [first, rejects({ cases: ["1"] })]).length, 1)
})

test("an exception without reason, outcome or subject fails", () => {
    const rows = [row("1", "accept", "reject")]
    const good = rejects({ cases: ["1"] })
    const bad = [
        { ...good, reason: " " },
        { ...good, outcome: "maybe" },
        { ...good, cases: undefined },
        { ...good, rule: "long" },
    ] as Exception[]
    for (const exception of bad)
        assert.notEqual(failures(rows, [exception]).length, 0)
})

test("no case at all fails, and so do two of one name", () => {
    assert.equal(failures([]).length, 1)
    const twice = [row("1", "accept", "accept"), row("1", "accept", "accept")]
    assert.equal(failures(twice).length, 1)
})
