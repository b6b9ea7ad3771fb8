/**
 * Certification path building and validation (RFC 5280 chapter 6, RFC 4158) for a TLS server, up to a pinned anchor.
 *
 * The first certificate is the server's. Issuers are looked for among the others, in the order in which they were sent: any
 * number may be out of place, not needed, or of one name (cross-signed, renewed). The search is depth first. A candidate has
 * to pass every cheap check first; a path that reaches an anchor has its signatures verified from the anchor downwards, so
 * that no key is used before its own certificate is proven. Where that fails, the search goes on.
 *
 * What it may cost is bounded (P9), and no signature is verified twice. A peer without the owner's CA is let go after
 * MAX_WRONG_SIGNATURES public-key operations.
 *
 * When no path is good, the error is that of the first path that reached an anchor and was not proven; else the first
 * reason against an issuer that was found; else that none was found.
 *
 * The result is evidence: a `ValidatedPath` exists only where every check passed. Not done: revocation, name constraints
 * (refused), policies.
 */
import { sha256 } from "../crypto/hash"
import { pace } from "../crypto/pace"
import { ErrorCode, fail, failIf } from "../errors"
import { Certificate, KeyUsage } from "./certificate"
import { Der, Tag } from "./der"
import { VerifiedIssuers } from "./issuers"
import { checkName } from "./names"
import {
    checkKey,
    findCertificateScheme,
    isWrongSignature,
    SignatureScheme,
} from "./scheme"

/** P9: leaf, and issuers below the anchor. IoT Edge has three; every one more costs up to 20 s on a Pico W. */
export const MAX_PATH_LENGTH = 5

/** P9: how many certificates a server may send, those that are not needed included. */
export const MAX_CERTIFICATES = 8

/** P9: how many issuers are looked at in a search, those that come up again included. Three renewed CAs need 14. */
const MAX_CANDIDATES = 16

/** P9: how many signatures are verified in a search: five of a path, and some of others. */
const MAX_SIGNATURES = 8

/** P9: how many of them may be wrong: for two anchors of one name and two CAs of one name, each renewed. */
const MAX_WRONG_SIGNATURES = 3

/** Opcodes that reading one certificate takes at most. */
const OPCODES_A_CERTIFICATE = 30000

/** How far a path got that failed. */
const enum Reached {
    Nothing,
    Issuer,
    Anchor,
}

/** P10: whom the owner trusts: a name and a key, pinned in flash. Nothing that a peer sends becomes one. */
export interface TrustAnchor {
    /** The subject's distinguished name and its SubjectPublicKeyInfo, DER, one behind the other. */
    der: Buffer
    /** Where the latter begins. */
    keyAt: number
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
    /** By how much `nowSec` may be behind: a certificate may begin so much later. Left out: by nothing. */
    clockBehindSec?: number
    /** What was verified before; null or left out: nothing is remembered. */
    issuers?: VerifiedIssuers
}

/** The time, or what it is known not to be before. */
export function surelySec(policy: {
    nowSec: number
    floorSec: number
}): number {
    if (policy.nowSec >= 0) return policy.nowSec
    return policy.floorSec
}

/** What is known of the server once its path is proven. */
export class ServerKey {
    /** Content of the key's AlgorithmIdentifier. */
    readonly keyAlgorithm: Der
    readonly keyBits: Der
    notBeforeSec = 0
    notAfterSec = 0

    /** @param info content of a SubjectPublicKeyInfo */
    constructor(info: Der) {
        this.keyAlgorithm = info.read(Tag.Sequence)
        this.keyBits = info.readBitStringBytes()
        info.finish()
    }
}

/** Evidence of a path from the server's certificate to a pinned anchor. Only `validatePath` makes it. */
export class ValidatedPath {
    constructor(
        readonly leaf: ServerKey,
        /** How many certificates the path has, the anchor not counted. */
        readonly length: number,
        /** How many signatures were verified this time, in the whole search. */
        readonly signatures: number
    ) {}
}

/**
 * Finds and validates a path from the first certificate to one of the anchors.
 *
 * @param sent one cursor a certificate, in the order in which they were sent; given away
 * @throws LeafError with the check that failed
 */
export async function validatePath(
    sent: Der[],
    policy: PathPolicy
): Promise<ValidatedPath> {
    failIf(
        sent.length === 0 || sent.length > MAX_CERTIFICATES,
        ErrorCode.X509CertificateCount,
        "x509: the server sent no certificates, or too many"
    ) // S3, P9
    const search = new Search(policy)
    for (let i = 0; i < sent.length; i++) {
        const c = new Certificate(sent[i])
        sent[i] = null
        await pace(OPCODES_A_CERTIFICATE)
        if (search.certificates.length === 0) search.startAt(c)
        search.certificates.push(c)
    }
    if (!(await search.climb(0))) {
        failIf(
            search.reached === Reached.Nothing,
            ErrorCode.X509UnknownIssuer,
            "x509: the chain does not lead to the pinned CA"
        )
        throw search.failure
    }
    return new ValidatedPath(
        search.leafKey,
        search.path.length,
        search.signatures
    )
}

