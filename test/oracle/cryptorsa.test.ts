/**
 * The device's RSA against node:crypto (OpenSSL) and against BigInt, on random input: the raw operation, PKCS#1 v1.5 and
 * PSS, valid and altered.
 */
import assert from "node:assert/strict"
import {
    constants,
    createHash,
    generateKeyPair,
    type KeyObject,
    publicEncrypt,
    sign,
    verify,
} from "node:crypto"
import { before, test } from "node:test"
import { promisify } from "node:util"
import type { Random } from "../random"
import {
    codeOf,
    device,
    ErrorCode,
    hex,
    rsaPublicOperation,
    runCases,
    sha256,
    verifyPkcs1,
    verifyPss,
} from "./crypto"

const CASES = 1000

/** Bit lengths of the keys; 2049 has an encoded PSS message shorter than its modulus. Short ones are faster, so more. */
const SIZES = [2048, 2048, 2048, 2049, 2050, 2055, 2056, 3072, 4095, 4096]

interface Key {
    bits: number
    publicKey: KeyObject
    privateKey: KeyObject
    modulus: Buffer
}

let keys: Key[]

before(async () => {
    const generate = promisify(generateKeyPair)
    keys = await Promise.all(
        SIZES.map(async bits => {
            const pair = await generate("rsa", { modulusLength: bits })
            const { n } = pair.publicKey.export({ format: "jwk" })
            return { bits, ...pair, modulus: Buffer.from(n!, "base64url") }
        })
    )
})

/** One of the keys; the long ones, which are slow, less often. */
function pickKey(random: Random): Key {
    const key = random.pick(keys)
    return key.bits > 3000 && !random.oneIn(4) ? keys[0] : key
}

const deviceKey = (key: Key) => ({
    modulus: device(key.modulus),
    exponent: 65537,
})

function signCase(padding: "PKCS#1 v1.5" | "PSS") {
    const verifyOnDevice = padding === "PSS" ? verifyPss : verifyPkcs1
    const options = (key: KeyObject, saltLength: number) =>
        padding === "PSS"
            ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
            : { key, padding: constants.RSA_PKCS1_PADDING }

    return async (random: Random, index: number) => {
        const key = pickKey(random)
        const message = random.bytes(random.below(100))
        const digest = createHash("sha256").update(message).digest()
        const signature = sign("sha256", message, options(key.privateKey, 32))
        // The keys are new in each run: SEED repeats all but them.
        const label = `case ${index}, modulus ${hex(key.modulus)}, signature ${hex(signature)}`
        const check = (code: number, changed: Buffer, hash: Buffer) =>
            codeOf(
                verifyOnDevice(
                    deviceKey(key),
                    sha256(),
                    device(hash),
                    device(changed)
                )
            ).then(seen => assert.equal(seen, code, label))

        if (random.oneIn(2)) {
            await check(0, signature, digest)
        } else if (random.oneIn(3)) {
            const other = Buffer.from(digest)
            other[random.below(32)] ^= 1 << random.below(8)
            await check(ErrorCode.CryptoBadSignature, signature, other)
        } else if (padding === "PSS" && random.oneIn(3)) {
            const saltLength = random.pick([0, 20, 31, 33, 48, 64])
            const salted = sign(
                "sha256",
                message,
                options(key.privateKey, saltLength)
            )
            await check(ErrorCode.CryptoBadSignature, salted, digest)
        } else {
            const altered = Buffer.from(signature)
            altered[random.below(altered.length)] ^= 1 << random.below(8)
            assert.ok(
                !verify("sha256", message, options(key.publicKey, 32), altered),
                label
            )
            const tooLarge = Buffer.compare(altered, key.modulus) >= 0
            await check(
                tooLarge
                    ? ErrorCode.CryptoSignatureRange
                    : ErrorCode.CryptoBadSignature,
                altered,
                digest
            )
        }
    }
}

for (const padding of ["PKCS#1 v1.5", "PSS"] as const)
    test(`RSA ${padding} signatures of OpenSSL verify, altered ones do not`, async () => {
        await runCases(`RSA ${padding}`, CASES, signCase(padding))
    })

test("the raw RSA operation gives OpenSSL's result", async () => {
    await runCases("RSA raw", CASES, async (random, index) => {
        const key = pickKey(random)
        const input = random.bytes(key.modulus.length)
        if (random.oneIn(10)) input.fill(random.pick([0, 0xff, 0x7f, 0x80]), 1)
        if (Buffer.compare(input, key.modulus) >= 0) input[0] = 0
        assert.equal(
            hex(await rsaPublicOperation(deviceKey(key), device(input))),
            publicEncrypt(
                { key: key.publicKey, padding: constants.RSA_NO_PADDING },
                input
            ).toString("hex"),
            `case ${index}: ${hex(input)} modulo ${hex(key.modulus)}`
        )
    })
})

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

test("the raw RSA operation is exact for moduli and inputs of extreme digits, which no key has", async () => {
    await runCases("RSA extremes", 300, async (random, index) => {
        const bits = random.pick([2048, 2049, 2069, 2070, 2071, 3072, 4096])
        const top = 1n << BigInt(bits - 1)
        const n = extreme(random, bits) | top | 1n
        const length = Math.ceil(bits / 8)
        const input = random.oneIn(4)
            ? n - 1n - BigInt(random.below(3))
            : extreme(random, bits) % n
        const key = { modulus: device(bytesOf(n, length)), exponent: 65537 }
        const result = await rsaPublicOperation(
            key,
            device(bytesOf(input, length))
        )
        assert.equal(
            hex(result),
            hex(bytesOf(power65537(input, n), length)),
            `case ${index}: ${input.toString(16)} modulo ${n.toString(16)}`
        )
    })
})
