/**
 * RSASSA-PSS verification, RFC 8017 sections 8.1.2 and 9.1.2, as TLS 1.3 uses it (RFC 8446 section 4.2.3): MGF1 with
 * the same hash, a salt as long as the digest.
 */
import { equalBytes } from "../bytes"
import { Hash } from "./hash"
import { pace } from "./pace"
import {
    checkDigestLength,
    failSignature,
    modulusBits,
    rsaPublicOperation,
    RsaPublicKey,
} from "./rsa"

/** Opcodes for each byte of the encoded message, rounded up. */
const BYTE_OPCODES = 50

/**
 * Returns if `signature` is the key's over a message whose hash is `digest`.
 *
 * @throws CryptoBadSignature, whatever differs, another length of the salt included (check K6);
 * CryptoDigestLength, and what `rsaPublicOperation` throws
 */
export async function verifyPss(
    key: RsaPublicKey,
    hash: Hash,
    digest: Buffer,
    signature: Buffer
): Promise<void> {
    checkDigestLength(digest, hash.length)
    const encodedBits = modulusBits(key) - 1
    const block = await rsaPublicOperation(key, signature)

    // The encoded message is one byte shorter than the block if the modulus has 8 k + 1 bits: then that byte is 0.
    const start = (encodedBits & 7) === 0 ? 1 : 0
    let wrong = start === 1 ? block[0] : 0
    const hashAt = block.length - 1 - hash.length
    const saltAt = hashAt - hash.length
    const hashed = block.slice(hashAt, hashAt + hash.length)
    wrong = wrong | (block[block.length - 1] ^ 0xbc)
    // The bits above encodedBits are 0 before and after unmasking.
    const topMask = 255 >> (-encodedBits & 7)
    wrong = wrong | (block[start] & ~topMask)

    // Unmasks DB with MGF1, RFC 8017 appendix B.2.1. At most 15 blocks: the counter is one byte.
    const counter = Buffer.alloc(4)
    let mask = hash.digestInfo
    let used = hash.length
    for (let i = start; i < hashAt; i++) {
        if (used === hash.length) {
            mask = await hash.digest(hashed, counter)
            counter[3] = counter[3] + 1
            used = 0
        }
        block[i] = block[i] ^ mask[used]
        used++
    }
    block[start] = block[start] & topMask

    // DB is zeros, 01, salt.
    for (let i = start; i < saltAt - 1; i++) wrong = wrong | block[i]
    wrong = wrong | (block[saltAt - 1] ^ 1)
    await pace(BYTE_OPCODES * block.length)

    const salt = block.slice(saltAt, hashAt)
    const expected = await hash.digest(Buffer.alloc(8), digest, salt)
    if (wrong !== 0) failSignature()
    if (!equalBytes(hashed, expected)) failSignature()
}
