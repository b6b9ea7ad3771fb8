/** The device's X25519, AEADs, hashes and HKDF under Node, against OpenSSL on random input. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { seededRandom } from "../random"
import { calculateHere, ErrorCode, Operation, runCases } from "./calculate"
import {
    chachaCase,
    gcmCase,
    hashCase,
    hkdfCase,
    LOW_ORDER,
    opensslX25519,
    x25519Case,
} from "./cryptocases"

const CASES = 2000

const calculate = calculateHere()

test("ChaCha20-Poly1305 seals, opens and refuses as OpenSSL does, at any length and offset", () =>
    runCases("ChaCha20-Poly1305", CASES, (...args) =>
        chachaCase(calculate, ...args)
    ))

test("AES-128-GCM seals, opens and refuses as OpenSSL does, at any length and offset", () =>
    runCases("AES-128-GCM", CASES, (...args) => gcmCase(calculate, ...args)))

for (const bits of [384, 512] as const)
    test(`SHA-${bits} gives OpenSSL's digest of any parts`, () =>
        runCases(`SHA-${bits}`, CASES, (...args) =>
            hashCase(bits)(calculate, ...args)
        ))

test("X25519 gives OpenSSL's shared secret, edge values included", () =>
    runCases("X25519", CASES, (...args) => x25519Case(calculate, ...args)))

test("HKDF gives OpenSSL's output at any length", () =>
    runCases("HKDF", CASES, (...args) => hkdfCase(calculate, ...args)))

test("X25519 refuses each public key of low order, as OpenSSL does", async () => {
    const random = seededRandom("X25519 of low order")
    for (const u of LOW_ORDER) {
        const scalar = random.bytes(32)
        assert.equal(opensslX25519(scalar, u), null, u.toString("hex"))
        const { code } = await calculate(Operation.X25519, scalar, u)
        assert.equal(code, ErrorCode.CryptoWeakKeyShare, u.toString("hex"))
    }
})

test("X25519 iterated 1,000 times gives RFC 7748's value (section 5.2)", async () => {
    let u: Buffer = Buffer.alloc(32)
    u[0] = 9
    let scalar = u
    for (let i = 0; i < 1000; i++) {
        const { result } = await calculate(Operation.X25519, scalar, u)
        u = scalar
        scalar = result
    }
    assert.equal(
        scalar.toString("hex"),
        "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"
    )
})

test("two X25519 key pairs agree", async () => {
    const random = seededRandom("X25519 pairs")
    const publicKey = async (scalar: Buffer) =>
        (await calculate(Operation.X25519PublicKey, scalar)).result
    for (let i = 0; i < 10; i++) {
        const a = random.bytes(32)
        const b = random.bytes(32)
        const one = await calculate(Operation.X25519, a, await publicKey(b))
        const other = await calculate(Operation.X25519, b, await publicKey(a))
        assert.equal(one.code, 0)
        assert.equal(one.result.toString("hex"), other.result.toString("hex"))
    }
})
