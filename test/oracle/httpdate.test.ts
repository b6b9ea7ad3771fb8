/** HTTP dates against JavaScript's, on random input. `SEED=… node built/test/run.js oracle/httpdate` repeats a run. */
import assert from "node:assert/strict"
import { randomInt } from "node:crypto"
import { test } from "node:test"
import fc from "fast-check"

// Device code: loosely typed, as it must not be checked with Node's types.
const { parseHttpDate } = require("../../src/net/httpdate") as {
    parseHttpDate(text: string): number
}
const { errorCode } = require("../../src/errors") as {
    errorCode(error: unknown): number
}

const seed = Number(process.env.SEED ?? randomInt(2 ** 31))
console.log(`SEED=${seed}`)

const HTTP_MALFORMED = 1102

/** 1970 to 2105, as Unix seconds. */
const seconds = fc.integer({ min: 0, max: Date.UTC(2106, 0, 1) / 1000 - 1 })
const format = (sec: number) => new Date(sec * 1000).toUTCString()

/** Unix seconds, or the code of the refusal. */
function parse(text: string): number | string {
    try {
        return parseHttpDate(text)
    } catch (error) {
        return `code ${errorCode(error)}`
    }
}

/** What the standard says, by way of JavaScript: it is right if the date that it names is written just so. */
function judge(text: string): number | string {
    const sec = Date.parse(text) / 1000
    return sec >= 0 && format(sec) === text ? sec : `code ${HTTP_MALFORMED}`
}

test("random dates from 1970 to 2105 are read as JavaScript writes them", () => {
    fc.assert(
        fc.property(seconds, sec => {
            assert.equal(parse(format(sec)), sec)
        }),
        { seed, numRuns: 5000 }
    )
})

test("each day of 400 years is read, with its day of the week", () => {
    for (let day = 0; day < 146097; day += 1)
        assert.equal(parse(format(day * 86400)), day * 86400)
})

test("dates with characters changed are refused, unless they are dates again", () => {
    const character = fc.oneof(
        fc.constantFrom(..."0123456789 :,-+GMTadeJFSu"),
        fc.string({ unit: "binary", minLength: 1, maxLength: 1 })
    )
    let refused = 0
    fc.assert(
        fc.property(
            seconds,
            fc.array(fc.tuple(fc.nat({ max: 29 }), character), {
                minLength: 1,
                maxLength: 3,
            }),
            (sec, changes) => {
                let text = format(sec)
                for (const [at, by] of changes)
                    text = text.slice(0, at) + by + text.slice(at + 1)
                const expected = judge(text)
                if (typeof expected === "string") refused++
                assert.equal(parse(text), expected)
            }
        ),
        { seed, numRuns: 5000 }
    )
    assert(refused > 1000)
})

test("random fields in the right form are refused unless they are a date", () => {
    const pad = (n: number, digits = 2) => String(n).padStart(digits, "0")
    fc.assert(
        fc.property(
            fc.constantFrom("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
            fc.integer({ min: 0, max: 40 }),
            fc.constantFrom("Jan", "Feb", "Apr", "Dec", "Mai", "anF"),
            fc.integer({ min: 1900, max: 2200 }),
            fc.tuple(
                fc.integer({ min: 0, max: 30 }),
                fc.integer({ min: 0, max: 70 }),
                fc.integer({ min: 0, max: 70 })
            ),
            (weekday, day, month, year, [hour, minute, second]) => {
                const text = `${weekday}, ${pad(day)} ${month} ${pad(year, 4)} ${pad(hour)}:${pad(minute)}:${pad(second)} GMT`
                assert.equal(parse(text), judge(text))
            }
        ),
        { seed, numRuns: 5000 }
    )
})

test("random texts are refused", () => {
    fc.assert(
        fc.property(fc.string({ unit: "binary", maxLength: 60 }), text => {
            assert.equal(parse(text), judge(text))
        }),
        { seed, numRuns: 2000 }
    )
})