class Search {
    /** What the server sent. */
    readonly certificates: Certificate[] = []
    /** From the leaf to the issuer that is looked at. */
    readonly path: Certificate[] = []
    leafKey: ServerKey = null
    /** The place in the path at which a proof failed: what is above it in the path is proven. */
    private proofAt = MAX_PATH_LENGTH
    /** Ids of certificates that were proven in this search. */
    private readonly proven: string[] = []
    private candidates = 0
    signatures = 0
    private wrongSignatures = 0
    failure: any = null
    reached = Reached.Nothing

    constructor(readonly policy: PathPolicy) {}

    /** The cheap checks of the server's own certificate. */
    startAt(leaf: Certificate): void {
        const policy = this.policy
        leaf.readExtensions()
        checkName(leaf.cut(leaf.names), policy.host) // I1, I2, I3
        this.checkValidity(leaf)
        failIf(
            leaf.pathLength >= 0,
            ErrorCode.X509LeafIsCa,
            "x509: the server's certificate is a CA's"
        )
        // RFC 5280 4.2.1.3: who is no CA does not sign certificates either.
        if (leaf.keyUsage >= 0)
            failIf(
                (leaf.keyUsage &
                    (KeyUsage.DigitalSignature | KeyUsage.KeyCertSign)) !==
                    KeyUsage.DigitalSignature,
                ErrorCode.X509LeafKeyUsage,
                "x509: the server's key is not for signatures, or for certificates"
            ) // P6
        failIf(
            leaf.serverAuth !== 1,
            ErrorCode.X509NotForServers,
            "x509: the certificate is not for servers"
        ) // P7
        const key = new ServerKey(leaf.cut(leaf.key))
        checkKey(policy.schemes, key.keyAlgorithm, key.keyBits)
        key.notBeforeSec = leaf.notBeforeSec
        key.notAfterSec = leaf.notAfterSec
        this.leafKey = key
        this.path.push(leaf)
    }

    /** P3: with the time known, the whole period; without it, only that it does not end before the floor. */
    private checkValidity(c: Certificate): void {
        const policy = this.policy
        failIf(
            surelySec(policy) > c.notAfterSec,
            ErrorCode.X509Expired,
            "x509: a certificate has expired"
        )
        let latestSec = policy.nowSec
        if (policy.clockBehindSec !== undefined)
            latestSec += policy.clockBehindSec
        if (policy.nowSec >= 0)
            failIf(
                c.notBeforeSec > latestSec,
                ErrorCode.X509NotYetValid,
                "x509: a certificate is not valid yet"
            )
    }

    /**
     * Looks for a way from the path's last certificate to an anchor, over at most MAX_PATH_LENGTH certificates in all.
     *
     * @param intermediates P5: the issuers between the one that is looked for and the leaf, without self-issued ones
     * @returns whether `path` is a proven path to an anchor; else it is what it was, and why is in `failure`
     */
    async climb(intermediates: number): Promise<boolean> {
        const path = this.path
        const depth = path.length
        const subject = path[depth - 1]
        // A way through the certificate whose proof failed need not be looked at: here and below.
        for (const anchor of this.policy.anchors)
            if (this.proofAt >= depth - 1)
                if (
                    subject
                        .cut(subject.issuer)
                        .same(new Der(anchor.der, 0, anchor.keyAt))
                )
                    try {
                        await this.prove(anchor)
                        return true
                    } catch (e: any) {
                        this.note(e, Reached.Anchor)
                    }
        for (const issuer of this.certificates) {
            if (this.proofAt < depth - 1) return false
            try {
                // P1: the issuer's subject is, byte for byte, the wanted name.
                if (
                    path.indexOf(issuer) < 0 &&
                    issuer.cut(issuer.subject).same(subject.cut(subject.issuer))
                ) {
                    await pace(OPCODES_A_CERTIFICATE)
                    this.checkIssuer(issuer, subject, intermediates)
                    path.push(issuer)
                    this.proofAt = MAX_PATH_LENGTH
                    if (
                        await this.climb(
                            issuer
                                .cut(issuer.issuer)
                                .same(issuer.cut(issuer.subject))
                                ? intermediates
                                : intermediates + 1
                        )
                    )
                        return true
                }
            } catch (e: any) {
                this.note(e, Reached.Issuer)
            }
            // However the way above it ended: nothing of it stays in the path.
            while (path.length > depth) path.pop()
        }
        return false
    }

