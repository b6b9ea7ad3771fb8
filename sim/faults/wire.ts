/**
 * The presentation language of TLS for the hostile servers: code points, and writing and reading of vectors.
 *
 * Independent of the device's own `src/tls/wire.ts`, so that an error there is not made twice.
 */

export const enum Content {
    ChangeCipherSpec = 20,
    Alert = 21,
    Handshake = 22,
    ApplicationData = 23,
}

/** HandshakeType, of RFC 5246 7.4 and RFC 8446 4. */
export const enum Type {
    HelloRequest = 0,
    ClientHello = 1,
    ServerHello = 2,
    NewSessionTicket = 4,
    EncryptedExtensions = 8,
    Certificate = 11,
    ServerKeyExchange = 12,
    CertificateRequest = 13,
    ServerHelloDone = 14,
    CertificateVerify = 15,
    ClientKeyExchange = 16,
    Finished = 20,
    CertificateStatus = 22,
    KeyUpdate = 24,
    MessageHash = 254,
}

/** ExtensionType. */
export const enum Ext {
    ServerName = 0,
    MaxFragmentLength = 1,
    StatusRequest = 5,
    SupportedGroups = 10,
    PointFormats = 11,
    SignatureAlgorithms = 13,
    Alpn = 16,
    EncryptThenMac = 22,
    ExtendedMasterSecret = 23,
    SessionTicket = 35,
    PreSharedKey = 41,
    EarlyData = 42,
    SupportedVersions = 43,
    Cookie = 44,
    PskModes = 45,
    KeyShare = 51,
    RenegotiationInfo = 0xff01,
}

/** AlertDescription, RFC 8446 6 (and no_renegotiation of RFC 5246 7.2). */
export const enum Alert {
    CloseNotify = 0,
    UnexpectedMessage = 10,
    BadRecordMac = 20,
    RecordOverflow = 22,
    HandshakeFailure = 40,
    BadCertificate = 42,
    UnsupportedCertificate = 43,
    UnknownCa = 48,
    IllegalParameter = 47,
    DecodeError = 50,
    DecryptError = 51,
    ProtocolVersion = 70,
    InternalError = 80,
    UserCanceled = 90,
    NoRenegotiation = 100,
    MissingExtension = 109,
    UnsupportedExtension = 110,
}

export const TLS12 = 0x0303
export const TLS13 = 0x0304

export const NOTHING = Buffer.alloc(0)

export function uint(bytes: number, value: number): Buffer {
    const result = Buffer.alloc(bytes)
    result.writeUIntBE(value, 0, bytes)
    return result
}

/** A vector: its length in so many bytes, and its content. */
export function vector(lengthBytes: number, ...content: Buffer[]): Buffer {
    const whole = Buffer.concat(content)
    return Buffer.concat([uint(lengthBytes, whole.length), whole])
}

export function handshake(type: number, ...content: Buffer[]): Buffer {
    return Buffer.concat([Buffer.from([type]), vector(3, ...content)])
}

export function extension(type: number, ...content: Buffer[]): Buffer {
    return Buffer.concat([uint(2, type), vector(2, ...content)])
}

/** A record without protection. */
export function plainRecord(type: number, content: Buffer): Buffer {
    return Buffer.concat([Buffer.from([type, 3, 3]), vector(2, content)])
}

/** Reads from front to back. @throws RangeError past the end */
export class Cursor {
    private at = 0

    constructor(private readonly whole: Buffer) {}

    get left(): number {
        return this.whole.length - this.at
    }

    bytes(length: number): Buffer {
        if (length > this.left) throw new RangeError("a field is cut off")
        this.at += length
        return this.whole.subarray(this.at - length, this.at)
    }

    uint(bytes: number): number {
        return this.bytes(bytes).readUIntBE(0, bytes)
    }

    vector(lengthBytes: number): Buffer {
        return this.bytes(this.uint(lengthBytes))
    }
}

/** The numbers of a list, two bytes each. */
export function readUint16s(list: Buffer): number[] {
    const cursor = new Cursor(list)
    const numbers: number[] = []
    while (cursor.left) numbers.push(cursor.uint(2))
    return numbers
}

/** A handshake message of the client: type, length and body, which fit. */
export function bodyOf(message: Buffer): Buffer {
    return message.subarray(4)
}
