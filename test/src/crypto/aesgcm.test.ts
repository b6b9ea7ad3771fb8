import { describe, expect, test } from "@devicescript/test"
import { Aead } from "../../../src/crypto/aead"
import { equalBytes } from "../../../src/bytes"
import { aes128Gcm } from "../../../src/crypto/aesgcm"
import { ErrorCode } from "../../../src/errors"
import { expectBytes, expectCode } from "../check"

/** Test case 4 of McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B. */
const KEY: Buffer = hex`feffe9928665731c6d6a8f9467308308`
const NONCE: Buffer = hex`cafebabefacedbaddecaf888`
const AAD: Buffer = hex`feedfacedeadbeeffeedfacedeadbeefabaddad2`
const TEXT: Buffer = hex`
    d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
    1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39`
const SEALED: Buffer = hex`
    42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e
    21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091
    5bc94fbc3221a5db94fae95ae7121a47`
const LENGTH = 60

/** Test cases 1 and 2 have a key and a nonce of zeros. */
async function sealWithZeros(text: Buffer): Promise<Buffer> {
    const aead = aes128Gcm().create(Buffer.alloc(16))
    const data = Buffer.concat(text, Buffer.alloc(16))
    await aead.seal(Buffer.alloc(12), hex``, data, 0, text.length)
    return data
}

async function expectBadTag(aead: Aead, data: Buffer) {
    await expectCode(ErrorCode.CryptoBadTag, async () => {
        await aead.open(NONCE, AAD, data, 0, LENGTH)
    })
}

