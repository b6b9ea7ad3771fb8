import { describe, expect, test } from "@devicescript/test"
import { hkdfExpand, hkdfExtract } from "../../../src/crypto/hkdf"
import { ErrorCode } from "../../../src/errors"
import { expectBytes, expectCode } from "../check"

/** `count` bytes that count up from `first`. */
function counting(first: number, count: number): Buffer {
    const bytes = Buffer.alloc(count)
    for (let i = 0; i < count; i++) bytes[i] = first + i
    return bytes
}

const IKM: Buffer = hex`0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b`

describe("hkdf", () => {
    test("RFC 5869 appendix A.1 comes out", () => {
        const prk = hkdfExtract(counting(0, 13), IKM)
        expectBytes(
            prk,
            hex`077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5`
        )
        expectBytes(
            hkdfExpand(prk, counting(0xf0, 10), 42),
            hex`3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865`
        )
    })

    test("RFC 5869 appendix A.2 comes out: long inputs", () => {
        const prk = hkdfExtract(counting(0x60, 80), counting(0, 80))
        expectBytes(
            prk,
            hex`06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244`
        )
        expectBytes(
            hkdfExpand(prk, counting(0xb0, 80), 82),
            hex`b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c
                59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71
                cc30c58179ec3e87c14c01d5c1f3434f1d87`
        )
    })

    test("RFC 5869 appendix A.3 comes out: no salt, no info", () => {
        const prk = hkdfExtract(hex``, IKM)
        expectBytes(
            prk,
            hex`19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04`
        )
        expectBytes(
            hkdfExpand(prk, hex``, 42),
            hex`8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8`
        )
    })

    test("an empty salt is 32 zeros", () => {
        expectBytes(hkdfExtract(hex``, IKM), hkdfExtract(Buffer.alloc(32), IKM))
    })

    test("8,160 bytes are the most there can be", async () => {
        const prk = Buffer.alloc(32)
        expect(hkdfExpand(prk, hex``, 8160).length).toBe(8160)
        await expectCode(ErrorCode.CryptoRange, () => {
            hkdfExpand(prk, hex``, 8161)
        })
        await expectCode(ErrorCode.CryptoRange, () => {
            hkdfExpand(prk, hex``, 0)
        })
    })

    test("a pseudorandom key under 32 bytes is refused", async () => {
        await expectCode(ErrorCode.CryptoKeyLength, () => {
            hkdfExpand(Buffer.alloc(31), hex``, 32)
        })
    })

    test("without a key there is no authenticated digest, and no plain one in its place", async () => {
        await expectCode(ErrorCode.CryptoKeyLength, () => {
            hkdfExtract(undefined, IKM)
        })
        await expectCode(ErrorCode.CryptoKeyLength, () => {
            hkdfExtract(null, IKM)
        })
    })
})
