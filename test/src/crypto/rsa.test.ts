import { describe, expect, test } from "@devicescript/test"
import { sha256 } from "../../../src/crypto/hash"
import {
    modulusBits,
    rsaPublicOperation,
    RsaPublicKey,
} from "../../../src/crypto/rsa"
import { ErrorCode } from "../../../src/errors"
import { expectBytes, expectCode } from "../check"
import { DIGEST, MODULUS, PKCS1 } from "./rsavectors"

function rsaKey(modulus: Buffer): RsaPublicKey {
    return { modulus, exponent: 65537 }
}

/** A number of `length` bytes, zeros but for the first and the last. */
function number(length: number, first: number, last: number): Buffer {
    const bytes = Buffer.alloc(length)
    bytes[0] = first
    bytes[length - 1] = last
    return bytes
}

async function expectOperation(code: number, key: RsaPublicKey, input: Buffer) {
    await expectCode(code, async () => {
        await rsaPublicOperation(key, input)
    })
}

describe("rsa", () => {
    test("the public operation uncovers the padded digest", async () => {
        const block = await rsaPublicOperation(rsaKey(MODULUS), PKCS1)
        expect(block.length).toBe(256)
        expectBytes(block.slice(0, 4), hex`0001ffff`)
        expectBytes(
            block.slice(204),
            Buffer.concat(hex`00`, sha256().digestInfo, DIGEST)
        )
    })

    test("0, 1 and the modulus less 1 are powers of themselves", async () => {
        const one = number(256, 0, 1)
        const zero = number(256, 0, 0)
        const last = MODULUS.slice()
        last[255] = last[255] - 1
        expectBytes(await rsaPublicOperation(rsaKey(MODULUS), zero), zero)
        expectBytes(await rsaPublicOperation(rsaKey(MODULUS), one), one)
        expectBytes(await rsaPublicOperation(rsaKey(MODULUS), last), last)
    })

    test("the bit length of a modulus is counted from its highest bit", () => {
        expect(modulusBits(rsaKey(number(256, 0x80, 1)))).toBe(2048)
        expect(modulusBits(rsaKey(number(257, 0x01, 1)))).toBe(2049)
        expect(modulusBits(rsaKey(number(257, 0x7f, 1)))).toBe(2055)
        expect(modulusBits(rsaKey(number(512, 0xff, 1)))).toBe(4096)
    })

    test("a modulus below 2048 or above 4096 bits, even, or with leading zeros is refused (P10)", async () => {
        const input = number(256, 0, 2)
        const wrong = [
            hex``,
            number(128, 0xff, 1),
            number(256, 0x7f, 1),
            number(513, 0x01, 1),
            number(256, 0xff, 2),
            Buffer.concat(hex`00`, MODULUS),
        ]
        for (let i = 0; i < wrong.length; i++)
            await expectOperation(
                ErrorCode.CryptoModulus,
                rsaKey(wrong[i]),
                input
            )
    })

    test("an exponent other than 65537 is refused", async () => {
        const exponents = [0, 1, 3, 17, 65536, 65539]
        for (let i = 0; i < exponents.length; i++) {
            const key = { modulus: MODULUS, exponent: exponents[i] }
            await expectOperation(ErrorCode.CryptoExponent, key, PKCS1)
        }
    })

    test("an input of another length than the modulus is refused", async () => {
        const key = rsaKey(MODULUS)
        const code = ErrorCode.CryptoSignatureLength
        await expectOperation(code, key, PKCS1.slice(0, 255))
        await expectOperation(code, key, Buffer.concat(hex`00`, PKCS1))
        await expectOperation(code, key, Buffer.concat(PKCS1, hex`00`))
        await expectOperation(code, key, hex``)
    })

    test("an input that is not below the modulus is refused", async () => {
        const key = rsaKey(MODULUS)
        const code = ErrorCode.CryptoSignatureRange
        const above = MODULUS.slice()
        above[255] = above[255] + 2
        const ones = Buffer.alloc(256)
        ones.fillAt(0, 256, 0xff)
        await expectOperation(code, key, MODULUS)
        await expectOperation(code, key, above)
        await expectOperation(code, key, ones)
    })
})
