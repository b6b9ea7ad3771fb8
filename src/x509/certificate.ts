/**
 * An X.509 v3 certificate (RFC 5280 chapter 4), read strictly into what path validation needs.
 *
 * Two steps: the constructor reads the frame and the fields, for every certificate that a server sends; `readExtensions`
 * the rest, for those that are wanted in a path. A certificate that is not needed may be of another version or hold an
 * unknown critical extension. Reading checks the form alone: X1, X2, X4, X5. Whether a certificate is good for anything is
 * decided in `path.ts`.
 *
 * A certificate points into the buffer that it was read from and copies nothing; whoever keeps it keeps that buffer. It
 * holds places instead of cursors: about 400 B of heap each.
 *
 * Refused, where RFC 5280 would allow more: versions before 3, unique identifiers, any name constraints (P8), more
 * than MAX_EXTENSIONS extensions. Not looked at: serial number, policies, authority information, revocation.
 */
import { ErrorCode, fail, failIf } from "../errors"
import { decimal, decimals, unixSeconds } from "../unixtime"
import { Der, malformedIf, Tag } from "./der"

/** Bounds the search for repeated extensions; public certificates carry about ten. */
const MAX_EXTENSIONS = 24

/** Bounds the search for serverAuth. */
const MAX_PURPOSES = 32

/** The end of the last place that `Certificate` can hold; more than any handshake message. */
const MAX_PLACE = 0x7fff

/** Bits of the first byte of KeyUsage, RFC 5280 4.2.1.3. */
export const enum KeyUsage {
    DigitalSignature = 0x80,
    KeyCertSign = 0x04,
}

export class Certificate {
    private readonly bytes: Buffer
    /** All of the certificate's DER. These are places in `bytes`: see `cut`. */
    readonly whole: number
    /** Content of the outer AlgorithmIdentifier, which equals the inner one. */
    readonly signatureAlgorithm: number
    /** Distinguished names as they stand, header included. */
    readonly issuer: number
    readonly subject: number
    /** Content of the SubjectPublicKeyInfo. */
    readonly key: number
    /** The list of extensions; 0: there is none; -1: the version is not 3. */
    private extensions = 0
    readonly notBeforeSec: number
    readonly notAfterSec: number

    // What `readExtensions` finds:
    /** How many issuers may follow below; -1: it is not a CA. */
    pathLength = -1
    /** First byte of KeyUsage; -1, which has all bits: no such extension. */
    keyUsage = -1
    /** -1: no extended key usage; 0: without serverAuth; 1: with it. */
    serverAuth = -1
    /** The GeneralNames of the subject's alternative names; 0: there are none. */
    names = 0

    /**
     * Reads one certificate that fills `whole` to its end.
     *
     * @throws LeafError X509Malformed, X509AlgorithmMismatch
     */
    constructor(whole: Der) {
        this.bytes = whole.bytes
        this.whole = whole.place()
        malformedIf(whole.end > MAX_PLACE, "a certificate is too long")
        const certificate = whole.read(Tag.Sequence)
        whole.finish()
        const tbs = certificate.read(Tag.Sequence)
        const algorithm = certificate.read(Tag.Sequence)
        this.signatureAlgorithm = algorithm.place()
        certificate.readBitStringBytes()
        certificate.finish()

        const version = tbs.readOptional(Tag.Context + 0)
        tbs.readInteger() // serial number
        failIf(
            !tbs.read(Tag.Sequence).same(algorithm),
            ErrorCode.X509AlgorithmMismatch,
            "x509: inner and outer signature algorithm differ"
        ) // X2
        const issuer = tbs.readWhole(Tag.Sequence)
        // 4.1.2.4: an issuer has a name. A subject may have none.
        malformedIf(issuer.left() < 3, "the issuer's name is empty")
        this.issuer = issuer.place()
        const validity = tbs.read(Tag.Sequence)
        this.notBeforeSec = readTime(validity)
        this.notAfterSec = readTime(validity)
        validity.finish()
        this.subject = tbs.readWhole(Tag.Sequence).place()
        this.key = tbs.read(Tag.Sequence).place()
        // X5: version 3 is the number 2.
        if (version === null || version.readSmallInteger() !== 2)
            this.extensions = -1
        else {
            version.finish()
            const extensions = tbs.readOptional(Tag.Context + 3)
            if (extensions !== null) {
                const list = extensions.read(Tag.Sequence)
                malformedIf(list.left() === 0, "the extensions are empty")
                this.extensions = list.place()
                extensions.finish()
            }
            tbs.finish()
        }
    }

