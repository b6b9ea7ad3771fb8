/**
 * P-256: Diffie-Hellman (SEC 1 section 3.3.1, SP 800-56A section 5.7.1.2) on the curve of SP 800-186 section 3.2.1.3,
 * and the sum of two multiples that verifying ECDSA needs. The arithmetic is in `fieldp256.g.ts` and `digits.ts`.
 *
 * No point is special to a scalar from 1 to n - 1. It is written as a sum of all powers of 2, each added or taken off, so
 * that there is never nothing to add; and the formulas for adding, which do not hold for equal or opposite points, leave
 * Z = 0 for good when they meet them. Then, and only then, the sum is calculated again with a look before and after each
 * step. With one scalar that happens for less than one in 2^230 of all: 2 m P + d P with m = d modulo n can only come at the
 * end of the windows, for n - 2 to n - 30, and in the last two columns of the comb (the proof is in `tools/p256comb.ts`).
 * With two scalars whoever chooses the key can bring it about; but there nothing is secret.
 *
 * About time: for one scalar the same instructions run on the same registers whatever it is (but for that one in 2^230).
 * Its bits choose, by index, what comes from a table and which of two programs of equal length adds it. More is not
 * promised: see `x25519.ts`, whose remarks hold here as well. Use each scalar once.
 *
 * Secrets: what was made of the scalar and all registers are overwritten before return; the caller owns and wipes the
 * scalar and the result.
 */
import { wipe } from "../bytes"
import { ErrorCode, fail } from "../errors"
import { approximate, loadDigits, storeDigits } from "./digits"
import {
    ADD,
    DOUBLE,
    ENTER,
    FINISH,
    generatorComb,
    INVERT,
    MULTIPLES,
    MULTIPLES_NEXT,
    MULTIPLES_Z,
    P256_N,
    P256_P,
    Register,
    REGISTERS,
    runP256,
    START,
    START_NEGATIVE,
    SUBTRACT,
    WIPE,
    ZERO_A,
    ZERO_B,
    ZERO_Z,
} from "./fieldp256.g"
import { noteOperation } from "./operation"
import { pace } from "./pace"

/** Bytes of a scalar and of a coordinate. */
export const P256_LENGTH = 32

/** Bytes of a public key: 4, x, y. */
export const P256_POINT_LENGTH = 65

/** Scalars are looked at in windows of 4 bits: the odd multiples up to 15. */
const MULTIPLES_COUNT = 8

/** Opcodes of DOUBLE and of ADD with what goes with it, as measured, rounded up. */
const DOUBLE_OPCODES = 10500
const ADD_OPCODES = 16000

/** Opcodes of `loadPoint` and of MULTIPLES, as measured, rounded up. */
const LOAD_OPCODES = 35000

/** Whether the number of 32 bytes from `at` on is below the other one; in the same steps whatever they are. */
export function isBelow(bytes: Buffer, at: number, limit: Buffer): boolean {
    let borrow = 0
    for (let i = P256_LENGTH - 1; i >= 0; i--)
        borrow = (bytes[at + i] - limit[i] + borrow) >> 8
    return borrow < 0
}

/** Whether these are 32 bytes, and a number from 1 to n - 1. */
export function isP256Scalar(bytes: Buffer): boolean {
    if (bytes.length !== P256_LENGTH) return false
    const one = hex`0000000000000000000000000000000000000000000000000000000000000001`
    if (isBelow(bytes, 0, one)) return false
    return isBelow(bytes, 0, P256_N)
}

/**
 * Registers with a point in PX and PY; without one for `null`.
 *
 * @throws CryptoPoint unless it is an uncompressed point of the curve: 65 bytes, the first 4, coordinates below p (K2).
 * Each such point is a multiple of the generator, and infinity has no such form.
 */
export async function loadPoint(point: Buffer): Promise<number[][]> {
    await pace(LOAD_OPCODES)
    const registers: number[][] = []
    for (let at = 0; at < REGISTERS.length; at = at + P256_LENGTH)
        registers.push(loadDigits([], REGISTERS, at))
    if (point === null) return registers
    if (point.length === P256_POINT_LENGTH)
        if (point[0] === 4)
            if (isBelow(point, 1, P256_P))
                if (isBelow(point, 1 + P256_LENGTH, P256_P)) {
                    loadDigits(registers[Register.PX], point, 1)
                    loadDigits(registers[Register.PY], point, 1 + P256_LENGTH)
                    if (await isZero(ENTER, registers)) return registers
                }
    fail(ErrorCode.CryptoPoint, "crypto: not a point of P-256")
}

/** Whether a program leaves 0 in D. */
export async function isZero(
    program: Buffer,
    registers: number[][]
): Promise<boolean> {
    await runP256(program, registers)
    return approximate(registers[Register.D]) === 0
}

