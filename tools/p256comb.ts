/**
 * The comb for multiples of the generator: an odd number below 2^256 is the sum of all powers of 2 below that, each added
 * or taken off. The powers are taken 32 apart, so that a table holds what 8 of them come to.
 */
import { add, G, modulo, multiply, N, P, Point, toHex } from "./p256curve"
import { CONSTANTS } from "./p256programs"

export const TEETH = 8
export const SPACING = 32

/** Entry i has + for the top tooth, and for each other one + where its bit in i is set. */
function points(): Point[] {
    const powers = Array.from({ length: TEETH }, (_, j) =>
        multiply(1n << BigInt(j * SPACING), G)!
    )
    const [top] = powers.splice(-1)
    return Array.from({ length: 1 << (TEETH - 1) }, (_, i) =>
        powers.reduce(
            (sum, { x, y }, j) => add(sum, { x, y: (i >> j) & 1 ? y : P - y })!,
            top
        )
    )
}

/**
 * Adding a column goes wrong when what is there is the column or its opposite. That is: when the sum of the columns so
 * far, doubled, and the column, added or taken off, come to a multiple of n; and then it is n or -n, as it is below
 * 2^256 in magnitude, and not 0: each tooth's part of it is odd. After c columns these parts are below 2^c. But however
 * n is written as a sum of such parts, one has to be 2^30 at least. So it cannot happen before the last two columns,
 * where it does for less than 2^20 of all scalars. (p256.ts finds out and calculates again.)
 */
function prove(): void {
    const base = 1n << BigInt(SPACING)
    // Each part is the digit or the digit less 2^32; what was taken off goes on to the next one.
    const largest = (rest: bigint, left: number): bigint => {
        if (left === 0) return rest === 0n ? 0n : base
        const digit = modulo(rest, base)
        const worse = [digit, digit - base].map(part => {
            const further = largest((rest - part) / base, left - 1)
            const size = part < 0n ? -part : part
            return size > further ? size : further
        })
        return worse[0] < worse[1] ? worse[0] : worse[1]
    }
    if (largest(N, TEETH) < 1n << BigInt(SPACING - 2))
        throw new Error("the comb can meet the same point twice")
}

/** The points in Montgomery form, in hexadecimal. */
export function combTable(): string[] {
    prove()
    const form = (value: bigint) => toHex(modulo(value * CONSTANTS.One, P))
    return points().map(({ x, y }) => form(x) + form(y))
}
