/** What a TLS 1.2 server computes, over Node's crypto and independent of the device's code: RFC 5246 5 and 6, RFC 7627. */
import { randomBytes } from "node:crypto"
import { hmac256, openAead, sealAead, Suite, xorNonce } from "./algorithms"
import type { Protection } from "./hostile"
import { NOTHING, TLS12, uint } from "./wire"

export const MASTER_SECRET_LENGTH = 48
export const VERIFY_DATA_LENGTH = 12

/** PRF with SHA-256, RFC 5246 5. */
export function prf(
    secret: Buffer,
    label: string,
    seed: Buffer,
    length: number
): Buffer {
    const labelled = Buffer.concat([Buffer.from(label), seed])
    let output: Buffer = NOTHING
    for (let a: Buffer = labelled; output.length < length;) {
        a = hmac256(secret, a)
        output = Buffer.concat([output, hmac256(secret, a, labelled)])
    }
    return output.subarray(0, length)
}

/** Keys of both directions, RFC 5246 6.3. */
export function protections(
    suite: Suite,
    master: Buffer,
    clientRandom: Buffer,
    serverRandom: Buffer
): { client: Protection12; server: Protection12 } {
    const ivLength = suite.cipher === "aes-128-gcm" ? 4 : 12
    const block = prf(
        master,
        "key expansion",
        Buffer.concat([serverRandom, clientRandom]),
        2 * (suite.keyLength + ivLength)
    )
    let at = 0
    const take = (length: number) => block.subarray(at, (at += length))
    const clientKey = take(suite.keyLength)
    const serverKey = take(suite.keyLength)
    return {
        client: new Protection12(suite, clientKey, take(ivLength)),
        server: new Protection12(suite, serverKey, take(ivLength)),
    }
}

const EXPLICIT_LENGTH = 8

/** One direction's record protection: RFC 5288 for AES-GCM, RFC 7905 for ChaCha20-Poly1305. */
export class Protection12 implements Protection {
    sequence = 0
    /** The part of GCM's nonce that is sent; like OpenSSL's it counts from anywhere. */
    private explicit = randomBytes(EXPLICIT_LENGTH).readBigUInt64BE()

    constructor(
        private readonly suite: Suite,
        private readonly key: Buffer,
        private readonly iv: Buffer
    ) {}

    private get isGcm(): boolean {
        return this.suite.cipher === "aes-128-gcm"
    }

    private associated(type: number, length: number): Buffer {
        return Buffer.concat([
            uint(2, 0),
            uint(6, this.sequence),
            uint(1, type),
            uint(2, TLS12),
            uint(2, length),
        ])
    }

    private nonce(explicit: Buffer): Buffer {
        return this.isGcm
            ? Buffer.concat([this.iv, explicit])
            : xorNonce(this.iv, this.sequence)
    }

    seal(type: number, content: Buffer): Buffer {
        const explicit = Buffer.alloc(this.isGcm ? EXPLICIT_LENGTH : 0)
        if (this.isGcm)
            explicit.writeBigUInt64BE(BigInt.asUintN(64, this.explicit++))
        const sealed = sealAead(
            this.suite,
            this.key,
            this.nonce(explicit),
            this.associated(type, content.length),
            content
        )
        this.sequence++
        const length = uint(2, explicit.length + sealed.length)
        return Buffer.concat([
            Buffer.from([type, 3, 3]),
            length,
            explicit,
            sealed,
        ])
    }

    open(record: Buffer): { type: number; content: Buffer } {
        const from = 5 + (this.isGcm ? EXPLICIT_LENGTH : 0)
        const content = openAead(
            this.suite,
            this.key,
            this.nonce(record.subarray(5, from)),
            this.associated(record[0], record.length - from - 16),
            record.subarray(from)
        )
        this.sequence++
        return { type: record[0], content }
    }
}
