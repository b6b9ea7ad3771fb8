import { describe, expect, test } from "@devicescript/test"
import { Aead } from "../../../src/crypto/aead"
import { equalBytes } from "../../../src/bytes"
import { chacha20Poly1305 } from "../../../src/crypto/chacha20poly1305"
import { ErrorCode } from "../../../src/errors"
import { expectBytes, expectCode } from "../check"

/** Of RFC 8439, section 2.8.2. */
const KEY: Buffer = hex`808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f`
const NONCE: Buffer = hex`070000004041424344454647`
const AAD: Buffer = hex`50515253c0c1c2c3c4c5c6c7`
const TEXT =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
const SEALED: Buffer = hex`
    d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6
    3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36
    92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc
    3ff4def08e4b7a9de576d26586cec64b6116
    1ae10b594f09e26a7e902ecbd0600691`
const LENGTH = 114

async function expectBadTag(aead: Aead, data: Buffer) {
    await expectCode(ErrorCode.CryptoBadTag, async () => {
        await aead.open(NONCE, AAD, data, 0, LENGTH)
    })
}

describe("ChaCha20-Poly1305", () => {
    test("the example of RFC 8439 section 2.8.2 is sealed and opened, at an odd offset", async () => {
        const aead = chacha20Poly1305().create(KEY)
        const data = Buffer.concat(
            hex`aabbcc`,
            Buffer.from(TEXT),
            Buffer.alloc(16),
            hex`dd`
        )
        await aead.seal(NONCE, AAD, data, 3, LENGTH)
        expectBytes(data, Buffer.concat(hex`aabbcc`, SEALED, hex`dd`))
        await aead.open(NONCE, AAD, data, 3, LENGTH)
        expect(data.slice(3, 3 + LENGTH).toString()).toBe(TEXT)
        expectBytes(data.slice(0, 3), hex`aabbcc`)
        expectBytes(data.slice(3 + LENGTH + 16), hex`dd`)
    })

    test("nothing at all is sealed to a tag", async () => {
        // Wycheproof, chacha20_poly1305_test.json, tcId 2.
        const aead = chacha20Poly1305().create(
            hex`80ba3192c803ce965ea371d5ff073cf0f43b6a2ab576b208426e11409c09b9b0`
        )
        const nonce = hex`4da5bf8dfd5852c1ea12379d`
        const data = Buffer.alloc(16)
        await aead.seal(nonce, hex``, data, 0, 0)
        expectBytes(data, hex`76acb342cf3166a5b63c0c0ea1383c8d`)
        await aead.open(nonce, hex``, data, 0, 0)
    })

    test("a record of several blocks and yields comes back", async () => {
        const aead = chacha20Poly1305().create(KEY)
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
        const aead = chacha20Poly1305().create(KEY)
        // First and last byte of the text, first and last of the tag.
        const places = [0, 63, 64, LENGTH - 1, LENGTH, LENGTH + 15]
        for (let i = 0; i < places.length; i++) {
            const data = SEALED.slice()
            data[places[i]] = data[places[i]] ^ 0x10
            const before = data.slice()
            await expectBadTag(aead, data)
            expectBytes(data, before)
        }
    })

    test("another nonce, associated data, key or length is refused (R2)", async () => {
        const aead = chacha20Poly1305().create(KEY)
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
            const other = chacha20Poly1305().create(Buffer.alloc(32))
            await other.open(NONCE, AAD, SEALED.slice(), 0, LENGTH)
        })
        await expectCode(ErrorCode.CryptoBadTag, async () => {
            await aead.open(NONCE, AAD, SEALED.slice(), 0, LENGTH - 1)
        })
    })

    test("keys and nonces of another length are refused", async () => {
        await expectCode(ErrorCode.CryptoKeyLength, () => {
            chacha20Poly1305().create(KEY.slice(0, 31))
        })
        await expectCode(ErrorCode.CryptoKeyLength, () => {
            chacha20Poly1305().create(Buffer.concat(KEY, hex`00`))
        })
        const aead = chacha20Poly1305().create(KEY)
        await expectCode(ErrorCode.CryptoNonceLength, async () => {
            await aead.seal(NONCE.slice(0, 11), AAD, Buffer.alloc(20), 0, 4)
        })
        await expectCode(ErrorCode.CryptoNonceLength, async () => {
            const nonce = Buffer.concat(NONCE, hex`00`)
            await aead.open(nonce, AAD, SEALED.slice(), 0, LENGTH)
        })
    })

    test("a range without room for the tag is refused", async () => {
        const aead = chacha20Poly1305().create(KEY)
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

    test("the key is a copy, and is gone after wipe", async () => {
        const key = KEY.slice()
        const aead = chacha20Poly1305().create(key)
        key.fillAt(0, 32, 0)
        await aead.open(NONCE, AAD, SEALED.slice(), 0, LENGTH)
        aead.wipe()
        await expectCode(ErrorCode.CryptoKeyLength, async () => {
            await aead.seal(NONCE, AAD, Buffer.alloc(20), 0, 4)
        })
    })
})
