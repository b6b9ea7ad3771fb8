/**
 * The handshake of TLS 1.3 for a client (RFC 8446 chapter 4.1.3 to 4.4), from behind the ServerHello.
 *
 * `handshake13` reads in the order of the protocol. What it proves on the way is handed on as evidence: the key
 * exchange (`HandshakeSecrets`), the path (`ValidatedPath`) and the server's signature (`ServerProof`), and its
 * Finished (`FinishedProof`). Without all of them `openTraffic` gives no traffic keys.
 *
 * Not offered: client certificates (a request is answered with an empty Certificate), pre-shared keys, early data,
 * post-handshake authentication.
 */
import { equalSecrets } from "../bytes"
import { ErrorCode, fail } from "../errors"
import { Der } from "../x509/der"
import { MAX_CERTIFICATES, ValidatedPath, validatePath } from "../x509/path"
import { isWrongSignature, SignatureScheme } from "../x509/scheme"
import { TlsConnection } from "./connection"
import { openTraffic } from "./traffic13"
import { Handshake } from "./handshake"
import {
    Extension,
    readEncryptedExtensions,
    readExtensionType,
    readMessage,
    ServerHello,
    TLS13,
    unoffered,
} from "./hello"
import { finishedMac, HandshakeSecrets, HASH_LENGTH } from "./keyschedule"
import { MESSAGE_HEADER_LENGTH, MessageType } from "./message"
import { TlsVersion } from "./part"
import { Protection13 } from "./protection13"
import { MAX_FRAGMENT, ContentType } from "./record"

/** The part for `TlsParts.versions`. */
export function tls13(): TlsVersion {
    return { code: TLS13, handshake: handshake13 }
}

/** Evidence that the server holds the key of a validated path's leaf. */
export class ServerProof {
    constructor(readonly path: ValidatedPath) {}
}

/** Evidence that both sides saw the same handshake. */
export class FinishedProof {
    constructor(
        /** Transcript up to and including the server's Finished. */
        readonly transcriptHash: Buffer
    ) {}
}

async function handshake13(
    h: Handshake,
    hello: ServerHello
): Promise<TlsConnection> {
    const suite = h.findSuite(hello)
    if (hello.keyShare === null)
        fail(ErrorCode.TlsMissingExtension, "tls: the key share is missing")
    h.messages.requireBoundary()
    const shared = await h.findShare(hello).agree(hello.keyShare)
    const secrets = new HandshakeSecrets(shared, h.transcript.hash())
    h.records.protectIncoming(new Protection13(suite.aead, secrets.server))
    h.records.protectOutgoing(new Protection13(suite.aead, secrets.client))

    const small = readEncryptedExtensions(
        await h.receive(MessageType.EncryptedExtensions)
    )
    if (small) h.records.maxContent = MAX_FRAGMENT

    const request = await h.receiveOptional(MessageType.CertificateRequest)
    if (request !== null) checkCertificateRequest(request)

    h.phase("chain")
    const certificate = await h.receive(MessageType.Certificate)
    const path = await validatePath(readCertificates(certificate), h.policy)

    h.phase("signature")
    const signedHash = h.transcript.hash()
    const proof = await verifyServer(
        path,
        signedHash,
        await h.receive(MessageType.CertificateVerify),
        h.parts.schemes
    )

    h.phase("finished")
    const finishedHash = h.transcript.hash()
    checkFinished(
        await h.receive(MessageType.Finished),
        finishedMac(secrets.server, finishedHash)
    )
    h.messages.requireBoundary()
    h.messages.ignoresChangeCipherSpec = false
    const finished = new FinishedProof(h.transcript.hash())

    if (request !== null) await h.send(hex`0b 000004 00 000000`)
    await sendFinished(h, finishedMac(secrets.client, h.transcript.hash()))
    return openTraffic(h, suite.aead, small, secrets, proof, finished)
}

/** RFC 8446 4.3.2: an empty context, and the one mandatory extension. What it asks for does not matter to us. */
function checkCertificateRequest(message: Buffer): void {
    const r = readMessage(message)
    if (r.readVector8().left() !== 0) malformed()
    const list = r.readVector16()
    r.finish()
    const seen: number[] = []
    while (list.left() > 0) {
        readExtensionType(list, seen)
        list.readVector16()
    }
    if (seen.indexOf(Extension.SignatureAlgorithms) < 0)
        fail(
            ErrorCode.TlsMissingExtension,
            "tls: the signature algorithms are missing"
        )
}

/** RFC 8446 4.4.2: a cursor over each certificate of a Certificate message, without copying. */
function readCertificates(message: Buffer): Der[] {
    const r = readMessage(message)
    if (r.readVector8().left() !== 0) malformed()
    const list = r.readVector24()
    r.finish()
    const certificates: Der[] = []
    while (list.left() > 0) {
        const der = list.readVector24()
        if (der.left() === 0) malformed()
        certificates.push(new Der(message, der.at, der.end))
        // P9, before path validation counts them, so that a long list of nothing costs no heap.
        if (certificates.length > MAX_CERTIFICATES)
            fail(
                ErrorCode.X509CertificateCount,
                "x509: the server sent too many certificates"
            )
        if (list.readVector16().left() !== 0) unoffered()
    }
    if (certificates.length === 0) malformed() // S3
    return certificates
}

/** K4: the server's signature over the transcript, RFC 8446 4.4.3. */
async function verifyServer(
    path: ValidatedPath,
    transcriptHash: Buffer,
    message: Buffer,
    schemes: SignatureScheme[]
): Promise<ServerProof> {
    const r = readMessage(message)
    const code = r.readUint16()
    const vector = r.readVector16()
    const signature = vector.readBytes(vector.left())
    r.finish()
    const leaf = path.leaf
    for (const scheme of schemes)
        if (
            scheme.code === code &&
            scheme.inTls13 &&
            leaf.keyAlgorithm.equals(scheme.keyAlgorithm)
        ) {
            try {
                await scheme.verify(
                    leaf.keyBits,
                    signedContent(transcriptHash),
                    signature
                )
            } catch (e: any) {
                if (!isWrongSignature(e)) throw e
                fail(
                    ErrorCode.TlsServerSignature,
                    "tls: the server's signature is wrong"
                )
            }
            return new ServerProof(path)
        }
    fail(
        ErrorCode.TlsSignatureScheme,
        "tls: the server signed with a scheme that does not fit"
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

/** RFC 8446 4.4.4, D1. */
function checkFinished(message: Buffer, expected: Buffer): void {
    if (!equalSecrets(message.slice(MESSAGE_HEADER_LENGTH), expected))
        fail(ErrorCode.TlsFinished, "tls: the server's Finished is wrong")
}

/** The client's Finished is the last that goes out under the handshake keys. */
async function sendFinished(h: Handshake, mac: Buffer): Promise<void> {
    const message = Buffer.alloc(MESSAGE_HEADER_LENGTH + HASH_LENGTH)
    message[0] = MessageType.Finished
    message[3] = HASH_LENGTH
    message.blitAt(MESSAGE_HEADER_LENGTH, mac, 0, HASH_LENGTH)
    await h.records.write(ContentType.Handshake, message)
}

function malformed(): never {
    fail(ErrorCode.TlsMalformed, "tls: a certificate message is malformed")
}
