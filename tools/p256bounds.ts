/** The proof that the arithmetic of P-256 is exact: bounds of every digit of every register, through all programs. */
import { CONSTANTS, DIGIT_BITS, DIGITS, Instruction } from "./p256programs"

/** How large each digit can be, by magnitude. */
type Bounds = bigint[]

const BASE = 1n << BigInt(DIGIT_BITS)
const HALF = BASE / 2n
const magnitude = (a: bigint) => (a < 0n ? -a : a)
const larger = (a: bigint, b: bigint) => (a > b ? a : b)

/** Where p + 1 = 2^256 - 2^224 + 2^192 + 2^96 has its bits: by digit, and the factor within it. */
export const MODULUS_TERMS: [digit: number, factor: number][] = [
    [4, 1],
    [8, 1],
    [9, -(2 ** 8)],
    [10, 2 ** 16],
]

/** Digits as `loadDigits` makes them. */
function loaded(value: bigint): Bounds {
    return Array.from(
        { length: DIGITS },
        (_, k) => (value >> BigInt(DIGIT_BITS * k)) & (BASE - 1n)
    )
}

export class Proof {
    /** The largest column, in bits. */
    worstBits = 0

    /** What each register can hold between programs; missing: not written so far. */
    private readonly between = new Map<string, Bounds>()

    constructor() {
        // What `loadDigits` and `invertModulo` give.
        const any = loaded((1n << 258n) - 1n)
        for (const name of ["PX", "PY", "A"]) this.between.set(name, any)
        for (const [name, value] of Object.entries(CONSTANTS))
            this.between.set(name, loaded(value))
    }

    /** Runs programs, in any order and any number of times, until no bound grows any more. */
    settle(programs: Instruction[][]): void {
        for (let round = 0; round < 50; round++) {
            const grew = programs.map(program => this.run(program))
            if (!grew.includes(true)) return
        }
        throw new Error("the bounds of P-256 grow")
    }

    /** Returns whether a register can hold more than what was known. */
    private run(program: Instruction[]): boolean {
        const registers = new Map(this.between)
        for (const i of program) {
            const result = this.result(i, registers)
            // Its operands are written by another program: it comes in a later round.
            if (!result) return true
            registers.set(i.to, result)
        }
        let grew = false
        for (const [name, bounds] of registers) {
            const before = this.between.get(name) ?? bounds.map(() => -1n)
            if (bounds.some((d, k) => d > before[k])) grew = true
            this.between.set(
                name,
                bounds.map((d, k) => larger(d, before[k]))
            )
        }
        return grew
    }

    /** Of one step; `undefined` if a register was not written so far. */
    private result(
        i: Instruction,
        registers: Map<string, Bounds>
    ): Bounds | undefined {
        const [a, b] = [i.a, i.b].map(name => registers.get(name))
        const [more, plus] = [i.more, i.plus].map(([factor, name]) =>
            registers.get(name)?.map(d => d * magnitude(BigInt(factor)))
        )
        if (!a || !b || !more || !plus) return undefined
        const columns = this.columns(
            a,
            b.map((d, k) => d + more[k])
        )
        const scale = magnitude(BigInt(i.scale))
        return this.reduce(columns, plus).map(d => d * scale)
    }

    private columns(a: Bounds, b: Bounds): Bounds {
        const columns: Bounds = Array.from({ length: 2 * DIGITS }, () => 0n)
        a.forEach((x, i) => b.forEach((y, j) => (columns[i + j] += x * y)))
        return columns
    }

    /** As the machine carries and reduces columns: see `chain` in `fieldp256.ts`. */
    private reduce(columns: Bounds, added: Bounds): Bounds {
        added.forEach((d, k) => (columns[DIGITS + k] += d))
        const result: Bounds = []
        let carry = 0n
        columns.forEach((column, k) => {
            let sum = column + carry
            for (const [digit, factor] of MODULUS_TERMS)
                if (k - digit >= 0 && k - digit < DIGITS)
                    sum += HALF * BigInt(Math.abs(factor))
            this.worstBits = Math.max(this.worstBits, Math.log2(Number(sum)))
            if (sum >= 1n << 53n)
                throw new Error(`column ${k} can exceed 2^53: not exact`)
            carry = sum < HALF ? 0n : (sum + HALF) / BASE
            const digit = k === 2 * DIGITS - 1 ? sum : sum < HALF ? sum : HALF
            if (k >= DIGITS) result.push(digit)
        })
        return result
    }
}