    /** The cheap checks of an issuer. */
    private checkIssuer(
        issuer: Certificate,
        subject: Certificate,
        intermediates: number
    ): void {
        this.candidates++
        if (this.candidates > MAX_CANDIDATES) failSearch()
        failIf(
            this.path.length >= MAX_PATH_LENGTH,
            ErrorCode.X509PathTooLong,
            "x509: the certification path is too long"
        ) // P9
        issuer.readExtensions()
        failIf(
            issuer.pathLength < 0,
            ErrorCode.X509NotCa,
            "x509: an issuer is not a CA"
        ) // P4
        failIf(
            (issuer.keyUsage & KeyUsage.KeyCertSign) === 0,
            ErrorCode.X509IssuerKeyUsage,
            "x509: an issuer's key is not for certificates"
        ) // P6
        failIf(
            issuer.serverAuth === 0,
            ErrorCode.X509NotForServers,
            "x509: an issuer is not for servers' certificates"
        ) // P7
        failIf(
            intermediates > issuer.pathLength,
            ErrorCode.X509PathLength,
            "x509: a path length constraint is exceeded"
        ) // P5
        this.checkValidity(issuer)
        this.findScheme(subject, new ServerKey(issuer.cut(issuer.key)))
    }

    /** What the subject's signature is verified with, and that the issuer's key is good for it. */
    private findScheme(subject: Certificate, key: ServerKey): SignatureScheme {
        const schemes = this.policy.schemes
        checkKey(schemes, key.keyAlgorithm, key.keyBits)
        return findCertificateScheme(
            schemes,
            subject.cut(subject.signatureAlgorithm),
            key.keyAlgorithm
        )
    }

    /** P2: every signature, from the anchor down to the leaf. */
    private async prove(anchor: TrustAnchor): Promise<void> {
        const issuers = this.policy.issuers
        const hash = sha256()
        let id = await hash.digest(anchor.der)
        let key = new ServerKey(
            new Der(anchor.der, anchor.keyAt, anchor.der.length).read(
                Tag.Sequence
            )
        )
        for (
            this.proofAt = this.path.length - 1;
            this.proofAt >= 0;
            this.proofAt--
        ) {
            const c = this.path[this.proofAt]
            const scheme = this.findScheme(c, key)
            id = await hash.digest(id, c.cut(c.whole).copy())
            const text = id.toString("hex")
            // P10: of what was verified before, in this search or earlier, this check alone is skipped.
            if (this.proven.indexOf(text) < 0)
                if (!issuers?.has(id)) {
                    await this.verify(c, scheme, key.keyBits)
                    this.proven.push(text)
                    await issuers?.add(id)
                }
            key = new ServerKey(c.cut(c.key))
        }
    }

    private async verify(
        c: Certificate,
        scheme: SignatureScheme,
        keyBits: Der
    ): Promise<void> {
        if (this.signatures >= MAX_SIGNATURES) failSearch()
        if (this.wrongSignatures >= MAX_WRONG_SIGNATURES) failSearch()
        this.signatures++
        this.wrongSignatures++
        let whole = c.cut(c.whole).read(Tag.Sequence)
        const signed = whole.readWhole(Tag.Sequence).copy()
        whole.read(Tag.Sequence)
        const signature = whole.readBitStringBytes().copy()
        whole = null
        try {
            await scheme.verify(keyBits, signed, signature)
        } catch (e: any) {
            if (!isWrongSignature(e)) throw e
            fail(
                ErrorCode.X509BadSignature,
                "x509: a certificate's signature is wrong"
            )
        }
        this.wrongSignatures--
    }

    /** Keeps the first failure of those that got furthest. */
    private note(failure: any, reached: Reached): void {
        if (reached > this.reached) {
            this.failure = failure
            this.reached = reached
        }
    }
}

/** P9. Seen only where nothing else was found to be wrong before. */
function failSearch(): never {
    fail(
        ErrorCode.X509SearchLimit,
        "x509: the search for a path took too much work"
    )
}

/**
 * A trust anchor from the form in which it is kept.
 *
 * @param der becomes part of it
 * @throws LeafError X509Malformed
 */
export function readTrustAnchor(der: Buffer): TrustAnchor {
    const both = new Der(der, 0, der.length)
    both.read(Tag.Sequence)
    const keyAt = both.at
    both.read(Tag.Sequence)
    both.finish()
    return { der, keyAt }
}
