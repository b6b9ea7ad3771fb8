/**
 * Makes certificates: the owner's CA chain, as Microsoft's test scripts make it, and what tests want to see refused.
 *
 * Chain: owner root → intermediate → Edge CA → gateway. CAs: `basicConstraints` CA:true, critical, without a path length;
 * `keyUsage` digitalSignature, cRLSign, keyCertSign. Gateway: `extendedKeyUsage` serverAuth, names by type, 30 days.
 */
import "reflect-metadata"
import { webcrypto } from "node:crypto"
import { isIP } from "node:net"
import * as x509 from "@peculiar/x509"

type CryptoKeyPair = webcrypto.CryptoKeyPair

x509.cryptoProvider.set(
    webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]
)

export type KeyType = "rsa" | "ec"

const DAY_MS = 86400000

export interface Identity {
    certificate: x509.X509Certificate
    keys: CryptoKeyPair
}

/** A key pair: RSA with this many bits, or EC P-256. */
export async function createKeys(
    type: KeyType,
    bits: number
): Promise<CryptoKeyPair> {
    const algorithm =
        type === "rsa"
            ? {
                  name: "RSASSA-PKCS1-v1_5",
                  hash: "SHA-256",
                  modulusLength: bits,
                  publicExponent: new Uint8Array([1, 0, 1]),
              }
            : { name: "ECDSA", namedCurve: "P-256" }
    return (await webcrypto.subtle.generateKey(algorithm, true, [
        "sign",
        "verify",
    ])) as CryptoKeyPair
}

function signingAlgorithm(
    keys: CryptoKeyPair
): webcrypto.Algorithm | webcrypto.EcdsaParams {
    return keys.privateKey.algorithm.name === "ECDSA"
        ? { name: "ECDSA", hash: "SHA-256" }
        : { name: "RSASSA-PKCS1-v1_5" }
}

/** What a certificate says; everything can be given, so that tests can make wrong ones. */
export interface CertificateFields {
    /** Common name. */
    name: string
    keys: CryptoKeyPair
    /** Who signs; left out: the certificate signs itself. */
    issuer?: Identity
    notBefore?: Date
    notAfter?: Date
    extensions: x509.Extension[]
}

export async function createCertificate(
    fields: CertificateFields
): Promise<Identity> {
    const notBefore = fields.notBefore ?? new Date()
    const signer = fields.issuer?.keys ?? fields.keys
    const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: randomSerialNumber(),
        subject: `CN=${fields.name}`,
        issuer: fields.issuer?.certificate.subject ?? `CN=${fields.name}`,
        notBefore,
        notAfter:
            fields.notAfter ?? new Date(notBefore.getTime() + 30 * DAY_MS),
        publicKey: fields.keys.publicKey,
        signingKey: signer.privateKey,
        signingAlgorithm: signingAlgorithm(signer),
        extensions: [
            ...fields.extensions,
            await x509.SubjectKeyIdentifierExtension.create(
                fields.keys.publicKey
            ),
            await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey),
        ],
    })
    return { certificate, keys: fields.keys }
}

/** 16 bytes, positive, as CAs choose them. */
function randomSerialNumber(): string {
    const bytes = webcrypto.getRandomValues(new Uint8Array(16))
    bytes[0] = (bytes[0] & 0x7f) | 0x40
    return Buffer.from(bytes).toString("hex")
}

export function caExtensions(): x509.Extension[] {
    return [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
            x509.KeyUsageFlags.digitalSignature |
                x509.KeyUsageFlags.cRLSign |
                x509.KeyUsageFlags.keyCertSign,
            true
        ),
    ]
}

/** @param names host names and IP addresses, each put in as its type */
export function serverExtensions(names: string[]): x509.Extension[] {
    return [
        new x509.BasicConstraintsExtension(false),
        new x509.KeyUsagesExtension(
            x509.KeyUsageFlags.digitalSignature |
                x509.KeyUsageFlags.keyEncipherment,
            true
        ),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
            names.map(name => ({
                type: isIP(name) ? "ip" : "dns",
                value: name,
            }))
        ),
    ]
}

export interface OwnerChain {
    root: Identity
    intermediate: Identity
    edgeCa: Identity
}

/** The owner's CAs. @param bits of RSA keys; Microsoft's scripts take 4096 */
export async function createOwnerChain(
    type: KeyType,
    bits = 4096
): Promise<OwnerChain> {
    const until = new Date(Date.now() + 3650 * DAY_MS)
    const ca = async (name: string, issuer?: Identity) =>
        createCertificate({
            name,
            keys: await createKeys(type, bits),
            issuer,
            notAfter: until,
            extensions: caExtensions(),
        })
    const root = await ca("Owner Root CA")
    const intermediate = await ca("Owner Intermediate CA", root)
    const edgeCa = await ca("Edge CA", intermediate)
    return { root, intermediate, edgeCa }
}

/** The gateway's own certificate: 30 days from now, for these names and `edgeHub`, as IoT Edge makes it. */
export async function createServerIdentity(
    type: KeyType,
    issuer: Identity,
    names: string[],
    fields: Partial<CertificateFields> = {}
): Promise<Identity> {
    return createCertificate({
        name: names[0],
        keys: fields.keys ?? (await createKeys(type, 2048)),
        issuer,
        extensions: serverExtensions([...names, "edgeHub"]),
        ...fields,
    })
}

/** PEM of certificates, one behind the other: the server's first, as TLS sends them. */
export function chainPem(...chain: Identity[]): string {
    return chain
        .map(({ certificate }) => certificate.toString("pem") + "\n")
        .join("")
}

/** PEM of a private key, PKCS #8. */
export async function keyPem(identity: Identity): Promise<string> {
    const der = await webcrypto.subtle.exportKey(
        "pkcs8",
        identity.keys.privateKey
    )
    return x509.PemConverter.encode(der, "PRIVATE KEY") + "\n"
}

/** A certificate and its key from PEM. */
export async function readIdentity(
    certificate: string,
    key: string
): Promise<Identity> {
    const parsed = new x509.X509Certificate(certificate)
    const isEc = parsed.publicKey.algorithm.name === "ECDSA"
    const algorithm = isEc
        ? { name: "ECDSA", namedCurve: "P-256" }
        : { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
    const privateKey = await webcrypto.subtle.importKey(
        "pkcs8",
        x509.PemConverter.decodeFirst(key),
        algorithm,
        true,
        ["sign"]
    )
    const publicKey = await webcrypto.subtle.importKey(
        "spki",
        parsed.publicKey.rawData,
        algorithm,
        true,
        ["verify"]
    )
    return { certificate: parsed, keys: { privateKey, publicKey } }
}
