/**
 * The RSA public operation, RFC 8017 section 5.2.2, for verifying signatures. The arithmetic is in `montgomery.g.ts`.
 *
 * Moduli of any bit length from 2048 to 4096, odd, and the exponent 65537 only: what certificate authorities use
 * (RFC 8017 allows others; the CA/Browser Forum's requirements do not recommend them). Primality, and whether the
 * modulus has small factors, is not looked at: a certificate vouches for the key.
 *
 * Everything here is public: nothing is kept secret or wiped. 2048 bits take about 1.8 million opcodes and 4 KB of heap
 * while they are calculated, 4096 bits 6.2 million and 8 KB; 3.5 KB of bytecode with the arithmetic.
 */
import { ErrorCode, fail, failIf } from "../errors"
import { power65537 } from "./montgomery.g"
import { noteOperation } from "./operation"

/** Below this, refused (check P10). */
const MIN_MODULUS_BITS = 2048

/** Above this, refused (check P10): a longer one would take minutes. */
const MAX_MODULUS_BITS = 4096

const PUBLIC_EXPONENT = 65537

export interface RsaPublicKey {
    /** Big-endian, without leading zeros. */
    modulus: Buffer
    exponent: number
}

/**
 * The bit length of an acceptable key's modulus.
 *
 * @throws CryptoModulus, CryptoExponent
 */
export function modulusBits(key: RsaPublicKey): number {
    const n = key.modulus
    let bits = 8 * n.length
    for (let bit = 128; bit > 0 && (n[0] & bit) === 0; bit = bit >> 1) bits--
    failIf(
        bits < MIN_MODULUS_BITS ||
            bits > MAX_MODULUS_BITS ||
            n[0] === 0 ||
            (n[n.length - 1] & 1) === 0,
        ErrorCode.CryptoModulus,
        "crypto: RSA modulus not odd or not of 2048 to 4096 bits"
    )
    failIf(
        key.exponent !== PUBLIC_EXPONENT,
        ErrorCode.CryptoExponent,
        "crypto: RSA exponent is not 65537"
    )
    return bits
}

/**
 * `input` to the power of 65537 modulo the key's modulus, as many bytes as the modulus has.
 *
 * @throws CryptoModulus, CryptoExponent; CryptoSignatureLength unless `input` has exactly the modulus' length;
 * CryptoSignatureRange unless it is below the modulus
 */
export async function rsaPublicOperation(
    key: RsaPublicKey,
    input: Buffer
): Promise<Buffer> {
    const bits = modulusBits(key)
    const n = key.modulus
    failIf(
        input.length !== n.length,
        ErrorCode.CryptoSignatureLength,
        "crypto: RSA signature and modulus differ in length"
    )
    let i = 0
    while (i < n.length && input[i] === n[i]) i++
    failIf(
        i === n.length || input[i] > n[i],
        ErrorCode.CryptoSignatureRange,
        "crypto: RSA signature is not below the modulus"
    )
    noteOperation(`RSA-${bits}`)
    return await power65537(input, n, bits)
}

/** What the verifiers of `pkcs1.ts` and `pss.ts` throw when a signature does not hold. */
export function failSignature(): never {
    fail(ErrorCode.CryptoBadSignature, "crypto: the RSA signature is wrong")
}

/** @throws CryptoDigestLength unless a digest has its hash's length: another one would shift the padding */
export function checkDigestLength(digest: Buffer, length: number): void {
    failIf(
        digest.length !== length,
        ErrorCode.CryptoDigestLength,
        "crypto: the digest has not its hash's length"
    )
}
