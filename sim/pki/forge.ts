/**
 * Certificates that no honest CA issues, for tests of a verifier: DER is patched and, where wanted, signed again.
 *
 * Nothing here checks that the result makes sense; that is the point.
 */
import { sign, type KeyObject } from "node:crypto"
import {
    certificateFromDer,
    type Certificate,
    type HashName,
} from "./certificate"
import { assembleCertificate, certificateParts } from "./der"

/** The same certificate with the last bit of its signature flipped. */
export function corruptSignature(certificate: Certificate): Certificate {
    const der = Buffer.from(certificate.der)
    der[der.length - 1] ^= 1
    return certificateFromDer(der, certificate.keys)
}

export interface Forgery {
    /** Gets a copy of the TBSCertificate and gives the one to sign. */
    tbs?: (tbs: Buffer) => Buffer
    /** The outer signatureAlgorithm, DER; that of the certificate if left out. */
    signatureAlgorithm?: Buffer
    /** The key that signs. Without one the old signature stays, which no longer fits a changed content. */
    signingKey?: KeyObject
    /** The hash of the new signature; SHA-256. */
    hash?: HashName
}

/** Changes the inside of a certificate. The result is bytes: it need not be a certificate that anything can parse. */
export function forge(certificate: Certificate, forgery: Forgery): Buffer {
    const parts = certificateParts(certificate.der)
    const tbs = forgery.tbs ? forgery.tbs(Buffer.from(parts.tbs)) : parts.tbs
    const signature = forgery.signingKey
        ? sign(forgery.hash ?? "SHA-256", tbs, forgery.signingKey)
        : parts.signature
    return assembleCertificate(
        tbs,
        forgery.signatureAlgorithm ?? parts.signatureAlgorithm,
        signature
    )
}

/** Replaces the only place where `from` stands; throws if there is none or more than one. */
export function replaceOnce(bytes: Buffer, from: Buffer, to: Buffer): Buffer {
    const at = bytes.indexOf(from)
    if (at < 0 || bytes.indexOf(from, at + 1) >= 0)
        throw new RangeError(
            "pki: the bytes to replace must occur exactly once"
        )
    return Buffer.concat([
        bytes.subarray(0, at),
        to,
        bytes.subarray(at + from.length),
    ])
}
