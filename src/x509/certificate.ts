/**
 * An X.509 v3 certificate (RFC 5280 chapter 4), read strictly into what path validation needs.
 *
 * The parsed certificate points into the buffer that it was read from and copies nothing; whoever keeps it keeps that
 * buffer (about 600 B of heap for the cursors themselves). Reading checks the form alone: X1, X2, X4, X5. Whether a
 * certificate is good for anything is decided in `path.ts`.
 *
 * Refused, where RFC 5280 would allow more: versions before 3, unique identifiers, any name constraints (P8), more
 * than MAX_EXTENSIONS extensions. Not looked at: serial number, policies, authority information, revocation.
 */
import { ErrorCode, fail } from "../errors"
import { decimal, unixSeconds } from "../unixtime"
import { Der, malformed, Tag } from "./der"

/** Bounds the search for repeated extensions; public certificates carry about ten. */
const MAX_EXTENSIONS = 24

/** Bounds the search for serverAuth. */
const MAX_PURPOSES = 32

/** Bits of the first byte of KeyUsage, RFC 5280 4.2.1.3. */
export const enum KeyUsage {
    DigitalSignature = 0x80,
    KeyCertSign = 0x04,
}

export class Certificate {
    /** The signed bytes, header included. */
    tbs: Der
    /** Content of the outer AlgorithmIdentifier, which equals the inner one. */
    signatureAlgorithm: Der
    signature: Der
    /** Distinguished names as they stand, header included. */
    issuer: Der
    subject: Der
    notBeforeSec: number
    notAfterSec: number
    /** Content of the key's AlgorithmIdentifier, and the key's bits. */
    keyAlgorithm: Der
    keyBits: Der
    isCa = false
    /** -1: no limit. */
    pathLength = -1
    /** First byte of KeyUsage, or -1: no such extension. */
    keyUsage = -1
    /** -1: no extended key usage; 0: without serverAuth; 1: with it. */
    serverAuth = -1
    /** The GeneralNames of the subject's alternative names, or null. */
    names: Der = null

    constructor(
        /** All of the certificate's DER. */
        readonly whole: Der
    ) {}
}

/** Reads one certificate that fills `whole` to its end. */
export function parseCertificate(whole: Der): Certificate {
    const c = new Certificate(new Der(whole.bytes, whole.at, whole.end))
    const certificate = whole.read(Tag.Sequence)
    whole.finish()
    c.tbs = certificate.readWhole(Tag.Sequence)
    c.signatureAlgorithm = certificate.read(Tag.Sequence)
    c.signature = certificate.readBitStringBytes()
    certificate.finish()

    const tbs = new Der(c.tbs.bytes, c.tbs.at, c.tbs.end).read(Tag.Sequence)
    // X5: version 3 is the number 2.
    const version = tbs.readOptional(Tag.Context + 0)
    if (version === null || version.readSmallInteger() !== 2)
        fail(
            ErrorCode.X509Version,
            "x509: only version 3 certificates are accepted"
        )
    version.finish()
    tbs.readInteger() // serial number
    if (!tbs.read(Tag.Sequence).same(c.signatureAlgorithm))
        fail(
            ErrorCode.X509AlgorithmMismatch,
            "x509: inner and outer signature algorithm differ"
        ) // X2
    c.issuer = tbs.readWhole(Tag.Sequence)
    const validity = tbs.read(Tag.Sequence)
    c.notBeforeSec = readTime(validity)
    c.notAfterSec = readTime(validity)
    validity.finish()
    c.subject = tbs.readWhole(Tag.Sequence)
    const key = tbs.read(Tag.Sequence)
    c.keyAlgorithm = key.read(Tag.Sequence)
    c.keyBits = key.readBitStringBytes()
    key.finish()
    const extensions = tbs.readOptional(Tag.Context + 3)
    if (extensions !== null) {
        readExtensions(c, extensions.read(Tag.Sequence))
        extensions.finish()
    }
    tbs.finish()
    return c
}

/** UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 allows them: to the second, in UTC. */
function readTime(from: Der): number {
    const utc = from.peek() === Tag.UtcTime
    const t = from.read(utc ? Tag.UtcTime : Tag.GeneralizedTime)
    const b = t.bytes
    const digits = utc ? 2 : 4
    const rest = t.at + digits
    if (t.left() !== digits + 11 || b[t.end - 1] !== 0x5a /* Z */)
        malformed("a time is malformed")
    let year = decimal(b, t.at, digits)
    if (utc && year >= 0) year = year < 50 ? 2000 + year : 1900 + year
    // Dates before 1970 are good for nothing here, and 4.1.2.5.2 wants GeneralizedTime only from 2050 on.
    const sec = unixSeconds(
        year,
        decimal(b, rest, 2),
        decimal(b, rest + 2, 2),
        decimal(b, rest + 4, 2),
        decimal(b, rest + 6, 2),
        decimal(b, rest + 8, 2)
    )
    if (sec < 0 || (!utc && year < 2050)) malformed("a time is malformed")
    return sec
}

function readExtensions(c: Certificate, list: Der): void {
    const seen: string[] = []
    if (list.left() === 0) malformed("the extensions are empty")
    while (list.left() > 0) {
        const extension = list.read(Tag.Sequence)
        const id = extension.read(Tag.ObjectIdentifier)
        const critical =
            extension.peek() === Tag.Boolean ? extension.readBoolean() : false
        const value = extension.read(Tag.OctetString)
        extension.finish()
        const idText = id.hex()
        if (seen.indexOf(idText) >= 0) malformed("an extension stands twice") // X1
        seen.push(idText)
        if (seen.length > MAX_EXTENSIONS)
            malformed("there are too many extensions")
        // id-ce is 2.5.29; the number behind it says which extension of RFC 5280 4.2.1 it is.
        const b = id.bytes
        let known = 0
        if (id.left() === 3 && b[id.at] === 0x55 && b[id.at + 1] === 0x1d)
            known = b[id.at + 2]
        if (known === 19) readBasicConstraints(c, value)
        else if (known === 15) readKeyUsage(c, value)
        else if (known === 37) readExtendedKeyUsage(c, value)
        else if (known === 17) {
            c.names = value.read(Tag.Sequence)
            value.finish()
            if (c.names.left() === 0)
                malformed("the alternative names are empty")
        } else if (known === 30)
            fail(
                ErrorCode.X509NameConstraints,
                "x509: name constraints are not supported"
            ) // P8
        else if (critical)
            fail(
                ErrorCode.X509UnknownCritical,
                "x509: a critical extension is unknown"
            ) // X4
    }
}

function readBasicConstraints(c: Certificate, value: Der): void {
    const constraints = value.read(Tag.Sequence)
    value.finish()
    if (constraints.peek() === Tag.Boolean) {
        c.isCa = constraints.readBoolean()
        if (!c.isCa) malformed("a default value is encoded")
    }
    if (constraints.peek() === Tag.Integer) {
        c.pathLength = constraints.readSmallInteger()
        if (!c.isCa) malformed("a path length stands without CA")
    }
    constraints.finish()
}

function readKeyUsage(c: Certificate, value: Der): void {
    const bits = value.read(Tag.BitString)
    value.finish()
    const b = bits.bytes
    const unused = b[bits.at]
    const last = b[bits.end - 1]
    // X.690 11.2.2: a named bit list ends with a bit that is set, and the bits behind it are zero.
    if (
        bits.left() < 2 ||
        bits.left() > 3 ||
        unused > 7 ||
        (last & ((2 << unused) - 1)) !== 1 << unused
    )
        malformed("a key usage is malformed")
    c.keyUsage = b[bits.at + 1]
}

function readExtendedKeyUsage(c: Certificate, value: Der): void {
    const purposes = value.read(Tag.Sequence)
    value.finish()
    if (purposes.left() === 0) malformed("the extended key usage is empty")
    c.serverAuth = 0
    let count = 0
    while (purposes.left() > 0) {
        if (purposes.read(Tag.ObjectIdentifier).equals(hex`2b06010505070301`))
            c.serverAuth = 1
        count++
        if (count > MAX_PURPOSES) malformed("there are too many purposes")
    }
}
