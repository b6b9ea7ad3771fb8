/** Hash functions as parts. Only SHA-256 is native to DeviceScript; nothing weaker is offered (check K7). */
import { ErrorCode, failIf } from "../errors"

/** What the runtime has; `@devicescript/crypto` around it takes 200 bytes of code. Without a key it gives a digest. */
interface Runtime {
    digest(key: Buffer, algorithm: string, parts: (Buffer | string)[]): Buffer
}

/** SHA-256 of the parts, one after the other. */
export function digest(...parts: Buffer[]): Buffer {
    return (Buffer as any as Runtime).digest(undefined, "sha256", parts)
}

/**
 * HMAC-SHA-256 of the parts, one after the other. RFC 2104.
 *
 * @throws CryptoKeyLength without a key
 */
export function hmac(key: Buffer, ...parts: (Buffer | string)[]): Buffer {
    failIf(
        !(key instanceof Buffer),
        ErrorCode.CryptoKeyLength,
        "crypto: there is no key"
    )
    return (Buffer as any as Runtime).digest(key, "sha256", parts)
}

export interface Hash {
    /** Bytes of a digest. */
    length: number

    /** What comes before the digest in PKCS#1 v1.5's DigestInfo, in DER: RFC 8017 section 9.2, note 1. */
    digestInfo: Buffer

    /** The digest of the parts, one after the other, in a new buffer. */
    digest(...parts: Buffer[]): Promise<Buffer>
}

/** SHA-256, FIPS 180-4, by the runtime. */
export function sha256(): Hash {
    return {
        length: 32,
        digestInfo: hex`3031300d060960864801650304020105000420`,
        digest: async (...parts: Buffer[]) => digest(...parts),
    }
}
