/**
 * Writes `src/crypto/field25519.g.ts`: a small machine for arithmetic modulo 2^255 - 19, and its two programs.
 *
 * Unrolled, a ladder step takes 16 KB of bytecode. Here multiplication, squaring and linear combination exist once
 * each, over named limbs; which registers they work on comes from a program in a constant, which is not code.
 *
 * The bounds of all registers are followed through both programs until they no longer grow: no double ever rounds.
 */
import { Limbs, type Bounds } from "./limbs"

const COUNT = 12

/** Operations, in the order that the machine tests them. Up to `LastCarried` the result is carried. */
const OPERATIONS = ["Multiply", "Square", "AddTimes121665", "Add", "Subtract"]
const LAST_CARRIED = 2

const REGISTERS = ["X2", "Z2", "X3", "Z3", "A", "B", "C", "D", "E", "U"]

type Instruction = [
    operation: string,
    to: string,
    a: string,
    b: string | number,
]

/**
 * One step of the Montgomery ladder, RFC 7748 section 5.
 * The names are the RFC's up to reuse: E becomes C - D, and x3, z3 hold DA and CB for a while.
 */
const STEP: Instruction[] = [
    ["Add", "A", "X2", "Z2"],
    ["Subtract", "B", "Z2", "X2"], // B = X2 - Z2
    ["Add", "C", "X3", "Z3"],
    ["Subtract", "D", "Z3", "X3"], // D = X3 - Z3
    ["Multiply", "X3", "D", "A"], // DA
    ["Multiply", "Z3", "C", "B"], // CB
    ["Square", "C", "A", 1], // AA
    ["Square", "D", "B", 1], // BB
    ["Multiply", "X2", "C", "D"], // AA * BB
    ["Subtract", "E", "D", "C"], // E = AA - BB
    ["AddTimes121665", "C", "E", "C"], // AA + a24 * E
    ["Multiply", "Z2", "C", "E"],
    ["Add", "A", "X3", "Z3"],
    ["Subtract", "B", "Z3", "X3"],
    ["Square", "X3", "A", 1], // (DA + CB)^2
    ["Square", "B", "B", 1], // (DA - CB)^2
    ["Multiply", "Z3", "B", "U"],
]

/** X2 = X2 / Z2: the power p - 2 of Z2 by the usual chain, 254 squarings and 12 multiplications. */
const DIVIDE: Instruction[] = [
    ["Square", "A", "Z2", 1], // 2
    ["Square", "B", "A", 2], // 8
    ["Multiply", "B", "B", "Z2"], // 9
    ["Multiply", "A", "B", "A"], // 11
    ["Square", "C", "A", 1], // 22
    ["Multiply", "C", "C", "B"], // 2^5 - 1
    ["Square", "D", "C", 5],
    ["Multiply", "C", "D", "C"], // 2^10 - 1
    ["Square", "D", "C", 10],
    ["Multiply", "B", "D", "C"], // 2^20 - 1
    ["Square", "D", "B", 20],
    ["Multiply", "D", "D", "B"], // 2^40 - 1
    ["Square", "D", "D", 10],
    ["Multiply", "B", "D", "C"], // 2^50 - 1
    ["Square", "D", "B", 50],
    ["Multiply", "C", "D", "B"], // 2^100 - 1
    ["Square", "D", "C", 100],
    ["Multiply", "D", "D", "C"], // 2^200 - 1
    ["Square", "D", "D", 50],
    ["Multiply", "D", "D", "B"], // 2^250 - 1
    ["Square", "D", "D", 5],
    ["Multiply", "D", "D", "A"], // 2^255 - 21 = p - 2
    ["Multiply", "X2", "D", "X2"],
]

