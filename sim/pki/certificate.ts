/**
 * Issues X.509 v3 certificates (RFC 5280) with `@peculiar/x509` and Node's webcrypto.
 *
 * Every field can be set, wrong values included: the device's refusals are tested with certificates from here. What no field
 * can express (a broken signature, a doubled extension, version 1) is in `forge.ts`.
 */
import "reflect-metadata"
import {
    createPrivateKey,
    createPublicKey,
    randomBytes,
    webcrypto,
    X509Certificate,
    type KeyObject,
} from "node:crypto"
import { isIP } from "node:net"
import * as x509 from "@peculiar/x509"
import { publicKeyInfo, type KeyPair } from "./keys"

export type HashName = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512"
export type KeyUsageName = keyof typeof x509.KeyUsageFlags

/** The purpose of a TLS server, id-kp-serverAuth (RFC 5280 4.2.1.12). */
export const SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
export const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"

/** 16 bytes: well above the 64 bits that CAs have to use, and at most 20 (RFC 5280 4.1.2.2). */
const SERIAL_BYTES = 16

export interface Certificate {
    der: Buffer
    pem: string
    /** Node's own view of it. */
    x509: X509Certificate
    keys: KeyPair
}

export interface ExtraExtension {
    oid: string
    critical: boolean
    /** DER of the value. */
    value: Buffer
}

export interface CertificateFields {
    /** As a string of RFC 4514: `CN=…, O=…`. */
    subject: string
    keys: KeyPair
    /** Who signs; without it the certificate signs itself. */
    issuer?: Certificate
    /** The issuer's name, if it is to differ from the subject of `issuer`. */
    issuerName?: string
    /** The key that signs, if it is to differ from the key of `issuer`. */
    signingKey?: KeyObject
    /** The hash under the signature; SHA-256. RSA signs PKCS#1 v1.5, EC signs ECDSA. */
    hash?: HashName
    /** Hexadecimal. Random and positive if left out. */
    serialNumber?: string
    notBefore: Date
    notAfter: Date
    /** `null` leaves the extension out, here and below. */
    basicConstraints?: {
        ca: boolean
        pathLen?: number
        critical?: boolean
    } | null
    /** Marked critical. */
    keyUsage?: KeyUsageName[] | null
    /** Object identifiers. */
    extendedKeyUsage?: string[] | null
    /** Subject alternative names: IP addresses become iPAddress, all else dNSName. */
    names?: string[] | null
    subjectKeyIdentifier?: boolean
    authorityKeyIdentifier?: boolean
    extraExtensions?: ExtraExtension[]
}

/** Issues one certificate. */
export async function issueCertificate(
    fields: CertificateFields
): Promise<Certificate> {
    const hash = fields.hash ?? "SHA-256"
    const signer = fields.issuer?.keys ?? fields.keys
    const signingKey = await importPrivate(
        fields.signingKey ?? signer.privateKey,
        hash
    )
    const issued = await x509.X509CertificateGenerator.create(
        {
            serialNumber: fields.serialNumber ?? randomSerialNumber(),
            subject: fields.subject,
            issuer:
                fields.issuerName ??
                // The parsed name, not its text: name and issuer must be equal byte by byte.
                (fields.issuer
                    ? new x509.X509Certificate(fields.issuer.der).subjectName
                    : fields.subject),
            notBefore: fields.notBefore,
            notAfter: fields.notAfter,
            publicKey: await importPublic(fields.keys, hash),
            signingKey,
            signingAlgorithm: { name: signingKey.algorithm.name, hash },
            extensions: await extensionsOf(fields, signer, hash),
        },
        webcrypto
    )
    return certificateFromDer(Buffer.from(issued.rawData), fields.keys)
}

/** The subject as a string for `CertificateFields`. Of certificates from here it gives the same bytes again. */
export function subjectOf(certificate: Pick<Certificate, "der">): string {
    return new x509.X509Certificate(certificate.der).subject
}