describe("AES-128-GCM", () => {
    test("test case 4 of the algorithm's authors is sealed and opened, at an odd offset", async () => {
        const aead = aes128Gcm().create(KEY)
        const data = Buffer.concat(hex`aabbcc`, TEXT, Buffer.alloc(16), hex`dd`)
        await aead.seal(NONCE, AAD, data, 3, LENGTH)
        expectBytes(data, Buffer.concat(hex`aabbcc`, SEALED, hex`dd`))
        await aead.open(NONCE, AAD, data, 3, LENGTH)
        expectBytes(data.slice(3, 3 + LENGTH), TEXT)
        expectBytes(data.slice(0, 3), hex`aabbcc`)
        expectBytes(data.slice(3 + LENGTH + 16), hex`dd`)
    })

    test("test cases 1 and 2 are sealed: nothing, and a block of zeros", async () => {
        expectBytes(
            await sealWithZeros(hex``),
            hex`58e2fccefa7e3061367f1d57a4e7455a`
        )
        expectBytes(
            await sealWithZeros(Buffer.alloc(16)),
            hex`0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf`
        )
    })

    test("test case 3 is sealed: four whole blocks, no associated data", async () => {
        const aead = aes128Gcm().create(KEY)
        const data = Buffer.concat(TEXT, hex`1aafd255`, Buffer.alloc(16))
        await aead.seal(NONCE, hex``, data, 0, 64)
        expectBytes(
            data,
            Buffer.concat(
                SEALED.slice(0, LENGTH),
                hex`473f59854d5c2af327cd64a62cf35abd2ba6fab4`
            )
        )
    })

    test("a record of several blocks and yields comes back", async () => {
        const aead = aes128Gcm().create(KEY)
        const length = 4099
        const text = Buffer.alloc(length)
        text.fillAt(0, length, 0x55)
        const data = Buffer.concat(text, Buffer.alloc(16))
        await aead.seal(NONCE, AAD, data, 0, length)
        expect(equalBytes(data.slice(0, length), text)).toBe(false)
        await aead.open(NONCE, AAD, data, 0, length)
        expectBytes(data.slice(0, length), text)
    })

    test("any altered byte is refused, and nothing is decrypted (R2)", async () => {
        const aead = aes128Gcm().create(KEY)
        // First and last byte of the text, first and last of the tag.
        const places = [0, 15, 16, LENGTH - 1, LENGTH, LENGTH + 15]
        for (let i = 0; i < places.length; i++) {
            const data = SEALED.slice()
            data[places[i]] = data[places[i]] ^ 0x10
            const before = data.slice()
            await expectBadTag(aead, data)
            expectBytes(data, before)
        }
    })

    test("another nonce, associated data, key or length is refused (R2)", async () => {
        const aead = aes128Gcm().create(KEY)
        await expectCode(ErrorCode.CryptoBadTag, async () => {
            const nonce = NONCE.slice()
            nonce[11] = nonce[11] ^ 1
            await aead.open(nonce, AAD, SEALED.slice(), 0, LENGTH)
        })
        await expectCode(ErrorCode.CryptoBadTag, async () => {
            const aad = AAD.slice()
            aad[0] = aad[0] ^ 0x80
            await aead.open(NONCE, aad, SEALED.slice(), 0, LENGTH)
        })
        await expectCode(ErrorCode.CryptoBadTag, async () => {
            // Padding may not hide where the associated data ends.
            const aad = Buffer.concat(AAD, hex`00`)
            await aead.open(NONCE, aad, SEALED.slice(), 0, LENGTH)
        })
        await expectCode(ErrorCode.CryptoBadTag, async () => {
            const other = aes128Gcm().create(Buffer.alloc(16))
            await other.open(NONCE, AAD, SEALED.slice(), 0, LENGTH)
        })
        await expectCode(ErrorCode.CryptoBadTag, async () => {
            await aead.open(NONCE, AAD, SEALED.slice(), 0, LENGTH - 1)
        })
    })

    test("whatever key came before it, a key works: two at a time", async () => {
        const one = aes128Gcm().create(KEY)
        const other = aes128Gcm().create(AAD.slice(0, 16))
        const data = SEALED.slice()
        await other.seal(NONCE, AAD, Buffer.alloc(32), 0, 16)
        await one.open(NONCE, AAD, data, 0, LENGTH)
        await other.seal(NONCE, AAD, Buffer.alloc(32), 0, 16)
        await one.seal(NONCE, AAD, data, 0, LENGTH)
        expectBytes(data, SEALED)
    })

    test("keys and nonces of another length are refused", async () => {
        await expectCode(ErrorCode.CryptoKeyLength, () => {
            aes128Gcm().create(KEY.slice(0, 15))
        })
        await expectCode(ErrorCode.CryptoKeyLength, () => {
            aes128Gcm().create(Buffer.concat(KEY, hex`00`))
        })
        const aead = aes128Gcm().create(KEY)
        await expectCode(ErrorCode.CryptoNonceLength, async () => {
            await aead.seal(NONCE.slice(0, 11), AAD, Buffer.alloc(20), 0, 4)
        })
        await expectCode(ErrorCode.CryptoNonceLength, async () => {
            const nonce = Buffer.concat(NONCE, hex`00`)
            await aead.open(nonce, AAD, SEALED.slice(), 0, LENGTH)
        })
    })

    test("a range without room for the tag is refused", async () => {
        const aead = aes128Gcm().create(KEY)
        await expectCode(ErrorCode.CryptoRange, async () => {
            await aead.seal(NONCE, AAD, Buffer.alloc(20), 0, 5)
        })
        await expectCode(ErrorCode.CryptoRange, async () => {
            await aead.seal(NONCE, AAD, Buffer.alloc(20), 5, 0)
        })
        await expectCode(ErrorCode.CryptoRange, async () => {
            await aead.open(NONCE, AAD, Buffer.alloc(20), 0, -1)
        })
        await expectCode(ErrorCode.CryptoRange, async () => {
            await aead.open(NONCE, AAD, Buffer.alloc(20), -1, 4)
        })
    })

    test("the key is a copy, and is gone after wipe with all that was made of it", async () => {
        const key = KEY.slice()
        const aead = aes128Gcm().create(key)
        key.fillAt(0, 16, 0)
        await aead.open(NONCE, AAD, SEALED.slice(), 0, LENGTH)
        // What is private is looked at on purpose.
        const inside: any = aead
        const keys: Buffer = inside.keys
        const products: number[][] = inside.products
        aead.wipe()
        expectBytes(keys, Buffer.alloc(176))
        let left = 0
        for (const words of products)
            for (const word of words) if (word !== 0) left++
        expect(left).toBe(0)
        await expectCode(ErrorCode.CryptoKeyLength, async () => {
            await aead.seal(NONCE, AAD, Buffer.alloc(20), 0, 4)
        })
        await expectCode(ErrorCode.CryptoKeyLength, async () => {
            await aead.open(NONCE, AAD, SEALED.slice(), 0, LENGTH)
        })
        // A key that was never used has no tables yet, and is wiped as well.
        aes128Gcm().create(KEY).wipe()
    })
})
