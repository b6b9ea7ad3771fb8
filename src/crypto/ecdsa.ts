/**
 * ECDSA verification on P-256, FIPS 186-5 section 6.4.2, with the signature in DER (RFC 3279 section 2.2.3, check K5).
 *
 * Everything here is public: nothing is kept secret or wiped, and the time depends on the numbers. It does not refuse
 * the second signature that there is to each, (r, n - s): TLS and X.509 have no use for that.
 */
import { ErrorCode, fail, failIf } from "../errors"
import {
    invertModulo,
    loadDigits,
    multiplyModulo,
    storeDigits,
    subtract,
} from "./digits"
import { COMPARE, P256_N, Register, ZERO_Z } from "./fieldp256.g"
import { noteOperation } from "./operation"
import {
    isBelow,
    isP256Scalar,
    isZero,
    loadPoint,
    multiplyPoints,
    P256_LENGTH,
    recode,
} from "./p256"

/** p - n */
const P_LESS_N: Buffer = hex`000000000000000000000000000000004319055358e8617b0c46353d039cdaae`

/** The shortest digest: no hash below SHA-256 is used (K7). */
const MIN_DIGEST_LENGTH = 32

function malformed(): never {
    fail(
        ErrorCode.CryptoSignatureEncoding,
        "crypto: an ECDSA signature is malformed"
    )
}

/** Reads the INTEGER at `at` into 32 bytes, and returns where it ends. */
function readScalar(signature: Buffer, at: number, to: Buffer): number {
    if (at + 2 >= signature.length) malformed()
    if (signature[at] !== 2) malformed()
    let length = signature[at + 1]
    at = at + 2
    const end = at + length
    if (end > signature.length) malformed()
    if (length === 0) malformed()
    if (signature[at] >= 0x80) malformed()
    if (length > 1)
        if (signature[at] === 0) {
            at++
            length--
            if (signature[at] < 0x80) malformed()
        }
    // One that is too long stays 0, which is out of range as well.
    if (length <= P256_LENGTH)
        to.blitAt(P256_LENGTH - length, signature, at, length)
    failIf(
        !isP256Scalar(to),
        ErrorCode.CryptoSignatureRange,
        "crypto: an ECDSA signature is out of range"
    )
    return end
}

/**
 * Returns if `signature` is the key's over a message whose hash is `digest`, of which the leftmost 256 bits count.
 *
 * About 4.7 million opcodes, and 10 KB of heap while it runs.
 *
 * @param publicKey 65 bytes, uncompressed
 * @throws CryptoBadSignature; CryptoSignatureEncoding unless it is exactly a SEQUENCE of two positive INTEGERs in DER;
 * CryptoSignatureRange unless both are below n; CryptoPoint as `loadPoint`; CryptoDigestLength
 */
export async function verifyEcdsaP256(
    publicKey: Buffer,
    digest: Buffer,
    signature: Buffer
): Promise<void> {
    failIf(
        digest.length < MIN_DIGEST_LENGTH,
        ErrorCode.CryptoDigestLength,
        "crypto: the digest is too short"
    )
    const r = Buffer.alloc(P256_LENGTH)
    const u1 = Buffer.alloc(P256_LENGTH)
    const u2 = Buffer.alloc(P256_LENGTH)
    // r and s are at most 72 bytes: the long form of a length is never right.
    if (signature.length < 2) malformed()
    if (signature[0] !== 0x30) malformed()
    if (signature[1] !== signature.length - 2) malformed()
    if (signature[1] >= 0x80) malformed()
    // s, for a while in the place of u1.
    if (
        readScalar(signature, readScalar(signature, 2, r), u1) !==
        signature.length
    )
        malformed()

    noteOperation("ECDSA P-256")
    const registers = await loadPoint(publicKey)
    const n = loadDigits([], P256_N, 0)
    const x = loadDigits([], r, 0)
    const inverse = await invertModulo(loadDigits([], u1, 0), n)
    const e = loadDigits([], digest, 0)
    storeDigits(await multiplyModulo(e, inverse, n), n, u1, 0)
    storeDigits(await multiplyModulo(x, inverse, n), n, u2, 0)
    await multiplyPoints(registers, recode(u2), recode(u1))
    // The x of R is X / Z^2. It is below p, and modulo n it has to be r: so it may be r + n. At infinity there is none.
    let good = false
    if (!(await isZero(ZERO_Z, registers))) {
        registers[Register.PX] = x
        good = await isZero(COMPARE, registers)
        if (!good)
            if (isBelow(r, 0, P_LESS_N)) {
                subtract(x, n, -1, 0)
                good = await isZero(COMPARE, registers)
            }
    }
    failIf(
        !good,
        ErrorCode.CryptoBadSignature,
        "crypto: the ECDSA signature is wrong"
    )
}
