/**
 * Whether a client's certificate proves a device: the path from it to a registered CA (RFC 5280 6.1, as far as it concerns clients).
 *
 * Each certificate of the path: signed by the next one, within its time on the gateway's clock, with an RSA key of 2,048 bits or more or an
 * EC one, signed over SHA-256 or better, without a critical extension that is not checked here. CAs: basicConstraints with CA, its path
 * length, keyCertSign if there is a keyUsage. The device's own: no CA, and clientAuth if there is an extended key usage. The path ends in a
 * registered CA, wherever that stands in its own hierarchy.
 *
 * Not checked: revocation (a device is disabled in the registry), name constraints and policies (refused if they are critical).
 */
import "reflect-metadata"
import type { X509Certificate } from "node:crypto"
import {
    BasicConstraintsExtension,
    ExtendedKeyUsageExtension,
    KeyUsageFlags,
    KeyUsagesExtension,
    X509Certificate as Parsed,
} from "@peculiar/x509"
import type { RefusalReason } from "./events"

/** From the device's certificate to the one below the registered CA. */
const MAX_DEPTH = 4
const MIN_RSA_BITS = 2048
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
const HASHES = ["SHA-256", "SHA-384", "SHA-512"]

/** What is checked here, or says nothing about whether the path is good. */
const KNOWN_EXTENSIONS = [
    "2.5.29.14", // subjectKeyIdentifier
    "2.5.29.15", // keyUsage
    "2.5.29.17", // subjectAltName
    "2.5.29.19", // basicConstraints
    "2.5.29.35", // authorityKeyIdentifier
    "2.5.29.37", // extKeyUsage
]

export interface CertificateRefusal {
    ok: false
    reason: RefusalReason
    message: string
}

export type PathVerdict =
    | {
          ok: true
          /** The last second, since 1970, in which all of the path is good. */
          lastSec: number
      }
    | CertificateRefusal

/** The time in which a certificate is good, in seconds since 1970, both included. */
export function validity(certificate: X509Certificate): {
    firstSec: number
    lastSec: number
} {
    const { notBefore, notAfter } = new Parsed(certificate.raw)
    return {
        firstSec: Math.ceil(notBefore.getTime() / 1000),
        lastSec: Math.floor(notAfter.getTime() / 1000),
    }
}

/** Refuses a certificate outside its time. */
export function checkTime(
    certificate: X509Certificate,
    nowMs: number
): CertificateRefusal | undefined {
    const { firstSec, lastSec } = validity(certificate)
    const nowSec = Math.floor(nowMs / 1000)
    if (nowSec >= firstSec && nowSec <= lastSec) return undefined
    return refuse(
        "expired-certificate",
        nowSec > lastSec
            ? "the certificate, or one above it, has expired: make another one"
            : "the certificate, or one above it, is not valid yet: compare the clocks"
    )
}

/** What makes a certificate no CA that others could be under; nothing, if it is one. */
export function caFault(
    certificate: X509Certificate,
    below = 0
): string | undefined {
    const parsed = new Parsed(certificate.raw)
    const constraints = parsed.getExtension(BasicConstraintsExtension)
    if (constraints?.ca !== true) return "it is no CA (basicConstraints)"
    if (constraints.pathLength !== undefined && constraints.pathLength < below)
        return "its path length allows no such path"
    const usages = parsed.getExtension(KeyUsagesExtension)?.usages
    if (usages !== undefined && (usages & KeyUsageFlags.keyCertSign) === 0)
        return "it may not sign certificates (keyUsage)"
    return commonFault(certificate, parsed)
}

/** Whether one certificate is signed by the other, by name and by signature. */
export function isIssuedBy(
    certificate: X509Certificate,
    issuer: X509Certificate
): boolean {
    try {
        return (
            certificate.checkIssued(issuer) &&
            certificate.verify(issuer.publicKey)
        )
    } catch {
        // A key of a kind that OpenSSL has no use for.
        return false
    }
}

/** The CN, if there is exactly one. */
export function commonName(certificate: X509Certificate): string | undefined {
    const names = new Parsed(certificate.raw).subjectName.getField("CN")
    return names.length === 1 ? names[0] : undefined
}

/**
 * Judges the path from a device's certificate to one of the registered CAs.
 *
 * @param others what else the client has sent, in any order
 */
export function judgePath(
    leaf: X509Certificate,
    others: readonly X509Certificate[],
    authorities: readonly X509Certificate[],
    nowMs: number
): PathVerdict {
    const parsed = new Parsed(leaf.raw)
    if (parsed.getExtension(BasicConstraintsExtension)?.ca === true)
        return untrusted(
            "the certificate is that of a CA: a device has its own"
        )
    const usages = parsed.getExtension(ExtendedKeyUsageExtension)?.usages
    if (usages !== undefined && !usages.includes(CLIENT_AUTH))
        return untrusted(
            "the certificate is not for clients (extended key usage)"
        )
    const fault = commonFault(leaf, parsed)
    if (fault !== undefined) return untrusted(`of the certificate, ${fault}`)
    let nearest: CertificateRefusal | undefined
    const walk = (path: X509Certificate[]): PathVerdict | undefined => {
        const top = path[path.length - 1]
        const late = checkTime(top, nowMs)
        if (late) {
            nearest = late
            return undefined
        }
        for (const authority of authorities)
            if (isIssuedBy(top, authority)) {
                const verdict = judgeTop(authority, path, nowMs)
                if (verdict.ok) return verdict
                nearest = verdict
            }
        if (path.length >= MAX_DEPTH) return undefined
        for (const other of others) {
            if (path.includes(other) || !isIssuedBy(top, other)) continue
            const ca = caFault(other, path.length - 1)
            if (ca !== undefined) {
                nearest = untrusted(`of a CA in between, ${ca}`)
                continue
            }
            const verdict = walk([...path, other])
            if (verdict) return verdict
        }
        return undefined
    }
    return (
        walk([leaf]) ??
        nearest ??
        untrusted(
            "the certificate does not lead to a CA that is registered and verified: register it, or have the device send the CAs in between"
        )
    )
}

function judgeTop(
    authority: X509Certificate,
    path: readonly X509Certificate[],
    nowMs: number
): PathVerdict {
    const fault = caFault(authority, path.length - 1)
    if (fault !== undefined) return untrusted(`of the registered CA, ${fault}`)
    return (
        checkTime(authority, nowMs) ?? {
            ok: true,
            lastSec: Math.min(
                ...[...path, authority].map(one => validity(one).lastSec)
            ),
        }
    )
}

/** What is wrong with any certificate of a path. */
function commonFault(
    { publicKey }: X509Certificate,
    parsed: Parsed
): string | undefined {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey
    if (type === "rsa" && (details?.modulusLength ?? 0) < MIN_RSA_BITS)
        return `the key has fewer than ${MIN_RSA_BITS} bits`
    const { hash } = parsed.signatureAlgorithm as { hash?: { name: string } }
    // Ed25519 has no hash of its own to name.
    if (hash && !HASHES.includes(hash.name))
        return `the signature is over ${hash.name}`
    const unknown = parsed.extensions.find(
        one => one.critical && !KNOWN_EXTENSIONS.includes(one.type)
    )
    return unknown && `the critical extension ${unknown.type} is not known`
}

function untrusted(message: string): CertificateRefusal {
    return refuse("untrusted-certificate", message)
}

function refuse(reason: RefusalReason, message: string): CertificateRefusal {
    return { ok: false, reason, message }
}
