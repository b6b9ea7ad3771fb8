/** Random cases for RSA: judged by node:crypto (OpenSSL), and by BigInt for moduli that no key has. */
import assert from "node:assert/strict"
import {
    constants,
    createHash,
    type KeyObject,
    publicEncrypt,
    sign,
    verify,
} from "node:crypto"
import { rsaKey, type RsaKey } from "../../tools/rsakey"
import type { Random } from "../random"
import { ErrorCode, Operation, uint16 } from "./calculate"
import type { Case } from "./cryptocases"

/** New keys of these bit lengths. */
export function rsaKeys(sizes: number[]): Promise<RsaKey[]> {
    return Promise.all(sizes.map(rsaKey))
}

/** One of the keys; the long ones, which are slow, less often. */
function pickKey(random: Random, keys: RsaKey[]): RsaKey {
    const key = random.pick(keys)
    return key.bits > 3000 && !random.oneIn(4) ? keys[0] : key
}

/** Hashes, and lengths of their digests; SHA-256 is the most frequent. */
const HASHES = [
    ["sha256", 32],
    ["sha256", 32],
    ["sha384", 48],
    ["sha512", 64],
] as const

/** Signatures by OpenSSL: good, over something else, with another salt, altered. */
export function signatureCase(
    padding: "PKCS#1 v1.5" | "PSS",
    keys: RsaKey[]
): Case {
    const isPss = padding === "PSS"
    const options = (key: KeyObject, saltLength: number) =>
        isPss
            ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
            : { key, padding: constants.RSA_PKCS1_PADDING }

    return async (calculate, random, label) => {
        const key = pickKey(random, keys)
        const message = random.bytes(random.below(100))
        const [name, hashLength] = random.pick(HASHES)
        const digest = createHash(name).update(message).digest()
        const good = sign(name, message, options(key.privateKey, hashLength))
        const expect = async (
            code: number,
            signature: Buffer,
            hash: Buffer
        ): Promise<void> => {
            const answer = await calculate(
                isPss ? Operation.VerifyPss : Operation.VerifyPkcs1,
                ...[key.modulus, hash, signature, uint16(hashLength)]
            )
            // The keys are new in each run, so SEED repeats all but them.
            const hex = [key.modulus, hash, signature]
                .map(bytes => bytes.toString("hex"))
                .join(" ")
            assert.equal(answer.code, code, `${label}: ${hex}`)
        }

        const bad = ErrorCode.CryptoBadSignature
        if (random.oneIn(2)) return expect(0, good, digest)
        if (random.oneIn(3)) {
            const other = Buffer.from(digest)
            other[random.below(hashLength)] ^= 1 << random.below(8)
            return expect(bad, good, other)
        }
        if (isPss && random.oneIn(3)) {
            const saltLength = random.pick(
                [0, 20, 31, 32, 33, 48, 63, 64].filter(n => n !== hashLength)
            )
            const key2 = options(key.privateKey, saltLength)
            return expect(bad, sign(name, message, key2), digest)
        }
        const altered = Buffer.from(good)
        altered[random.below(altered.length)] ^= 1 << random.below(8)
        const accepted = verify(
            name,
            message,
            options(key.publicKey, hashLength),
            altered
        )
        assert.ok(!accepted, `${label}: OpenSSL accepted it`)
        const tooLarge = Buffer.compare(altered, key.modulus) >= 0
        return expect(
            tooLarge ? ErrorCode.CryptoSignatureRange : bad,
            altered,
            digest
        )
    }
}

/** The raw operation with moduli of keys. */
export function rawCase(keys: RsaKey[]): Case {
    return async (calculate, random, label) => {
        const key = pickKey(random, keys)
        const input = random.bytes(key.modulus.length)
        if (random.oneIn(10)) input.fill(random.pick([0, 0xff, 0x7f, 0x80]), 1)
        if (Buffer.compare(input, key.modulus) >= 0) input[0] = 0
        const answer = await calculate(
            Operation.RsaPublicOperation,
            ...[key.modulus, input]
        )
        assert.equal(answer.code, 0, label)
        assert.equal(
            answer.result.toString("hex"),
            publicEncrypt(
                { key: key.publicKey, padding: constants.RSA_NO_PADDING },
                input
            ).toString("hex"),
            `${label}: ${input.toString("hex")} modulo ${key.modulus.toString("hex")}`
        )
    }
}

/** base^65537 modulo n. */
function power65537(base: bigint, n: bigint): bigint {
    let x = base
    for (let i = 0; i < 16; i++) x = (x * x) % n
    return (x * base) % n
}

/** A number of at most `bits` bits made of extreme digits of 23 bits, and of runs: the worst for carries and columns. */
function extreme(random: Random, bits: number): bigint {
    const digits = [0n, 1n, 0x3fffffn, 0x400000n, 0x400001n, 0x7fffffn]
    let value = 0n
    let digit = random.pick(digits)
    const change = random.pick([1, 3, 1000])
    for (let at = 0; at < bits; at += 23) {
        if (random.oneIn(change)) digit = random.pick(digits)
        value = (value << 23n) | digit
    }
    return value & ((1n << BigInt(bits)) - 1n)
}

const bytesOf = (value: bigint, length: number) =>
    Buffer.from(value.toString(16).padStart(2 * length, "0"), "hex")

/** The raw operation with moduli and inputs of extreme digits. */
export const extremeCase: Case = async (calculate, random, label) => {
    const bits = random.pick([2048, 2049, 2069, 2070, 2071, 3072, 4096])
    const top = 1n << BigInt(bits - 1)
    const n = extreme(random, bits) | top | 1n
    const length = Math.ceil(bits / 8)
    const input = random.oneIn(4)
        ? n - 1n - BigInt(random.below(3))
        : extreme(random, bits) % n
    const answer = await calculate(
        Operation.RsaPublicOperation,
        ...[bytesOf(n, length), bytesOf(input, length)]
    )
    assert.equal(answer.code, 0, label)
    assert.equal(
        answer.result.toString("hex"),
        bytesOf(power65537(input, n), length).toString("hex"),
        `${label}: ${input.toString(16)} modulo ${n.toString(16)}`
    )
}
