/**
 * Signature schemes as parts: what a firmware does not name is not in its image.
 *
 * A scheme joins a TLS code point (RFC 8446 4.2.3), the algorithm identifiers of certificates (RFC 4055) and the
 * arithmetic of `crypto/`. Verifying gives nothing back: it throws when the signature is wrong.
 */
import { ErrorCode, errorCode, fail, failIf } from "../errors"
import { Hash } from "../crypto/hash"
import { verifyPkcs1 } from "../crypto/pkcs1"
import { verifyPss } from "../crypto/pss"
import { modulusBits, RsaPublicKey } from "../crypto/rsa"
import { algorithmName } from "./algorithm"
import { Der, Tag } from "./der"

export interface SignatureScheme {
    /** SignatureScheme of TLS. */
    code: number
    /** Content of the AlgorithmIdentifier of keys that it works with. */
    keyAlgorithm: Buffer
    /** Content of the AlgorithmIdentifier of certificates signed with it; null: it does not sign certificates. */
    certificateAlgorithm: Buffer
    /** Whether a TLS 1.3 CertificateVerify may use it (K4). */
    inTls13: boolean

    /**
     * @param keyBits the subject public key's bits
     * @throws LeafError one that `isWrongSignature` knows, or what is wrong with the key
     */
    verify(keyBits: Der, signed: Buffer, signature: Buffer): Promise<void>

    /**
     * Checks what can be seen of a key without using it, long before it is used; left out: nothing.
     *
     * @throws LeafError
     */
    checkKey?(keyBits: Der): void
}

/** RSASSA-PKCS1-v1_5, for certificates (and for TLS 1.2). */
export class RsaPkcs1 implements SignatureScheme {
    keyAlgorithm = rsaEncryption()
    inTls13 = false

    constructor(
        readonly hash: Hash,
        readonly code: number,
        readonly certificateAlgorithm: Buffer
    ) {}

    async verify(
        keyBits: Der,
        signed: Buffer,
        signature: Buffer
    ): Promise<void> {
        const key = readRsaKey(keyBits)
        const digest = await this.hash.digest(signed)
        // A certificate's copy is not kept in memory beside the big numbers.
        signed = null
        await verifyPkcs1(key, this.hash, digest, signature)
    }

    /** Every set with RSA has this class in it: P10 for all RSA keys. */
    checkKey(keyBits: Der): void {
        modulusBits(readRsaKey(keyBits))
    }
}

/**
 * RSASSA-PSS with a key of the plain RSA kind (`rsa_pss_rsae_…`), for handshakes; for certificates too, if it is given the
 * identifier with the one set of parameters that goes with the hash (`pssWithSha256` and so on): others are refused.
 */
export class RsaPss implements SignatureScheme {
    keyAlgorithm = rsaEncryption()
    inTls13 = true

    constructor(
        readonly hash: Hash,
        readonly code: number,
        readonly certificateAlgorithm: Buffer = null
    ) {}

    async verify(
        keyBits: Der,
        signed: Buffer,
        signature: Buffer
    ): Promise<void> {
        const key = readRsaKey(keyBits)
        const digest = await this.hash.digest(signed)
        await verifyPss(key, this.hash, digest, signature)
    }
}

/** rsaEncryption with its NULL parameters, RFC 4055 1.2. */
export function rsaEncryption(): Buffer {
    return hex`06092a864886f70d010101 0500`
}

/** sha256WithRSAEncryption with its NULL parameters, RFC 4055 5. */
export function sha256WithRsa(): Buffer {
    return hex`06092a864886f70d01010b 0500`
}

export function sha384WithRsa(): Buffer {
    return hex`06092a864886f70d01010c 0500`
}

export function sha512WithRsa(): Buffer {
    return hex`06092a864886f70d01010d 0500`
}

/** id-RSASSA-PSS, RFC 4055 3: SHA-256, MGF1 with SHA-256, a salt as long as the hash (K6), and the trailer left out. */
export function pssWithSha256(): Buffer {
    return hex`06092a864886f70d01010a 3034
        a00f 300d 0609608648016503040201 0500
        a11c 301a 06092a864886f70d010108 300d 0609608648016503040201 0500
        a203 020120`
}

export function pssWithSha384(): Buffer {
    return hex`06092a864886f70d01010a 3034
        a00f 300d 0609608648016503040202 0500
        a11c 301a 06092a864886f70d010108 300d 0609608648016503040202 0500
        a203 020130`
}

export function pssWithSha512(): Buffer {
    return hex`06092a864886f70d01010a 3034
        a00f 300d 0609608648016503040203 0500
        a11c 301a 06092a864886f70d010108 300d 0609608648016503040203 0500
        a203 020140`
}

/** RSAPublicKey, RFC 8017 A.1.1. Its size and exponent are not looked at. */
function readRsaKey(keyBits: Der): RsaPublicKey {
    const bits = new Der(keyBits.bytes, keyBits.at, keyBits.end)
    const key = bits.read(Tag.Sequence)
    bits.finish()
    const modulus = key.readPositiveInteger()
    const exponent = key.readSmallInteger()
    key.finish()
    return { modulus, exponent }
}

/**
 * The scheme for certificates with this signature algorithm, signed by a key with that algorithm.
 *
 * @throws LeafError X509UnsupportedSignature, X509KeyMismatch
 */
export function findCertificateScheme(
    schemes: SignatureScheme[],
    signatureAlgorithm: Der,
    keyAlgorithm: Der
): SignatureScheme {
    for (const scheme of schemes)
        if (scheme.certificateAlgorithm !== null)
            if (signatureAlgorithm.equals(scheme.certificateAlgorithm)) {
                failIf(
                    !keyAlgorithm.equals(scheme.keyAlgorithm),
                    ErrorCode.X509KeyMismatch,
                    "x509: a signature algorithm does not fit the issuer's key"
                )
                return scheme
            }
    fail(
        ErrorCode.X509UnsupportedSignature,
        `x509: signature algorithm ${algorithmName(signatureAlgorithm)} is not supported`
    )
}

/**
 * X3, P10: a key is of a kind and a size that the schemes are for; one of another kind is refused by its name.
 *
 * @throws LeafError X509UnsupportedKey, and what `SignatureScheme.checkKey` throws
 */
export function checkKey(
    schemes: SignatureScheme[],
    keyAlgorithm: Der,
    keyBits: Der
): void {
    let known = false
    for (const scheme of schemes)
        if (keyAlgorithm.equals(scheme.keyAlgorithm)) {
            known = true
            if (scheme.checkKey !== undefined) scheme.checkKey(keyBits)
        }
    if (!known)
        fail(
            ErrorCode.X509UnsupportedKey,
            `x509: key type ${algorithmName(keyAlgorithm)} is not supported`
        )
}

/** Whether an error of `verify` says that the signature is wrong, and not that something cannot be verified. */
export function isWrongSignature(error: any): boolean {
    const wrong = [
        ErrorCode.CryptoBadSignature,
        ErrorCode.CryptoSignatureEncoding,
        ErrorCode.CryptoSignatureLength,
        ErrorCode.CryptoSignatureRange,
    ]
    return wrong.indexOf(errorCode(error)) >= 0
}
