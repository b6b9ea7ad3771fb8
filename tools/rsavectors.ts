/**
 * Writes `test/src/crypto/rsavectors.ts`: `node built/tools/rsavectors.js`. New keys each time, so the file is made
 * once and kept; the private keys are thrown away.
 *
 * The malformed blocks are signed with the private key like good ones, so that only the verifier's look at the block
 * can refuse them.
 */
import {
    constants,
    createHash,
    type KeyObject,
    privateEncrypt,
    publicDecrypt,
    sign,
} from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { rsaKey, type RsaKey } from "./rsakey"

const MESSAGE = Buffer.from("Edge Leaf")
const DIGEST = createHash("sha256").update(MESSAGE).digest()

const lines: string[] = []

function constant(name: string, comment: string, value: Buffer): void {
    const text = value.toString("hex").replace(/.{1,100}/g, "    $&\n")
    lines.push(`/** ${comment} */`)
    lines.push(`export const ${name}: Buffer = hex\`\n${text}\``, "")
}

const signBlock = (key: KeyObject, block: Buffer) =>
    privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, block)

const openBlock = (key: KeyObject, signature: Buffer) =>
    publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature)

const pss = (key: KeyObject, saltLength: number) =>
    sign("sha256", MESSAGE, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength,
    })

/** XORs MGF1 of the hash in `block` onto its DB. */
function mask(block: Buffer): void {
    const hashAt = block.length - 33
    const hash = block.subarray(hashAt, hashAt + 32)
    for (let i = 0; i < hashAt; i++) {
        const counter = Buffer.from([0, 0, 0, i >> 5])
        block[i] ^= createHash("sha256").update(hash).update(counter).digest()[
            i & 31
        ]
    }
    block[0] &= 0x7f
}

function pkcs1Vectors(key: RsaKey): void {
    const good = sign("sha256", MESSAGE, key.privateKey)
    const change = (edit: (block: Buffer) => void) => {
        const block = openBlock(key.publicKey, good)
        edit(block)
        return signBlock(key.privateKey, block)
    }
    const replaceEnd = (end: Buffer, separatorAt: number) =>
        change(block => {
            block.fill(0xff, 2)
            block[separatorAt] = 0
            end.copy(block, separatorAt + 1)
        })
    const info = Buffer.from("3031300d060960864801650304020105000420", "hex")
    const noNull = Buffer.from("302f300b0609608648016503040201" + "0420", "hex")
    const sha1 = Buffer.from("3021300906052b0e03021a05000414", "hex")
    const endAt = (end: Buffer) => 256 - end.length - 1

    constant("PKCS1", "PKCS#1 v1.5 over DIGEST.", good)
    constant(
        "PKCS1_FIRST_BYTE",
        "The block begins with 01 01.",
        change(block => (block[0] = 1))
    )
    constant(
        "PKCS1_TYPE_2",
        "Block type 02.",
        change(block => (block[1] = 2))
    )
    constant(
        "PKCS1_PADDING_BYTE",
        "One padding byte fe.",
        change(block => (block[100] = 0xfe))
    )
    constant(
        "PKCS1_SHORT_PADDING",
        "Eight bytes of padding, the DigestInfo, and garbage behind it (Bleichenbacher 2006).",
        replaceEnd(Buffer.concat([info, DIGEST]), 10)
    )
    constant(
        "PKCS1_NO_NULL",
        "DigestInfo without the NULL parameters.",
        replaceEnd(
            Buffer.concat([noNull, DIGEST]),
            endAt(Buffer.concat([noNull, DIGEST]))
        )
    )
    constant(
        "PKCS1_OTHER_NAME",
        "DigestInfo that names SHA-512/256, which is as long.",
        change(block => (block[256 - 32 - 5] = 6))
    )
    constant(
        "PKCS1_SHA1_NAME",
        "DigestInfo that names SHA-1, with the first 20 bytes of DIGEST.",
        replaceEnd(
            Buffer.concat([sha1, DIGEST.subarray(0, 20)]),
            256 - 20 - sha1.length - 1
        )
    )
}

