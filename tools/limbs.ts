/**
 * Code and proofs for arithmetic modulo 2^bits - fold in scaled doubles, for the generators of this folder.
 *
 * A number is a sum of signed limbs. Limb k is a double that already carries its weight: it is a multiple of
 * 2^weight[k], so that products need no shifts, and what leaves the top comes back at the bottom multiplied by
 * fold * 2^-bits. A column (the sum of products of one weight) is carried by adding and subtracting a number so large
 * that the sum rounds to a multiple of 2^weight[k + 1].
 *
 * Every emitted operation has a counterpart on bounds: given how large the limbs of its operands can be, it computes
 * how large those of the result can be, and throws if a double could be inexact on the way: each column, as the sum
 * of the absolute values of its terms, must stay below 2^53 units of its weight.
 */

/** What an exact double can hold, in units of its lowest bit. */
const EXACT_BITS = 53n

export type Bounds = bigint[]

const magnitude = (a: bigint) => (a < 0n ? -a : a)
const larger = (a: bigint, b: bigint) => (a > b ? a : b)

/** A number as the shortest literal that reads back as the same double. */
export function literal(value: number): string {
    const text = String(value)
    if (Number(text) !== value) throw new Error(`no literal for ${value}`)
    return text
}

export class Limbs {
    /** weight[k] is the exponent of limb k; one more than there are limbs, the last is `bits`. */
    readonly weight: number[] = []

    /** The largest column seen by the bounds, in bits of its unit. */
    worstBits = 0

    constructor(
        readonly count: number,
        readonly bits: number,
        readonly fold: number
    ) {
        for (let k = 0; k <= count; k++)
            this.weight.push(Math.ceil((bits * k) / count))
    }

    /** `fold * 2^-bits`: what a limb is multiplied by when it goes round. */
    get foldLiteral(): string {
        return literal(this.fold * 2 ** -this.bits)
    }

    get widths(): number[] {
        return this.weight.slice(1).map((to, k) => to - this.weight[k])
    }

    /** `name_0, name_1, …` */
    names(name: string): string[] {
        return Array.from({ length: this.count }, (_, k) => `${name}_${k}`)
    }

    /** The bounds of limbs that hold unsigned digits, as `loadLimbs` makes them. */
    loaded(): Bounds {
        return this.widths.map(
            (width, k) => ((1n << BigInt(width)) - 1n) << BigInt(this.weight[k])
        )
    }

    join(a: Bounds, b: Bounds): Bounds {
        return a.map((bound, k) => larger(bound, b[k]))
    }

    // ---- columns: each term is a pair of limbs, `folded` when their product went over the top

    private terms(k: number): { i: number; j: number; folded: boolean }[] {
        return Array.from({ length: this.count }, (_, i) => ({
            i,
            j: (k - i + this.count) % this.count,
            folded: i > k,
        }))
    }

    private folded(bound: bigint): bigint {
        const product = bound * BigInt(this.fold)
        return (product >> BigInt(this.bits)) + 1n
    }

    /** Column k of a * b; what went over the top is folded as a sum. */
    productColumn(k: number, a: string[], b: string[]): string {
        const sum = (over: boolean) =>
            this.terms(k)
                .filter(({ folded }) => folded === over)
                .map(({ i, j }) => `${a[i]} * ${b[j]}`)
                .join(" + ")
        const low = sum(false)
        return k === this.count - 1
            ? low
            : `(${sum(true)}) * ${this.foldLiteral} + ${low}`
    }

    /** The bounds of the columns of a * b, whichever way they are folded: each sum on the way is smaller. */
    productBounds(a: Bounds, b: Bounds): Bounds {
        return a.map((_, k) =>
            this.terms(k).reduce((sum, { i, j, folded }) => {
                const product = a[i] * b[j]
                return sum + (folded ? this.folded(product) : product)
            }, 0n)
        )
    }

    // ---- carrying

    /** Starts two limbs below the top, so that the second pass has only two limbs to go. */
    private chain(): number[] {
        const start = this.count - 2
        return Array.from(
            { length: this.count },
            (_, q) => (start + q) % this.count
        )
    }

    private rounding(k: number): string {
        const big = literal(3 * 2 ** (51 + this.weight[k + 1]))
        return `t + ${big} - ${big}`
    }

    /** Carries the columns, given as expressions, into the limbs `to`; uses the variables `t` and `c`. */
    carry(columns: string[], to: string[]): string[] {
        const lines: string[] = []
        const [start, next] = this.chain()
        this.chain().forEach((k, position) => {
            const carry =
                position === 0
                    ? ""
                    : k === 0
                      ? ` + c * ${this.foldLiteral}`
                      : " + c"
            lines.push(
                `t = ${columns[k]}${carry}`,
                `c = ${this.rounding(k)}`,
                `${to[k]} = t - c`
            )
        })
        lines.push(
            `t = ${to[start]} + c`,
            `c = ${this.rounding(start)}`,
            `${to[start]} = t - c`,
            `${to[next]} = ${to[next]} + c`
        )
        return lines
    }

    /** The bounds after `carry`. Throws if a column could be inexact. */
    carryBounds(columns: Bounds): Bounds {
        const to: Bounds = columns.map(() => 0n)
        const [start, next] = this.chain()
        let carry = 0n
        const step = (k: number, sum: bigint) => {
            this.check(k, sum)
            const half = 1n << BigInt(this.weight[k + 1] - 1)
            to[k] = sum < half ? sum : half
            carry = sum < half ? 0n : sum + half
        }
        for (const k of this.chain())
            step(k, columns[k] + (k === 0 ? this.folded(carry) : carry))
        step(start, to[start] + carry)
        to[next] = to[next] + carry
        this.check(next, to[next])
        return to
    }

    private check(k: number, sum: bigint): void {
        const unit = BigInt(this.weight[k])
        const units = magnitude(sum) >> unit
        this.worstBits = Math.max(this.worstBits, Math.log2(Number(units) + 1))
        if (units >= 1n << EXACT_BITS)
            throw new Error(`column ${k} can exceed 2^53: not exact`)
        // The rounding constant 3 * 2^(51 + w) keeps its binade, and so rounds to multiples of 2^w.
        if (magnitude(sum) >= 1n << BigInt(51 + this.weight[k + 1]))
            throw new Error(`column ${k} is too large to be carried`)
    }
}
