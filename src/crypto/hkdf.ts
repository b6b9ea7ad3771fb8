/**
 * HKDF with SHA-256, RFC 5869, over the runtime's HMAC: no opcodes to speak of.
 *
 * Results are new buffers that the caller owns and wipes.
 */
import { wipe } from "../bytes"
import { ErrorCode, failIf } from "../errors"
import { hmac } from "./hash"

/** Bytes of SHA-256's output, and of a pseudorandom key. */
export const HKDF_KEY_LENGTH = 32

/** The longest output: the block counter is one byte. RFC 5869 section 2.3. */
const MAX_OUTPUT = 255 * HKDF_KEY_LENGTH

/**
 * HKDF-Extract, RFC 5869 section 2.2: the pseudorandom key, 32 bytes.
 *
 * @param salt any length; empty stands for 32 zeros, as HMAC pads its key
 */
export function hkdfExtract(salt: Buffer, ikm: Buffer): Buffer {
    return hmac(salt, ikm)
}

/**
 * HKDF-Expand, RFC 5869 section 2.3.
 *
 * @param prk a pseudorandom key of at least 32 bytes
 * @param length bytes wanted, 1 to 8,160
 * @throws CryptoKeyLength, CryptoRange
 */
export function hkdfExpand(prk: Buffer, info: Buffer, length: number): Buffer {
    failIf(
        prk.length < HKDF_KEY_LENGTH,
        ErrorCode.CryptoKeyLength,
        "crypto: the HKDF key is too short"
    )
    failIf(
        !(length >= 1 && length <= MAX_OUTPUT),
        ErrorCode.CryptoRange,
        "crypto: HKDF gives 1 to 8160 bytes"
    )
    const result = Buffer.alloc(length)
    const counter = hex`00`.slice()
    let block = Buffer.alloc(0)
    for (let at = 0; at < length; at = at + HKDF_KEY_LENGTH) {
        counter[0] = counter[0] + 1
        const previous = block
        block = hmac(prk, previous, info, counter)
        wipe(previous)
        result.blitAt(at, block, 0, Math.min(HKDF_KEY_LENGTH, length - at))
    }
    wipe(block)
    return result
}
