/**
 * The handshake of TLS 1.2 for a client, from behind the ServerHello: RFC 5246 7.3, with ECDHE (RFC 8422), the extended
 * master secret (RFC 7627), tickets (RFC 5077) and no renegotiation (RFC 5746).
 *
 * `handshake12` reads in the order of the protocol, `resume12` likewise. What is proved on the way is handed on as
 * evidence: the key exchange (`MasterSecret`), the path and the server's signature, or the session that stands for them
 * (`ServerProof`), and its Finished (`FinishedProof`). Without all of them `openTraffic12` gives no connection.
 *
 * Not offered: client certificates (a request is answered with an empty Certificate), static RSA, finite field groups,
 * CBC, compression, status requests. Sessions are resumed by tickets alone, not from a server's cache.
 */
import { equalBytes, wipe } from "../bytes"
import { ErrorCode, fail, failIf } from "../errors"
import { validatePath } from "../x509/path"
import { PostHandshake, TlsConnection } from "./connection"
import { Extension } from "./extensions"
import { Handshake } from "./handshake"
import { readMessage, ServerHello, TLS12 } from "./hello"
import { MessageType } from "./message"
import { CipherSuite, TlsVersion } from "./part"
import { extendedMasterSecret, MasterSecret, prf } from "./prf"
import { Protection12 } from "./protection12"
import { ContentType, MAX_CONTENT, MAX_FRAGMENT } from "./record"
import {
    checkFinished,
    FinishedProof,
    MAX_SESSION_SEC,
    readCertificates,
    requireEvidence,
    ServerProof,
    verifyServer,
    writeFinished,
} from "./serverproof"
import { Session } from "./session"
import { WireWriter } from "./wire"

/** ECCurveType, RFC 8422 5.4. */
const NAMED_CURVE = 3

/** The part for `TlsParts.versions`. */
export function tls12(): TlsVersion {
    return { code: TLS12, writeExtensions, handshake: handshake12 }
}

function writeExtensions(w: WireWriter, h: Handshake): void {
    // extended_master_secret, an empty renegotiation_info, ec_point_formats with "uncompressed".
    w.writeBytes(hex`0017 0000 ff01 0001 00 000b 0002 01 00`)
    if (h.options.resumption === undefined) return
    w.writeUint16(Extension.SessionTicket)
    if (h.sessionId.length === 0) w.writeUint16(0)
    else {
        w.writeUint16(h.session.ticket.length)
        w.writeBytes(h.session.ticket)
    }
}

async function handshake12(
    h: Handshake,
    hello: ServerHello
): Promise<TlsConnection> {
    h.messages.forbidChangeCipherSpec()
    const small = readExtensions(h, hello)
    if (h.sessionId.length > 0)
        if (equalBytes(hello.sessionId, h.sessionId))
            return await resume12(h, hello, small)

    h.phase("chain")
    const certificate = await h.receive(MessageType.Certificate)
    const path = await validatePath(
        readCertificates(readMessage(certificate), TLS12),
        h.policy
    )
    // N2: the suite is for the leaf's kind of key.
    failIf(
        !path.leaf.keyAlgorithm.equals(hello.suite.keyAlgorithm),
        ErrorCode.TlsSuiteKey,
        "tls: the cipher suite does not fit the server's key"
    )

    // RFC 8422 5.4: the curve and the server's public key, signed with both randoms (K3).
    h.phase("signature")
    const exchange = await h.receive(MessageType.ServerKeyExchange)
    const r = readMessage(exchange)
    const from = r.at
    failIf(
        r.readUint(1) !== NAMED_CURVE,
        ErrorCode.TlsGroup,
        "tls: the curve is not a named one"
    )
    const group = h.findGroup(r.readUint(2))
    const peer = r.readOpaque(1)
    const proof = await verifyServer(
        path,
        Buffer.concat(h.random, hello.random, exchange.slice(from, r.at)),
        r,
        h.policy,
        TLS12
    )

    const request = await h.receiveOptional(MessageType.CertificateRequest)
    if (request !== null) checkCertificateRequest(request)
    readMessage(await h.receive(MessageType.ServerHelloDone)).finish()
    h.messages.requireBoundary()

    h.phase("key exchange")
    if (h.share === null || group !== h.group) {
        if (h.share !== null) h.share.wipe()
        await h.makeShare(group)
    }
    const shared = await h.share.agree(peer)
    h.secrets = new MasterSecret(shared)
    if (request !== null) await h.send(hex`0b 000003 000000`)
    const key = h.share.publicKey
    await h.send(
        Buffer.concat(
            Buffer.from([
                MessageType.ClientKeyExchange,
                0,
                0,
                key.length + 1,
                key.length,
            ]),
            key
        )
    )
    const master = extendedMasterSecret(shared, h.transcript.hash())
    h.secrets = master
    await sendFinished(h, hello, master)

    h.phase("finished")
    const session = await receiveTicket(h, hello, proof, master)
    const finished = await receiveFinished(h, hello, master)
    return await openTraffic12(h, small, master, proof, finished, session)
}

