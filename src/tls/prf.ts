/** The key schedule of TLS 1.2 with SHA-256: RFC 5246 chapters 5, 6.3 and 8.1, and RFC 7627 4. */
import { wipe } from "../bytes"
import { hmac } from "../crypto/hash"

/** RFC 5246 8.1. */
export const MASTER_SECRET_LENGTH = 48

/** verify_data of a Finished, RFC 5246 7.4.9. */
const VERIFY_DATA_LENGTH = 12

/** The bytes of HMAC-SHA-256. */
const HASH_LENGTH = 32

/** PRF(secret, label, seed), the first `length` bytes. */
export function prf(
    secret: Buffer,
    label: string,
    seed: Buffer,
    length: number
): Buffer {
    const start = Buffer.concat(Buffer.from(label), seed)
    const result = Buffer.alloc(length)
    let a = start
    for (let at = 0; at < length; at += HASH_LENGTH) {
        a = hmac(secret, a)
        const block = hmac(secret, a, start)
        result.blitAt(at, block, 0, Math.min(HASH_LENGTH, length - at))
        wipe(block)
    }
    wipe(a)
    return result
}

/**
 * The master secret. Its existence is the evidence that a key exchange took place, in this handshake or in that of the
 * session which is resumed.
 */
export class MasterSecret {
    /** @param bytes MASTER_SECRET_LENGTH bytes; given away */
    constructor(readonly bytes: Buffer) {}

    /** verify_data; `side`: "client" or "server". */
    finished(side: string, transcriptHash: Buffer): Buffer {
        return prf(
            this.bytes,
            side + " finished",
            transcriptHash,
            VERIFY_DATA_LENGTH
        )
    }

    wipe(): void {
        wipe(this.bytes)
    }
}

/**
 * The extended master secret, RFC 7627 4 (N4): bound to the whole handshake so far.
 *
 * @param shared the result of the key exchange; wiped
 * @param sessionHash transcript up to and including the ClientKeyExchange
 */
export function extendedMasterSecret(
    shared: Buffer,
    sessionHash: Buffer
): MasterSecret {
    const secret = prf(
        shared,
        "extended master secret",
        sessionHash,
        MASTER_SECRET_LENGTH
    )
    wipe(shared)
    return new MasterSecret(secret)
}
