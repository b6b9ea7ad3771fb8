/** ClientHello, ServerHello and EncryptedExtensions: RFC 8446 4.1 to 4.3, checks N1 to N6. */
import { equalBytes } from "../bytes"
import { ErrorCode, fail } from "../errors"
import { parseIpv4 } from "../x509/names"
import { MESSAGE_HEADER_LENGTH, MessageType } from "./message"
import { KeyShare, TlsParts } from "./part"
import { WireReader, WireWriter } from "./wire"

export const TLS12 = 0x0303
export const TLS13 = 0x0304

export const enum Extension {
    ServerName = 0,
    MaxFragmentLength = 1,
    SupportedGroups = 10,
    SignatureAlgorithms = 13,
    SupportedVersions = 43,
    KeyShare = 51,
}

/** max_fragment_length 2^12, RFC 6066 4: what MAX_FRAGMENT of the record layer says. */
const MAX_FRAGMENT_CODE = 4

export const RANDOM_LENGTH = 32

/** Room for the fixed parts (about 120 B), a host name of 253 B and the largest key share (65 B). */
const MAX_CLIENT_HELLO = 512

/**
 * A ClientHello, RFC 8446 4.1.2. The session id is empty: no middlebox compatibility, a leaf's gateway is near.
 *
 * @param random RANDOM_LENGTH bytes
 * @param shares one key share for each of the parts' first groups
 */
export function writeClientHello(
    parts: TlsParts,
    host: string,
    random: Buffer,
    shares: KeyShare[]
): Buffer {
    const w = new WireWriter(Buffer.alloc(MAX_CLIENT_HELLO))
    w.writeUint8(MessageType.ClientHello)
    const message = w.beginVector(3)
    w.writeUint16(TLS12)
    w.writeBytes(random)
    w.writeUint8(0) // no session id
    const suites = w.beginVector(2)
    for (const suite of parts.suites) w.writeUint16(suite.code)
    w.endVector(2, suites)
    w.writeUint16(0x0100) // one compression method: none (R4)
    const extensions = w.beginVector(2)

    // RFC 6066 3: names only, never an address.
    if (parseIpv4(host) === null) {
        const name = Buffer.from(host)
        w.writeUint16(Extension.ServerName)
        w.writeUint16(name.length + 5)
        w.writeUint16(name.length + 3)
        w.writeUint8(0) // host_name
        w.writeUint16(name.length)
        w.writeBytes(name)
    }
    w.writeUint16(Extension.MaxFragmentLength)
    w.writeUint16(1)
    w.writeUint8(MAX_FRAGMENT_CODE)

    w.writeUint16(Extension.SupportedGroups)
    let extension = w.beginVector(2)
    let list = w.beginVector(2)
    for (const group of parts.groups) w.writeUint16(group.code)
    w.endVector(2, list)
    w.endVector(2, extension)

    w.writeUint16(Extension.SignatureAlgorithms)
    extension = w.beginVector(2)
    list = w.beginVector(2)
    for (const scheme of parts.schemes) w.writeUint16(scheme.code)
    w.endVector(2, list)
    w.endVector(2, extension)

    w.writeUint16(Extension.SupportedVersions)
    extension = w.beginVector(2)
    list = w.beginVector(1)
    for (const version of parts.versions) w.writeUint16(version.code)
    w.endVector(1, list)
    w.endVector(2, extension)

    w.writeUint16(Extension.KeyShare)
    extension = w.beginVector(2)
    list = w.beginVector(2)
    for (let i = 0; i < shares.length; i++) {
        const key = shares[i].publicKey
        w.writeUint16(parts.groups[i].code)
        w.writeUint16(key.length)
        w.writeBytes(key)
    }
    w.endVector(2, list)
    w.endVector(2, extension)

    w.endVector(2, extensions)
    w.endVector(3, message)
    return w.finish()
}

export class ServerHello {
    random: Buffer
    suite: number
    /** From supported_versions, else the legacy field. */
    version: number
    /** Group and key of key_share; 0 and null without one. */
    group = 0
    keyShare: Buffer = null
}