/** The abbreviated handshake, RFC 5077 3.1: the server shows by its Finished that it has the session's secret. */
async function resume12(
    h: Handshake,
    hello: ServerHello,
    small: boolean
): Promise<TlsConnection> {
    failIf(
        hello.suite.code !== h.session.suite,
        ErrorCode.TlsSession,
        "tls: the server resumes another session than was offered"
    ) // T2
    h.phase("finished")
    const proof = h.session.proof
    const master = new MasterSecret(h.session.secret)
    h.secrets = master
    const session = await receiveTicket(h, hello, proof, master)
    const finished = await receiveFinished(h, hello, master)
    await sendFinished(h, hello, master)
    return await openTraffic12(h, small, master, proof, finished, session)
}

/** N3, N4, N5, S5. @returns whether records will be small */
function readExtensions(h: Handshake, hello: ServerHello): boolean {
    const extensions = hello.extensions
    const allowed = [
        Extension.ServerName,
        Extension.MaxFragmentLength,
        Extension.EcPointFormats,
        Extension.ExtendedMasterSecret,
        Extension.RenegotiationInfo,
    ]
    if (h.options.resumption !== undefined)
        allowed.push(Extension.SessionTicket)
    extensions.allow(allowed)
    extensions.readServerName(h.isNamed)
    const extended = extensions.find(Extension.ExtendedMasterSecret)
    failIf(
        extended === null,
        ErrorCode.TlsNoExtendedMasterSecret,
        "tls: the server has no extended master secret"
    )
    extended.finish()
    // RFC 5746 3.4: in the first handshake it holds an empty vector.
    const renegotiation = extensions.find(Extension.RenegotiationInfo)
    failIf(
        renegotiation === null || renegotiation.readVector(1).left() !== 0,
        ErrorCode.TlsRenegotiationInfo,
        "tls: the server has no secure renegotiation"
    )
    renegotiation.finish()
    const formats = extensions.find(Extension.EcPointFormats)
    if (formats !== null) {
        const list = formats.readVector(1)
        formats.finish()
        let uncompressed = false
        while (list.left() > 0) if (list.readUint(1) === 0) uncompressed = true
        failIf(
            !uncompressed,
            ErrorCode.TlsGroup,
            "tls: the server has no uncompressed points"
        )
    }
    const small = extensions.readMaxFragment()
    if (small) h.records.maxContent = MAX_FRAGMENT
    return small
}

/** RFC 5246 7.4.4. What it asks for does not matter to us. */
function checkCertificateRequest(message: Buffer): void {
    const r = readMessage(message)
    const types = r.readVector(1)
    const algorithms = r.readVector(2)
    r.readVector(2)
    r.finish()
    failIf(
        types.left() === 0 || algorithms.left() === 0,
        ErrorCode.TlsMalformed,
        "tls: a message is malformed"
    )
}

