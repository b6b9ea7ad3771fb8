/**
 * The device's X25519, ChaCha20-Poly1305 and HKDF against node:crypto (OpenSSL) on random input.
 * RSA is in cryptorsa.test.ts.
 */
import assert from "node:assert/strict"
import {
    createCipheriv,
    createDecipheriv,
    createHmac,
    createPrivateKey,
    createPublicKey,
    diffieHellman,
    hkdfSync,
} from "node:crypto"
import { test } from "node:test"
import { seededRandom } from "../random"
import {
    chacha20Poly1305,
    codeOf,
    device,
    ErrorCode,
    hex,
    hkdfExpand,
    hkdfExtract,
    runCases,
    x25519,
    x25519PublicKey,
} from "./crypto"

const CASES = 1000

test("ChaCha20-Poly1305 seals and opens as OpenSSL does, at any length and offset", async () => {
    await runCases("ChaCha20-Poly1305", CASES, async (random, index) => {
        const key = random.bytes(32)
        const nonce = random.bytes(12)
        const aad = random.bytes(random.oneIn(4) ? 0 : random.below(80))
        // Short lengths are where the block boundaries are.
        const length = random.below(random.oneIn(2) ? 140 : 2001)
        const from = random.below(20)
        const behind = random.below(5)
        const text = random.bytes(length)
        const flip = random.below(length + 16)

        const cipher = createCipheriv("chacha20-poly1305", key, nonce, {
            authTagLength: 16,
        })
        cipher.setAAD(aad, { plaintextLength: length })
        const expected = Buffer.concat([cipher.update(text), cipher.final()])
        const tag = cipher.getAuthTag()

        const before = Buffer.alloc(from, 0xa5)
        const after = Buffer.alloc(behind, 0x5a)
        const sealed = Buffer.concat([before, expected, tag, after])
        const data = device(
            Buffer.concat([before, text, Buffer.alloc(16), after])
        )
        const aead = chacha20Poly1305().create(device(key))
        await aead.seal(device(nonce), device(aad), data, from, length)
        assert.equal(hex(data), hex(sealed), `case ${index}: seal`)

        // What OpenSSL decrypts, the device does, and what OpenSSL refuses.
        const decipher = createDecipheriv("chacha20-poly1305", key, nonce, {
            authTagLength: 16,
        })
        decipher.setAAD(aad, { plaintextLength: length })
        decipher.setAuthTag(tag)
        const opened = Buffer.concat([
            decipher.update(expected),
            decipher.final(),
        ])
        const altered = device(sealed)
        altered[from + flip] ^= 1 << random.below(8)
        const alteredBefore = hex(altered)
        assert.equal(
            await codeOf(
                aead.open(device(nonce), device(aad), altered, from, length)
            ),
            ErrorCode.CryptoBadTag,
            `case ${index}: altered`
        )
        assert.equal(hex(altered), alteredBefore, `case ${index}: untouched`)
        await aead.open(device(nonce), device(aad), data, from, length)
        assert.equal(
            hex(data.slice(from, from + length)),
            hex(opened),
            `case ${index}: open`
        )
    })
})

const P = 2n ** 255n - 19n

function littleEndian(value: bigint): Buffer {
    return Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse()
}

/** Points of order 1, 2, 4 and 8 on the curve and its twist, and their representations above p. */
const LOW_ORDER = [
    0n,
    1n,
    325606250916557431795983626356110631294008115727848805560023387167927233504n,
    39382357235489614581723060781553021112529911719440698176882885853963445705823n,
    P - 1n,
    P,
    P + 1n,
]

/** Values at the ends of the range and of limbs; those above p stand for small ones. */
const EDGES = [
    2n,
    P - 2n,
    P + 2n,
    P + 18n,
    2n ** 255n - 1n,
    2n ** 256n - 1n,
    2n ** 255n + 2n,
    2n ** 254n,
    (2n ** 255n - 1n) / 3n,
    (2n ** 22n - 1n) << 233n,
]

/** DER prefixes: a raw X25519 key as PKCS#8 and as SubjectPublicKeyInfo, RFC 8410. */
const PRIVATE = Buffer.from("302e020100300506032b656e04220420", "hex")
const PUBLIC = Buffer.from("302a300506032b656e032100", "hex")

function opensslX25519(scalar: Buffer, u: Buffer): Buffer | null {
    const privateKey = createPrivateKey({
        key: Buffer.concat([PRIVATE, scalar]),
        format: "der",
        type: "pkcs8",
    })
    const publicKey = createPublicKey({
        key: Buffer.concat([PUBLIC, u]),
        format: "der",
        type: "spki",
    })
    try {
        return diffieHellman({ privateKey, publicKey })
    } catch {
        return null
    }
}

test("X25519 gives OpenSSL's shared secret, edge values included", async () => {
    await runCases("X25519", CASES, async (random, index) => {
        const scalar = random.oneIn(10)
            ? Buffer.alloc(32, random.pick([0, 0xff, 0x55, 0xaa]))
            : random.bytes(32)
        const u = random.oneIn(8)
            ? littleEndian(random.pick(EDGES))
            : random.bytes(32)
        const expected = opensslX25519(scalar, u)
        assert.ok(expected, `case ${index}: OpenSSL refused`)
        const secret = await x25519(device(scalar), device(u))
        assert.equal(hex(secret), hex(expected), `case ${index}: ${hex(u)}`)
    })
})

test("X25519 refuses each public key of low order, as OpenSSL does", async () => {
    const random = seededRandom("X25519 of low order")
    const topBit = 2n ** 255n
    for (const point of LOW_ORDER.flatMap(u => [u, u + topBit])) {
        const scalar = random.bytes(32)
        const u = littleEndian(point)
        assert.equal(opensslX25519(scalar, u), null, hex(u))
        assert.equal(
            await codeOf(x25519(device(scalar), device(u))),
            ErrorCode.CryptoWeakKeyShare,
            hex(u)
        )
    }
})

test("X25519 iterated 1,000 times gives RFC 7748's value (section 5.2)", async () => {
    let u = device(littleEndian(9n))
    let scalar = u
    for (let i = 0; i < 1000; i++) {
        const result = await x25519(scalar, u)
        u = scalar
        scalar = result
    }
    assert.equal(
        hex(scalar),
        "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"
    )
})

test("two X25519 key pairs agree", async () => {
    const random = seededRandom("X25519 pairs")
    for (let i = 0; i < 10; i++) {
        const a = device(random.bytes(32))
        const b = device(random.bytes(32))
        assert.equal(
            hex(await x25519(a, await x25519PublicKey(b))),
            hex(await x25519(b, await x25519PublicKey(a)))
        )
    }
})

test("HKDF gives OpenSSL's output at any length", () => {
    const random = seededRandom("HKDF")
    for (let i = 0; i < CASES; i++) {
        const salt = random.bytes(random.oneIn(5) ? 0 : random.below(100))
        const ikm = random.bytes(random.between(1, 150))
        const info = random.bytes(random.below(150))
        const length = random.oneIn(20) ? 8160 : random.between(1, 300)
        const prk = hkdfExtract(device(salt), device(ikm))
        assert.equal(
            hex(prk),
            createHmac("sha256", salt).update(ikm).digest("hex"),
            `case ${i}: extract`
        )
        assert.equal(
            hex(hkdfExpand(prk, device(info), length)),
            hex(new Uint8Array(hkdfSync("sha256", ikm, salt, info, length))),
            `case ${i}: expand`
        )
    }
})
