/**
 * Numbers as digits of 24 bits: between bytes and the registers of `fieldp256.g.ts`, and what ECDSA needs modulo the order
 * of the curve: products and inverses.
 *
 * A digit is a double, a signed multiple of 2^-40 as in the registers; the lowest comes first. Everything but loading
 * and storing takes a time that depends on the numbers: not for secrets.
 */
import { pace } from "./pace"

/** Digits of a number of 256 bits. */
export const DIGITS = 11

const UP = 1099511627776
const DOWN = 9.094947017729282e-13
const BASE = 16777216
const BASE_DOWN = 5.960464477539063e-8

/** 3 * 2^(51 + 24 - 40): adding and taking it off rounds a double to a multiple of a digit's 2^24. */
const ROUND_DIGIT = 103079215104
/** 3 * 2^51, which rounds to whole numbers. */
const ROUND = 6755399441055744

/** Quotients are cut to 28 bits: products with digits of 24 bits, and what is added to them, stay exact. */
const MAX_QUOTIENT_SQUARED = 72057594037927936

/** Opcodes of a step of `invertModulo` as measured, rounded up. */
const STEP_OPCODES = 2000

/** Opcodes of `multiplyModulo` as measured, rounded up. */
const MULTIPLY_OPCODES = 19000

function zeros(count: number): number[] {
    const x: number[] = []
    // One allocation of the right size instead of a growing one.
    x[count - 1] = 0
    for (let i = 0; i < count; i++) x[i] = 0
    return x
}

/** Makes the 32 bytes from `at` on, big-endian, the digits of `x`, which has none so far or 11. Returns it. */
export function loadDigits(x: number[], bytes: Buffer, at: number): number[] {
    // One allocation of the right size instead of a growing one.
    x[DIGITS - 1] = 0
    at = at + 29
    for (let i = 0; i < DIGITS; i++) {
        let digit = (bytes[at + 1] << 8) | bytes[at + 2]
        if (i < DIGITS - 1) digit = digit | (bytes[at] << 16)
        x[i] = digit * DOWN
        at = at - 3
    }
    return x
}

/** Writes x modulo m as 32 bytes, big-endian, for x from -m to m: the same steps whatever x is. */
export function storeDigits(
    x: number[],
    m: number[],
    to: Buffer,
    at: number
): void {
    let negative = 0
    for (let pass = 0; pass < 2; pass++) {
        let carry = 0
        let i = at + 29
        for (let k = 0; k < DIGITS; k++) {
            const t = (x[k] + m[k] * negative) * UP + carry
            to[i + 2] = t
            to[i + 1] = t >> 8
            if (k < DIGITS - 1) to[i] = t >> 16
            carry = t >> 24
            i = i - 3
        }
        // What goes out of the top is -1 if x is below 0. In the second pass m makes up for it.
        negative = -carry
    }
}

/** x as one double, right to some 50 bits; 0 only for 0. */
export function approximate(x: number[]): number {
    let value = 0
    for (let i = x.length - 1; i >= 0; i--) value = value * BASE + x[i]
    return value
}

/** x = x - q * 2^(24 shift) * y, which has to fit the digits of x. */
export function subtract(
    x: number[],
    y: number[],
    q: number,
    shift: number
): void {
    let c = 0
    for (let i = shift; i < x.length; i++) {
        let t = x[i] + c
        const j = i - shift
        if (j < y.length) t = t - y[j] * q
        c = t + ROUND_DIGIT - ROUND_DIGIT
        x[i] = t - c
        c = c * BASE_DOWN
    }
}

/** Takes multiples of m off x, until it is at most 0.6 m; and as many times v off u. */
export function reduce(
    x: number[],
    m: number[],
    u: number[],
    v: number[]
): void {
    const whole = approximate(m)
    for (;;) {
        let q = approximate(x) / whole
        // At 0.5 rounding could go to and fro.
        if (q * q < 0.36) return
        let shift = 0
        while (q * q > MAX_QUOTIENT_SQUARED) {
            q = q * BASE_DOWN
            shift++
        }
        q = q + ROUND - ROUND
        subtract(x, m, q, shift)
        subtract(u, v, q, shift)
        // A quotient that was not cut leaves at most half.
        if (shift === 0) return
    }
}

/** a * b modulo m, in at least 11 digits, at most 0.6 m. */
export async function multiplyModulo(
    a: number[],
    b: number[],
    m: number[]
): Promise<number[]> {
    await pace(MULTIPLY_OPCODES)
    const x = zeros(2 * DIGITS + 1)
    for (let i = 0; i < DIGITS; i++) subtract(x, b, -a[i] * UP, i)
    reduce(x, m, [], [])
    return x
}

/** 1 / a modulo the prime m, between -m and m, by Euclid's algorithm; 0 for 0. No other multiple of m is taken. */
export async function invertModulo(
    a: number[],
    m: number[]
): Promise<number[]> {
    // x = u * a and y = v * a modulo m, all along.
    let x = m.slice()
    let y = a.slice()
    let u = zeros(DIGITS)
    let v = zeros(DIGITS)
    v[0] = DOWN
    while (approximate(y) !== 0) {
        reduce(x, y, u, v)
        let swap = x
        x = y
        y = swap
        swap = u
        u = v
        v = swap
        await pace(STEP_OPCODES)
    }
    // Now x is 1 or -1, and the inverse x * u.
    v = zeros(DIGITS)
    subtract(v, u, -approximate(x) * UP, 0)
    return v
}
