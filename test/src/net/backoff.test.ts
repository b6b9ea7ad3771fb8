/** The back-off, with numbers in place of chance. */
import { describe, expect, test } from "@devicescript/test"
import {
    Backoff,
    FIRST_RANGE_MS,
    MAX_RANGE_MS,
    STABLE_MS,
    hardwareRandom,
} from "../../../src/net/backoff"

/** Just below 1: the longest waits. */
const MOST = 1 - 1 / 0x1000000

/** The next `count` waits, in milliseconds. */
function waits(backoff: Backoff, count: number): string {
    let text = ""
    for (let i = 0; i < count; i++)
        text += ` ${backoff.nextMs(FIRST_RANGE_MS, MAX_RANGE_MS)}`
    return text
}

describe("back-off", () => {
    test("the range of waits doubles from 1 s to 60 s and stays there", () => {
        expect(waits(new Backoff(() => MOST), 9)).toBe(
            " 999 1999 3999 7999 15999 31999 59999 59999 59999"
        )
    })

    test("every wait is jittered over its whole range, the first one too", () => {
        expect(waits(new Backoff(() => 0), 3)).toBe(" 0 0 0")
        expect(waits(new Backoff(() => 0.5), 3)).toBe(" 500 1000 2000")
    })

    test("each wait takes a new random number", () => {
        let calls = 0
        const backoff = new Backoff(() => {
            calls++
            return calls / 4
        })
        expect(waits(backoff, 3)).toBe(" 250 1000 3000")
    })

    test("a connection that has lasted a minute starts it again", () => {
        const backoff = new Backoff(() => MOST)
        waits(backoff, 7)
        backoff.connectedMs = 1000
        backoff.lostAt(61000, STABLE_MS)
        expect(waits(backoff, 2)).toBe(" 999 1999")
    })

    test("a shorter one does not, and neither do failures to connect", () => {
        const backoff = new Backoff(() => MOST)
        waits(backoff, 7)
        backoff.connectedMs = 1000
        backoff.lostAt(60999, STABLE_MS)
        expect(waits(backoff, 1)).toBe(" 59999")
        backoff.lostAt(10000000, STABLE_MS)
        expect(waits(backoff, 1)).toBe(" 59999")
    })

    test("a long connection starts it again once, not at every later loss", () => {
        const backoff = new Backoff(() => MOST)
        backoff.connectedMs = 0
        backoff.lostAt(60000, STABLE_MS)
        waits(backoff, 3)
        backoff.lostAt(70000, STABLE_MS)
        expect(waits(backoff, 1)).toBe(" 7999")
    })

    test("uptimes beyond 2^31 ms, after 25 days, count as any other", () => {
        const backoff = new Backoff(() => MOST)
        waits(backoff, 7)
        backoff.connectedMs = 2147483000
        backoff.lostAt(2147543000, STABLE_MS)
        expect(waits(backoff, 1)).toBe(" 999")
        backoff.connectedMs = 9000000000
        backoff.lostAt(9000059999, STABLE_MS)
        expect(waits(backoff, 1)).toBe(" 1999")
    })
})

describe("hardware randomness", () => {
    test("numbers are from 0 up to 1 and do not repeat", () => {
        let previous = -1
        let same = 0
        for (let i = 0; i < 50; i++) {
            const value = hardwareRandom()
            expect(value >= 0 && value < 1).toBe(true)
            if (value === previous) same++
            previous = value
        }
        // By chance once in 10^14 runs for two of them.
        expect(same < 2).toBe(true)
    })

    test("they cover the range", () => {
        let low = 0
        for (let i = 0; i < 200; i++) if (hardwareRandom() < 0.5) low++
        // 100 expected, with a deviation of 7: this is ten of them.
        expect(low > 30 && low < 170).toBe(true)
    })
})

describe("back-off whose caller says what went wrong", () => {
    test("begins at the first range that is asked for, and goes on from where it was", () => {
        const backoff = new Backoff(() => MOST)
        expect(backoff.nextMs(1000, 60000)).toBe(999)
        expect(backoff.nextMs(10000, 300000)).toBe(9999)
        expect(backoff.nextMs(1000, 60000)).toBe(19999)
        expect(backoff.nextMs(60000, 600000)).toBe(59999)
        expect(backoff.nextMs(60000, 600000)).toBe(119999)
        expect(backoff.nextMs(1000, 60000)).toBe(59999)
    })

    test("never waits longer than the largest range, even when the first one is larger", () => {
        const backoff = new Backoff(() => MOST)
        expect(backoff.nextMs(60000, 1000)).toBe(999)
    })
})
