/** Randomness from the hardware, by way of the runtime. */
import { randomBuffer } from "@devicescript/crypto"
import { ErrorCode, fail } from "../errors"

/** Random bytes; there is no handshake without a working source (N7). @param length at least 16 */
export function randomBytes(length: number): Buffer {
    return requireRandomness(randomBuffer(length))
}

/**
 * Refuses what a dead source gives: one byte over and over. (By chance: once in 2^120 for 16 bytes.) A source that is
 * merely weak cannot be told from a good one here.
 */
export function requireRandomness(bytes: Buffer): Buffer {
    for (let i = 1; i < bytes.length; i++)
        if (bytes[i] !== bytes[0]) return bytes
    fail(ErrorCode.TlsNoRandomness, "tls: the hardware gives no random numbers")
}
