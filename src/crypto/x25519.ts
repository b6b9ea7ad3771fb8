/**
 * X25519: Diffie-Hellman on Curve25519, RFC 7748 sections 5 and 6.1.
 *
 * The arithmetic is in `field25519.g.ts`. One operation takes 3.2 million opcodes and some 60 yields; 2.8 KB of bytecode
 * with the field and `limbs.ts`; 2.6 KB of heap while it runs.
 *
 * About time: the same instructions run on the same registers whatever the scalar is, and no branch depends on a
 * secret: the conditional swap chooses two registers by index. That is as far as a promise goes. The interpreter
 * converts doubles that happen to be integers, software floating point takes longer for some operands, and the
 * addresses that are read do depend on the scalar. Use each key once, as TLS does here: then there is nothing to average over.
 *
 * Secrets: the scalar's copy and all registers are overwritten before return; the caller owns and wipes the scalar and
 * the result. Doubles that the interpreter left on its stack are out of reach.
 */
import { ErrorCode, failIf } from "../errors"
import { wipe } from "../bytes"
import {
    DIVIDE,
    FIELD_WIDTHS,
    LADDER_STEP,
    LADDER_STEP_OPCODES,
    Register,
    runField,
} from "./field25519.g"
import { loadLimbs, storeLimbs } from "./limbs"
import { noteOperation } from "./operation"
import { pace } from "./pace"

/** Bytes of a scalar, a public key and a shared secret. */
export const X25519_LENGTH = 32

/**
 * The shared secret of a scalar and the other side's public key, 32 bytes each.
 *
 * As RFC 7748 has it, the scalar is clamped, the top bit of `u` is ignored and values from p to 2^255 - 1 are taken
 * modulo p.
 *
 * @throws CryptoKeyLength if a length is not 32
 * @throws CryptoWeakKeyShare if the result is all zeros: `u` was of low order, the secret would be known to everybody
 * (check K2; RFC 7748 6.1 leaves it open, RFC 8446 7.4.2 requires it, so it is always done)
 */
export async function x25519(scalar: Buffer, u: Buffer): Promise<Buffer> {
    failIf(
        scalar.length !== X25519_LENGTH || u.length !== X25519_LENGTH,
        ErrorCode.CryptoKeyLength,
        "crypto: X25519 takes 32 bytes"
    )
    noteOperation("X25519")
    const k = scalar.slice()
    k[0] = k[0] & 248
    k[31] = (k[31] & 127) | 64

    const one = hex`01`
    const zero = hex`00`
    const registers: number[][] = []
    // In the order of Register: (1 : 0) and (u : 1), five temporaries, u.
    for (const bytes of [one, zero, u, one, zero, zero, zero, zero, zero, u])
        registers.push(loadLimbs(bytes, FIELD_WIDTHS))
    const x = [registers[Register.X2], registers[Register.X3]]
    const z = [registers[Register.Z2], registers[Register.Z3]]
    for (let i = 254; i >= 0; i--) {
        const bit = (k[i >> 3] >> (i & 7)) & 1
        registers[Register.X2] = x[bit]
        registers[Register.Z2] = z[bit]
        registers[Register.X3] = x[1 - bit]
        registers[Register.Z3] = z[1 - bit]
        await runField(LADDER_STEP, registers)
        if ((i & 1) === 0) await pace(2 * LADDER_STEP_OPCODES)
    }
    // The lowest bit of a clamped scalar is 0: X2 and Z2 are where they began.
    await runField(DIVIDE, registers)
    const result = storeLimbs(registers[Register.X2], FIELD_WIDTHS, 19, 32)

    wipe(k)
    let any = 0
    for (let i = 0; i < X25519_LENGTH; i++) any = any | result[i]
    for (const register of registers)
        for (let i = 0; i < register.length; i++) register[i] = 0
    failIf(
        any === 0,
        ErrorCode.CryptoWeakKeyShare,
        "crypto: X25519 public key of low order"
    )
    return result
}

/** The public key of a scalar of 32 random bytes: the scalar times the base point 9. */
export async function x25519PublicKey(scalar: Buffer): Promise<Buffer> {
    const base = Buffer.alloc(X25519_LENGTH)
    base[0] = 9
    return await x25519(scalar, base)
}
