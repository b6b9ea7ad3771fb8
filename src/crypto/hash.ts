/** Hash functions as parts. Only SHA-256 is native to DeviceScript; nothing weaker is offered (check K7). */
import { digest } from "@devicescript/crypto"

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
        digest: async (...parts: Buffer[]) => digest("sha256", ...parts),
    }
}
