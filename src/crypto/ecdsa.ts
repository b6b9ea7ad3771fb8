/** ECDSA verification on P-256, FIPS 186-5 section 6.4.2, with the signature in DER (RFC 3279 section 2.2.3). */
import { ErrorCode, fail } from "../errors"
import {
    approximate,
    invertModulo,
    loadDigits,
    multiplyModulo,
    reduce,
    storeDigits,
    subtract,
} from "./digits"
import {
    AFFINE,
    ENTER_INVERSE,
    LEAVE,
    P256_N,
    P256_P,
    Register,
    runP256,
    ZERO_Z,
} from "./fieldp256.g"
import { noteOperation } from "./operation"
import {
    COMB_BITS,
    isP256Scalar,
    loadPoint,
    multiplyPoints,
    oddMultiples,
    P256_LENGTH,
    recode,
    WINDOW_BITS,
} from "./p256"

/** r and s, 32 bytes each. */
function readSignature(signature: Buffer): Buffer[] {
    // A length of 128 bytes or more would take the long form; that of a SEQUENCE of two such integers cannot.
    let good =
        signature.length < 130 &&
        signature[0] === 0x30 &&
        signature[1] === signature.length - 2
    const numbers: Buffer[] = []
    let at = 2
    while (good && numbers.length < 2) {
        // INTEGER, positive, minimal.
        let length = signature[at + 1]
        at = at + 2
        good =
            at < signature.length &&
            signature[at - 2] === 2 &&
            length > 0 &&
            at + length <= signature.length &&
            signature[at] < 0x80 &&
            (signature[at] !== 0 || length === 1 || signature[at + 1] >= 0x80)
        if (good) {
            if (signature[at] === 0) {
                at++
                length--
            }
            const number = Buffer.alloc(P256_LENGTH)
            if (length <= P256_LENGTH)
                number.blitAt(P256_LENGTH - length, signature, at, length)
            at = at + length
            numbers.push(number)
        }
    }
    if (!good || at !== signature.length)
        fail(
            ErrorCode.CryptoSignatureEncoding,
            "crypto: an ECDSA signature is malformed"
        )
    // One that is too long is 0 here, which is out of range as well.
    for (const number of numbers)
        if (!isP256Scalar(number))
            fail(
                ErrorCode.CryptoSignatureRange,
                "crypto: an ECDSA signature is out of range"
            )
    return numbers
}

export async function verifyEcdsaP256(
    publicKey: Buffer,
    digest: Buffer,
    signature: Buffer
): Promise<void> {
    const numbers = readSignature(signature)
    noteOperation("ECDSA P-256")
    const registers = await loadPoint(publicKey)
    const table = await oddMultiples(registers)
    const n = loadDigits(P256_N, 0)
    const r = loadDigits(numbers[0], 0)
    const inverse = await invertModulo(loadDigits(numbers[1], 0), n)
    // u1 and u2 take the places of r and s.
    storeDigits(
        multiplyModulo(loadDigits(digest, 0), inverse, n),
        n,
        numbers[0],
        0
    )
    storeDigits(multiplyModulo(r, inverse, n), n, numbers[1], 0)
    await multiplyPoints(
        registers,
        recode(numbers[0], COMB_BITS),
        table,
        recode(numbers[1], WINDOW_BITS)
    )
    const p = loadDigits(P256_P, 0)
    registers[Register.A] = await invertModulo(registers[Register.Z], p)
    await runP256(ENTER_INVERSE, registers)
    await runP256(AFFINE, registers)
    await runP256(LEAVE, registers)
    const x = registers[Register.PX]
    if (approximate(x) < 0) subtract(x, p, -1, 0)
    // x is below p, and so below 2 n: it may be r + n.
    subtract(x, r, 1, 0)
    reduce(x, n, [], [])
    if (approximate(x) !== 0)
        fail(
            ErrorCode.CryptoBadSignature,
            "crypto: the ECDSA signature is wrong"
        )
}
