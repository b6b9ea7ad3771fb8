/**
 * What a server proves in a handshake, as evidence: each of these exists only where its check has passed, and traffic keys
 * are given for evidence alone (S3, S4).
 */
import { equalSecrets } from "../bytes"
import { ErrorCode, fail, failIf } from "../errors"
import { Der } from "../x509/der"
import {
    MAX_CERTIFICATES,
    PathPolicy,
    surelySec,
    ValidatedPath,
} from "../x509/path"
import { isWrongSignature } from "../x509/scheme"
import { Extensions } from "./extensions"
import { TLS13 } from "./hello"
import { MESSAGE_HEADER_LENGTH } from "./message"
import { WireReader } from "./wire"

/**
 * How long sessions may stand for a signature, however often they are renewed: 7 days, RFC 8446 4.6.1. Then the server
 * shows its certificate again.
 */
export const MAX_SESSION_SEC = 604800

/** Evidence that the server holds the key of a validated path's leaf: now, or when the resumed session was made (T0). */
export class ServerProof {
    constructor(
        /** The validity of that leaf, Unix seconds. */
        readonly notBeforeSec: number,
        readonly notAfterSec: number,
        /** Until when a session may stand for it, Unix seconds. */
        readonly trustedUntilSec: number
    ) {}
}

/** Evidence that both sides saw the same handshake. */
export class FinishedProof {
    constructor(
        /** Transcript up to and including the server's Finished. */
        readonly transcriptHash: Buffer
    ) {}
}

/**
 * The certificate list of a Certificate message: a cursor over each, without copying. RFC 8446 4.4.2, RFC 5246 7.4.2.
 *
 * @param r stands at the list, the last field
 */
export function readCertificates(r: WireReader, version: number): Der[] {
    const list = r.readVector(3)
    r.finish()
    const certificates: Der[] = []
    while (list.left() > 0) {
        const der = list.readVector(3)
        if (der.left() === 0) malformed()
        certificates.push(new Der(der.bytes, der.at, der.end))
        // P9, before path validation counts them, so that a long list of nothing costs no heap.
        failIf(
            certificates.length > MAX_CERTIFICATES,
            ErrorCode.X509CertificateCount,
            "x509: the server sent too many certificates"
        )
        if (version === TLS13) {
            // Those that we offered have no place here.
            const extensions = list.readVector(2)
            if (extensions.left() > 0)
                new Extensions(
                    new WireReader(
                        extensions.bytes,
                        extensions.at - 2,
                        extensions.end
                    )
                ).allow([])
        }
    }
    if (certificates.length === 0) malformed() // S3
    return certificates
}

function malformed(): never {
    fail(ErrorCode.TlsMalformed, "tls: a certificate message is malformed")
}

/**
 * K3, K4: the server's signature, with a scheme that was offered, exists in this version, and fits the leaf's key.
 *
 * @param r stands at the scheme, the signature follows and ends the message
 * @param content what is signed
 */
export async function verifyServer(
    path: ValidatedPath,
    content: Buffer,
    r: WireReader,
    policy: PathPolicy,
    version: number
): Promise<ServerProof> {
    const code = r.readUint(2)
    const signature = r.readOpaque(2)
    r.finish()
    const leaf = path.leaf
    for (const scheme of policy.schemes)
        if (
            scheme.code === code &&
            leaf.keyAlgorithm.equals(scheme.keyAlgorithm) &&
            (version !== TLS13 || scheme.inTls13)
        ) {
            try {
                await scheme.verify(leaf.keyBits, content, signature)
            } catch (e: any) {
                if (!isWrongSignature(e)) throw e
                fail(
                    ErrorCode.TlsServerSignature,
                    "tls: the server's signature is wrong"
                )
            }
            return new ServerProof(
                leaf.notBeforeSec,
                leaf.notAfterSec,
                Math.min(leaf.notAfterSec, surelySec(policy) + MAX_SESSION_SEC)
            )
        }
    fail(
        ErrorCode.TlsSignatureScheme,
        "tls: the server signed with a scheme that does not fit"
    )
}

/**
 * S3, S4: no traffic without the evidence of a key exchange, of the server and of its Finished.
 *
 * @throws LeafError TlsNotVerified
 */
export function requireEvidence(
    hasSecret: boolean,
    proof: ServerProof,
    finished: FinishedProof
): void {
    if (hasSecret)
        if (proof instanceof ServerProof)
            if (finished instanceof FinishedProof) return
    fail(ErrorCode.TlsNotVerified, "tls: the handshake is not complete")
}

/** RFC 8446 4.4.4, RFC 5246 7.4.9; D1. */
export function checkFinished(message: Buffer, expected: Buffer): void {
    failIf(
        !equalSecrets(message.slice(MESSAGE_HEADER_LENGTH), expected),
        ErrorCode.TlsFinished,
        "tls: the server's Finished is wrong"
    )
}

/** A Finished message. */
export function writeFinished(mac: Buffer): Buffer {
    return Buffer.concat(Buffer.from([20, 0, 0, mac.length]), mac)
}