    /** A new cursor over one of the places. */
    cut(place: number): Der {
        return new Der(this.bytes, place >> 16, place & 0xffff)
    }

    /**
     * Reads the extensions; again, if they were read before.
     *
     * @throws LeafError X509Version, X509Malformed, X509UnknownCritical, X509NameConstraints
     */
    readExtensions(): void {
        failIf(
            this.extensions < 0,
            ErrorCode.X509Version,
            "x509: only version 3 certificates are accepted"
        )
        const list = this.cut(this.extensions)
        const seen: string[] = []
        while (list.left() > 0) {
            const extension = list.read(Tag.Sequence)
            const id = extension.read(Tag.ObjectIdentifier).hex()
            const critical = extension.readFlag()
            const value = extension.read(Tag.OctetString)
            extension.finish()
            malformedIf(seen.indexOf(id) >= 0, "an extension stands twice") // X1
            seen.push(id)
            malformedIf(
                seen.length > MAX_EXTENSIONS,
                "there are too many extensions"
            )
            // id-ce is 2.5.29; the byte behind it says which extension of RFC 5280 4.2.1 it is.
            if (id === "551d13") this.readBasicConstraints(value)
            else if (id === "551d0f") this.readKeyUsage(value)
            else if (id === "551d25") this.readExtendedKeyUsage(value)
            else if (id === "551d11") {
                const names = value.read(Tag.Sequence)
                malformedIf(
                    names.left() === 0,
                    "the alternative names are empty"
                )
                this.names = names.place()
                value.finish()
            } else if (id === "551d1e")
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

    private readBasicConstraints(value: Der): void {
        const constraints = value.read(Tag.Sequence)
        value.finish()
        if (constraints.readFlag()) {
            this.pathLength = NO_LIMIT
            if (constraints.left() > 0)
                this.pathLength = constraints.readSmallInteger()
        }
        constraints.finish()
    }

    private readKeyUsage(value: Der): void {
        const bits = value.read(Tag.BitString)
        value.finish()
        const unused = bits.peek()
        // X.690 11.2.2: a named bit list ends with a bit that is set, and the bits behind it are zero.
        malformedIf(bits.left() < 2, KEY_USAGE_MALFORMED)
        malformedIf(bits.left() > 3, KEY_USAGE_MALFORMED)
        malformedIf(unused > 7, KEY_USAGE_MALFORMED)
        malformedIf(
            (bits.bytes[bits.end - 1] & ((2 << unused) - 1)) !== 1 << unused,
            KEY_USAGE_MALFORMED
        )
        this.keyUsage = bits.bytes[bits.at + 1]
    }

    private readExtendedKeyUsage(value: Der): void {
        const purposes = value.read(Tag.Sequence)
        value.finish()
        malformedIf(purposes.left() === 0, "the extended key usage is empty")
        this.serverAuth = 0
        for (let count = 0; purposes.left() > 0; count++) {
            if (purposes.read(Tag.ObjectIdentifier).hex() === SERVER_AUTH)
                this.serverAuth = 1
            malformedIf(count >= MAX_PURPOSES, "there are too many purposes")
        }
    }
}

const KEY_USAGE_MALFORMED = "a key usage is malformed"

const TIME_MALFORMED = "a time is malformed"

/** A path length that no path reaches. */
const NO_LIMIT = 0xff

/** id-kp-serverAuth, RFC 5280 4.2.1.12. */
const SERVER_AUTH = "2b06010505070301"

/** UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 allows them: to the second, in UTC. */
function readTime(from: Der): number {
    const utc = from.peek() === Tag.UtcTime
    let tag = Tag.GeneralizedTime
    if (utc) tag = Tag.UtcTime
    const t = from.read(tag)
    // YYYYMMDDhhmmssZ. Of UTCTime, years below 50 are those of this century.
    let century = ""
    if (utc) {
        century = "19"
        if (t.peek() < 0x35 /* 5 */) century = "20"
    }
    const b = Buffer.concat(Buffer.from(century), t.copy())
    const year = decimal(b, 0, 4)
    const sec = unixSeconds(year, decimals(b, hex`04 06 08 0a 0c`))
    // Dates before 1970 are good for nothing here, and 4.1.2.5.2 wants GeneralizedTime only from 2050 on.
    malformedIf(b.length !== 15, TIME_MALFORMED)
    malformedIf(b[14] !== 0x5a /* Z */, TIME_MALFORMED)
    malformedIf(sec < 0, TIME_MALFORMED)
    malformedIf(utc !== year < 2050, TIME_MALFORMED)
    return sec
}
