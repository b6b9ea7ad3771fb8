/** The device's cryptography as host tests see it, with small types for what they call. */
import { Buffer as DeviceBuffer } from "../../sim/shim/buffer"
import { Random, seededRandom } from "../random"

// Device code yields by sleeping a millisecond, some 100,000 times in these tests: here it yields without the wait.
globalThis.setTimeout = ((body: () => void) =>
    setImmediate(body)) as unknown as typeof setTimeout

type Bytes = InstanceType<typeof DeviceBuffer>

export interface Aead {
    seal(
        nonce: Bytes,
        aad: Bytes,
        data: Bytes,
        from: number,
        length: number
    ): Promise<void>
    open: Aead["seal"]
    wipe(): void
}

export interface RsaPublicKey {
    modulus: Bytes
    exponent: number
}

type Verify = (
    key: RsaPublicKey,
    hash: unknown,
    digest: Bytes,
    signature: Bytes
) => Promise<void>

export const { x25519, x25519PublicKey } = module.require(
    "../../src/crypto/x25519"
) as {
    x25519(scalar: Bytes, u: Bytes): Promise<Bytes>
    x25519PublicKey(scalar: Bytes): Promise<Bytes>
}

export const { chacha20Poly1305 } = module.require(
    "../../src/crypto/chacha20poly1305"
) as { chacha20Poly1305(): { create(key: Bytes): Aead } }

export const { hkdfExtract, hkdfExpand } = module.require(
    "../../src/crypto/hkdf"
) as {
    hkdfExtract(salt: Bytes, ikm: Bytes): Bytes
    hkdfExpand(prk: Bytes, info: Bytes, length: number): Bytes
}

export const { rsaPublicOperation } = module.require(
    "../../src/crypto/rsa"
) as {
    rsaPublicOperation(key: RsaPublicKey, input: Bytes): Promise<Bytes>
}

export const { sha256 } = module.require("../../src/crypto/hash") as {
    sha256(): unknown
}

export const { verifyPkcs1 } = module.require("../../src/crypto/pkcs1") as {
    verifyPkcs1: Verify
}

export const { verifyPss } = module.require("../../src/crypto/pss") as {
    verifyPss: Verify
}

export const { ErrorCode, errorCode } = module.require("../../src/errors") as {
    ErrorCode: Record<string, number>
    errorCode(error: unknown): number
}

export const device = (bytes: Uint8Array) => DeviceBuffer.from(bytes)

export const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")

/** The code of the LeafError that `body` throws, or 0 if it throws none. */
export async function codeOf(body: Promise<unknown>): Promise<number> {
    try {
        await body
        return 0
    } catch (error) {
        const code = errorCode(error)
        if (code === 0) throw error
        return code
    }
}

/**
 * Runs `count` cases, 8 at a time: device code yields now and then, so that they overlap. That they do not disturb each
 * other is part of what is tested. Each case has a generator of its own, whatever the order they come in.
 */
export async function runCases(
    what: string,
    count: number,
    one: (random: Random, index: number) => Promise<void>
): Promise<void> {
    const { seed } = seededRandom(what)
    let next = 0
    const worker = async () => {
        while (next < count) {
            const index = next++
            await one(new Random(seed + index), index)
        }
    }
    await Promise.all(Array.from({ length: 8 }, worker))
}
