/**
 * The handshake of TLS 1.3 for a client (RFC 8446 chapter 4.1.3 to 4.4), from behind the first ServerHello.
 *
 * `handshake13` reads in the order of the protocol. What it proves on the way is handed on as evidence: the key
 * exchange (`HandshakeSecrets`), the path and the server's signature, or the session that stands for them
 * (`ServerProof`), and its Finished (`FinishedProof`). Without all of them `openTraffic13` gives no traffic keys.
 *
 * Not offered: client certificates (a request is answered with an empty Certificate), early data, post-handshake
 * authentication, a pre-shared key without key exchange.
 */
import { wipe } from "../bytes"
import { ErrorCode, fail, failIf } from "../errors"
import { collectGarbage } from "../heap"
import { validatePath } from "../x509/path"
import { TlsConnection } from "./connection"
import { Extension, Extensions } from "./extensions"
import { Handshake } from "./handshake"
import { readMessage, ServerHello, TLS13 } from "./hello"
import { finishedMac, HandshakeSecrets, HASH_LENGTH } from "./keyschedule"
import { MessageType } from "./message"
import { TlsVersion } from "./part"
import { Protection13 } from "./protection13"
import { MAX_FRAGMENT } from "./record"
import {
    checkFinished,
    FinishedProof,
    readCertificates,
    ServerProof,
    verifyServer,
    writeFinished,
} from "./serverproof"
import { openTraffic13 } from "./traffic13"
import { WireWriter } from "./wire"

/** The longest cookie of a HelloRetryRequest that is sent back; OpenSSL's have about 100 bytes. */
const MAX_COOKIE = 512

/** The part for `TlsParts.versions`. */
export function tls13(): TlsVersion {
    return { code: TLS13, writeExtensions, handshake: handshake13 }
}

function writeExtensions(w: WireWriter, h: Handshake): void {
    w.writeUint16(Extension.KeyShare)
    const extension = w.beginVector(2)
    const shares = w.beginVector(2)
    if (h.share !== null) {
        w.writeUint16(h.group.code)
        w.writeUint16(h.share.publicKey.length)
        w.writeBytes(h.share.publicKey)
    }
    w.endVector(2, shares)
    w.endVector(2, extension)
    // T3: psk_dhe_ke alone. Without it a server has no reason to send tickets.
    if (h.options.resumption !== undefined) w.writeBytes(hex`002d 0002 01 01`)
    if (h.cookie.length > 0) {
        w.writeUint16(Extension.Cookie)
        w.writeUint16(h.cookie.length + 2)
        w.writeUint16(h.cookie.length)
        w.writeBytes(h.cookie)
    }
}

async function handshake13(
    h: Handshake,
    first: ServerHello
): Promise<TlsConnection> {
    h.messages.ignoresChangeCipherSpec = true
    let hello = first
    if (first.isRetry) hello = await retry(h, first)
    const resumed = isResumed(h, hello)
    const suite = hello.suite
    const peer = readKeyShare(h, hello)
    h.messages.requireBoundary()
    const shared = await h.share.agree(peer)
    // The keys' tables live as long as the connection: not in the middle of where the certificates come.
    collectGarbage()
    let presharedKey = Buffer.alloc(HASH_LENGTH)
    if (resumed) presharedKey = h.session.secret
    const helloHash = h.transcript.hash()
    const secrets = new HandshakeSecrets(presharedKey, shared, helloHash)
    h.secrets = secrets
    wipe(presharedKey)
    h.records.protectIncoming(new Protection13(suite.aead, secrets.server))
    h.records.protectOutgoing(new Protection13(suite.aead, secrets.client))

    const encrypted = await h.receive(MessageType.EncryptedExtensions)
    const extensions = new Extensions(readMessage(encrypted))
    extensions.allow([
        Extension.ServerName,
        Extension.MaxFragmentLength,
        Extension.SupportedGroups,
    ])
    extensions.readServerName(h.isNamed)
    const small = extensions.readMaxFragment()
    if (small) h.records.maxContent = MAX_FRAGMENT

    let proof: ServerProof
    let request: Buffer = null
    if (resumed) proof = h.session.proof
    else {
        request = await h.receiveOptional(MessageType.CertificateRequest)
        if (request !== null) checkCertificateRequest(request)
        proof = await verifyCertificate(h)
    }

    h.phase("finished")
    const expected = finishedMac(secrets.server, h.transcript.hash())
    checkFinished(await h.receive(MessageType.Finished), expected)
    h.messages.requireBoundary()
    h.messages.ignoresChangeCipherSpec = false
    const finished = new FinishedProof(h.transcript.hash())

    if (request !== null) await h.send(hex`0b 000004 00 000000`)
    await h.send(
        writeFinished(finishedMac(secrets.client, h.transcript.hash()))
    )
    // T2: the session was refused; a ticket of this connection takes its place.
    if (h.session !== null) if (!resumed) await h.options.resumption.forget()
    return openTraffic13(h, suite, small, secrets, proof, finished)
}

