/** The programs that P-256 runs on the machine of `fieldp256.ts`: as listings, and as bytes. */
import { listing } from "./listing"
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
    /** … and with this one leaves it. */
    Leave: 1n,
    /** The curve's b, in Montgomery form. */
    CurveB: modulo(B * R, P),
}

/** The point (X / Z^2, Y / Z^3), four numbers that come and go, the point that is added, and a number that waits. */
const VARIABLES = ["X", "Y", "Z", "A", "B", "C", "D", "PX", "PY", "E"]

export const REGISTERS = [...VARIABLES, ...Object.keys(CONSTANTS)]

/** What the registers hold at first. */
export const INITIAL = REGISTERS.map(name => CONSTANTS[name] ?? 0n)

/** Scales and factors are stored as bytes with this added to them. */
export const BIAS = 4

/** A factor and the register that is taken so often. */
type Term = [factor: number, register: string]

export interface Instruction {
    to: string
    a: string
    b: string
    /** Added to b. */
    more: Term
    /** Added to the product. */
    plus: Term
    /** What the sum is multiplied by at last. */
    scale: number
}

/** to = scale * (a * (b + more) + plus) */
export function multiply(
    to: string,
    a: string,
    b: string,
    extras: { more?: Term; plus?: Term; scale?: number } = {}
): Instruction {
    const nothing: Term = [0, a]
    return { to, a, b, more: nothing, plus: nothing, scale: 1, ...extras }
}

/** to = scale * (a * a + plus): a product like others, as a machine that knew squares would be 0.5 KB larger. */
export function square(
    to: string,
    a: string,
    extras: { plus?: Term; scale?: number } = {}
): Instruction {
    return multiply(to, a, a, extras)
}

/** to = a to the power of 2^times */
export function squares(to: string, a: string, times: number): Instruction[] {
    return Array.from({ length: times }, (_, n) => square(to, n === 0 ? a : to))
}

/** to = scale * a */
function copy(to: string, a: string, scale = 1): Instruction {
    return multiply(to, a, "One", { scale })
}

/** Adds (PX, PY) or (PX, -PY): 8 multiplications and 3 squarings. */
const addition = (slope: Instruction) => [
    square("A", "Z"),
    multiply("B", "Z", "A"),
    multiply("A", "PX", "A", { plus: [-1, "X"] }),
    slope,
    multiply("Z", "Z", "A"),
    square("C", "A"),
    multiply("D", "X", "C"),
    multiply("C", "C", "A", { more: [2, "X"] }), // A^3 + 2 D
    square("X", "B", { plus: [-1, "C"] }),
    multiply("C", "Y", "C", { more: [-2, "D"] }), // Y A^3
    multiply("Y", "B", "D", { more: [-1, "X"], plus: [-1, "C"] }),
]

const start = (scale: number) => [
    copy("X", "PX"),
    copy("Y", "PY", scale),
    copy("Z", "One"),
    // Not 0, which would mean that two points had the same x.
    copy("A", "One"),
]

const double = [
    square("C", "Z", { plus: [1, "X"] }),
    multiply("A", "C", "C", { more: [-2, "X"], scale: -3 }), // 3 (X + Z^2) (X - Z^2)
    multiply("Z", "Y", "Z", { scale: 2 }),
    square("B", "Y", { scale: 2 }),
    multiply("C", "X", "B", { scale: 2 }),
    square("X", "A", { plus: [-2, "C"] }),
    square("B", "B"),
    multiply("Y", "A", "C", { more: [-1, "X"], plus: [-2, "B"] }),
]

/** A = 1 / Z, as its power p - 2: 255 squarings and 12 multiplications. */
const invert = [
    ...squares("A", "Z", 1),
    multiply("A", "A", "Z"), // 2^2 - 1
    ...squares("B", "A", 1),
    multiply("B", "B", "Z"), // 2^3 - 1
    ...squares("C", "B", 3),
    multiply("C", "C", "B"), // 2^6 - 1
    ...squares("D", "C", 6),
    multiply("D", "D", "C"), // 2^12 - 1
    ...squares("D", "D", 3),
    multiply("D", "D", "B"), // 2^15 - 1
    ...squares("C", "D", 15),
    multiply("C", "C", "D"), // 2^30 - 1
    ...squares("D", "C", 2),
    multiply("D", "D", "A"), // 2^32 - 1
    ...squares("A", "D", 32),
    multiply("A", "A", "Z"),
    ...squares("A", "A", 128),
    multiply("A", "A", "D"),
    ...squares("A", "A", 32),
    multiply("A", "A", "D"),
    ...squares("A", "A", 30),
    multiply("A", "A", "C"),
    ...squares("A", "A", 2),
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
            copy("PX", "X"),
            copy("PY", "Y"),
            // DOUBLE leaves 4 x y^2 in C and 4 y^4 in B.
            copy("X", "C"),
            copy("Y", "B", 2),
            copy("E", "Z"),
            copy("Z", "One"),
        ],
    ],
    INVERT: ["A = 1 / Z. Destroys B to D.", invert],
    MULTIPLES_Z: [
        "Z becomes the last multiple's own.",
        [multiply("Z", "Z", "E")],
    ],
    MULTIPLES_NEXT: [
        "(PX, PY) becomes the point (PX, PY, 1 / A), and A = A * E.",
        [...scaled("PX", "PY"), multiply("A", "A", "E")],
    ],
    FINISH: [
        "(PX, PY) becomes the point (X, Y, 1 / A), out of Montgomery form.",
        [...scaled("X", "Y"), ...leave],
    ],
    COMPARE: [
        "D = PX Z^2 - X, which is 0 if the number PX, that is not in Montgomery form, is the x of the point (X, Y, Z).",
        [
            square("A", "Z"),
            multiply("D", "PX", "Enter"),
            multiply("D", "D", "A", { plus: [-1, "X"] }),
            multiply("D", "D", "Leave"),
        ],
    ],
    ZERO_A: ["D = A out of Montgomery form.", [multiply("D", "A", "Leave")]],
    ZERO_B: ["D = B out of Montgomery form.", [multiply("D", "B", "Leave")]],
    ZERO_Z: ["D = Z out of Montgomery form.", [multiply("D", "Z", "Leave")]],
    WIPE: [
        "All registers but the constants become 0.",
        VARIABLES.map(name => copy(name, name, 0)),
    ],
}

/** `value + 2 * X`, or only `value`. */
function sum(value: string, [factor, register]: Term): string {
    if (factor === 0) return value
    const many = Math.abs(factor) === 1 ? "" : `${Math.abs(factor)} * `
    return `${value} ${factor < 0 ? "-" : "+"} ${many}${register}`
}

const bracketed = (text: string) => (/[+-]/.test(text) ? `(${text})` : text)

function text(i: Instruction): string {
    const product =
        i.b === i.a && i.more[0] === 0
            ? `${i.a} ^ 2`
            : `${i.a} * ${bracketed(sum(i.b, i.more))}`
    const all = sum(product, i.plus)
    if (i.scale === 1) return `${i.to} = ${all}`
    return `${i.to} = ${i.scale} * ${i.plus[0] === 0 ? all : `(${all})`}`
}

export function assemble(program: Instruction[]): string {
    const register = (name: string) => REGISTERS.indexOf(name)
    return listing(
        program.map(i => {
            const bytes = [
                ...[register(i.to), i.scale + BIAS],
                ...[i.plus[0] + BIAS, register(i.plus[1])],
                ...[register(i.a), register(i.b)],
                ...[i.more[0] + BIAS, register(i.more[1])],
            ]
            return { bytes, text: text(i) }
        })
    )
}
