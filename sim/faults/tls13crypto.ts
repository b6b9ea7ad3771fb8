/** What a TLS 1.3 server computes, over Node's crypto and independent of the device's code: RFC 8446 chapters 5 and 7. */
import {
    createCipheriv,
    createDecipheriv,
    createHash,
    createHmac,
    createPrivateKey,
    createPublicKey,
    diffieHellman,
    generateKeyPairSync,
} from "node:crypto"

const HASH_LENGTH = 32
const TAG_LENGTH = 16

export function sha256(...parts: Buffer[]): Buffer {
    const hash = createHash("sha256")
    for (const part of parts) hash.update(part)
    return hash.digest()
}

function hmac(key: Buffer, data: Buffer): Buffer {
    return createHmac("sha256", key).update(data).digest()
}

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
    return hmac(secret, info).subarray(0, length)
}

const NOTHING = Buffer.alloc(0)

/** The secrets of one connection. */
export class ServerKeySchedule {
    readonly clientHandshake: Buffer
    readonly serverHandshake: Buffer
    private readonly master: Buffer

    constructor(shared: Buffer, helloHash: Buffer) {
        const zeros = Buffer.alloc(HASH_LENGTH)
        const empty = sha256()
        const early = hmac(zeros, zeros)
        const secret = hmac(
            expandLabel(early, "derived", empty, HASH_LENGTH),
            shared
        )
        this.clientHandshake = expandLabel(
            secret,
            "c hs traffic",
            helloHash,
            HASH_LENGTH
        )
        this.serverHandshake = expandLabel(
            secret,
            "s hs traffic",
            helloHash,
            HASH_LENGTH
        )
        this.master = hmac(
            expandLabel(secret, "derived", empty, HASH_LENGTH),
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
}

export function finishedMac(secret: Buffer, transcriptHash: Buffer): Buffer {
    return hmac(
        expandLabel(secret, "finished", NOTHING, HASH_LENGTH),
        transcriptHash
    )
}

export function nextSecret(secret: Buffer): Buffer {
    return expandLabel(secret, "traffic upd", NOTHING, HASH_LENGTH)
}

/** One direction's record protection with ChaCha20-Poly1305. */
export class RecordKeys {
    sequence = 0
    private readonly key: Buffer
    private readonly iv: Buffer

    constructor(secret: Buffer) {
        this.key = expandLabel(secret, "key", NOTHING, 32)
        this.iv = expandLabel(secret, "iv", NOTHING, 12)
    }

    private nonce(): Buffer {
        const nonce = Buffer.from(this.iv)
        nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ this.sequence++) >>> 0, 8)
        return nonce
    }

    /** A record with this inner plaintext (content, type, padding). */
    seal(inner: Buffer): Buffer {
        const header = Buffer.from([23, 3, 3, 0, 0])
        header.writeUInt16BE(inner.length + TAG_LENGTH, 3)
        const cipher = createCipheriv(
            "chacha20-poly1305",
            this.key,
            this.nonce(),
            { authTagLength: TAG_LENGTH }
        )
        cipher.setAAD(header, { plaintextLength: inner.length })
        return Buffer.concat([
            header,
            cipher.update(inner),
            cipher.final(),
            cipher.getAuthTag(),
        ])
    }

    /** The inner plaintext of a record. @throws Error if it does not authenticate */
    open(record: Buffer): Buffer {
        const end = record.length - TAG_LENGTH
        const decipher = createDecipheriv(
            "chacha20-poly1305",
            this.key,
            this.nonce(),
            { authTagLength: TAG_LENGTH }
        )
        decipher.setAAD(record.subarray(0, 5), { plaintextLength: end - 5 })
        decipher.setAuthTag(record.subarray(end))
        return Buffer.concat([
            decipher.update(record.subarray(5, end)),
            decipher.final(),
        ])
    }
}

/** The server's side of X25519: its public key, and the shared secret. */
export function agreeX25519(clientShare: Buffer): {
    share: Buffer
    shared: Buffer
} {
    const { publicKey, privateKey } = generateKeyPairSync("x25519")
    const peer = createPublicKey({
        key: {
            kty: "OKP",
            crv: "X25519",
            x: clientShare.toString("base64url"),
        },
        format: "jwk",
    })
    return {
        share: Buffer.from(publicKey.export({ format: "jwk" }).x!, "base64url"),
        shared: diffieHellman({
            privateKey: createPrivateKey(
                privateKey.export({ format: "pem", type: "pkcs8" })
            ),
            publicKey: peer,
        }),
    }
}
