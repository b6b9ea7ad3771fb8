/**
 * ChaCha20-Poly1305, RFC 8439 section 2.8, in place.
 *
 * Written for size: the quarter rounds are a loop over a table. 64 bytes take 14,000 opcodes, about 1.7 times of what
 * unrolled rounds would, and a record 17,000 on top for its key, lengths and tag. 2.1 KB of bytecode with the blocks of
 * Poly1305, and `limbs.ts` (0.5 KB), which X25519 has too; 1.1 KB of heap while it runs.
 *
 * No branch and no table index depends on a secret; what the interpreter does inside an operation (doubles that
 * happen to be integers, software floating point in Poly1305) is beyond a promise.
 */
import { equalSecrets, wipe } from "../bytes"
import { ErrorCode, fail } from "../errors"
import { Aead, AeadAlgorithm, checkOperation, TAG_LENGTH } from "./aead"
import { loadLimbs, storeLimbs } from "./limbs"
import { absorb, POLY_WIDTHS } from "./poly1305.g"
import { pace } from "./pace"

const KEY_LENGTH = 32

/** Opcodes of one block of ChaCha20 (12,400 as measured), of four of Poly1305 over it, and a share of the rest. */
const BLOCK_OPCODES = 16000

/** "expand 32-byte k": the first four words of the state, RFC 8439 section 2.3. */
const CONSTANTS: Buffer = hex`657870616e642033322d62797465206b`

/** The words that the eight quarter rounds of a double round work on, RFC 8439 section 2.3.1. */
const QUARTERS: Buffer = hex`
    00 04 08 0c  01 05 09 0d  02 06 0a 0e  03 07 0b 0f
    00 05 0a 0f  01 06 0b 0c  02 07 08 0d  03 04 09 0e
`

/** Where the block counter is in the state, in bytes. */
const COUNTER_AT = 48

/**
 * XORs the key stream onto `length` bytes of `data` from offset `from`.
 *
 * @param state 64 bytes: constants, key, counter, nonce; the counter goes on by one a block
 */
async function chacha20(
    state: Buffer,
    data: Buffer,
    from: number,
    length: number
): Promise<void> {
    const block = Buffer.alloc(64)
    const x: number[] = []
    while (length > 0) {
        for (let i = 0; i < 16; i++) x[i] = state.getAt(4 * i, "i32")
        for (let round = 0; round < 10; round++) {
            for (let i = 0; i < 32; i = i + 4) {
                const ia = QUARTERS[i]
                const ib = QUARTERS[i + 1]
                const ic = QUARTERS[i + 2]
                const id = QUARTERS[i + 3]
                let b = x[ib]
                let c = x[ic]
                let a = (x[ia] + b) | 0
                let d = x[id] ^ a
                d = (d << 16) | (d >>> 16)
                c = (c + d) | 0
                b = b ^ c
                b = (b << 12) | (b >>> 20)
                a = (a + b) | 0
                d = d ^ a
                d = (d << 8) | (d >>> 24)
                c = (c + d) | 0
                b = b ^ c
                x[ia] = a
                x[ib] = (b << 7) | (b >>> 25)
                x[ic] = c
                x[id] = d
            }
        }
        const count = Math.min(length, 64)
        block.blitAt(0, data, from, count)
        for (let i = 0; i < 16; i++) {
            const at = 4 * i
            const word = (x[i] + state.getAt(at, "i32")) | 0
            block.setAt(at, "i32", word ^ block.getAt(at, "i32"))
        }
        data.blitAt(from, block, 0, count)
        state.setAt(COUNTER_AT, "u32", state.getAt(COUNTER_AT, "u32") + 1)
        from = from + 64
        length = length - 64
        await pace(BLOCK_OPCODES)
    }
    wipe(block)
    for (let i = 0; i < 16; i++) x[i] = 0
}

/**
 * The tag over `aad` and `length` bytes of ciphertext, RFC 8439 sections 2.5 and 2.8.
 *
 * @param key 32 bytes, r and s; wiped
 */
async function poly1305Tag(
    key: Buffer,
    aad: Buffer,
    data: Buffer,
    from: number,
    length: number
): Promise<Buffer> {
    const r = key.slice(0, 16)
    for (let i = 3; i < 16; i = i + 4) r[i] = r[i] & 15
    for (let i = 4; i < 16; i = i + 4) r[i] = r[i] & 252
    const limbs = loadLimbs(r, POLY_WIDTHS)
    const accumulator = [0, 0, 0, 0, 0, 0]
    const lengths = Buffer.alloc(16)
    lengths.setAt(0, "u32", aad.length)
    lengths.setAt(8, "u32", length)
    await absorb(accumulator, limbs, aad, 0, aad.length)
    await absorb(accumulator, limbs, data, from, length)
    await absorb(accumulator, limbs, lengths, 0, 16)
    const tag = storeLimbs(accumulator, POLY_WIDTHS, 5, TAG_LENGTH)
    let carry = 0
    for (let i = 0; i < TAG_LENGTH; i++) {
        carry = carry + tag[i] + key[16 + i]
        tag[i] = carry
        carry = carry >> 8
    }
    wipe(r)
    wipe(key)
    for (let i = 0; i < limbs.length; i++) limbs[i] = 0
    return tag
}

class ChaCha20Poly1305 implements Aead {
    private key: Buffer

    constructor(key: Buffer) {
        if (key.length !== KEY_LENGTH)
            fail(ErrorCode.CryptoKeyLength, "crypto: the key is not 32 bytes")
        this.key = key.slice()
    }

    async seal(
        nonce: Buffer,
        aad: Buffer,
        data: Buffer,
        from: number,
        length: number
    ): Promise<void> {
        const state = this.start(nonce, data, from, length)
        const key = Buffer.alloc(KEY_LENGTH)
        await chacha20(state, key, 0, KEY_LENGTH)
        await chacha20(state, data, from, length)
        const tag = await poly1305Tag(key, aad, data, from, length)
        data.blitAt(from + length, tag, 0, TAG_LENGTH)
        wipe(state)
    }

    async open(
        nonce: Buffer,
        aad: Buffer,
        data: Buffer,
        from: number,
        length: number
    ): Promise<void> {
        const state = this.start(nonce, data, from, length)
        const key = Buffer.alloc(KEY_LENGTH)
        await chacha20(state, key, 0, KEY_LENGTH)
        const tag = await poly1305Tag(key, aad, data, from, length)
        const end = from + length
        const good = equalSecrets(tag, data.slice(end, end + TAG_LENGTH))
        if (good) await chacha20(state, data, from, length)
        wipe(state)
        // Check R2: one error whatever differs, and nothing was decrypted.
        if (!good) fail(ErrorCode.CryptoBadTag, "crypto: the tag does not fit")
    }

    wipe(): void {
        wipe(this.key)
        this.key = hex``
    }

    /** Checks the arguments and makes the state of ChaCha20 at counter 0, which is the block of the one-time key. */
    private start(
        nonce: Buffer,
        data: Buffer,
        from: number,
        length: number
    ): Buffer {
        if (this.key.length !== KEY_LENGTH)
            fail(ErrorCode.CryptoKeyLength, "crypto: the key was wiped")
        checkOperation(nonce, data, from, length)
        return Buffer.concat(CONSTANTS, this.key, hex`00000000`, nonce)
    }
}

/** ChaCha20-Poly1305 as a part. */
export function chacha20Poly1305(): AeadAlgorithm {
    return {
        keyLength: KEY_LENGTH,
        create: (key: Buffer) => new ChaCha20Poly1305(key),
    }
}
