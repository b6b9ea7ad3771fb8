/**
 * Certification path validation (RFC 5280 chapter 6) for a TLS server, up to a pinned anchor.
 *
 * Cheap checks come first, for the whole path; then the signatures, from the anchor downwards, so that no key is used
 * before its own certificate is proven, and a peer without the owner's CA costs at most one signature check an anchor.
 *
 * The result is evidence: a `ValidatedPath` exists only where every check passed. Issuers are found among what the
 * server sent, in any order, each by the first certificate with the right subject; there is no search through
 * alternatives. Not done: revocation, name constraints (refused), policies.
 */
import { pace } from "../crypto/pace"
import { ErrorCode, fail } from "../errors"
import { Certificate, KeyUsage, parseCertificate } from "./certificate"
import { Der, Tag } from "./der"
import { VerifiedIssuers } from "./issuers"
import { checkName } from "./names"
import {
    findCertificateScheme,
    isWrongSignature,
    SignatureScheme,
} from "./scheme"

/** P9: leaf, and issuers below the anchor. IoT Edge has three; every one more costs up to 20 s on a Pico W. */
export const MAX_PATH_LENGTH = 5

/** P9: how many certificates a server may send, those that are not needed included. */
export const MAX_CERTIFICATES = 8

/** Opcodes that reading one certificate takes at most. */
const OPCODES_A_CERTIFICATE = 30000

/** P10: whom the owner trusts: a name and a key, pinned in flash. Nothing that a peer sends becomes one. */
export interface TrustAnchor {
    /** The subject's distinguished name, DER. */
    name: Buffer
    /** SubjectPublicKeyInfo, DER. */
    key: Buffer
}

export interface PathPolicy {
    anchors: TrustAnchor[]
    schemes: SignatureScheme[]
    /** The name or IPv4 address that the certificate must be for (I1). */
    host: string
    /** Unix seconds, or -1 while the time is unknown. */
    nowSec: number
    /** The time is known not to be before this; used while `nowSec` is -1. */
    floorSec: number
    /** Null: none. */
    issuers?: VerifiedIssuers
}

/** Evidence of a path from the server's certificate to a pinned anchor. Only `validatePath` makes it. */
export class ValidatedPath {
    constructor(
        readonly leaf: Certificate,
        /** How many certificates the path has, the anchor not counted; as many signatures were verified. */
        readonly length: number
    ) {}
}

/**
 * Finds and validates the path from the first certificate to one of the anchors.
 *
 * @param sent one cursor a certificate, in the order in which they were sent
 * @throws LeafError with the check that failed
 */
export async function validatePath(
    sent: Der[],
    policy: PathPolicy
): Promise<ValidatedPath> {
    if (sent.length === 0 || sent.length > MAX_CERTIFICATES)
        fail(
            ErrorCode.X509CertificateCount,
            "x509: the server sent no certificates, or too many"
        ) // S3, P9
    const leaf = parseCertificate(sent[0])
    checkLeaf(leaf, policy)
    await pace(OPCODES_A_CERTIFICATE)
    const path = [leaf]
    const below: Certificate[] = []
    for (let i = 1; i < sent.length; i++) {
        below.push(parseCertificate(sent[i]))
        await pace(OPCODES_A_CERTIFICATE)
    }
    let subject = leaf
    // P5 counts the issuers between an issuer and the leaf, without self-issued ones.
    let intermediates = 0
    while (!hasAnchor(policy.anchors, subject)) {
        const issuer = findIssuer(below, path, subject)
        checkIssuer(issuer, intermediates)
        checkValidity(issuer, policy)
        if (!issuer.subject.same(issuer.issuer)) intermediates++
        path.push(issuer)
        if (path.length > MAX_PATH_LENGTH)
            fail(
                ErrorCode.X509PathTooLong,
                "x509: the certification path is too long"
            ) // P9
        subject = issuer
    }
    await verifySignatures(path, policy)
    return new ValidatedPath(leaf, path.length)
}

function checkLeaf(leaf: Certificate, policy: PathPolicy): void {
    checkName(leaf.names, policy.host) // I1, I2, I3
    checkValidity(leaf, policy)
    if (leaf.isCa)
        fail(ErrorCode.X509LeafIsCa, "x509: the server's certificate is a CA's")
    if (leaf.keyUsage >= 0 && (leaf.keyUsage & KeyUsage.DigitalSignature) === 0)
        fail(
            ErrorCode.X509LeafKeyUsage,
            "x509: the server's key is not for signatures"
        ) // P6
    if (leaf.serverAuth !== 1)
        fail(
            ErrorCode.X509NotForServers,
            "x509: the certificate is not for servers"
        ) // P7
}

