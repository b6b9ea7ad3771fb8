import { describe, expect, test } from "@devicescript/test"
import { decimal, unixSeconds } from "../../src/unixtime"

describe("unixtime", () => {
    test("known instants are right", () => {
        expect(unixSeconds(1970, [1, 1, 0, 0, 0])).toBe(0)
        expect(unixSeconds(2000, [2, 29, 12, 30, 45])).toBe(951827445)
        expect(unixSeconds(2026, [11, 23, 0, 0, 0])).toBe(1795392000)
        expect(unixSeconds(2038, [1, 19, 3, 14, 8])).toBe(2147483648)
        expect(unixSeconds(9999, [12, 31, 23, 59, 59])).toBe(253402300799)
    })

    test("leap years are those of Gregory", () => {
        expect(unixSeconds(2024, [2, 29, 0, 0, 0])).toBe(1709164800)
        expect(unixSeconds(2100, [2, 29, 0, 0, 0])).toBe(-1)
        expect(unixSeconds(2400, [2, 29, 0, 0, 0]) > 0).toBe(true)
    })

    test("times that do not exist are refused", () => {
        expect(unixSeconds(1969, [12, 31, 23, 59, 59])).toBe(-1)
        expect(unixSeconds(10000, [1, 1, 0, 0, 0])).toBe(-1)
        expect(unixSeconds(2026, [0, 1, 0, 0, 0])).toBe(-1)
        expect(unixSeconds(2026, [13, 1, 0, 0, 0])).toBe(-1)
        expect(unixSeconds(2026, [4, 31, 0, 0, 0])).toBe(-1)
        expect(unixSeconds(2026, [4, 0, 0, 0, 0])).toBe(-1)
        expect(unixSeconds(2026, [4, 1, 24, 0, 0])).toBe(-1)
        expect(unixSeconds(2026, [4, 1, 0, 60, 0])).toBe(-1)
        expect(unixSeconds(2026, [4, 1, 0, 0, 60])).toBe(-1)
        // What `decimal` gives for something that is no number.
        expect(unixSeconds(2026, [4, 1, -1, 0, 0])).toBe(-1)
        expect(unixSeconds(2026, [4, 1, 0, -1, 0])).toBe(-1)
        expect(unixSeconds(2026, [4, 1, 0, 0, -1])).toBe(-1)
    })

    test("decimal reads digits and nothing else", () => {
        const text = Buffer.from("20a 9")
        expect(decimal(text, 0, 2)).toBe(20)
        expect(decimal(text, 1, 2)).toBe(-1)
        expect(decimal(text, 3, 2)).toBe(-1)
        expect(decimal(text, 4, 1)).toBe(9)
        expect(decimal(text, 4, 2)).toBe(-1)
    })
})
