/**
 * The owner's CA as provisioning takes it: read from PEM or DER, and whether a device can be told to trust it.
 *
 * A device pins the CA's name and key, nothing else: dates and extensions are looked at here, once, or never. Not done: asking anybody
 * whether the CA is revoked.
 */
import "reflect-metadata"
import { BasicConstraintsExtension, X509Certificate } from "@peculiar/x509"
import {
    createPublicKey,
    type KeyObject,
    X509Certificate as NodeCertificate,
} from "node:crypto"
import { Failure } from "../cli/failure"
import { Buffer as DeviceBuffer } from "../shim/buffer"

/** RSA keys that a device can verify with (`src/crypto`). */
const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 4096

/** A CA in the form in which devices keep it, both parts DER. */
export interface Anchor {
    subject: DeviceBuffer
    subjectPublicKeyInfo: DeviceBuffer
}

/** @throws Failure unless it is one certificate, of a CA */
export function readAnchor(certificate: string | Uint8Array): Anchor {
    if (
        typeof certificate === "string" &&
        certificate.split("-----BEGIN CERTIFICATE-----").length > 2
    )
        throw new Failure(
            "The file with the owner's CA holds several certificates: give one with the CA alone that is to be trusted."
        )
    let parsed: X509Certificate
    try {
        parsed = new X509Certificate(certificate)
    } catch {
        throw new Failure(
            "The owner's CA is no X.509 certificate in PEM or DER: give the file with the root (or the CA that your gateway's chain ends in)."
        )
    }
    // A root of version 1 has no extensions at all, and nothing says that it is a CA.
    const isCa = parsed.getExtension(BasicConstraintsExtension)?.ca
    if (!isCa && parsed.extensions.length)
        throw new Failure(
            "The certificate is not of a CA: the gateway's own is renewed about monthly, so give the root (or the CA that your gateway's chain ends in)."
        )
    const name = new Uint8Array(parsed.subjectName.toArrayBuffer())
    const key = new Uint8Array(parsed.publicKey.rawData)
    return {
        subject: DeviceBuffer.from(name),
        subjectPublicKeyInfo: DeviceBuffer.from(key),
    }
}

/**
 * A CA as devices take it by the method `leaf.changeSettings`: base64 of its name and its key, both as DER.
 *
 * @param certificate PEM or DER
 * @throws Failure with what is wrong
 */
export function anchorText(certificate: string | Uint8Array): string {
    const { subject, subjectPublicKeyInfo } = readAnchor(certificate)
    return Buffer.concat([
        subject as unknown as Uint8Array,
        subjectPublicKeyInfo as unknown as Uint8Array,
    ]).toString("base64")
}

/** The key of a CA as a device keeps it: name and key, both DER. */
export function anchorKey(anchor: DeviceBuffer): KeyObject {
    const { readTrustAnchor } = require("../../src/x509/path") as {
        readTrustAnchor(der: DeviceBuffer): { keyAt: number }
    }
    const { keyAt } = readTrustAnchor(anchor)
    const key = Buffer.from(anchor as unknown as Uint8Array).subarray(keyAt)
    return createPublicKey({ key, type: "spki", format: "der" })
}

/** The content of a file with a certificate: text if it is PEM, else bytes. */
export function certificateContent(content: Uint8Array): string | Uint8Array {
    const text = Buffer.from(content).toString("latin1")
    return text.includes("-----BEGIN ") ? text : new Uint8Array(content)
}

/**
 * Looks at the CAs that are to be pinned, beyond what `readAnchor` does.
 *
 * @param acceptIntermediate a CA may have been signed by another one
 * @returns what is not wrong, and worth knowing
 * @throws Failure with what is wrong
 */
export function checkAnchors(
    certificates: (string | Uint8Array)[],
    { nowMs, acceptIntermediate = false }: AnchorPolicy
): string[] {
    const notes: string[] = []
    const seen: string[] = []
    for (const certificate of certificates) {
        const text = anchorText(certificate)
        if (seen.includes(text))
            throw new Failure(
                "The two CAs have one name and one key, which is the same CA to a device: give it once."
            )
        seen.push(text)
        const ca = new NodeCertificate(certificate)
        const name = shortName(ca)
        checkKey(ca, name)
        const isSelfSigned = ca.checkIssued(ca) && ca.verify(ca.publicKey)
        if (!isSelfSigned) {
            if (ca.subject === ca.issuer)
                throw new Failure(
                    `The CA ${name} claims to have signed itself, and its signature is wrong: the file is damaged or was changed; take it from its source again.`
                )
            if (!acceptIntermediate)
                throw new Failure(
                    `The CA ${name} was signed by another one: give the root, or say with --accept-intermediate that devices shall trust this one, and nothing above it.`
                )
            notes.push(
                `The CA ${name} is no root: a gateway with a chain past it is not trusted.`
            )
        }
        if (Date.parse(ca.validTo) < nowMs)
            notes.push(
                `The CA ${name} has ended on ${ca.validTo}. Devices do not look at a pinned CA's dates, other clients of the gateway do.`
            )
        else if (Date.parse(ca.validFrom) > nowMs)
            notes.push(
                `The CA ${name} begins on ${ca.validFrom}: check this machine's clock.`
            )
    }
    return notes
}

export interface AnchorPolicy {
    nowMs: number
    acceptIntermediate?: boolean
}

function checkKey(ca: NodeCertificate, name: string): void {
    const { asymmetricKeyType, asymmetricKeyDetails } = ca.publicKey
    const { modulusLength = 0, namedCurve } = asymmetricKeyDetails ?? {}
    const isGood =
        asymmetricKeyType === "rsa"
            ? modulusLength >= MIN_RSA_BITS && modulusLength <= MAX_RSA_BITS
            : asymmetricKeyType === "ec" && namedCurve === "prime256v1"
    if (!isGood)
        throw new Failure(
            `The CA ${name} has a key of the kind ${asymmetricKeyType} ${modulusLength || (namedCurve ?? "")}`.trim() +
                `: devices verify RSA of ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits, and EC P-256. Make the chain with such keys.`
        )
}

/** A certificate's common name, or all of its name; it may be from anybody, and must not steer the terminal. */
export function shortName({ subject }: { subject: string }): string {
    const [, commonName] = /^CN=(.*)$/m.exec(subject) ?? []
    return `"${(commonName ?? subject.replace(/\n/g, ", ")).replace(/\p{Cc}/gu, "?")}"`
}
