/**
 * Authenticated encryption with associated data, RFC 5116, as parts: a firmware has those that it imports.
 *
 * Everything happens in the caller's buffer. Who uses a key sees to it that a nonce is never used twice with it.
 */

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
