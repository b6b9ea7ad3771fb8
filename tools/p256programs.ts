/** The programs that P-256 runs on the machine of `fieldp256.ts`: as listings, and as bytes. */
import { B, modulo, P } from "./p256curve"

/** A number has this many digits of `DIGIT_BITS`: 264 bits, so that nothing has to be folded at the top. */
export const DIGITS = 11
export const DIGIT_BITS = 24

/** Montgomery's R: x stands as x * R modulo p. */
export const R = 1n << BigInt(DIGITS * DIGIT_BITS)

/** The registers that hold constants, behind the others, and their values. */
export const CONSTANTS: Record<string, bigint> = {
    /** 1 in Montgomery form. */
    One: modulo(R, P),
    /** A product with it enters Montgomery form, … */
    Enter: modulo(R * R, P),
    /** … with this one the inverse of a number in Montgomery form does, … */
    EnterInverse: modulo(R * R * R, P),
    /** … and with this one a number leaves it. */
    Leave: 1n,
    /** The curve's b, in Montgomery form. */
    CurveB: modulo(B * R, P),
}

/** The point (X / Z^2, Y / Z^3), four numbers that come and go, the point that is added, and a number that waits. */
const VARIABLES = ["X", "Y", "Z", "A", "B", "C", "D", "PX", "PY", "E"]

export const REGISTERS = [...VARIABLES, ...Object.keys(CONSTANTS)]

/** What the registers hold at first. */
export const INITIAL = REGISTERS.map(name => CONSTANTS[name] ?? 0n)

export const OPERATIONS = ["Multiply", "Square", "Combine"]

/** Scales and factors are stored as bytes with this added to them. */
export const BIAS = 4

export interface Instruction {
    operation: "Multiply" | "Square" | "Combine"
    to: string
    a: string
    /** `Square` has no second operand. */
    b: string
    /** How often `Square` squares. */
    times: number
    scale: number
    factor: number
    addend: string
}

interface Extras {
    scale?: number
    /** Factor and addend. */
    plus?: [number, string]
}

function instruction(
    operation: Instruction["operation"],
    to: string,
    a: string,
    b: string,
    times: number,
    { scale = 1, plus = [0, a] }: Extras
): Instruction {
    const [factor, addend] = plus
    return { operation, to, a, b, times, scale, factor, addend }
}

/** to = scale * (a * b + factor * addend) */
const multiply = (to: string, a: string, b: string, extras: Extras = {}) =>
    instruction("Multiply", to, a, b, 1, extras)

/** to = scale * (a * a + factor * addend) */
const square = (to: string, a: string, extras: Extras = {}) =>
    instruction("Square", to, a, a, 1, extras)

/** to = a to the power of 2^times */
const squares = (to: string, a: string, times: number) =>
    instruction("Square", to, a, a, times, {})

/** to = scale * a + factor * addend, not carried */
const combine = (to: string, a: string, extras: Extras = {}) =>
    instruction("Combine", to, a, a, 1, extras)

/** Adds (PX, PY) or (PX, -PY): 8 multiplications and 3 squarings. */
const addition = (slope: Instruction) => [
    square("A", "Z"),
    multiply("B", "Z", "A"),
    multiply("A", "PX", "A", { plus: [-1, "X"] }),
    slope,
    multiply("Z", "Z", "A"),
    square("C", "A"),
    multiply("D", "X", "C"),
    multiply("C", "C", "A"),
    combine("X", "C", { plus: [2, "D"] }),
    square("X", "B", { plus: [-1, "X"] }),
    combine("D", "D", { plus: [-1, "X"] }),
    multiply("C", "Y", "C"),
    multiply("Y", "B", "D", { plus: [-1, "C"] }),
]

const start = (scale: number) => [
    combine("X", "PX"),
    combine("Y", "PY", { scale }),
    combine("Z", "One"),
    // Not 0, which would mean that two points had the same x.
    combine("A", "One"),
]

const double = [
    square("C", "Z", { plus: [1, "X"] }),
    combine("D", "X", { scale: 2, plus: [-1, "C"] }),
    multiply("Z", "Y", "Z", { scale: 2 }),
    square("B", "Y", { scale: 2 }),
    multiply("A", "C", "D", { scale: 3 }),
    multiply("C", "X", "B", { scale: 2 }),
    square("X", "A", { plus: [-2, "C"] }),
    square("B", "B"),
    combine("D", "C", { plus: [-1, "X"] }),
    multiply("Y", "A", "D", { plus: [-2, "B"] }),
]

/** A = 1 / Z, as its power p - 2: 255 squarings and 12 multiplications. */
const invert = [
    squares("A", "Z", 1),
    multiply("A", "A", "Z"), // 2^2 - 1
    squares("B", "A", 1),
    multiply("B", "B", "Z"), // 2^3 - 1
    squares("C", "B", 3),
    multiply("C", "C", "B"), // 2^6 - 1
    squares("D", "C", 6),
    multiply("D", "D", "C"), // 2^12 - 1
    squares("D", "D", 3),
    multiply("D", "D", "B"), // 2^15 - 1
    squares("C", "D", 15),
    multiply("C", "C", "D"), // 2^30 - 1
    squares("D", "C", 2),
    multiply("D", "D", "A"), // 2^32 - 1
    squares("A", "D", 32),
    multiply("A", "A", "Z"),
    squares("A", "A", 128),
    multiply("A", "A", "D"),
    squares("A", "A", 32),
    multiply("A", "A", "D"),
    squares("A", "A", 30),
    multiply("A", "A", "C"),
    squares("A", "A", 2),
    multiply("A", "A", "Z"), // 2^256 - 2^224 + 2^192 + 2^96 - 3 = p - 2
]

