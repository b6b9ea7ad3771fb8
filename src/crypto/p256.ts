/**
 * P-256: Diffie-Hellman (SEC 1 section 3.3.1, SP 800-56A section 5.7.1.2) on the curve of SP 800-186 section 3.2.1.3,
 * and the sum of two multiples that verifying ECDSA needs. The arithmetic is in `fieldp256.g.ts`.
 */
import { wipe } from "../bytes"
import { ErrorCode, fail } from "../errors"
import {
    approximate,
    DIGITS,
    invertModulo,
    loadDigits,
    storeDigits,
    zeros,
} from "./digits"
import {
    ADD,
    AFFINE,
    COMB_SPACING,
    COMB_TEETH,
    combTable,
    CONSTANTS,
    DOUBLE,
    ENTER,
    ENTER_INVERSE,
    FIRST_CONSTANT,
    INVERT,
    LEAVE,
    MULTIPLES,
    MULTIPLES_NEXT,
    MULTIPLES_Z,
    ON_CURVE,
    P256_N,
    P256_P,
    Register,
    runP256,
    START,
    START_NEGATIVE,
    SUBTRACT,
    ZERO_A,
    ZERO_B,
    ZERO_Z,
} from "./fieldp256.g"
import { noteOperation } from "./operation"
import { pace } from "./pace"

/** Bytes of a scalar, of a coordinate, and of a shared secret. */
export const P256_LENGTH = 32

/** Bytes of a public key: 4, x, y. */
export const P256_POINT_LENGTH = 65

/** The odd multiples 1, 3, …, 15 of a point. */
const MULTIPLES_COUNT = 8

/** Bits that `recode` makes of a scalar for windows of 4 bits. */
export const WINDOW_BITS = 256

/** Bits that `recode` makes of a scalar for the comb. */
export const COMB_BITS = COMB_SPACING * COMB_TEETH

/** Opcodes of DOUBLE and of ADD as measured, rounded up. */
const DOUBLE_OPCODES = 9500
const ADD_OPCODES = 14000

/** Whether the number of 32 bytes from `at` on is below the other one; in the same steps whatever they are. */
export function isBelow(bytes: Buffer, at: number, limit: Buffer): boolean {
    let borrow = 0
    for (let i = P256_LENGTH - 1; i >= 0; i--)
        borrow = (bytes[at + i] - limit[i] + borrow) >> 8
    return borrow < 0
}

/** Whether 32 bytes are a number from 1 to n - 1. */
export function isP256Scalar(bytes: Buffer): boolean {
    let any = 0
    for (let i = 0; i < P256_LENGTH; i++) any = any | bytes[i]
    return any !== 0 && isBelow(bytes, 0, P256_N)
}

function makeRegisters(): number[][] {
    const registers: number[][] = []
    while (registers.length < FIRST_CONSTANT) registers.push(zeros(DIGITS))
    for (let at = 0; at < CONSTANTS.length; at = at + P256_LENGTH)
        registers.push(loadDigits(CONSTANTS, at))
    return registers
}

async function isZero(
    program: Buffer,
    registers: number[][]
): Promise<boolean> {
    await runP256(program, registers)
    return approximate(registers[Register.D]) === 0
}

/**
 * Registers with the point in PX and PY, for `null` without one.
 *
 * @throws CryptoPoint unless it is an uncompressed point of the curve: 65 bytes, the first 4, coordinates below p (K2).
 * The curve has no other points than the multiples of the generator; infinity has no such form.
 */
export async function loadPoint(point: Buffer): Promise<number[][]> {
    const registers = makeRegisters()
    if (point === null) return registers
    let good =
        point.length === P256_POINT_LENGTH &&
        point[0] === 4 &&
        isBelow(point, 1, P256_P) &&
        isBelow(point, 1 + P256_LENGTH, P256_P)
    if (good) {
        registers[Register.PX] = loadDigits(point, 1)
        registers[Register.PY] = loadDigits(point, 1 + P256_LENGTH)
        await runP256(ENTER, registers)
        await runP256(ON_CURVE, registers)
        good = await isZero(ZERO_A, registers)
    }
    if (!good) fail(ErrorCode.CryptoPoint, "crypto: not a point of P-256")
    return registers
}

/** The odd multiples of the point in PX and PY: x and y of 1, 3, … 15 times it. */
export async function oddMultiples(registers: number[][]): Promise<number[][]> {
    const table = [
        registers[Register.PX].slice(),
        registers[Register.PY].slice(),
    ]
    const factors: number[][] = [null]
    await runP256(START, registers)
    await runP256(DOUBLE, registers)
    await runP256(MULTIPLES, registers)
    for (let i = 1; i < MULTIPLES_COUNT; i++) {
        await runP256(ADD, registers)
        table.push(registers[Register.X].slice())
        table.push(registers[Register.Y].slice())
        factors.push(registers[Register.A].slice())
        await pace(ADD_OPCODES)
    }
    // The z of each is that of the one before times its factor: one inversion is enough.
    await runP256(MULTIPLES_Z, registers)
    registers[Register.A] = await invertModulo(
        registers[Register.A],
        loadDigits(P256_P, 0)
    )
    await runP256(ENTER_INVERSE, registers)
    for (let i = MULTIPLES_COUNT - 1; i > 0; i--) {
        registers[Register.PX] = table[2 * i]
        registers[Register.PY] = table[2 * i + 1]
        registers[Register.E] = factors[i]
        await runP256(MULTIPLES_NEXT, registers)
        await pace(ADD_OPCODES)
    }
    return table
}

