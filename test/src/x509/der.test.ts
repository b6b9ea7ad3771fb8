import { describe, expect, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import { Der, Tag } from "../../../src/x509/der"
import { expectBytes, expectCode } from "../check"

function over(bytes: Buffer): Der {
    return new Der(bytes, 0, bytes.length)
}

async function refused(bytes: Buffer, read: (d: Der) => void) {
    await expectCode(ErrorCode.X509Malformed, () => read(over(bytes)))
}

describe("the DER reader", () => {
    test("walks over a sequence without copying", () => {
        const d = over(hex`30 06 02 01 05 01 01 ff`).read(Tag.Sequence)
        expect(d.readSmallInteger()).toBe(5)
        expect(d.readFlag()).toBe(true)
        d.finish()
    })

    test("reads long lengths in their minimal form", () => {
        const b = Buffer.alloc(3 + 128)
        b[0] = Tag.OctetString
        b[1] = 0x81
        b[2] = 128
        expect(over(b).read(Tag.OctetString).left()).toBe(128)
    })

    test("X1: refuses lengths that are indefinite, not minimal, or too long", async () => {
        await refused(hex`04 80 00 00`, d => d.read(Tag.OctetString))
        await refused(hex`04 81 01 00`, d => d.read(Tag.OctetString))
        await refused(hex`04 82 00 01 00`, d => d.read(Tag.OctetString))
        await refused(hex`04 84 00 00 00 01 00`, d => d.read(Tag.OctetString))
        await refused(hex`04 02 00`, d => d.read(Tag.OctetString))
        await refused(hex`04`, d => d.read(Tag.OctetString))
        await refused(hex`04 81`, d => d.read(Tag.OctetString))
        await refused(hex`04 ff`, d => d.read(Tag.OctetString))
    })

    test("X1: refuses another tag, and bytes left over", async () => {
        await refused(hex`04 00`, d => {
            d.read(Tag.Integer)
        })
        await refused(hex``, d => {
            d.read(Tag.Integer)
        })
        await refused(hex`04 00 00`, d => {
            d.read(Tag.OctetString)
            d.finish()
        })
    })

    test("X1: refuses integers that are empty, not minimal, negative or out of range", async () => {
        await refused(hex`02 00`, d => d.readInteger())
        await refused(hex`02 02 00 7f`, d => d.readInteger())
        await refused(hex`02 02 ff 80`, d => d.readInteger())
        await refused(hex`02 01 80`, d => {
            d.readSmallInteger()
        })
        await refused(hex`02 04 01 00 00 00`, d => {
            d.readSmallInteger()
        })
        await refused(hex`02 01 00`, d => {
            d.readPositiveInteger()
        })
        await refused(hex`02 01 ff`, d => {
            d.readPositiveInteger()
        })
        expectBytes(over(hex`02 02 00 80`).readPositiveInteger(), hex`80`)
        expect(over(hex`02 03 01 00 01`).readSmallInteger()).toBe(65537)
    })

    test("X1: refuses booleans and bit strings that are not strict", async () => {
        await refused(hex`01 01 01`, d => {
            d.readFlag()
        })
        await refused(hex`01 00`, d => {
            d.readFlag()
        })
        await refused(hex`01 02 ff ff`, d => {
            d.readFlag()
        })
        await refused(hex`03 00`, d => {
            d.readBitStringBytes()
        })
        await refused(hex`03 02 01 80`, d => {
            d.readBitStringBytes()
        })
    })

    test("optional elements are read where they stand, and else not", () => {
        const d = over(hex`02 01 07`)
        expect(d.readOptional(Tag.Boolean) === null).toBe(true)
        expect(d.readOptional(Tag.Integer) === null).toBe(false)
        expect(d.peek()).toBe(-1)
    })

    test("comparison is of what is left, byte for byte", () => {
        expect(over(hex`0102`).equals(hex`0102`)).toBe(true)
        expect(over(hex`0102`).equals(hex`0103`)).toBe(false)
        expect(over(hex`0102`).equals(hex`01`)).toBe(false)
        expect(over(hex`0102`).same(over(hex`0102`))).toBe(true)
        expect(over(hex`0102`).same(over(hex`0112`))).toBe(false)
        expect(over(hex`0102`).same(over(hex`010203`))).toBe(false)
    })
})
