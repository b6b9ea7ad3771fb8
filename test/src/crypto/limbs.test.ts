import { describe, expect, test } from "@devicescript/test"
import { FIELD_WIDTHS } from "../../../src/crypto/field25519.g"
import { loadLimbs, storeLimbs } from "../../../src/crypto/limbs"
import { POLY_WIDTHS } from "../../../src/crypto/poly1305.g"
import { expectBytes } from "../check"

/** 32 bytes, little-endian: `first`, thirty times `middle`, `last`. */
function number(first: number, middle: number, last: number): Buffer {
    const bytes = Buffer.alloc(32)
    bytes.fillAt(0, 32, middle)
    bytes[0] = first
    bytes[31] = last
    return bytes
}

/** What the number is modulo 2^255 - 19. */
function reduced(bytes: Buffer): Buffer {
    return storeLimbs(loadLimbs(bytes, FIELD_WIDTHS), FIELD_WIDTHS, 19, 32)
}

describe("limbs", () => {
    test("numbers below p come back as they are, whatever their lowest limb", () => {
        expectBytes(reduced(number(0, 0, 0)), number(0, 0, 0))
        expectBytes(reduced(number(18, 0, 0)), number(18, 0, 0))
        // p - 1, and numbers whose lowest limb is so full that taking p off and putting it back on carries.
        expectBytes(reduced(number(0xec, 0xff, 0x7f)), number(0xec, 0xff, 0x7f))
        expectBytes(reduced(number(0xff, 0xff, 0x3f)), number(0xff, 0xff, 0x3f))
        expectBytes(reduced(number(0xee, 0xff, 0)), number(0xee, 0xff, 0))
    })

    test("p and what follows it up to 2^255 begin at 0 again", () => {
        expectBytes(reduced(number(0xed, 0xff, 0x7f)), number(0, 0, 0))
        expectBytes(reduced(number(0xee, 0xff, 0x7f)), number(1, 0, 0))
        expectBytes(reduced(number(0xff, 0xff, 0x7f)), number(18, 0, 0))
    })

    test("the bit above the field is ignored", () => {
        expectBytes(reduced(number(5, 0, 0x80)), number(5, 0, 0))
    })

    test("negative limbs and values are made positive", () => {
        const limbs = loadLimbs(number(0, 0, 0), FIELD_WIDTHS)
        limbs[0] = -1
        expectBytes(
            storeLimbs(limbs, FIELD_WIDTHS, 19, 32),
            number(0xec, 0xff, 0x7f)
        )
        // 2^22 - 1, as 1 in the second limb and -1 in the first.
        limbs[1] = 4194304
        expectBytes(
            storeLimbs(limbs, FIELD_WIDTHS, 19, 32).slice(0, 4),
            hex`ffff3f00`
        )
    })

    test("missing bytes are zeros, and the result is cut to its length", () => {
        const limbs = loadLimbs(hex`0102030405060708`, POLY_WIDTHS)
        expect(limbs.length).toBe(6)
        expectBytes(storeLimbs(limbs, POLY_WIDTHS, 5, 6), hex`010203040506`)
        expectBytes(
            storeLimbs(limbs, POLY_WIDTHS, 5, 17),
            hex`0102030405060708000000000000000000`
        )
    })
})