/** The x and y of 1, 3, … 15 times the point in PX and PY, as the machine has them, 32 bytes each. */
async function oddMultiples(registers: number[][]): Promise<Buffer> {
    const p = loadDigits([], P256_P, 0)
    const table = Buffer.alloc(64 * MULTIPLES_COUNT)
    const points: number[][] = []
    storeDigits(registers[Register.PX], p, table, 0)
    storeDigits(registers[Register.PY], p, table, P256_LENGTH)
    await runP256(MULTIPLES, registers)
    while (points.length < 3 * MULTIPLES_COUNT - 3) {
        await runP256(ADD, registers)
        points.push(registers[Register.X].slice())
        points.push(registers[Register.Y].slice())
        points.push(registers[Register.A].slice())
        await pace(ADD_OPCODES)
    }
    // The z of each is that of the one before times its A: one inversion is enough.
    await runP256(MULTIPLES_Z, registers)
    await runP256(INVERT, registers)
    for (let at = 64 * MULTIPLES_COUNT - 64; at > 0; at = at - 64) {
        registers[Register.E] = points.pop()
        registers[Register.PY] = points.pop()
        registers[Register.PX] = points.pop()
        await runP256(MULTIPLES_NEXT, registers)
        storeDigits(registers[Register.PX], p, table, at)
        storeDigits(registers[Register.PY], p, table, at + P256_LENGTH)
        await pace(ADD_OPCODES)
    }
    return table
}

/**
 * The signs of all powers of 2 below 2^256 whose sum is k, or n - k if k is even: 2^i is added if the bit i + 1 of the
 * result is set (the lowest byte comes first), and else taken off. The last byte says whether k was even.
 */
export function recode(k: Buffer): Buffer {
    const signs = Buffer.alloc(34)
    const even = 1 - (k[P256_LENGTH - 1] & 1)
    let carry = 0
    for (let i = 0; i < P256_LENGTH; i++) {
        const from = P256_LENGTH - 1 - i
        carry = carry + P256_N[from] * even + k[from] * (1 - 2 * even)
        signs[i] = carry
        carry = carry >> 8
    }
    signs[32] = 1
    signs[33] = even
    return signs
}

/**
 * (X, Y, Z) becomes the sum of a multiple of the point in PX and PY and one of the generator; Z is 0 for infinity.
 * The scalars are as `recode` makes them, or null.
 */
export async function multiplyPoints(
    registers: number[][],
    pointSigns: Buffer,
    generatorSigns: Buffer
): Promise<void> {
    const adds = [ADD, SUBTRACT]
    const starts = [START, START_NEGATIVE]
    let table: Buffer = null
    if (pointSigns !== null) table = await oddMultiples(registers)
    for (let checked = false; ; checked = true) {
        let infinite = true
        for (let i = 255; i >= 0; i--) {
            if (!infinite) await runP256(DOUBLE, registers)
            await pace(DOUBLE_OPCODES)
            for (let source = 0; source < 2; source++) {
                // The point's scalar has windows of 4 bits, the generator's a comb with 8 teeth.
                let signs = pointSigns
                let from = table
                let top = 3
                let spacing = 1
                if (source === 0) {
                    if ((i & 3) !== 0) continue
                } else {
                    if (i >= 32) continue
                    signs = generatorSigns
                    from = generatorComb()
                    top = 7
                    spacing = 32
                }
                if (signs === null) continue
                let bits = 0
                let at = i + 1
                for (let j = 0; j <= top; j++) {
                    bits = bits | (((signs[at >> 3] >> (at & 7)) & 1) << j)
                    at = at + spacing
                }
                // Without the top bit it is the opposite of the point with all other bits the other way round.
                const negative = 1 - (bits >> top)
                const index = (bits ^ -negative) & ((1 << top) - 1)
                const sign = negative ^ signs[33]
                loadDigits(registers[Register.PX], from, 64 * index)
                loadDigits(registers[Register.PY], from, 64 * index + 32)
                if (checked) infinite = await isZero(ZERO_Z, registers)
                if (infinite) await runP256(starts[sign], registers)
                else await runP256(adds[sign], registers)
                infinite = false
                if (checked)
                    if (await isZero(ZERO_A, registers))
                        if (await isZero(ZERO_B, registers)) {
                            await runP256(starts[sign], registers)
                            await runP256(DOUBLE, registers)
                        }
                await pace(ADD_OPCODES)
            }
        }
        if (checked) return
        if (!(await isZero(ZERO_Z, registers))) return
    }
}

/**
 * The public key of a scalar, 65 bytes; or the scalar times another one's public key, if there is one and not `null`. Of
 * that the x, 32 bytes from the second on, is the shared secret.
 *
 * 1.1 and 4.0 million opcodes; 4 and 7.5 KB of heap while it runs.
 *
 * @throws CryptoScalar unless the scalar is 32 bytes from 1 to n - 1; CryptoPoint as `loadPoint`
 */
export async function multiplyP256(
    scalar: Buffer,
    point: Buffer
): Promise<Buffer> {
    if (!isP256Scalar(scalar))
        fail(ErrorCode.CryptoScalar, "crypto: not a private key of P-256")
    noteOperation("P-256")
    const registers = await loadPoint(point)
    const signs = recode(scalar)
    if (point === null) await multiplyPoints(registers, null, signs)
    else await multiplyPoints(registers, signs, null)
    wipe(signs)
    await runP256(INVERT, registers)
    await runP256(FINISH, registers)
    const result = Buffer.alloc(P256_POINT_LENGTH)
    const p = loadDigits([], P256_P, 0)
    storeDigits(registers[Register.PX], p, result, 1)
    storeDigits(registers[Register.PY], p, result, 1 + P256_LENGTH)
    result[0] = 4
    await runP256(WIPE, registers)
    return result
}
