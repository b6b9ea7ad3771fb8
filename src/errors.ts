/**
 * The one error type of Edge Leaf, and every code it can carry.
 *
 * A code names one rejection; each layer has a range of its own. Messages read `layer: plain clause` and hold no secret.
 */

export const enum ErrorCode {
    // net: 1000-1999
    ConnectFailed = 1001,
    ConnectTimeout = 1002,
    ConnectionReset = 1003,
    /** The peer closed the connection. */
    ConnectionClosed = 1004,
    ReadTimeout = 1005,
    WriteFailed = 1006,
    /** The peer sends faster than the device reads: more bytes wait than `MAX_BUFFERED_BYTES`. */
    ReceiveOverflow = 1007,

    // crypto: 4000-4999
    /** A key, scalar, key share or pseudorandom key of a wrong length. */
    CryptoKeyLength = 4001,
    CryptoNonceLength = 4002,
    /** An offset or length that does not fit its buffer or its algorithm. */
    CryptoRange = 4003,
    /** The record was altered, or the key or nonce is another one. */
    CryptoBadTag = 4004,
    /** A public key of low order: the shared secret would be all zeros. */
    CryptoWeakKeyShare = 4005,
    /** An RSA modulus that is even, shorter than 2048 bits, longer than 4096, or has leading zeros. */
    CryptoModulus = 4006,
    /** An RSA public exponent other than 65537. */
    CryptoExponent = 4007,
    /** An RSA signature that has not exactly the length of the modulus. */
    CryptoSignatureLength = 4008,
    /** An RSA signature that, as a number, is not below the modulus. */
    CryptoSignatureRange = 4009,
    /** The signature is not one of this key over this digest. */
    CryptoBadSignature = 4010,
    /** A digest of another length than its hash algorithm's. */
    CryptoDigestLength = 4011,
}

export class LeafError extends Error {
    constructor(
        readonly code: ErrorCode,
        message: string
    ) {
        super(message)
        this.name = "LeafError"
    }
}

/** Throws a `LeafError`. */
export function fail(code: ErrorCode, message: string): never {
    throw new LeafError(code, message)
}

/** The code of a caught error, or 0 for an error of another kind. */
export function errorCode(error: any): number {
    return error instanceof LeafError ? error.code : 0
}
