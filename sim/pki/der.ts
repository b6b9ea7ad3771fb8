/**
 * Just enough DER (X.690) to take a certificate apart and put it together again.
 *
 * It reads what this program wrote; it is not a verifier. Buffers that come back share memory with what was read.
 */

export const enum Tag {
    Integer = 0x02,
    BitString = 0x03,
    Sequence = 0x30,
    /** `[0] EXPLICIT`: the version of a TBSCertificate. */
    Context0 = 0xa0,
}

/** One element: the whole of it, and its content alone. */
export interface Element {
    tag: number
    whole: Buffer
    content: Buffer
}

/** Reads the element at the start of `der`; throws a `RangeError` if it is cut off. */
export function readElement(der: Buffer): Element {
    const first = der.readUInt8(1)
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f
    const length = lengthBytes ? der.readUIntBE(2, lengthBytes) : first
    const from = 2 + lengthBytes
    if (from + length > der.length)
        throw new RangeError("der: the element is cut off")
    return {
        tag: der.readUInt8(0),
        whole: der.subarray(0, from + length),
        content: der.subarray(from, from + length),
    }
}

/** The elements that lie one after another in `content`. */
export function readElements(content: Buffer): Element[] {
    const elements: Element[] = []
    for (let rest = content; rest.length;) {
        const element = readElement(rest)
        elements.push(element)
        rest = rest.subarray(element.whole.length)
    }
    return elements
}

/** Puts `content` under a tag, with the shortest length that DER asks for. */
export function element(tag: number, ...content: Buffer[]): Buffer {
    const body = Buffer.concat(content)
    const length: number[] = []
    for (let left = body.length; left > 0; left >>>= 8)
        length.unshift(left & 0xff)
    const header =
        body.length < 0x80
            ? [tag, body.length]
            : [tag, 0x80 | length.length, ...length]
    return Buffer.concat([Buffer.from(header), body])
}

/** The parts of a certificate (RFC 5280 4.1) that a forger or an anchor needs. */
export interface CertificateParts {
    tbs: Buffer
    signatureAlgorithm: Buffer
    /** The value of the BIT STRING, without its count of unused bits. */
    signature: Buffer
    /** DER of the issuer's and of the subject's Name. */
    issuerName: Buffer
    subjectName: Buffer
    publicKeyInfo: Buffer
}

/** Takes a certificate apart. */
export function certificateParts(der: Buffer): CertificateParts {
    const [tbs, algorithm, signature] = readElements(readElement(der).content)
    const fields = readElements(tbs.content)
    // The version is left out in v1 certificates.
    const base = fields[0].tag === Tag.Context0 ? 1 : 0
    return {
        tbs: tbs.whole,
        signatureAlgorithm: algorithm.whole,
        signature: signature.content.subarray(1),
        issuerName: fields[base + 2].whole,
        subjectName: fields[base + 4].whole,
        publicKeyInfo: fields[base + 5].whole,
    }
}

/** Puts a certificate together. */
export function assembleCertificate(
    tbs: Buffer,
    signatureAlgorithm: Buffer,
    signature: Buffer
): Buffer {
    return element(
        Tag.Sequence,
        tbs,
        signatureAlgorithm,
        element(Tag.BitString, Buffer.from([0]), signature)
    )
}
