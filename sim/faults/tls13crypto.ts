/** What a TLS 1.3 server computes, over Node's crypto and independent of the device's code: RFC 8446 chapters 5 and 7. */
import {
    hmac256,
    openAead,
    sealAead,
    sha256,
    Suite,
    TAG_LENGTH,
    xorNonce,
} from "./algorithms"
import type { Protection } from "./hostile"
import { Content, NOTHING, uint } from "./wire"

const HASH_LENGTH = 32

export function expandLabel(
    secret: Buffer,
    label: string,
    context: Buffer,
    length: number
): Buffer {
    const name = Buffer.from("tls13 " + label)
    const info = Buffer.concat([
        Buffer.from([length >> 8, length & 255, name.length]),
        name,
        Buffer.from([context.length]),
        context,
        Buffer.from([1]),
    ])
    // At most one block of output is ever needed here.
    return hmac256(secret, info).subarray(0, length)
}

/** The secrets of one connection; `psk`: that of the session it goes on with. */
export class ServerKeySchedule {
    private readonly early: Buffer
    clientHandshake: Buffer = NOTHING
    serverHandshake: Buffer = NOTHING
    private master: Buffer = NOTHING

    constructor(psk: Buffer = Buffer.alloc(HASH_LENGTH)) {
        this.early = hmac256(Buffer.alloc(HASH_LENGTH), psk)
    }

    /** What the binder of a resumption PSK is, RFC 8446 4.2.11.2. @param hash of the truncated ClientHello */
    binder(hash: Buffer): Buffer {
        const key = expandLabel(this.early, "res binder", sha256(), HASH_LENGTH)
        return finishedMac(key, hash)
    }

    /** @param shared the result of the key exchange; empty: psk_ke */
    agree(shared: Buffer, helloHash: Buffer) {
        const zeros = Buffer.alloc(HASH_LENGTH)
        const secret = hmac256(
            expandLabel(this.early, "derived", sha256(), HASH_LENGTH),
            shared.length ? shared : zeros
        )
        const traffic = (label: string) =>
            expandLabel(secret, label, helloHash, HASH_LENGTH)
        this.clientHandshake = traffic("c hs traffic")
        this.serverHandshake = traffic("s hs traffic")
        this.master = hmac256(
            expandLabel(secret, "derived", sha256(), HASH_LENGTH),
            zeros
        )
    }

    application(side: "c" | "s", finishedHash: Buffer): Buffer {
        return expandLabel(
            this.master,
            side + " ap traffic",
            finishedHash,
            HASH_LENGTH
        )
    }

    /** The PSK of a ticket, RFC 8446 4.6.1. @param hash up to the client's Finished */
    resumption(hash: Buffer, ticketNonce: Buffer): Buffer {
        return expandLabel(
            expandLabel(this.master, "res master", hash, HASH_LENGTH),
            "resumption",
            ticketNonce,
            HASH_LENGTH
        )
    }
}

export function finishedMac(secret: Buffer, transcriptHash: Buffer): Buffer {
    return hmac256(
        expandLabel(secret, "finished", NOTHING, HASH_LENGTH),
        transcriptHash
    )
}

export function nextSecret(secret: Buffer): Buffer {
    return expandLabel(secret, "traffic upd", NOTHING, HASH_LENGTH)
}

/** One direction's record protection. */
export class Protection13 implements Protection {
    sequence = 0
    private readonly key: Buffer
    private readonly iv: Buffer

    constructor(
        private readonly suite: Suite,
        secret: Buffer
    ) {
        this.key = expandLabel(secret, "key", NOTHING, suite.keyLength)
        this.iv = expandLabel(secret, "iv", NOTHING, 12)
    }

    seal(type: number, content: Buffer): Buffer {
        return this.sealInner(Buffer.concat([content, Buffer.from([type])]))
    }

    /** A record with this inner plaintext: content, type, padding. */
    sealInner(inner: Buffer): Buffer {
        const header = Buffer.concat([
            Buffer.from([Content.ApplicationData, 3, 3]),
            uint(2, inner.length + TAG_LENGTH),
        ])
        const nonce = xorNonce(this.iv, this.sequence++)
        return Buffer.concat([
            header,
            sealAead(this.suite, this.key, nonce, header, inner),
        ])
    }

    open(record: Buffer): { type: number; content: Buffer } {
        const inner = openAead(
            this.suite,
            this.key,
            xorNonce(this.iv, this.sequence),
            record.subarray(0, 5),
            record.subarray(5)
        )
        this.sequence++
        let end = inner.length
        while (inner[end - 1] === 0) end--
        return { type: inner[end - 1], content: inner.subarray(0, end - 1) }
    }
}