/** Wraps the DER of a certificate whose keys are known. */
export function certificateFromDer(der: Buffer, keys: KeyPair): Certificate {
    const parsed = new X509Certificate(der)
    return { der, pem: parsed.toString(), x509: parsed, keys }
}

/** Reads back what was stored as PEM: a certificate and its private key (PKCS#8). Throws if they do not belong together. */
export function loadCertificate(pem: string, keyPem: string): Certificate {
    const privateKey = createPrivateKey(keyPem)
    const parsed = new X509Certificate(pem)
    if (!parsed.checkPrivateKey(privateKey))
        throw new Error(
            "pki: the private key is not that of the certificate: take both from the same run, or make both anew"
        )
    const keys = { privateKey, publicKey: createPublicKey(privateKey) }
    return certificateFromDer(parsed.raw, keys)
}

/** Certificates as one PEM text, in this order: a server's chain begins with the server. */
export function pemChain(...certificates: Certificate[]): string {
    return certificates.map(certificate => certificate.pem).join("")
}

/** A random serial number: positive and without a leading zero byte, so that DER needs no padding. */
export function randomSerialNumber(): string {
    const bytes = randomBytes(SERIAL_BYTES)
    bytes[0] = (bytes[0] & 0x3f) | 0x40
    return bytes.toString("hex")
}

async function extensionsOf(
    fields: CertificateFields,
    signer: KeyPair,
    hash: HashName
): Promise<x509.Extension[]> {
    const extensions: x509.Extension[] = []
    const { basicConstraints, keyUsage, extendedKeyUsage, names } = fields
    if (basicConstraints)
        extensions.push(
            new x509.BasicConstraintsExtension(
                basicConstraints.ca,
                basicConstraints.pathLen,
                basicConstraints.critical ?? true
            )
        )
    if (keyUsage) {
        const flags = keyUsage.map(name => x509.KeyUsageFlags[name])
        extensions.push(
            new x509.KeyUsagesExtension(
                flags.reduce((all, flag) => all | flag, 0),
                true
            )
        )
    }
    if (extendedKeyUsage)
        extensions.push(new x509.ExtendedKeyUsageExtension(extendedKeyUsage))
    if (names)
        extensions.push(
            new x509.SubjectAlternativeNameExtension(
                names.map(value => ({
                    type: isIP(value) ? ("ip" as const) : ("dns" as const),
                    value,
                }))
            )
        )
    if (fields.subjectKeyIdentifier ?? true)
        extensions.push(
            await x509.SubjectKeyIdentifierExtension.create(
                await importPublic(fields.keys, hash)
            )
        )
    if (fields.authorityKeyIdentifier ?? true)
        extensions.push(
            await x509.AuthorityKeyIdentifierExtension.create(
                await importPublic(signer, hash)
            )
        )
    for (const { oid, critical, value } of fields.extraExtensions ?? [])
        extensions.push(
            new x509.Extension(oid, critical, new Uint8Array(value))
        )
    return extensions
}

// A webcrypto key is bound to one hash; the key objects are the keys, and these are views of them for one signature.
function importParameters(key: KeyObject, hash: HashName) {
    return key.asymmetricKeyType === "rsa"
        ? { name: "RSASSA-PKCS1-v1_5", hash }
        : { name: "ECDSA", namedCurve: "P-256" }
}

function importPublic(
    keys: KeyPair,
    hash: HashName
): Promise<webcrypto.CryptoKey> {
    const parameters = importParameters(keys.publicKey, hash)
    return webcrypto.subtle.importKey(
        "spki",
        publicKeyInfo(keys),
        parameters,
        true,
        ["verify"]
    )
}

function importPrivate(
    key: KeyObject,
    hash: HashName
): Promise<webcrypto.CryptoKey> {
    const parameters = importParameters(key, hash)
    return webcrypto.subtle.importKey(
        "pkcs8",
        key.export({ type: "pkcs8", format: "der" }),
        parameters,
        false,
        ["sign"]
    )
}