/**
 * The signs of a sum of powers of 2: k, or n - k if k is even, is the sum of 2^i for i below `bits`, each added if the
 * bit i is set in the result and else taken off. The last byte says whether k was even.
 */
export function recode(k: Buffer, bits: number): Buffer {
    const signs = Buffer.alloc(34)
    const even = 1 - (k[P256_LENGTH - 1] & 1)
    let carry = 0
    for (let i = 0; i < P256_LENGTH; i++) {
        const from = P256_LENGTH - 1 - i
        carry = carry + P256_N[from] * even + k[from] * (1 - 2 * even)
        signs[i] = (carry & 255) >> 1
        if (i > 0) signs[i - 1] = signs[i - 1] | ((carry & 1) << 7)
        carry = carry >> 8
    }
    const top = (bits - 1) >> 3
    signs[top] = signs[top] | (1 << ((bits - 1) & 7))
    signs[33] = even
    return signs
}

/**
 * (X, Y, Z) becomes the sum of a multiple of the generator and one of the point that `table` is of; Z is 0 at infinity.
 * Each scalar is as `recode` makes it, for COMB_BITS and WINDOW_BITS, or null.
 */
export async function multiplyPoints(
    registers: number[][],
    generatorSigns: Buffer,
    table: number[][],
    signs: Buffer
): Promise<void> {
    const adds = [ADD, SUBTRACT]
    const starts = [START, START_NEGATIVE]
    const comb = combTable()
    for (let checked = false; ; checked = true) {
        let infinite = true
        let i = signs === null ? COMB_SPACING : WINDOW_BITS
        while (i > 0) {
            i--
            if (!infinite) await runP256(DOUBLE, registers)
            await pace(DOUBLE_OPCODES)
            for (let source = 0; source < 2; source++) {
                let bits = 0
                let even = 0
                let top = 3
                if (source === 0) {
                    if (signs === null || (i & 3) !== 0) continue
                    bits = (signs[i >> 3] >> (i & 4)) & 15
                    even = signs[33]
                } else {
                    if (generatorSigns === null || i >= COMB_SPACING) continue
                    let at = i
                    top = COMB_TEETH - 1
                    for (let j = 0; j <= top; j++) {
                        bits =
                            bits |
                            (((generatorSigns[at >> 3] >> (at & 7)) & 1) << j)
                        at = at + COMB_SPACING
                    }
                    even = generatorSigns[33]
                }
                // Without the top bit it is the opposite of the point with all other bits the other way round.
                const negative = 1 - (bits >> top)
                const index = (bits ^ -negative) & ((1 << top) - 1)
                if (source === 0) {
                    registers[Register.PX] = table[2 * index]
                    registers[Register.PY] = table[2 * index + 1]
                } else {
                    registers[Register.PX] = loadDigits(comb, 64 * index)
                    registers[Register.PY] = loadDigits(comb, 64 * index + 32)
                }
                const sign = negative ^ even
                if (checked) infinite = await isZero(ZERO_Z, registers)
                await runP256(infinite ? starts[sign] : adds[sign], registers)
                if (
                    checked &&
                    !infinite &&
                    (await isZero(ZERO_A, registers)) &&
                    (await isZero(ZERO_B, registers))
                ) {
                    await runP256(starts[sign], registers)
                    await runP256(DOUBLE, registers)
                }
                infinite = false
                await pace(ADD_OPCODES)
            }
        }
        if (checked || !(await isZero(ZERO_Z, registers))) return
    }
}

/**
 * The public key of a scalar, 65 bytes, or the scalar times another one's public key: the shared secret is its x.
 */
export async function multiplyP256(
    scalar: Buffer,
    point: Buffer
): Promise<Buffer> {
    if (scalar.length !== P256_LENGTH || !isP256Scalar(scalar))
        fail(ErrorCode.CryptoScalar, "crypto: not a private key of P-256")
    noteOperation("P-256")
    const registers = await loadPoint(point)
    const signs = recode(scalar, point === null ? COMB_BITS : WINDOW_BITS)
    if (point === null) await multiplyPoints(registers, signs, null, null)
    else
        await multiplyPoints(
            registers,
            null,
            await oddMultiples(registers),
            signs
        )
    wipe(signs)
    await runP256(INVERT, registers)
    registers[Register.PX] = zeros(DIGITS)
    registers[Register.PY] = zeros(DIGITS)
    await runP256(AFFINE, registers)
    await runP256(LEAVE, registers)
    const result = Buffer.alloc(P256_POINT_LENGTH)
    const p = loadDigits(P256_P, 0)
    storeDigits(registers[Register.PX], p, result, 1)
    storeDigits(registers[Register.PY], p, result, 1 + P256_LENGTH)
    result[0] = 4
    for (const register of registers)
        for (let i = 0; i < DIGITS; i++) register[i] = 0
    return result
}
