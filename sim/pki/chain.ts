/**
 * The chain of an IoT Edge gateway: owner root CA → intermediate CA → Edge CA → server certificate.
 *
 * As Microsoft's test scripts and edgeHub make them: RSA-4096 CAs, an RSA-2048 server key, SHA-256 with PKCS#1 v1.5,
 * basicConstraints CA:true critical without a path length, a server certificate of 30 days that begins now. Chains of EC P-256
 * keys, mixed ones, with other hashes and of other lengths come from the same functions. Each certificate's fields can be
 * overridden, so that tests make their bad chains here.
 */
import {
    issueCertificate,
    pemChain,
    SERVER_AUTH,
    type Certificate,
    type CertificateFields,
    type HashName,
    type KeyUsageName,
    subjectOf,
} from "./certificate"
import {
    freshKeys,
    privateKeyPem,
    type KeyPair,
    type KeySource,
    type KeySpec,
} from "./keys"

const DAY_MS = 86_400_000
/** Validity in days; each CA outlives what it signs. The server's 30 days are edgeHub's. */
const ROOT_DAYS = 3650
const INTERMEDIATE_DAYS = 1825
const EDGE_CA_DAYS = 730
const SERVER_DAYS = 30

const CA_KEY_USAGE: KeyUsageName[] = [
    "digitalSignature",
    "cRLSign",
    "keyCertSign",
]

/** edgeHub puts its module name beside the gateway's host name. */
const MODULE_NAME = "edgeHub"

export type Overrides = Partial<CertificateFields>

export interface ServerOptions {
    /** Host names and IP addresses under which devices reach the gateway; the first is the common name too. */
    names: string[]
    /** Of the server's key, and of the CAs' unless `caKeyType` says otherwise. */
    keyType?: "rsa" | "ec"
    /** The hash under the signatures: SHA-256. */
    hash?: HashName
    /** The start of the validity: now. */
    now?: Date
    /** 2048. */
    serverBits?: number
    keys?: KeySource
    server?: Overrides
}

export interface ChainOptions extends ServerOptions {
    /** Whose CA it is, part of the CAs' names. */
    owner?: string
    caKeyType?: "rsa" | "ec"
    /** 4096. Tests that do not look at key sizes say 2048. */
    caBits?: number
    /** How many certificates are sent: 3. With 1 the root signs the server's, with 2 the Edge CA's. */
    depth?: 1 | 2 | 3 | 4
    root?: Overrides
    intermediate?: Overrides
    edgeCa?: Overrides
}

export interface Chain {
    root: Certificate
    /** The issuer of the Edge CA, and the Edge CA, the issuer of the server; in short chains they are the root. */
    intermediate: Certificate
    edgeCa: Certificate
    server: Certificate
    /** What the gateway serves, in this order. */
    sent: Certificate[]
    /** What the gateway serves: server, Edge CA, intermediate; the root is not sent. */
    chainPem: string
    /** The server's private key. */
    keyPem: string
}

/** Makes a whole chain. With fresh RSA-4096 keys that takes seconds. */
export async function makeChain(options: ChainOptions): Promise<Chain> {
    const { owner = "Edge Leaf", keys = freshKeys, depth = 3 } = options
    const spec = keySpec(
        options.caKeyType ?? options.keyType,
        options.caBits ?? 4096
    )
    const from = options.now ?? new Date()
    // From the root down to the server's issuer, with the validity of each.
    const roles = [
        { role: "root", name: "Root CA", days: ROOT_DAYS },
        { role: "policy", name: "Policy CA", days: INTERMEDIATE_DAYS },
        {
            role: "intermediate",
            name: "Intermediate CA",
            days: INTERMEDIATE_DAYS,
        },
        { role: "edge-ca", name: "Edge CA", days: EDGE_CA_DAYS },
    ]
    const wanted = roles.filter((_, i) => i === 0 || i > 4 - depth)
    const caKeys = await Promise.all(
        wanted.map(({ role }) => keys.keys(`${owner} ${role}`, spec))
    )
    const overrides: Record<string, Overrides | undefined> = {
        root: options.root,
        intermediate: options.intermediate,
        "edge-ca": options.edgeCa,
    }
    const cas: Certificate[] = []
    for (const [i, { role, name, days }] of wanted.entries())
        cas.unshift(
            await issueCa(
                commonName(`${owner} ${name}`),
                caKeys[i],
                from,
                days,
                {
                    hash: options.hash,
                    issuer: cas[0],
                    ...overrides[role],
                }
            )
        )
    const server = await issueServer(cas[0], options)
    const sent = [server, ...cas.slice(0, -1)]
    return {
        root: cas[cas.length - 1],
        intermediate: cas[1] ?? cas[0],
        edgeCa: cas[0],
        server,
        sent,
        chainPem: pemChain(...sent),
        keyPem: privateKeyPem(server.keys),
    }
}

/**
 * Another certificate for the name and the key of a CA, signed by another one: what an owner does who changes roots.
 *
 * @param overrides what differs from a CA of today
 */
export async function crossSign(
    ca: Certificate,
    issuer: Certificate,
    overrides?: Overrides
): Promise<Certificate> {
    return issueCa(subjectOf(ca), ca.keys, new Date(), INTERMEDIATE_DAYS, {
        issuer,
        ...overrides,
    })
}

/** Issues a server certificate under an Edge CA: also what renews one, with a new key. */
export async function issueServer(
    edgeCa: Certificate,
    options: ServerOptions
): Promise<Certificate> {
    const { names, keyType = "rsa", keys = freshKeys, hash } = options
    const from = options.now ?? new Date()
    return issueCertificate({
        subject: commonName(names[0]),
        keys: await keys.keys(
            "server",
            keySpec(keyType, options.serverBits ?? 2048)
        ),
        issuer: edgeCa,
        notBefore: from,
        notAfter: daysAfter(from, SERVER_DAYS),
        // An EC key cannot encipher another one (RFC 8813 3).
        keyUsage:
            keyType === "rsa"
                ? ["digitalSignature", "keyEncipherment"]
                : ["digitalSignature"],
        extendedKeyUsage: [SERVER_AUTH],
        names: [...names, MODULE_NAME],
        hash,
        ...options.server,
    })
}

async function issueCa(
    subject: string,
    keys: KeyPair,
    from: Date,
    days: number,
    overrides?: Overrides
): Promise<Certificate> {
    return issueCertificate({
        subject,
        keys,
        notBefore: from,
        notAfter: daysAfter(from, days),
        basicConstraints: { ca: true },
        keyUsage: CA_KEY_USAGE,
        ...overrides,
    })
}

/** A name of one CN, escaped as RFC 4514 2.4 says, and cut to the 64 characters that X.520 allows. */
function commonName(text: string): string {
    return `CN=${text.slice(0, 64).replace(/[,+"\\<>;=#]/g, "\\$&")}`
}

function keySpec(type: "rsa" | "ec" | undefined, bits: number): KeySpec {
    return type === "ec" ? { type } : { type: "rsa", bits }
}

function daysAfter(from: Date, days: number): Date {
    return new Date(from.getTime() + days * DAY_MS)
}
