import { describe, expect, test } from "@devicescript/test"
import { verifyEcdsaP256 } from "../../../src/crypto/ecdsa"
import { sha256 } from "../../../src/crypto/hash"
import { onOperation } from "../../../src/crypto/operation"
import { isP256Scalar, multiplyP256 } from "../../../src/crypto/p256"
import { sha384, sha512 } from "../../../src/crypto/sha512"
import { ErrorCode } from "../../../src/errors"
import { expectBytes, expectCode } from "../check"

/** Of RFC 5903, section 8.1. */
const I: Buffer = hex`c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433`
const I_PUBLIC: Buffer = hex`04
    dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180
    5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3`
const R: Buffer = hex`c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53`
const R_PUBLIC: Buffer = hex`04
    d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63
    56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab`
const SHARED: Buffer = hex`d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de`

/** Of RFC 6979, section A.2.5: the key, and its signatures over "sample". */
const SIGNER: Buffer = hex`04
    60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6
    7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299`
const WITH_SHA256: Buffer = hex`3046
    022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716
    022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8`
const WITH_SHA384: Buffer = hex`3044
    02200eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef7719
    02204861f0491e6998b9455193e34e7b0d284ddd7149a74b95b9261f13abde940954`
const WITH_SHA512: Buffer = hex`3045
    0221008496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00
    02202362ab1adbe2b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe`

const N: Buffer = hex`ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551`

async function expectRefused(code: number, scalar: Buffer, point: Buffer) {
    await expectCode(code, async () => {
        await multiplyP256(scalar, point)
    })
}

describe("multiplyP256", () => {
    test("both sides of RFC 5903 section 8.1 get their public keys and the same secret", async () => {
        expectBytes(await multiplyP256(I, null), I_PUBLIC)
        expectBytes(await multiplyP256(R, null), R_PUBLIC)
        expectBytes((await multiplyP256(I, R_PUBLIC)).slice(1, 33), SHARED)
        expectBytes((await multiplyP256(R, I_PUBLIC)).slice(1, 33), SHARED)
    })

    test("1, n - 1 and n - 2 times a point are right, the last of which doubles inside an addition; inputs are left alone", async () => {
        const one = Buffer.alloc(32)
        one[31] = 1
        expectBytes(await multiplyP256(one, I_PUBLIC), I_PUBLIC)
        const k = N.slice()
        k[31] = k[31] - 1
        const opposite = await multiplyP256(k, I_PUBLIC)
        expectBytes(opposite.slice(0, 33), I_PUBLIC.slice(0, 33))
        k[31] = k[31] - 1
        const twice = await multiplyP256(k, I_PUBLIC)
        const two = one.slice()
        two[31] = 2
        expectBytes(await multiplyP256(two, opposite), twice)
        expectBytes(
            one,
            hex`0000000000000000000000000000000000000000000000000000000000000001`
        )
    })

    test("a scalar of 0, from n on, or of another length is refused", async () => {
        const code = ErrorCode.CryptoScalar
        await expectRefused(code, Buffer.alloc(32), null)
        await expectRefused(code, N, null)
        await expectRefused(code, I.slice(0, 31), null)
        await expectRefused(code, Buffer.concat(hex`00`, I), R_PUBLIC)
        expect(isP256Scalar(I)).toBe(true)
    })

    test("a public key that is not a point of the curve is refused (K2)", async () => {
        const code = ErrorCode.CryptoPoint
        const altered = R_PUBLIC.slice()
        altered[64] = altered[64] ^ 1
        await expectRefused(code, I, altered)
        await expectRefused(code, I, R_PUBLIC.slice(0, 64))
        await expectRefused(code, I, hex`00`)
        const compressed = R_PUBLIC.slice(0, 33)
        compressed[0] = 3
        await expectRefused(code, I, compressed)
        // x = p
        const large = R_PUBLIC.slice()
        large.set(
            hex`ffffffff00000001000000000000000000000000ffffffffffffffffffffffff`,
            1
        )
        await expectRefused(code, I, large)
    })
})

describe("verifyEcdsaP256", () => {
    test("the signatures of RFC 6979 section A.2.5 with SHA-256, SHA-384 and SHA-512 hold", async () => {
        const message = Buffer.from("sample")
        await verifyEcdsaP256(
            SIGNER,
            await sha256().digest(message),
            WITH_SHA256
        )
        await verifyEcdsaP256(
            SIGNER,
            await sha384().digest(message),
            WITH_SHA384
        )
        await verifyEcdsaP256(
            SIGNER,
            await sha512().digest(message),
            WITH_SHA512
        )
    })

    test("another digest, key or signature, or none, is refused (K5)", async () => {
        const digest = await sha256().digest(Buffer.from("sample"))
        const refused = async (
            code: number,
            key: Buffer,
            hash: Buffer,
            signature: Buffer
        ) =>
            await expectCode(code, async () => {
                await verifyEcdsaP256(key, hash, signature)
            })
        const bad = ErrorCode.CryptoBadSignature
        await refused(bad, SIGNER, digest, WITH_SHA384)
        await refused(bad, I_PUBLIC, digest, WITH_SHA256)
        await refused(bad, SIGNER, await sha256().digest(digest), WITH_SHA256)
        await refused(
            ErrorCode.CryptoPoint,
            SIGNER.slice(1),
            digest,
            WITH_SHA256
        )
        await refused(ErrorCode.CryptoSignatureEncoding, SIGNER, digest, hex``)
        await refused(
            ErrorCode.CryptoSignatureEncoding,
            SIGNER,
            digest,
            Buffer.concat(WITH_SHA256, hex`00`)
        )
        await refused(
            ErrorCode.CryptoSignatureRange,
            SIGNER,
            digest,
            hex`3006 020100 020101`
        )
        await refused(
            ErrorCode.CryptoDigestLength,
            SIGNER,
            digest.slice(0, 31),
            WITH_SHA256
        )
    })

    test("each operation says its name", async () => {
        const names: string[] = []
        onOperation(name => {
            names.push(name)
        })
        await multiplyP256(I, null)
        await multiplyP256(I, R_PUBLIC)
        await verifyEcdsaP256(
            SIGNER,
            await sha256().digest(Buffer.from("sample")),
            WITH_SHA256
        )
        onOperation(null)
        expect(names.join()).toBe("P-256,P-256,ECDSA P-256")
    })
})
