/** RSASSA-PKCS1-v1_5 verification, RFC 8017 section 8.2.2. TLS 1.3 allows it in certificates only: the caller's check. */
import { equalBytes } from "../bytes"
import { Hash } from "./hash"
import {
    checkDigestLength,
    failSignature,
    rsaPublicOperation,
    RsaPublicKey,
} from "./rsa"

/**
 * Returns if `signature` is the key's over a message whose hash is `digest`.
 *
 * The expected block is built and compared whole (check K6): nothing of the signer's padding is parsed, and the
 * hash's parameters have to be the explicit NULL.
 *
 * @throws CryptoBadSignature; CryptoDigestLength, and what `rsaPublicOperation` throws
 */
export async function verifyPkcs1(
    key: RsaPublicKey,
    hash: Hash,
    digest: Buffer,
    signature: Buffer
): Promise<void> {
    checkDigestLength(digest, hash.length)
    const actual = await rsaPublicOperation(key, signature)
    // 00 01 ff … ff 00 DigestInfo, RFC 8017 section 9.2. At 2048 bits there are at least 202 bytes ff.
    const expected = Buffer.alloc(actual.length)
    const digestAt = expected.length - hash.length
    const infoAt = digestAt - hash.digestInfo.length
    expected[1] = 1
    expected.fillAt(2, infoAt - 3, 0xff)
    expected.blitAt(infoAt, hash.digestInfo, 0, hash.digestInfo.length)
    expected.blitAt(digestAt, digest, 0, hash.length)
    if (!equalBytes(actual, expected)) failSignature()
}
