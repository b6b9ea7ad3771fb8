/**
 * The pinned trust anchor, as it goes into a device's flash: a name and a public key, nothing else (RFC 5280 6.1.1 d).
 *
 * Dates and extensions of the owner's root are not pinned: trust in it was given by whoever wrote the flash.
 */
import { createPublicKey } from "node:crypto"
import type { Certificate } from "./certificate"
import { certificateParts } from "./der"

export interface PinnedAnchor {
    /** DER of the subject's Name, byte for byte as in the certificate. */
    subjectName: Buffer
    /** DER of the SubjectPublicKeyInfo. */
    publicKeyInfo: Buffer
    /** For an RSA key: big-endian, without leading zeros. */
    rsa?: { modulus: Buffer; exponent: number }
    /** For a P-256 key: the 65 bytes of the uncompressed point. */
    ecPoint?: Buffer
}

/** What a device needs to know of a CA in order to trust it. */
export function pinnedAnchor(
    certificate: Pick<Certificate, "der">
): PinnedAnchor {
    const { subjectName, publicKeyInfo } = certificateParts(certificate.der)
    const anchor = {
        subjectName: Buffer.from(subjectName),
        publicKeyInfo: Buffer.from(publicKeyInfo),
    }
    const key = createPublicKey({
        key: publicKeyInfo,
        type: "spki",
        format: "der",
    })
    const jwk = key.export({ format: "jwk" })
    const bytes = (text: unknown) => Buffer.from(String(text), "base64url")
    if (jwk.kty === "RSA")
        return {
            ...anchor,
            rsa: {
                modulus: bytes(jwk.n),
                exponent: parseInt(bytes(jwk.e).toString("hex"), 16),
            },
        }
    if (jwk.kty === "EC" && jwk.crv === "P-256")
        return {
            ...anchor,
            ecPoint: Buffer.concat([
                Buffer.from([4]),
                bytes(jwk.x),
                bytes(jwk.y),
            ]),
        }
    throw new Error(
        "pki: an anchor has an RSA or a P-256 key: make the owner CA with one of them"
    )
}
