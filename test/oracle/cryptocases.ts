/** Random cases for X25519, ChaCha20-Poly1305 and HKDF, judged by node:crypto (OpenSSL). */
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
import type { Random } from "../random"
import { Calculate, ErrorCode, Operation, uint16 } from "./calculate"

export type Case = (
    calculate: Calculate,
    random: Random,
    label: string
) => Promise<void>

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")

/** Seals, opens, and opens altered, at any length and offset. */
export const chachaCase: Case = async (calculate, random, label) => {
    const key = random.bytes(32)
    const nonce = random.bytes(12)
    const aad = random.bytes(random.oneIn(4) ? 0 : random.below(80))
    // Short lengths are where the block boundaries are.
    const length = random.below(random.oneIn(2) ? 140 : 2001)
    const from = random.below(20)
    const text = random.bytes(length)
    const before = random.bytes(from)
    const behind = random.bytes(random.below(5))

    const options = { authTagLength: 16 }
    const forAad = { plaintextLength: length }
    const cipher = createCipheriv("chacha20-poly1305", key, nonce, options)
    cipher.setAAD(aad, forAad)
    const encrypted = Buffer.concat([cipher.update(text), cipher.final()])
    const tag = cipher.getAuthTag()
    const sealed = Buffer.concat([before, encrypted, tag, behind])

    const ask = (operation: number, data: Buffer) =>
        calculate(
            operation,
            ...[key, nonce, aad, data],
            ...[uint16(from), uint16(length)]
        )
    const plain = Buffer.concat([before, text, Buffer.alloc(16), behind])
    const seal = await ask(Operation.Seal, plain)
    assert.equal(seal.code, 0, label)
    assert.equal(hex(seal.result), hex(sealed), `${label}: seal`)

    const decipher = createDecipheriv("chacha20-poly1305", key, nonce, options)
    decipher.setAAD(aad, forAad)
    decipher.setAuthTag(tag)
    const opened = Buffer.concat([decipher.update(encrypted), decipher.final()])
    const open = await ask(Operation.Open, sealed)
    assert.equal(open.code, 0, label)
    assert.equal(
        hex(open.result),
        hex(Buffer.concat([before, opened, tag, behind])),
        `${label}: open`
    )

    const altered = Buffer.from(sealed)
    altered[from + random.below(length + 16)] ^= 1 << random.below(8)
    const refused = await ask(Operation.Open, altered)
    assert.equal(refused.code, ErrorCode.CryptoBadTag, `${label}: altered`)
    assert.equal(hex(refused.result), hex(altered), `${label}: untouched`)
}

const P = 2n ** 255n - 19n

function littleEndian(value: bigint): Buffer {
    return Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse()
}

/** Points of order 1, 2, 4 and 8 on the curve and its twist, those that have a second form above p, with the top bit. */
export const LOW_ORDER = [
    0n,
    1n,
    325606250916557431795983626356110631294008115727848805560023387167927233504n,
    39382357235489614581723060781553021112529911719440698176882885853963445705823n,
    P - 1n,
    P,
    P + 1n,
]
    .flatMap(u => [u, u + 2n ** 255n])
    .map(littleEndian)

/** Values at the ends of the range and of limbs; those above p stand for small ones. */
const EDGES = [
    2n,
    9n,
    P - 2n,
    P + 2n,
    P + 18n,
    2n ** 255n - 1n,
    2n ** 256n - 1n,
    2n ** 255n + 2n,
    2n ** 254n,
    (2n ** 255n - 1n) / 3n,
    (2n ** 22n - 1n) << 233n,
].map(littleEndian)

/** DER prefixes: a raw X25519 key as PKCS#8 and as SubjectPublicKeyInfo, RFC 8410. */
const PRIVATE = Buffer.from("302e020100300506032b656e04220420", "hex")
const PUBLIC = Buffer.from("302a300506032b656e032100", "hex")

/** OpenSSL's shared secret, `null` if it refuses the public key. */
export function opensslX25519(scalar: Buffer, u: Buffer): Buffer | null {
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

export const x25519Case: Case = async (calculate, random, label) => {
    const scalar = random.oneIn(10)
        ? Buffer.alloc(32, random.pick([0, 0xff, 0x55, 0xaa]))
        : random.bytes(32)
    const u = random.oneIn(8) ? random.pick(EDGES) : random.bytes(32)
    const expected = opensslX25519(scalar, u)
    assert.ok(expected, `${label}: OpenSSL refused`)
    const secret = await calculate(Operation.X25519, scalar, u)
    assert.equal(secret.code, 0, label)
    assert.equal(hex(secret.result), hex(expected), `${label}: ${hex(u)}`)
}

export const hkdfCase: Case = async (calculate, random, label) => {
    const salt = random.bytes(random.oneIn(5) ? 0 : random.below(100))
    const ikm = random.bytes(random.between(1, 150))
    const info = random.bytes(random.below(150))
    const length = random.oneIn(20) ? 8160 : random.between(1, 300)
    const prk = await calculate(Operation.HkdfExtract, salt, ikm)
    assert.equal(
        hex(prk.result),
        createHmac("sha256", salt).update(ikm).digest("hex"),
        `${label}: extract`
    )
    const output = await calculate(
        Operation.HkdfExpand,
        ...[prk.result, info, uint16(length)]
    )
    const expected = hkdfSync("sha256", ikm, salt, info, length)
    assert.equal(
        hex(output.result),
        hex(new Uint8Array(expected)),
        `${label}: expand`
    )
}
