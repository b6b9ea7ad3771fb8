/** A small DER writer for certificates in which exactly one thing is wrong. */
import { createSign, KeyObject } from "node:crypto"

/** An element, its length in its minimal form. */
export function der(tag: number, ...content: Buffer[]): Buffer {
    const whole = Buffer.concat(content)
    const { length } = whole
    const header =
        length < 0x80
            ? [tag, length]
            : length < 0x100
              ? [tag, 0x81, length]
              : [tag, 0x82, length >> 8, length & 255]
    return Buffer.concat([Buffer.from(header), whole])
}

/** The elements of a constructed one, each with its header. */
export function children(element: Buffer): Buffer[] {
    const result: Buffer[] = []
    let at = headerLength(element, 0)
    while (at < element.length) {
        const end = at + elementLength(element, at)
        result.push(element.subarray(at, end))
        at = end
    }
    return result
}

function headerLength(b: Buffer, at: number): number {
    return b[at + 1] < 0x80 ? 2 : 2 + (b[at + 1] & 0x7f)
}

function elementLength(b: Buffer, at: number): number {
    const header = headerLength(b, at)
    return header === 2
        ? 2 + b[at + 1]
        : header + b.readUIntBE(at + 2, header - 2)
}

/** The content of an element. */
export function contentOf(element: Buffer): Buffer {
    return element.subarray(headerLength(element, 0))
}

/** Places in a TBSCertificate with a version and extensions. */
export const enum Tbs {
    Version,
    SerialNumber,
    Algorithm,
    Issuer,
    Validity,
    Subject,
    Key,
    Extensions,
}

export const SHA256_RSA = Buffer.from("300d06092a864886f70d01010b0500", "hex")

/** An extension: id-ce number or a whole OID's content, critical or not, and its value. */
export function extensionOf(
    id: number | Buffer,
    critical: boolean,
    value: Buffer
): Buffer {
    const oid = typeof id === "number" ? Buffer.from([0x55, 0x1d, id]) : id
    return der(
        0x30,
        der(0x06, oid),
        ...(critical ? [der(0x01, Buffer.from([0xff]))] : []),
        der(0x04, value)
    )
}

/** A certificate with a changed TBSCertificate, signed again. */
export function resign(
    certificate: Buffer,
    key: KeyObject,
    change: (fields: Buffer[]) => Buffer[] | Buffer,
    outerAlgorithm: Buffer = SHA256_RSA
): Buffer {
    const changed = change(children(children(certificate)[0]))
    const tbs = Buffer.isBuffer(changed) ? changed : der(0x30, ...changed)
    const signature = createSign("sha256").update(tbs).sign(key)
    return der(
        0x30,
        tbs,
        outerAlgorithm,
        der(0x03, Buffer.from([0]), signature)
    )
}

/** Changes one field of a TBSCertificate. */
export function withField(
    place: Tbs,
    change: (field: Buffer) => Buffer
): (fields: Buffer[]) => Buffer[] {
    return fields =>
        fields.map((field, i) => (i === place ? change(field) : field))
}

/** Changes the list of extensions. */
export function withExtensions(
    change: (extensions: Buffer[]) => Buffer[]
): (fields: Buffer[]) => Buffer[] {
    return withField(Tbs.Extensions, field =>
        der(0xa3, der(0x30, ...change(children(children(field)[0]))))
    )
}

/** Whether an extension has this id-ce number. */
export function isExtension(extension: Buffer, id: number): boolean {
    return contentOf(children(extension)[0]).equals(
        Buffer.from([0x55, 0x1d, id])
    )
}

/** Puts others in the place of the extension with this id-ce number, which may be missing; none: leaves it out. */
export function replacingExtension(
    id: number,
    replacement: Buffer[]
): (fields: Buffer[]) => Buffer[] {
    return withExtensions(extensions => [
        ...extensions.filter(extension => !isExtension(extension, id)),
        ...replacement,
    ])
}
