/** ClientHello and ServerHello, as far as they are the same in TLS 1.2 and 1.3: RFC 8446 4.1, checks N1 to N3. */
import { equalBytes } from "../bytes"
import { ErrorCode, fail, failIf } from "../errors"
import { Extension, Extensions, MAX_FRAGMENT_CODE } from "./extensions"
import type { Handshake } from "./handshake"
import { MESSAGE_HEADER_LENGTH, MessageType } from "./message"
import { CipherSuite, TlsParts } from "./part"
import { WireReader, WireWriter } from "./wire"

export const TLS12 = 0x0303
export const TLS13 = 0x0304

export const RANDOM_LENGTH = 32

/** RFC 8446 4.1.2; RFC 5246 7.4.1.2. */
export const MAX_SESSION_ID = 32

/** Room for the fixed parts (about 160 B), a session id, a host name of 253 B and the largest key share (65 B). */
const MAX_CLIENT_HELLO = 560

/**
 * A ClientHello, RFC 8446 4.1.2: for all of the parts' versions at once.
 *
 * The session id is empty, or tells the resumption of a TLS 1.2 session: no middlebox compatibility, a leaf's gateway
 * is near.
 */
export function writeClientHello(h: Handshake): Buffer {
    const parts = h.options.parts
    const host = h.options.host
    let length = MAX_CLIENT_HELLO + h.cookie.length
    if (h.session !== null) length = length + h.session.ticket.length
    const w = new WireWriter(Buffer.alloc(length))
    w.writeUint8(MessageType.ClientHello)
    const message = w.beginVector(3)
    w.writeUint16(TLS12)
    w.writeBytes(h.random)
    w.writeUint8(h.sessionId.length)
    w.writeBytes(h.sessionId)
    const suites = w.beginVector(2)
    writeCodes(w, parts.suites)
    w.endVector(2, suites)
    w.writeUint16(0x0100) // one compression method: none (R4)
    const extensions = w.beginVector(2)

    if (h.isNamed) {
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
    writeList(w, Extension.SupportedGroups, 2, parts.groups)
    writeList(w, Extension.SignatureAlgorithms, 2, parts.schemes)
    writeList(w, Extension.SupportedVersions, 1, parts.versions)
    for (const version of parts.versions) version.writeExtensions(w, h)
    // RFC 8446 4.2.11: a pre-shared key comes last, as its binder covers all that is before it.
    const isBound = h.session !== null && h.session.version === TLS13
    if (isBound) h.options.resumption.writePreSharedKey(w)

    w.endVector(2, extensions)
    w.endVector(3, message)
    const hello = w.finish()
    if (isBound) h.options.resumption.bind(hello, h.transcript)
    return hello
}

/** What ClientHello names by a code. */
interface Named {
    code: number
}

function writeCodes(w: WireWriter, parts: Named[]): void {
    for (const part of parts) w.writeUint16(part.code)
}

/** An extension that lists the codes of parts; `size` is that of the list's length. */
function writeList(
    w: WireWriter,
    type: Extension,
    size: number,
    parts: Named[]
): void {
    w.writeUint16(type)
    const extension = w.beginVector(2)
    const list = w.beginVector(size)
    writeCodes(w, parts)
    w.endVector(size, list)
    w.endVector(2, extension)
}

export class ServerHello {
    /** Whether it is a HelloRetryRequest, RFC 8446 4.1.3. */
    isRetry: boolean
    random: Buffer
    sessionId: Buffer
    version: number
    suite: CipherSuite
    extensions: Extensions
}

/** Reads a ServerHello and checks what does not depend on the version. */
export function readServerHello(message: Buffer, parts: TlsParts): ServerHello {
    const hello = new ServerHello()
    const r = readMessage(message)
    const legacyVersion = r.readUint(2)
    hello.random = r.readBytes(RANDOM_LENGTH)
    hello.sessionId = r.readOpaque(1)
    const suite = r.readUint(2)
    const compression = r.readUint(1)
    failIf(
        hello.sessionId.length > MAX_SESSION_ID || compression !== 0,
        ErrorCode.TlsMalformed,
        "tls: the session id is too long, or compression was not offered"
    ) // R4
    // Before TLS 1.3 there may be none at all.
    hello.extensions = new Extensions(
        r.left() > 0 ? r : new WireReader(hex`0000`, 0, 2)
    )
    checkVersion(hello, legacyVersion, parts)
    // SHA-256 of "HelloRetryRequest".
    hello.isRetry =
        hello.version === TLS13 &&
        equalBytes(
            hello.random,
            hex`cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c`
        )
    for (const offered of parts.suites)
        if (offered.code === suite)
            if (offered.version === hello.version) {
                hello.suite = offered
                return hello
            }
    fail(ErrorCode.TlsSuite, "tls: the cipher suite was not offered") // N2
}

/** N1: an offered version, and no sign that a newer one was suppressed on the way. Sets `hello.version`. */
function checkVersion(
    hello: ServerHello,
    legacyVersion: number,
    parts: TlsParts
): void {
    // RFC 8446 4.2.1: supported_versions is for TLS 1.3 and later, the legacy field for what was before.
    const selected = hello.extensions.find(Extension.SupportedVersions)
    hello.version = legacyVersion
    if (selected !== null) {
        hello.version = selected.readUint(2)
        selected.finish()
    }
    let offered = false
    let newest = 0
    for (const version of parts.versions) {
        if (version.code === hello.version) offered = true
        if (version.code > newest) newest = version.code
    }
    const isOld = hello.version < TLS13
    if (selected !== null)
        failIf(
            !offered || isOld,
            ErrorCode.TlsSelectedVersion,
            "tls: the server selected a version that was not offered"
        )
    // RFC 8446 4.1.3: "DOWNGRD" and 1 or 0 at the end of the random.
    if (newest === TLS13)
        if (isOld)
            if (hello.random[31] <= 1)
                failIf(
                    equalBytes(hello.random.slice(24, 31), hex`444f574e475244`),
                    ErrorCode.TlsDowngrade,
                    "tls: the server was made to use an older version"
                )
    if (selected === null) offered = offered && isOld
    else offered = legacyVersion === TLS12
    failIf(
        !offered,
        ErrorCode.TlsVersion,
        "tls: the server wants a version that was not offered"
    )
}

/** A reader over the body of a handshake message. */
export function readMessage(message: Buffer): WireReader {
    return new WireReader(message, MESSAGE_HEADER_LENGTH, message.length)
}
