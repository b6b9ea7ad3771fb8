/**
 * ECDSA with P-256 as a signature scheme: RFC 5480 (keys), RFC 5758 3.2 (certificates), RFC 8446 4.2.3 and RFC 8422 5.1.3
 * (TLS).
 *
 * Certificates: a P-256 key may sign with SHA-256, SHA-384 or SHA-512; of longer digests the leftmost 256 bits count.
 *
 * TLS: `ecdsa_secp256r1_sha256` (0x0403) is P-256 with SHA-256 in both versions. 0x0503 and 0x0603 are ECDSA with SHA-384
 * and SHA-512 and a key of any curve in TLS 1.2, but in TLS 1.3 they are P-384 and P-521. So a scheme with one of those codes
 * does not verify a CertificateVerify (`inTls13` is false); it is for certificates and for TLS 1.2.
 */
import { verifyEcdsaP256 } from "../crypto/ecdsa"
import { Hash } from "../crypto/hash"
import { Der } from "./der"
import { SignatureScheme } from "./scheme"

const ECDSA_SECP256R1_SHA256 = 0x0403

export class EcdsaP256 implements SignatureScheme {
    keyAlgorithm = p256Key()
    inTls13: boolean

    constructor(
        readonly hash: Hash,
        readonly code: number,
        readonly certificateAlgorithm: Buffer
    ) {
        this.inTls13 = code === ECDSA_SECP256R1_SHA256
    }

    async verify(
        keyBits: Der,
        signed: Buffer,
        signature: Buffer
    ): Promise<void> {
        const digest = await this.hash.digest(signed)
        await verifyEcdsaP256(keyBits.copy(), digest, signature)
    }
}

/** id-ecPublicKey with the named curve prime256v1, RFC 5480 2.1.1; no other form of parameters is the same bytes (X3). */
export function p256Key(): Buffer {
    return hex`06072a8648ce3d0201 06082a8648ce3d030107`
}

/** ecdsa-with-SHA256, RFC 5758 3.2: there are no parameters. */
export function ecdsaWithSha256(): Buffer {
    return hex`06082a8648ce3d040302`
}

export function ecdsaWithSha384(): Buffer {
    return hex`06082a8648ce3d040303`
}

export function ecdsaWithSha512(): Buffer {
    return hex`06082a8648ce3d040304`
}
