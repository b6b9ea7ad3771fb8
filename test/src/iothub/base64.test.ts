import { describe, expect, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import { decodeBase64, encodeBase64 } from "../../../src/iothub/base64"
import { expectBytes, expectCode } from "../check"

describe("base64", () => {
    // RFC 4648 section 10.
    test("the test vectors of RFC 4648 encode and decode", () => {
        const texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"]
        const encoded = [
            "",
            "Zg==",
            "Zm8=",
            "Zm9v",
            "Zm9vYg==",
            "Zm9vYmE=",
            "Zm9vYmFy",
        ]
        for (let i = 0; i < texts.length; i++) {
            expect(encodeBase64(Buffer.from(texts[i]))).toBe(encoded[i])
            expectBytes(decodeBase64(encoded[i]), Buffer.from(texts[i]))
        }
    })

    test("every byte value survives", () => {
        const data = Buffer.alloc(256)
        for (let i = 0; i < 256; i++) data[i] = 255 - i
        expectBytes(decodeBase64(encodeBase64(data)), data)
        expect(encodeBase64(hex`fbefbeffffff`)).toBe("++++////")
    })

    test("a length that is no multiple of four is refused", async () => {
        await expectCode(ErrorCode.InvalidBase64, () => {
            decodeBase64("Zm9vYg=")
        })
        await expectCode(ErrorCode.InvalidBase64, () => {
            decodeBase64("Zg")
        })
    })

    test("padding anywhere but at the end, or too much of it, is refused", async () => {
        await expectCode(ErrorCode.InvalidBase64, () => {
            decodeBase64("Zg==Zg==")
        })
        await expectCode(ErrorCode.InvalidBase64, () => {
            decodeBase64("Z===")
        })
        await expectCode(ErrorCode.InvalidBase64, () => {
            decodeBase64("====")
        })
        await expectCode(ErrorCode.InvalidBase64, () => {
            decodeBase64("Zg=A")
        })
    })

    test("white space, the URL alphabet and letters outside ASCII are refused", async () => {
        await expectCode(ErrorCode.InvalidBase64, () => {
            decodeBase64("Zm9 ")
        })
        await expectCode(ErrorCode.InvalidBase64, () => {
            decodeBase64("Zm9\n")
        })
        await expectCode(ErrorCode.InvalidBase64, () => {
            decodeBase64("-_-_")
        })
        await expectCode(ErrorCode.InvalidBase64, () => {
            decodeBase64("Zm9ä")
        })
    })

    test("unused bits that are not zero are refused", async () => {
        await expectCode(ErrorCode.InvalidBase64, () => {
            decodeBase64("Zh==")
        })
        await expectCode(ErrorCode.InvalidBase64, () => {
            decodeBase64("Zm9=")
        })
    })
})
