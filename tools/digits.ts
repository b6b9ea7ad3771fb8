/**
 * The digits and columns of the RSA arithmetic: their sizes, the proof that they are exact, and the literals that the
 * generated code takes to carry them.
 *
 * Digits have 23 bits and are signed, so that a product is at most 2^44. The largest column of a square and its
 * reduction together is then 360 such products, below 2^53, and needs no carrying in between. (24 bits would take
 * 4 % fewer digits, but the worst column of 4096 bits would not be exact.) Blocks of 9 digits waste none at 2048, 3072
 * and 4096 bits; of 6 digits neither at 2048 and 4096, and would save 0.7 KB of code, for 11 % more time.
 */
import { literal } from "./limbs"

export const DIGIT_BITS = 23
export const BLOCK = 9
export const MAX_BITS = 4096

/** Bits between the modulus and the Montgomery radix: intermediate values then stay below 0.54 of the modulus. */
export const HEADROOM_BITS = 3

/** Digits carry 2^-40 and columns 2^-80: no value but 0 is an integer, which the VM would turn into an int and back. */
export const DIGIT_SCALE = 40

export function digitCount(bits: number): number {
    return Math.ceil((bits + HEADROOM_BITS) / (DIGIT_BITS * BLOCK)) * BLOCK
}

/** Throws unless every column of the largest modulus is exact. Returns the largest, in bits. */
export function prove(): number {
    const digits = BigInt(digitCount(MAX_BITS))
    const product = 1n << BigInt(2 * (DIGIT_BITS - 1))
    const exact = 1n << 53n
    // A square (or a product) and a reduction add `digits` products each to a column; the carry comes on top.
    const column = 2n * digits * product
    const worst = column + (exact >> BigInt(DIGIT_BITS)) + 1n
    if (worst >= exact) throw new Error("columns can exceed 2^53")
    // Long division: a column loses `digits` products (the first quotient may be twice as large as the others), and
    // the leading one takes what is left above it: at most the remainder's own top and the columns below, folded up.
    const rest = (digits + 2n) * product
    const leading =
        (1n << BigInt(DIGIT_BITS - 1)) + (rest >> BigInt(DIGIT_BITS)) + 2n
    if (rest + (leading << BigInt(DIGIT_BITS)) >= exact)
        throw new Error("the division can exceed 2^53")
    return Math.log2(Number(worst))
}

export const COLUMN_UP = literal(2 ** DIGIT_SCALE)
export const DIGIT_DOWN = literal(2 ** -DIGIT_SCALE)
export const RADIX = literal(2 ** DIGIT_BITS)
export const RADIX_DOWN = literal(2 ** -DIGIT_BITS)
export const RADIX_DOWN_TWICE = literal(2 ** (-2 * DIGIT_BITS))
export const MASK = literal(2 ** DIGIT_BITS - 1)
export const HALF = literal(2 ** (DIGIT_BITS - 1))

/** `value`, in columns' scale, rounded to a multiple of the radix. */
export function rounded(value: string): string {
    const big = literal(3 * 2 ** (51 + DIGIT_BITS - 2 * DIGIT_SCALE))
    return `${value} + ${big} - ${big}`
}

/** Rounds a quotient to a whole digit, in digits' scale. */
export const QUOTIENT = literal(3 * 2 ** (51 - DIGIT_SCALE))
