/**
 * The comb for multiples of the generator: an odd number below 2^(TEETH * SPACING) is a sum of all these powers of 2,
 * each added or taken off; the powers are taken SPACING apart, so that TEETH of them come from a table at once.
 */
import { add, G, modulo, multiply, P, Point, toHex } from "./p256curve"
import { CONSTANTS } from "./p256programs"

export const TEETH = 6
export const SPACING = 43

/** Entry i has + for the top tooth, and for each other one + where its bit in i is set: 2^5 points. */
function combPoints(): Point[] {
    const tooth = (j: number) => multiply(1n << BigInt(j * SPACING), G)
    const points: Point[] = []
    for (let i = 0; i < 1 << (TEETH - 1); i++) {
        let sum = tooth(TEETH - 1)
        for (let j = 0; j < TEETH - 1; j++) {
            const power = tooth(j)!
            sum = add(
                sum,
                (i >> j) & 1 ? power : { x: power.x, y: P - power.y }
            )
        }
        points.push(sum!)
    }
    return points
}

/** The points in Montgomery form, in hexadecimal. */
export function combTable(): string[] {
    const form = (value: bigint) => toHex(modulo(value * CONSTANTS.One, P))
    return combPoints().map(({ x, y }) => form(x) + form(y))
}