function pssVectors(key: RsaKey): void {
    const good = pss(key.privateKey, 32)
    const change = (edit: (block: Buffer) => void) => {
        const block = openBlock(key.publicKey, good)
        edit(block)
        return signBlock(key.privateKey, block)
    }
    const changeDb = (edit: (block: Buffer) => void) =>
        change(block => {
            mask(block)
            edit(block)
            mask(block)
        })
    // A signature whose block still is below the modulus with its top bit set.
    const topBit = () => {
        for (;;) {
            const block = openBlock(key.publicKey, pss(key.privateKey, 32))
            block[0] |= 0x80
            if (Buffer.compare(block, key.modulus) < 0)
                return signBlock(key.privateKey, block)
        }
    }
    constant("PSS", "PSS over DIGEST, salt of 32 bytes.", good)
    constant("PSS_NO_SALT", "No salt.", pss(key.privateKey, 0))
    constant("PSS_SALT_20", "A salt of 20 bytes.", pss(key.privateKey, 20))
    constant("PSS_SALT_33", "A salt of 33 bytes.", pss(key.privateKey, 33))
    constant(
        "PSS_TRAILER",
        "The last byte is cc instead of bc.",
        change(block => (block[255] = 0xcc))
    )
    constant(
        "PSS_TOP_BIT",
        "The bit above the encoded message is set.",
        topBit()
    )
    constant(
        "PSS_ZEROS",
        "A byte of DB's zeros is 80.",
        changeDb(block => (block[100] = 0x80))
    )
    constant(
        "PSS_SEPARATOR",
        "DB's 01 is 03.",
        changeDb(block => (block[256 - 33 - 33] = 3))
    )
    constant(
        "PSS_SALT",
        "A bit of the salt is changed.",
        changeDb(block => (block[256 - 33 - 10] ^= 4))
    )
    constant(
        "PSS_HASH",
        "A bit of H is changed, the mask fits the new one.",
        change(block => {
            mask(block)
            block[250] ^= 4
            mask(block)
        })
    )
}

/** Good signatures with the longer hashes, and a PSS salt that is as long as SHA-256's. */
function hashVectors(key: RsaKey): void {
    for (const bits of [384, 512]) {
        const name = `sha${bits}`
        const padding = constants.RSA_PKCS1_PSS_PADDING
        const pssWith = (saltLength: number) =>
            sign(name, MESSAGE, { key: key.privateKey, padding, saltLength })
        constant(
            `DIGEST_${bits}`,
            `SHA-${bits} of "Edge Leaf".`,
            createHash(name).update(MESSAGE).digest()
        )
        constant(
            `PKCS1_${bits}`,
            `PKCS#1 v1.5 over DIGEST_${bits} by MODULUS.`,
            sign(name, MESSAGE, key.privateKey)
        )
        constant(
            `PSS_${bits}`,
            `PSS over DIGEST_${bits}, salt of ${bits / 8} bytes.`,
            pssWith(bits / 8)
        )
        constant(
            `PSS_${bits}_SALT_32`,
            "The same with a salt of 32 bytes.",
            pssWith(32)
        )
    }
}

function oddVectors(odd: RsaKey): void {
    const good = pss(odd.privateKey, 32)
    // A message that is still below the modulus with 01 before it.
    let block: Buffer
    do {
        block = openBlock(odd.publicKey, pss(odd.privateKey, 32))
        block[0] = 1
    } while (Buffer.compare(block, odd.modulus) >= 0)
    constant(
        "MODULUS_2049",
        "2049 bits: PSS messages are one byte shorter than the modulus.",
        odd.modulus
    )
    constant("PSS_2049", "PSS over DIGEST by MODULUS_2049.", good)
    constant(
        "PSS_2049_FIRST_BYTE",
        "The block begins with 01 instead of 00, all else fits.",
        signBlock(odd.privateKey, block)
    )
    constant(
        "PKCS1_2049",
        "PKCS#1 v1.5 over DIGEST by MODULUS_2049.",
        sign("sha256", MESSAGE, odd.privateKey)
    )
}

async function main(): Promise<void> {
    const key = await rsaKey(2048)
    constant("MODULUS", "2048 bits.", key.modulus)
    constant("DIGEST", 'SHA-256 of "Edge Leaf".', DIGEST)
    pkcs1Vectors(key)
    pssVectors(key)
    hashVectors(key)
    oddVectors(await rsaKey(2049))
    const header = `/** Made by tools/rsavectors.ts with node:crypto (OpenSSL ${process.versions.openssl}); the private keys are gone. */`
    writeFileSync(
        join(__dirname, "../../test/src/crypto/rsavectors.ts"),
        [header, "", ...lines].join("\n")
    )
}

if (require.main === module) void main()
