/**
 * Authenticated encryption with associated data, RFC 5116, as parts: a firmware has those that it imports.
 *
 * Everything happens in the caller's buffer. Who uses a key sees to it that a nonce is never used twice with it.
 */
import { ErrorCode, fail } from "../errors"

/** Bytes of the tag, for every algorithm here. */
export const TAG_LENGTH = 16

/** Bytes of the nonce, for every algorithm here. */
export const NONCE_LENGTH = 12

/** An algorithm with its key. For one operation at a time. */
export interface Aead {
    /**
     * Encrypts `length` bytes of `data` from offset `from` in place and writes the tag behind them.
     *
     * @param nonce 12 bytes
     * @throws CryptoNonceLength, CryptoRange if `data` has no room for the tag
     */
    seal(
        nonce: Buffer,
        aad: Buffer,
        data: Buffer,
        from: number,
        length: number
    ): Promise<void>

    /**
     * Verifies the tag behind `length` bytes of `data` from offset `from`, and only then decrypts them in place.
     *
     * @param length of the ciphertext without the tag
     * @throws CryptoBadTag, whatever differs: `data` is unchanged then (check R2); CryptoNonceLength, CryptoRange
     */
    open(
        nonce: Buffer,
        aad: Buffer,
        data: Buffer,
        from: number,
        length: number
    ): Promise<void>

    /** Overwrites the key: nothing can be sealed or opened with it any more. */
    wipe(): void
}

export interface AeadAlgorithm {
    /** Bytes of a key. */
    keyLength: number

    /**
     * Takes a copy of the key: the caller may wipe its own.
     *
     * @throws CryptoKeyLength
     */
    create(key: Buffer): Aead
}

/**
 * The checks that every operation begins with.
 *
 * @throws CryptoNonceLength; CryptoRange unless `length` bytes and a tag are in `data` from offset `from`
 */
export function checkOperation(
    nonce: Buffer,
    data: Buffer,
    from: number,
    length: number
): void {
    if (nonce.length !== NONCE_LENGTH)
        fail(ErrorCode.CryptoNonceLength, "crypto: the nonce is not 12 bytes")
    const end = from + length + TAG_LENGTH
    if (!(from >= 0 && length >= 0 && end <= data.length))
        fail(ErrorCode.CryptoRange, "crypto: no room for text and tag")
}