/**
 * N6: a HelloRetryRequest (RFC 8446 4.1.4), the second ClientHello, and the ServerHello that answers it.
 *
 * The request must change something: name a group that we offered and sent no share of, or bring a cookie.
 */
async function retry(h: Handshake, request: ServerHello): Promise<ServerHello> {
    const extensions = request.extensions
    extensions.allow([
        Extension.SupportedVersions,
        Extension.KeyShare,
        Extension.Cookie,
    ])
    const cookie = extensions.find(Extension.Cookie)
    if (cookie !== null) {
        h.cookie = cookie.readOpaque(2)
        cookie.finish()
        if (h.cookie.length === 0) malformed()
        if (h.cookie.length > MAX_COOKIE) malformed()
    }
    const wanted = extensions.find(Extension.KeyShare)
    if (wanted !== null) {
        const group = h.findGroup(wanted.readUint(2))
        wanted.finish()
        if (h.share !== null) {
            if (group === h.group) failUnchanged()
            h.share.wipe()
        }
        await h.makeShare(group)
    } else if (cookie === null || h.share === null) failUnchanged()

    const hello = await h.greet()
    failIf(
        hello.isRetry,
        ErrorCode.TlsUnexpectedMessage,
        "tls: the server asks for a third hello"
    )
    failIf(
        hello.version !== TLS13,
        ErrorCode.TlsSelectedVersion,
        "tls: the version changed after the second hello"
    )
    failIf(
        hello.suite !== request.suite,
        ErrorCode.TlsSuite,
        "tls: the cipher suite changed after the second hello"
    ) // N2
    return hello
}

function failUnchanged(): never {
    fail(
        ErrorCode.TlsRetryUnchanged,
        "tls: the server asks for a second hello that would be as the first"
    )
}

/** T2: whether the server resumes the session that was offered; then with its suite, and no other. */
function isResumed(h: Handshake, hello: ServerHello): boolean {
    const allowed = [Extension.SupportedVersions, Extension.KeyShare]
    if (h.session !== null)
        if (h.session.version === TLS13) allowed.push(Extension.PreSharedKey)
    hello.extensions.allow(allowed)
    const index = hello.extensions.find(Extension.PreSharedKey)
    if (index === null) return false
    failIf(
        index.readUint(2) !== 0 || hello.suite.code !== h.session.suite,
        ErrorCode.TlsSession,
        "tls: the server resumes another session than was offered"
    )
    index.finish()
    return true
}

/** K1: the server's public key, of the group that we sent ours of. */
function readKeyShare(h: Handshake, hello: ServerHello): Buffer {
    const share = hello.extensions.find(Extension.KeyShare)
    failIf(
        share === null,
        ErrorCode.TlsMissingExtension,
        "tls: the key share is missing"
    )
    failIf(
        h.findGroup(share.readUint(2)) !== h.group || h.share === null,
        ErrorCode.TlsGroup,
        "tls: the server's key share has no partner"
    )
    const key = share.readOpaque(2)
    share.finish()
    return key
}

/** RFC 8446 4.3.2: an empty context, and the one mandatory extension. What it asks for does not matter to us. */
function checkCertificateRequest(message: Buffer): void {
    const r = readMessage(message)
    if (r.readVector(1).left() !== 0) malformed()
    failIf(
        new Extensions(r).find(Extension.SignatureAlgorithms) === null,
        ErrorCode.TlsMissingExtension,
        "tls: the signature algorithms are missing"
    )
}

/** Certificate and CertificateVerify, RFC 8446 4.4.2 and 4.4.3; K4. */
async function verifyCertificate(h: Handshake): Promise<ServerProof> {
    h.phase("chain")
    const certificate = readMessage(await h.receive(MessageType.Certificate))
    if (certificate.readVector(1).left() !== 0) malformed()
    const path = await validatePath(
        readCertificates(certificate, TLS13),
        h.policy
    )
    h.phase("signature")
    const content = signedContent(h.transcript.hash())
    const signature = await h.receive(MessageType.CertificateVerify)
    return await verifyServer(
        path,
        content,
        readMessage(signature),
        h.policy,
        TLS13
    )
}

/** 64 spaces, the context string, a zero, the transcript hash. */
function signedContent(transcriptHash: Buffer): Buffer {
    const context = "TLS 1.3, server CertificateVerify"
    const content = Buffer.alloc(64 + context.length + 1 + HASH_LENGTH)
    content.fillAt(0, 64, 0x20)
    content.blitAt(64, Buffer.from(context), 0, context.length)
    content.blitAt(65 + context.length, transcriptHash, 0, HASH_LENGTH)
    return content
}

function malformed(): never {
    fail(ErrorCode.TlsMalformed, "tls: a message is malformed")
}