/** (PX, PY) = (x A^2, y A^3) */
const scaled = (x: string, y: string) => [
    square("B", "A"),
    multiply("PX", x, "B"),
    multiply("B", "B", "A"),
    multiply("PY", y, "B"),
]

const leave = [multiply("PX", "PX", "Leave"), multiply("PY", "PY", "Leave")]

const enterInverse = multiply("A", "A", "EnterInverse")

/** The programs, each with what its comment says. */
export const PROGRAMS: Record<string, [string, Instruction[]]> = {
    DOUBLE: [
        "Doubles (X, Y, Z) on a curve with a = -3: 4 multiplications and 4 squarings.",
        double,
    ],
    ADD: [
        `Adds (PX, PY) to (X, Y, Z): 8 multiplications and 3 squarings. It leaves Z^2 PX - X in A and Z^3 PY - Y in B, of the
 * X, Y and Z that were, and Z is multiplied by A: it becomes 0, and stays 0, if the points were equal or opposite.`,
        addition(multiply("B", "PY", "B", { plus: [-1, "Y"] })),
    ],
    SUBTRACT: [
        "Adds (PX, -PY), as ADD does.",
        addition(multiply("B", "PY", "B", { scale: -1, plus: [1, "Y"] })),
    ],
    START: ["(X, Y, Z) becomes (PX, PY).", start(1)],
    START_NEGATIVE: ["(X, Y, Z) becomes (PX, -PY).", start(-1)],
    ENTER: [
        "PX and PY enter Montgomery form; D = PY^2 - (PX^3 - 3 PX + b), which is 0 on the curve.",
        [
            multiply("PX", "PX", "Enter"),
            multiply("PY", "PY", "Enter"),
            square("A", "PX", { plus: [-3, "One"] }),
            multiply("A", "A", "PX", { plus: [1, "CurveB"] }),
            square("A", "PY", { plus: [-1, "A"] }),
            multiply("D", "A", "Leave"),
        ],
    ],
    MULTIPLES: [
        `For the odd multiples of (PX, PY): that point as (X, Y, Z), with Z = 1, and its double as (PX, PY), both on another
 * curve where that can be; E brings them back. ADD does not mind which curve it is.`,
        [
            ...start(1),
            ...double,
            combine("PX", "X"),
            combine("PY", "Y"),
            // DOUBLE leaves 4 x y^2 in C and 4 y^4 in B.
            combine("X", "C"),
            // Carried, as DOUBLE could not take 4 times a carried number.
            multiply("Y", "B", "One", { scale: 2 }),
            combine("E", "Z"),
            combine("Z", "One"),
        ],
    ],
    MULTIPLES_Z: [
        "A = Z * E: the last multiple's own Z.",
        [multiply("A", "Z", "E")],
    ],
    MULTIPLES_ENTER: [
        "A enters Montgomery form as an inverse.",
        [enterInverse],
    ],
    MULTIPLES_NEXT: [
        "(PX, PY) becomes the point (PX, PY, 1 / A), and A = A * E.",
        [...scaled("PX", "PY"), multiply("A", "A", "E")],
    ],
    FINISH: [
        "(PX, PY) becomes the point (X, Y, Z), out of Montgomery form.",
        [...invert, ...scaled("X", "Y"), ...leave],
    ],
    FINISH_INVERTED: [
        "As FINISH, when A holds the inverse of Z.",
        [enterInverse, ...scaled("X", "Y"), ...leave],
    ],
    ZERO_A: ["D = A out of Montgomery form.", [multiply("D", "A", "Leave")]],
    ZERO_B: ["D = B out of Montgomery form.", [multiply("D", "B", "Leave")]],
    ZERO_Z: ["D = Z out of Montgomery form.", [multiply("D", "Z", "Leave")]],
    WIPE: [
        "All registers but the constants become 0.",
        VARIABLES.map(name => combine(name, name, { scale: 0 })),
    ],
}

function text(i: Instruction): string {
    const product =
        i.operation === "Multiply"
            ? `${i.a} * ${i.b}`
            : i.operation === "Combine"
              ? i.a
              : i.times === 1
                ? `${i.a} ^ 2`
                : `${i.a} ^ 2 ^ ${i.times}`
    const many = Math.abs(i.factor) === 1 ? "" : `${Math.abs(i.factor)} * `
    const sign = i.factor < 0 ? "-" : "+"
    const sum =
        i.factor === 0 ? product : `${product} ${sign} ${many}${i.addend}`
    if (i.scale === 1) return `${i.to} = ${sum}`
    return i.factor === 0 || i.operation === "Combine"
        ? `${i.to} = ${i.scale} * ${sum}`
        : `${i.to} = ${i.scale} * (${sum})`
}

export function assemble(program: Instruction[]): string {
    return program
        .map(i => {
            const bytes = [
                OPERATIONS.indexOf(i.operation),
                ...[i.to, i.a].map(name => REGISTERS.indexOf(name)),
                i.operation === "Square" ? i.times : REGISTERS.indexOf(i.b),
                ...[i.scale + BIAS, i.factor + BIAS],
                REGISTERS.indexOf(i.addend),
            ]
            if (bytes.some(byte => byte < 0 || byte > 255))
                throw new Error(`cannot assemble ${text(i)}`)
            const code = bytes.map(byte => byte.toString(16).padStart(2, "0"))
            return `    ${code.join("")} // ${text(i)}`
        })
        .join("\n")
}
