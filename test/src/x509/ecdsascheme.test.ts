import { describe, expect, test } from "@devicescript/test"
import { sha256 } from "../../../src/crypto/hash"
import { sha384 } from "../../../src/crypto/sha512"
import { ErrorCode, LeafError } from "../../../src/errors"
import { Der } from "../../../src/x509/der"
import {
    EcdsaP256,
    ecdsaWithSha256,
    ecdsaWithSha384,
} from "../../../src/x509/ecdsascheme"
import { isWrongSignature } from "../../../src/x509/scheme"
import { expectCode } from "../check"

/** Of RFC 6979, section A.2.5, over "sample". */
const KEY: Buffer = hex`04
    60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6
    7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299`
const WITH_SHA256: Buffer = hex`3046
    022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716
    022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8`
const WITH_SHA384: Buffer = hex`3044
    02200eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef7719
    02204861f0491e6998b9455193e34e7b0d284ddd7149a74b95b9261f13abde940954`

describe("EcdsaP256", () => {
    test("it verifies with its own hash, and with no other", async () => {
        const message = Buffer.from("sample")
        const key = new Der(Buffer.concat(hex`00`, KEY, hex`00`), 1, 66)
        const with256 = new EcdsaP256(sha256(), 0x0403, ecdsaWithSha256())
        const with384 = new EcdsaP256(sha384(), 0x0503, ecdsaWithSha384())
        await with256.verify(key, message, WITH_SHA256)
        await with384.verify(key, message, WITH_SHA384)
        await expectCode(ErrorCode.CryptoBadSignature, async () => {
            await with384.verify(key, message, WITH_SHA256)
        })
    })

    test("only 0x0403 is P-256 in TLS 1.3, the others are of other curves there (K4)", () => {
        const hash = sha256()
        expect(new EcdsaP256(hash, 0x0403, null).inTls13).toBe(true)
        expect(new EcdsaP256(hash, 0x0503, null).inTls13).toBe(false)
        expect(new EcdsaP256(hash, 0x0603, null).inTls13).toBe(false)
    })

    test("a wrong, malformed or impossible signature is known as a wrong one, a bad key is not", () => {
        const known = (code: ErrorCode) =>
            isWrongSignature(new LeafError(code, ""))
        expect(known(ErrorCode.CryptoBadSignature)).toBe(true)
        expect(known(ErrorCode.CryptoSignatureEncoding)).toBe(true)
        expect(known(ErrorCode.CryptoSignatureRange)).toBe(true)
        expect(known(ErrorCode.CryptoPoint)).toBe(false)
    })
})
