/**
 * `leaf certs show`: a gateway's certificates in plain words, and what is wrong with them.
 *
 * The judgement is the device's own: `validatePath` of `src/x509/path.ts` under Node, with every algorithm that a firmware can have
 * (a firmware of the set `rsa` or `ec` takes less). Not done: connecting to the gateway, revocation.
 */
import { createHash, X509Certificate } from "node:crypto"
import { anchorText } from "../provisioning/anchors"
import { Buffer as DeviceBuffer } from "../shim/buffer"
import { Failure } from "./failure"

interface Anchor {
    der: DeviceBuffer
    keyAt: number
}
interface PathModule {
    validatePath(
        sent: unknown[],
        policy: {
            anchors: Anchor[]
            schemes: unknown[]
            host: string
            nowSec: number
            floorSec: number
        }
    ): Promise<{ length: number; signatures: number }>
    readTrustAnchor(both: DeviceBuffer): Anchor
}
interface DerModule {
    Der: new (bytes: DeviceBuffer, at: number, end: number) => unknown
}
interface SetsModule {
    allSet(): { schemes: unknown[] }
}
interface ErrorsModule {
    LeafError: new () => Error & { code: number }
}

/** What is known of one certificate without judging it. */
export interface Shown {
    subject: string
    issuer: string
    key: string
    notBefore: string
    notAfter: string
    names: string[]
    sha1: string
    sha256: string
}

export interface Verdict {
    ok: boolean
    /** The device's error code; 0 when the chain is good. */
    code: number
    message: string
    /** What to do next; empty when the chain is good. */
    hint: string
}

/** What to do about the device's refusals, by the code of `src/errors.ts`. */
const HINTS: Record<number, string> = {
    3003: "A certificate was changed, or another CA of the same name has signed it: take all files from one run.",
    3004: "Serve the server's certificate and its issuers, at most eight in all.",
    3014: "Issue a server certificate: its extended key usage has to be serverAuth.",
    3016: "Make the keys RSA of 2048 to 4096 bits, or EC P-256.",
    3020: "Renew it; if it was renewed, restart the gateway, and check this machine's clock.",
    3021: "Check this machine's clock and that of the machine that made it.",
    3030: "Issue one for the name in the connection string's GatewayHostName, or put the right name there.",
    3032: "Serve the server's certificate first, and its issuers after it.",
    3040: "Pin the CA that this chain ends in, or serve the intermediates that are missing.",
    3041: "An issuer is no CA: sign with the Edge CA, not with a server's certificate.",
}

/** What to do about a refusal of a chain; nothing for other codes. */
export function hintFor(code: number): string | undefined {
    return HINTS[code]
}

/** The certificates of a file, PEM (any number) or DER (one). @throws Failure if there are none */
export function readCertificates(
    option: string,
    content: Uint8Array
): X509Certificate[] {
    const blocks = Buffer.from(content)
        .toString("latin1")
        .match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)
    try {
        if (blocks) return blocks.map(block => new X509Certificate(block))
        return [new X509Certificate(content)]
    } catch {
        throw new Failure(
            `${option}: there is no X.509 certificate in PEM or DER, or it is damaged: give the file that the gateway serves.`
        )
    }
}

export function describe(certificate: X509Certificate): Shown {
    const { publicKey, raw } = certificate
    const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {}
    const type = publicKey.asymmetricKeyType ?? "unknown"
    const digest = (hash: string) =>
        createHash(hash).update(raw).digest("hex").toUpperCase()
    return {
        subject: oneLine(certificate.subject),
        issuer: oneLine(certificate.issuer),
        key: `${type.toUpperCase()} ${modulusLength ?? namedCurve ?? ""}`.trim(),
        notBefore: new Date(certificate.validFrom).toISOString(),
        notAfter: new Date(certificate.validTo).toISOString(),
        names: (certificate.subjectAltName ?? "")
            .split(", ")
            .filter(name => name !== "")
            .map(oneLine),
        sha1: digest("sha1"),
        sha256: digest("sha256"),
    }
}

/**
 * Whether a device takes the chain.
 *
 * @param sent as the gateway serves it, the server's first
 * @param cas what is pinned, one or two
 * @param host the name or IPv4 address that the certificate must be for
 */
export async function judgeChain(
    sent: X509Certificate[],
    cas: X509Certificate[],
    host: string,
    nowMs: number
): Promise<Verdict> {
    const { validatePath, readTrustAnchor } =
        require("../../src/x509/path") as PathModule
    const { Der } = require("../../src/x509/der") as DerModule
    const { allSet } = require("../../src/tls/sets") as SetsModule
    const { LeafError } = require("../../src/errors") as ErrorsModule
    const nowSec = Math.floor(nowMs / 1000)
    const device = (bytes: Uint8Array) =>
        DeviceBuffer.from(new Uint8Array(bytes))
    const anchors = cas.map(ca =>
        readTrustAnchor(device(Buffer.from(anchorText(ca.raw), "base64")))
    )
    try {
        const path = await validatePath(
            sent.map(({ raw }) => new Der(device(raw), 0, raw.length)),
            {
                anchors,
                schemes: allSet().schemes,
                host,
                nowSec,
                floorSec: nowSec,
            }
        )
        return {
            ok: true,
            code: 0,
            message: `A device takes it: ${path.length} of ${sent.length} certificates lead to the pinned CA.`,
            hint: "",
        }
    } catch (error) {
        if (!(error instanceof LeafError)) throw error
        return {
            ok: false,
            code: error.code,
            message: `A device refuses it: ${error.message}.`,
            hint: hintFor(error.code) ?? "Make the chain anew.",
        }
    }
}

/** A name may be from anybody: what it holds must not steer the terminal. */
function oneLine(text: string): string {
    return text.replace(/\n/g, ", ").replace(/\p{Cc}/gu, "?")
}