/** Follows the bounds of every register through the programs; throws where a double could round. */
function prove(field: Limbs): void {
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
            if (operation === "Square") {
                for (let n = 0; n < Number(b); n++)
                    x = field.carryBounds(field.productBounds(x, x))
                registers.set(to, x)
                continue
            }
            const y = registers.get(String(b))!
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

function assemble(program: Instruction[]): string {
    return program
        .map(([operation, to, a, b]) => {
            const bytes = [
                OPERATIONS.indexOf(operation),
                REGISTERS.indexOf(to),
                REGISTERS.indexOf(a),
                typeof b === "number" ? b : REGISTERS.indexOf(b),
            ]
            if (bytes.some(byte => byte < 0))
                throw new Error(`${operation} ${to}?`)
            const code = bytes.map(byte => byte.toString(16).padStart(2, "0"))
            return `    ${code.join("")} // ${operation} ${to} ${a} ${b}`
        })
        .join("\n")
}

export function field25519(): string {
    const field = new Limbs(COUNT, 255, 19)
    prove(field)
    const [a, b, r, w, d] = ["a", "b", "r", "w", "d"].map(name =>
        field.names(name)
    )
    const needs = field.squareNeeds()
    const fold = (limb: string, k: number) =>
        `${w[k]} = ${limb} * ${field.foldLiteral}`
    const block = (indent: number, lines: string[]) =>
        lines.map(line => " ".repeat(indent) + line).join("\n")
    const declared = [
        a,
        b,
        r,
        w.slice(1),
        needs.doubled.map(k => d[k]),
        ["t", "c"],
    ].map(names => `    let ${names.map(n => `${n}: number`).join(", ")}`)

    return `// Generated by tools/field25519.ts: do not edit, run \`npm run generate\`.
/**
 * Arithmetic modulo 2^255 - 19 as a machine over registers of ${COUNT} scaled doubles, and the programs of X25519.
 *
 * Limb k of a register is a signed multiple of 2^weight; the weights are ${field.weight.slice(0, -1).join(", ")}.
 * The generator follows the bounds of every register through both programs: the largest column is below
 * 2^${field.worstBits.toFixed(2)} units of its weight, so no double ever rounds.
 */
import { pace } from "./pace"

/** The bits of each limb, for \`loadLimbs\` and \`storeLimbs\`. */
export const FIELD_WIDTHS: Buffer = hex\`${field.widths.map(n => n.toString(16)).join("")}\`

export const enum Register {
${REGISTERS.map((name, i) => `    ${name} = ${i},`).join("\n")}
}

const enum Operation {
${OPERATIONS.map((name, i) => `    ${name} = ${i},`).join("\n")}
}

/** One step of the Montgomery ladder: (X2 : Z2), (X3 : Z3), with U the input's u. */
export const LADDER_STEP: Buffer = hex\`
${assemble(STEP)}
\`

/** X2 = X2 / Z2. Destroys A to D. */
export const DIVIDE: Buffer = hex\`
${assemble(DIVIDE)}
\`

/** Opcodes of one squaring as measured (760), rounded up; a multiplication takes 1,060. */
const SQUARE_OPCODES = 800

/** Opcodes of LADDER_STEP as measured (10,900), rounded up. */
export const LADDER_STEP_OPCODES = 11000

/**
 * Runs a program. An instruction is four bytes: operation, result, first and second operand; \`Square\` has, instead of
 * the second, how often it squares. \`Subtract\` takes the first from the second.
 * The result may be an operand. Yields inside a program only for repeated squarings.
 */
export async function runField(
    program: Buffer,
    registers: number[][]
): Promise<void> {
${declared.join("\n")}
    for (let at = 0; at < program.length; at = at + 4) {
        const operation = program[at]
        const to = registers[program[at + 1]]
        let from = registers[program[at + 2]]
        let times = 1
        if (operation === Operation.Square) times = program[at + 3]
        while (times > 0) {
            times--
            if ((times & 31) === 31) await pace(32 * SQUARE_OPCODES)
${block(
    12,
    a.map((limb, k) => `${limb} = from[${k}]`)
)}
            if (operation === Operation.Square) {
${block(16, [
    ...needs.doubled.map(k => `${d[k]} = ${a[k]} + ${a[k]}`),
    ...needs.folded.map(k => fold(a[k], k)),
    ...r.map((limb, k) => `${limb} = ${field.squareColumn(k, a, d, w)}`),
])}
            } else {
                from = registers[program[at + 3]]
${block(
    16,
    b.map((limb, k) => `${limb} = from[${k}]`)
)}
                if (operation === Operation.Multiply) {
${block(20, [
    ...b.slice(1).map((limb, k) => fold(limb, k + 1)),
    ...r.map((limb, k) => `${limb} = ${field.productColumn(k, a, b, w)}`),
])}
                } else {
                    t = 1
                    if (operation === Operation.Subtract) t = -1
                    if (operation === Operation.AddTimes121665) t = 121665
${block(
    20,
    r.map((limb, k) => `${limb} = ${a[k]} * t + ${b[k]}`)
)}
                }
            }
            if (operation <= Operation.${OPERATIONS[LAST_CARRIED]}) {
${block(16, field.carry(r, r))}
            }
${block(
    12,
    r.map((limb, k) => `to[${k}] = ${limb}`)
)}
            from = to
        }
    }
}
`
}
