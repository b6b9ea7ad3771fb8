/** The programs that X25519 runs on the machine of `field25519.ts`: as listings, as bytes, and the proof of their bounds. */
import type { Bounds, Limbs } from "./limbs"
import { listing } from "./listing"

/** Operations, in the order that the machine tests them. Up to `LastCarried` the result is carried. */
export const OPERATIONS = ["Multiply", "AddTimes121665", "Add", "Subtract"]
export const LAST_CARRIED = 1

export const REGISTERS = ["X2", "Z2", "X3", "Z3", "A", "B", "C", "D", "E", "U"]

type Instruction = [operation: string, to: string, a: string, b: string]

/** `to = a^(2^times)`. Squares are products like others: a machine that knew them would be 0.6 KB larger. */
const square = (to: string, a: string, times = 1): Instruction[] =>
    Array.from({ length: times }, (_, n) => {
        const x = n === 0 ? a : to
        return ["Multiply", to, x, x]
    })

/**
 * One step of the Montgomery ladder, RFC 7748 section 5.
 * The names are the RFC's up to reuse: E becomes C - D, and x3, z3 hold DA and CB for a while.
 */
export const STEP: Instruction[] = [
    ["Add", "A", "X2", "Z2"],
    ["Subtract", "B", "Z2", "X2"], // B = X2 - Z2
    ["Add", "C", "X3", "Z3"],
    ["Subtract", "D", "Z3", "X3"], // D = X3 - Z3
    ["Multiply", "X3", "D", "A"], // DA
    ["Multiply", "Z3", "C", "B"], // CB
    ...square("C", "A"), // AA
    ...square("D", "B"), // BB
    ["Multiply", "X2", "C", "D"], // AA * BB
    ["Subtract", "E", "D", "C"], // E = AA - BB
    ["AddTimes121665", "C", "E", "C"], // AA + a24 * E
    ["Multiply", "Z2", "C", "E"],
    ["Add", "A", "X3", "Z3"],
    ["Subtract", "B", "Z3", "X3"],
    ...square("X3", "A"), // (DA + CB)^2
    ...square("B", "B"), // (DA - CB)^2
    ["Multiply", "Z3", "B", "U"],
]

/** X2 = X2 / Z2: the power p - 2 of Z2 by the usual chain, 254 squarings and 12 multiplications. */
export const DIVIDE: Instruction[] = [
    ...square("A", "Z2"), // 2
    ...square("B", "A", 2), // 8
    ["Multiply", "B", "B", "Z2"], // 9
    ["Multiply", "A", "B", "A"], // 11
    ...square("C", "A"), // 22
    ["Multiply", "C", "C", "B"], // 2^5 - 1
    ...square("D", "C", 5),
    ["Multiply", "C", "D", "C"], // 2^10 - 1
    ...square("D", "C", 10),
    ["Multiply", "B", "D", "C"], // 2^20 - 1
    ...square("D", "B", 20),
    ["Multiply", "D", "D", "B"], // 2^40 - 1
    ...square("D", "D", 10),
    ["Multiply", "B", "D", "C"], // 2^50 - 1
    ...square("D", "B", 50),
    ["Multiply", "C", "D", "B"], // 2^100 - 1
    ...square("D", "C", 100),
    ["Multiply", "D", "D", "C"], // 2^200 - 1
    ...square("D", "D", 50),
    ["Multiply", "D", "D", "B"], // 2^250 - 1
    ...square("D", "D", 5),
    ["Multiply", "D", "D", "A"], // 2^255 - 21 = p - 2
    ["Multiply", "X2", "D", "X2"],
]

/** Follows the bounds of every register through the programs; throws where a double could round. */
export function prove(field: Limbs): void {
    const zero = field.weight.slice(1).map(() => 0n)
    const small = field.loaded()
    let registers = new Map<string, Bounds>(
        REGISTERS.map(name => [
            name,
            ["X2", "X3", "Z3", "U"].includes(name) ? small : zero,
        ])
    )
    const run = (program: Instruction[]) => {
        for (const [operation, to, a, b] of program) {
            let x = registers.get(a)!
            const y = registers.get(b)!
            if (operation === "Multiply")
                x = field.carryBounds(field.productBounds(x, y))
            else if (operation === "AddTimes121665")
                x = field.carryBounds(x.map((v, k) => v * 121665n + y[k]))
            else x = x.map((v, k) => v + y[k])
            registers.set(to, x)
        }
    }
    for (let round = 0; ; round++) {
        const before = new Map(registers)
        run(STEP)
        // The swap may exchange the two points.
        for (const [p, q] of [
            ["X2", "X3"],
            ["Z2", "Z3"],
        ]) {
            const joined = field.join(registers.get(p)!, registers.get(q)!)
            registers.set(p, joined).set(q, joined)
        }
        registers = new Map(
            REGISTERS.map(name => [
                name,
                field.join(before.get(name)!, registers.get(name)!),
            ])
        )
        if (
            REGISTERS.every(name =>
                registers
                    .get(name)!
                    .every((bound, k) => bound === before.get(name)![k])
            )
        )
            break
        if (round > 20) throw new Error("the bounds of the ladder grow")
    }
    run(DIVIDE)
}

export function assemble(program: Instruction[]): string {
    return listing(
        program.map(([operation, to, a, b]) => {
            const bytes = [
                OPERATIONS.indexOf(operation),
                ...[to, a, b].map(name => REGISTERS.indexOf(name)),
            ]
            return { bytes, text: `${operation} ${to} ${a} ${b}` }
        })
    )
}