/** P3: with the time known, the whole period; without it, only that it does not end before the floor. */
function checkValidity(c: Certificate, policy: PathPolicy): void {
    const known = policy.nowSec >= 0
    if (c.notAfterSec < (known ? policy.nowSec : policy.floorSec))
        fail(ErrorCode.X509Expired, "x509: a certificate has expired")
    if (known && c.notBeforeSec > policy.nowSec)
        fail(ErrorCode.X509NotYetValid, "x509: a certificate is not valid yet")
}

function checkIssuer(issuer: Certificate, intermediates: number): void {
    if (!issuer.isCa) fail(ErrorCode.X509NotCa, "x509: an issuer is not a CA") // P4
    if (issuer.keyUsage >= 0 && (issuer.keyUsage & KeyUsage.KeyCertSign) === 0)
        fail(
            ErrorCode.X509IssuerKeyUsage,
            "x509: an issuer's key is not for certificates"
        ) // P6
    if (issuer.serverAuth === 0)
        fail(
            ErrorCode.X509NotForServers,
            "x509: an issuer is not for servers' certificates"
        ) // P7
    if (issuer.pathLength >= 0 && intermediates > issuer.pathLength)
        fail(
            ErrorCode.X509PathLength,
            "x509: a path length constraint is exceeded"
        ) // P5
}

function hasAnchor(anchors: TrustAnchor[], subject: Certificate): boolean {
    for (const anchor of anchors)
        if (subject.issuer.equals(anchor.name)) return true
    return false
}

/** P1: the issuer is the first certificate whose subject is, byte for byte, the wanted name, and that is not in use. */
function findIssuer(
    sent: Certificate[],
    path: Certificate[],
    subject: Certificate
): Certificate {
    for (const candidate of sent)
        if (
            candidate.subject.same(subject.issuer) &&
            path.indexOf(candidate) < 0
        )
            return candidate
    fail(
        ErrorCode.X509UnknownIssuer,
        "x509: the chain does not lead to the pinned CA"
    )
}

/** P2: every signature, from the anchor down to the leaf. */
async function verifySignatures(
    path: Certificate[],
    policy: PathPolicy
): Promise<void> {
    await verifyByAnchor(path[path.length - 1], policy)
    for (let i = path.length - 2; i >= 0; i--) {
        const issuer = path[i + 1]
        await verifySignature(
            path[i],
            issuer.keyAlgorithm,
            issuer.keyBits,
            policy.schemes
        )
    }
}

/** Two anchors may share a name (a CA with a new key): either is good, and the last one's failure is reported. */
async function verifyByAnchor(
    top: Certificate,
    policy: PathPolicy
): Promise<void> {
    let failure: any = null
    for (const anchor of policy.anchors)
        if (top.issuer.equals(anchor.name)) {
            try {
                const info = new Der(anchor.key, 0, anchor.key.length).read(
                    Tag.Sequence
                )
                const algorithm = info.read(Tag.Sequence)
                await verifySignature(
                    top,
                    algorithm,
                    info.readBitStringBytes(),
                    policy.schemes
                )
                return
            } catch (e: any) {
                failure = e
            }
        }
    throw failure
}

async function verifySignature(
    c: Certificate,
    keyAlgorithm: Der,
    keyBits: Der,
    schemes: SignatureScheme[]
): Promise<void> {
    const scheme = findCertificateScheme(
        schemes,
        c.signatureAlgorithm,
        keyAlgorithm
    )
    try {
        await scheme.verify(keyBits, c.tbs.copy(), c.signature.copy())
    } catch (e: any) {
        if (!isWrongSignature(e)) throw e
        fail(
            ErrorCode.X509BadSignature,
            "x509: a certificate's signature is wrong"
        )
    }
}

/**
 * A trust anchor from the form in which it is kept: name and key, one behind the other.
 *
 * @throws LeafError X509Malformed
 */
export function readTrustAnchor(der: Buffer): TrustAnchor {
    const both = new Der(der, 0, der.length)
    const name = both.readWhole(Tag.Sequence).copy()
    const key = both.readWhole(Tag.Sequence).copy()
    both.finish()
    return { name, key }
}
