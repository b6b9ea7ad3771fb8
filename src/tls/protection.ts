/**
 * What the record protections of TLS 1.2 and 1.3 have in common: an AEAD, and nonces from the sequence number (R3).
 *
 * Both make the nonce from 12 bytes that the key exchange gives and the sequence number. With AES-GCM in TLS 1.2 only 4
 * of the 12 are given (the others are zero, so that what is mixed in is the number itself), RFC 5288 3.
 */
import { wipe } from "../bytes"
import { Aead, AeadAlgorithm } from "../crypto/aead"
import { ErrorCode, errorCode, fail, failIf } from "../errors"

export const TAG_LENGTH = 16
export const IV_LENGTH = 12

/**
 * How many records one key protects: below the 2^24.5 full records that RFC 8446 5.5 gives AES-GCM, and far from a
 * wrap of the sequence number. A leaf reconnects for its token long before.
 */
const MAX_RECORDS = 16777216

export class Protection {
    protected readonly aead: Aead
    protected readonly nonce = Buffer.alloc(IV_LENGTH)
    /** The number of the next record. */
    protected sequence = 0

    /**
     * @param key wiped
     * @param iv IV_LENGTH bytes; given away
     */
    constructor(
        algorithm: AeadAlgorithm,
        key: Buffer,
        protected readonly iv: Buffer
    ) {
        this.aead = algorithm.create(key)
        wipe(key)
    }

    /** The sequence number by exclusive or with the IV: RFC 8446 5.3, RFC 7905 2. */
    protected nextNonce(): Buffer {
        const n = this.sequence
        failIf(
            n >= MAX_RECORDS,
            ErrorCode.TlsKeyExhausted,
            "tls: a key is used up"
        )
        this.sequence = n + 1
        const nonce = this.nonce
        nonce.blitAt(0, this.iv, 0, IV_LENGTH)
        for (let i = 0; i < 4; i++)
            nonce[11 - i] = nonce[11 - i] ^ ((n >> (8 * i)) & 255)
        return nonce
    }

    /**
     * Opens `data` from `from` on, whose end is the tag. One error for whatever is wrong with it, R2.
     *
     * @returns where the content ends
     */
    protected async openSealed(
        aad: Buffer,
        data: Buffer,
        from: number,
        least: number
    ): Promise<number> {
        const length = data.length - from - TAG_LENGTH
        if (length < least) badRecord()
        try {
            await this.aead.open(this.nonce, aad, data, from, length)
        } catch (e: any) {
            if (errorCode(e) !== ErrorCode.CryptoBadTag) throw e
            badRecord()
        }
        return from + length
    }

    wipe(): void {
        this.aead.wipe()
        wipe(this.iv)
    }
}

function badRecord(): never {
    fail(ErrorCode.TlsBadRecord, "tls: a record does not authenticate")
}
