/** Random cases for X25519, the AEADs, the hashes and HKDF, judged by node:crypto (OpenSSL). */
import assert from "node:assert/strict"
import {
    createCipheriv,
    createDecipheriv,
    createHash,
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

/** Lengths at and beside the ends of blocks, of 8 blocks (where AES-GCM yields) and of 4 KB. */
const LENGTHS = [0, 16, 32, 48, 64, 112, 128, 192, 256, 4096].flatMap(end =>
    [end - 1, end, end + 1].filter(length => length >= 0)
)

/** Seals, opens, and opens altered, at any length and offset. */
function aeadCase(
    algorithm: "aes-128-gcm" | "chacha20-poly1305",
    keyLength: number,
    sealOperation: number,
    openOperation: number
): Case {
    // Their types differ, their use does not.
    const name = algorithm as "chacha20-poly1305"
    return async (calculate, random, label) => {
        const key = random.bytes(keyLength)
        const nonce = random.bytes(12)
        if (random.oneIn(20)) key.fill(random.pick([0, 0xff]))
        if (random.oneIn(20)) nonce.fill(random.pick([0, 0xff]))
        const aad = random.bytes(random.oneIn(4) ? 0 : random.below(80))
        // Short lengths are where the block boundaries are.
        const length = random.oneIn(4)
            ? random.pick(LENGTHS)
            : random.below(random.oneIn(2) ? 140 : 2001)
        const from = random.below(20)
        const text = random.oneIn(10)
            ? Buffer.alloc(length, random.pick([0, 0xff]))
            : random.bytes(length)
        const before = random.bytes(from)
        const behind = random.bytes(random.below(5))

        const options = { authTagLength: 16 }
        const forAad = { plaintextLength: length }
        const cipher = createCipheriv(name, key, nonce, options)
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
        const seal = await ask(sealOperation, plain)
        assert.equal(seal.code, 0, label)
        assert.equal(hex(seal.result), hex(sealed), `${label}: seal`)

        const decipher = createDecipheriv(name, key, nonce, options)
        decipher.setAAD(aad, forAad)
        decipher.setAuthTag(tag)
        const opened = Buffer.concat([
            decipher.update(encrypted),
            decipher.final(),
        ])
        const open = await ask(openOperation, sealed)
        assert.equal(open.code, 0, label)
        assert.equal(
            hex(open.result),
            hex(Buffer.concat([before, opened, tag, behind])),
            `${label}: open`
        )

        const altered = Buffer.from(sealed)
        altered[from + random.below(length + 16)] ^= 1 << random.below(8)
        const refused = await ask(openOperation, altered)
        assert.equal(refused.code, ErrorCode.CryptoBadTag, `${label}: altered`)
        assert.equal(hex(refused.result), hex(altered), `${label}: untouched`)
    }
}

export const chachaCase = aeadCase(
    "chacha20-poly1305",
    32,
    Operation.Seal,
    Operation.Open
)

export const gcmCase = aeadCase(
    "aes-128-gcm",
    16,
    Operation.SealGcm,
    Operation.OpenGcm
)

/** Hashes bytes cut into up to five parts, some of them empty. */
export function hashCase(bits: 384 | 512): Case {
    return async (calculate, random, label) => {
        // The padding has its edges at 111 and 112, the block at 127 and 128.
        const length = random.oneIn(2)
            ? 128 * random.below(4) +
              random.pick([110, 111, 112, 113, 127, 0, 1])
            : random.below(random.oneIn(4) ? 5000 : 300)
        const message = random.oneIn(10)
            ? Buffer.alloc(length, random.pick([0, 0xff, 0x80]))
            : random.bytes(length)
        const parts: Buffer[] = []
        let at = 0
        for (let i = random.below(5); i > 0; i--) {
            const end = random.between(at, length)
            parts.push(message.subarray(at, end))
            at = end
        }
        parts.push(message.subarray(at))
        const { code, result } = await calculate(
            Operation.Digest,
            uint16(bits / 8),
            ...parts
        )
        assert.equal(code, 0, label)
        assert.equal(
            hex(result),
            createHash(`sha${bits}`).update(message).digest("hex"),
            `${label}: ${parts.map(part => part.length).join(" + ")} bytes`
        )
    }
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