/** Reads a ServerHello and checks what does not depend on the version. */
export function readServerHello(message: Buffer, parts: TlsParts): ServerHello {
    const hello = new ServerHello()
    const r = readMessage(message)
    const legacyVersion = r.readUint16()
    hello.version = legacyVersion
    hello.random = r.readBytes(RANDOM_LENGTH)
    const sessionIdLength = r.readVector8().left()
    hello.suite = r.readUint16()
    // R4: no compression. Without the extensions it is an old server's hello, whose version is refused below.
    if (r.readUint8() !== 0)
        fail(ErrorCode.TlsMalformed, "tls: compression was not offered")
    let others = false
    if (r.left() > 0) {
        const list = r.readVector16()
        const seen: number[] = []
        while (list.left() > 0) {
            const type = readExtensionType(list, seen)
            const body = list.readVector16()
            if (type === Extension.SupportedVersions) {
                hello.version = body.readUint16()
                body.finish()
            } else if (type === Extension.KeyShare) {
                hello.group = body.readUint16()
                // A HelloRetryRequest has the group alone.
                if (body.left() > 0) {
                    const key = body.readVector16()
                    hello.keyShare = key.readBytes(key.left())
                }
                body.finish()
            } else others = true
        }
    }
    r.finish()
    checkVersion(hello, parts)
    if (hello.version === TLS13) {
        if (legacyVersion !== TLS12)
            fail(ErrorCode.TlsVersion, "tls: the legacy version is not 1.2")
        if (sessionIdLength !== 0)
            fail(ErrorCode.TlsSessionId, "tls: the session id is not ours")
        checkNoRetry(hello)
        if (others) unoffered() // N3
    }
    return hello
}

/** N6: there is no second group that we could retry with. */
function checkNoRetry(hello: ServerHello): void {
    // SHA-256 of "HelloRetryRequest", RFC 8446 4.1.3.
    if (
        equalBytes(
            hello.random,
            hex`cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c`
        )
    )
        fail(
            ErrorCode.TlsRetryRequested,
            "tls: the server asks for another key exchange group"
        )
}

/** N1: an offered version, and no sign that a newer one was suppressed on the way. */
function checkVersion(hello: ServerHello, parts: TlsParts): void {
    let offered = false
    let newest = 0
    for (const version of parts.versions) {
        if (version.code === hello.version) offered = true
        if (version.code > newest) newest = version.code
    }
    if (newest === TLS13 && hello.version < TLS13) {
        // RFC 8446 4.1.3: "DOWNGRD" and 1 or 0 at the end of the random.
        const tail = hello.random.slice(24, 31)
        if (equalBytes(tail, hex`444f574e475244`) && hello.random[31] <= 1)
            fail(
                ErrorCode.TlsDowngrade,
                "tls: the server was made to use an older version"
            )
    }
    if (!offered)
        fail(
            ErrorCode.TlsVersion,
            "tls: the server wants a version that was not offered"
        )
}

/** A reader over the body of a handshake message. */
export function readMessage(message: Buffer): WireReader {
    return new WireReader(message, MESSAGE_HEADER_LENGTH, message.length)
}

/** N3: the type of the next extension, which was not there before. `seen` grows. */
export function readExtensionType(list: WireReader, seen: number[]): number {
    const type = list.readUint16()
    if (seen.indexOf(type) >= 0)
        fail(ErrorCode.TlsRepeatedExtension, "tls: an extension stands twice")
    seen.push(type)
    return type
}

/**
 * Reads EncryptedExtensions, RFC 8446 4.3.1.
 *
 * @returns whether the server keeps its records as small as we asked (RFC 6066 4)
 */
export function readEncryptedExtensions(message: Buffer): boolean {
    const r = readMessage(message)
    const list = r.readVector16()
    r.finish()
    const seen: number[] = []
    let small = false
    while (list.left() > 0) {
        const type = readExtensionType(list, seen)
        const body = list.readVector16()
        if (type === Extension.MaxFragmentLength) {
            if (body.readUint8() !== MAX_FRAGMENT_CODE)
                fail(
                    ErrorCode.TlsMaxFragment,
                    "tls: the record size is not the one asked for"
                ) // N5
            small = true
            body.finish()
        } else if (type === Extension.ServerName) {
            body.finish()
        } else if (type !== Extension.SupportedGroups) unoffered() // N3
    }
    return small
}

export function unoffered(): never {
    fail(
        ErrorCode.TlsUnofferedExtension,
        "tls: the server answers an extension that was not offered"
    )
}