/** The protection of what one side sends: RFC 5246 6.3. @param side 0: the client, 1: the server */
function deriveProtection(
    h: Handshake,
    hello: ServerHello,
    master: MasterSecret,
    side: number
): Protection12 {
    const suite: CipherSuite = hello.suite
    const keyLength = suite.aead.keyLength
    const ivLength = suite.fixedIvLength
    const block = prf(
        master.bytes,
        "key expansion",
        Buffer.concat(hello.random, h.random),
        2 * (keyLength + ivLength)
    )
    const keyAt = side * keyLength
    const ivAt = 2 * keyLength + side * ivLength
    const protection = new Protection12(
        suite.aead,
        block.slice(keyAt, keyAt + keyLength),
        block.slice(ivAt, ivAt + ivLength)
    )
    wipe(block)
    return protection
}

/** ChangeCipherSpec and Finished. */
async function sendFinished(
    h: Handshake,
    hello: ServerHello,
    master: MasterSecret
): Promise<void> {
    await h.records.write(ContentType.ChangeCipherSpec, hex`01`)
    h.records.protectOutgoing(deriveProtection(h, hello, master, 0))
    await h.send(writeFinished(master.finished("client", h.transcript.hash())))
}

/** The server's ChangeCipherSpec in its place (S2), and its Finished. */
async function receiveFinished(
    h: Handshake,
    hello: ServerHello,
    master: MasterSecret
): Promise<FinishedProof> {
    await h.messages.expectChangeCipherSpec(h.deadlineMs())
    h.records.protectIncoming(deriveProtection(h, hello, master, 1))
    const expected = master.finished("server", h.transcript.hash())
    checkFinished(await h.receive(MessageType.Finished), expected)
    h.messages.requireBoundary()
    return new FinishedProof(h.transcript.hash())
}

/** RFC 5077 3.3: the ticket that the ServerHello announced. @returns null without one */
async function receiveTicket(
    h: Handshake,
    hello: ServerHello,
    proof: ServerProof,
    master: MasterSecret
): Promise<Session> {
    const announced = hello.extensions.find(Extension.SessionTicket)
    if (announced === null) return null
    announced.finish()
    const r = readMessage(await h.receive(MessageType.NewSessionTicket))
    const session = new Session()
    session.version = TLS12
    session.suite = hello.suite.code
    session.proof = proof
    session.secret = master.bytes
    session.ageAdd = Buffer.alloc(4)
    session.lifetimeSec = r.readUint(4)
    if (session.lifetimeSec === 0) session.lifetimeSec = MAX_SESSION_SEC
    session.ticket = r.readOpaque(2)
    r.finish()
    return session
}

/**
 * Gives the connection, and stores the session.
 *
 * @throws LeafError TlsNotVerified without the evidence of key exchange, server and Finished (S3, S4)
 */
async function openTraffic12(
    h: Handshake,
    small: boolean,
    master: MasterSecret,
    proof: ServerProof,
    finished: FinishedProof,
    session: Session
): Promise<TlsConnection> {
    requireEvidence(master instanceof MasterSecret, proof, finished)
    // T2: the session that was offered was refused; a ticket that can be kept takes its place.
    if (h.session !== null)
        if (h.session.secret !== master.bytes)
            await h.options.resumption.forget()
    if (session !== null) await h.options.resumption.keep(session)
    master.wipe()
    if (!small) h.records.maxContent = MAX_CONTENT
    return new TlsConnection(h.records, h.messages, new Traffic12(), proof)
}

/** There is nothing to come: S5, no renegotiation. */
class Traffic12 implements PostHandshake {
    async handle(message: Buffer): Promise<void> {
        fail(
            ErrorCode.TlsUnexpectedMessage,
            "tls: message " + message[0] + " came after the handshake"
        )
    }

    /** The master secret is gone since the handshake. */
    wipe(): void {}
}
