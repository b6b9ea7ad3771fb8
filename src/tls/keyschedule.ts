/** The key schedule of TLS 1.3 with SHA-256: RFC 8446 chapter 7.1. */
import { wipe } from "../bytes"
import { digest, hmac } from "../crypto/hash"
import { hkdfExpand, hkdfExtract } from "../crypto/hkdf"
import { ErrorCode, fail } from "../errors"
import { WireWriter } from "../wirewriter"

export const HASH_LENGTH = 32

/**
 * The most that all messages of a handshake come to: the longest Certificate, and 1.5 KB for the others. They stay in the heap
 * until its end, beside the numbers of a signature.
 */
const MAX_TRANSCRIPT = 8192

/** The handshake messages so far, kept whole: the native SHA-256 has no state that could be carried on. */
export class Transcript {
    private readonly messages: Buffer[] = []
    private length = 0

    /** @throws LeafError TlsMessageTooLong if all of them together are over MAX_TRANSCRIPT (R5) */
    add(message: Buffer): void {
        this.length = this.length + message.length
        if (this.length > MAX_TRANSCRIPT)
            fail(
                ErrorCode.TlsMessageTooLong,
                "tls: the handshake's messages are too long together"
            )
        this.messages.push(message)
    }

    /** Transcript-Hash, RFC 8446 4.4.1. @param more what comes behind, not added */
    hash(...more: Buffer[]): Buffer {
        return digest(...this.messages, ...more)
    }

    /** Before a HelloRetryRequest is added: its hash takes the place of the first ClientHello, RFC 8446 4.4.1. */
    condense(): void {
        const hash = this.hash()
        this.messages.pop()
        this.messages.push(Buffer.concat(hex`fe 000020`, hash))
    }
}

/** Transcript-Hash of nothing. */
export function emptyHash(): Buffer {
    return digest()
}

/** HKDF-Expand-Label. @param length at most 255 */
export function expandLabel(
    secret: Buffer,
    label: string,
    context: Buffer,
    length: number
): Buffer {
    const name = Buffer.from("tls13 " + label)
    const w = new WireWriter(Buffer.alloc(4 + name.length + context.length))
    w.writeUint16(length)
    w.writeUint8(name.length)
    w.writeBytes(name)
    w.writeUint8(context.length)
    w.writeBytes(context)
    return hkdfExpand(secret, w.bytes, length)
}

/**
 * The secrets from the key exchange on. Its existence is the evidence that a key exchange took place; application
 * secrets come only with the transcript of a verified Finished (see `traffic13.ts`).
 */
export class HandshakeSecrets {
    readonly client: Buffer
    readonly server: Buffer
    private readonly master: Buffer

    /**
     * @param presharedKey HASH_LENGTH bytes, of the session that is resumed; zeros: none
     * @param shared the result of the key exchange; wiped
     * @param helloHash transcript up to the ServerHello
     */
    constructor(presharedKey: Buffer, shared: Buffer, helloHash: Buffer) {
        const zeros = Buffer.alloc(HASH_LENGTH)
        const empty = emptyHash()
        const early = hkdfExtract(zeros, presharedKey)
        const salt = expandLabel(early, "derived", empty, HASH_LENGTH)
        const secret = hkdfExtract(salt, shared)
        wipe(shared)
        wipe(early)
        wipe(salt)
        this.client = expandLabel(
            secret,
            "c hs traffic",
            helloHash,
            HASH_LENGTH
        )
        this.server = expandLabel(
            secret,
            "s hs traffic",
            helloHash,
            HASH_LENGTH
        )
        const next = expandLabel(secret, "derived", empty, HASH_LENGTH)
        this.master = hkdfExtract(next, zeros)
        wipe(secret)
        wipe(next)
    }

    /** `label`: "c ap traffic" or "s ap traffic"; or "res master", with the client's Finished in the transcript. */
    applicationSecret(label: string, finishedHash: Buffer): Buffer {
        return expandLabel(this.master, label, finishedHash, HASH_LENGTH)
    }

    wipe(): void {
        wipe(this.client)
        wipe(this.server)
        wipe(this.master)
    }
}

/** verify_data of a Finished, RFC 8446 4.4.4. */
export function finishedMac(secret: Buffer, transcriptHash: Buffer): Buffer {
    const key = expandLabel(secret, "finished", hex``, HASH_LENGTH)
    const mac = hmac(key, transcriptHash)
    wipe(key)
    return mac
}

/** The next generation of an application traffic secret, RFC 8446 7.2; the old one is wiped. */
export function updateSecret(secret: Buffer): Buffer {
    const next = expandLabel(secret, "traffic upd", hex``, HASH_LENGTH)
    wipe(secret)
    return next
}
