/**
 * What `Buffer` does at its edges, measured in the VM. These tests hold the shim that stands in for it under Node
 * (`sim/shim/buffer.ts`) to the same behaviour: they must pass in both worlds.
 */
import { describe, expect, test } from "@devicescript/test"
import { expectBytes } from "./check"

const CONSTANT: Buffer = hex`0a 0b // a comment
    0c`

function four(): Buffer {
    return Buffer.from([1, 2, 3, 4])
}

/** Bytes 1 to 4 after `change`. */
function changed(change: (b: Buffer) => void): Buffer {
    const b = four()
    change(b)
    return b
}

/** `setAt` of one value at the start of eight zeros. */
function stored(format: string, value: number): string {
    const b = Buffer.alloc(8)
    if (format === "u8") b.setAt(0, "u8", value)
    if (format === "i8") b.setAt(0, "i8", value)
    if (format === "u16") b.setAt(0, "u16", value)
    if (format === "i16") b.setAt(0, "i16", value)
    if (format === "u32") b.setAt(0, "u32", value)
    if (format === "i32") b.setAt(0, "i32", value)
    return b.slice(0, 4).toString("hex")
}

/** The name of the error that `body` throws. */
function thrown(body: () => void): string {
    try {
        body()
    } catch (e: any) {
        return e.name
    }
    return "nothing"
}

/** The UTF-8 of what the VM makes of bytes as text. */
function decoded(bytes: Buffer): string {
    return Buffer.from(bytes.toString()).toString("hex")
}

describe("Buffer makes", () => {
    test("zeros of a whole length, and no more than 57,344 at once", () => {
        expectBytes(Buffer.alloc(2), hex`0000`)
        expect(Buffer.alloc(0).length).toBe(0)
        expect(Buffer.alloc(1.5).length).toBe(1)
        expect(Buffer.alloc(undefined).length).toBe(0)
        expect(thrown(() => Buffer.alloc(57345))).toBe("RangeError")
        expect(thrown(() => Buffer.alloc(-1))).toBe("RangeError")
    })

    test("bytes of numbers, cut to eight bits", () => {
        expectBytes(Buffer.from([300, -2, 1.7, 255.9]), hex`2cfe01ff`)
        expectBytes(Buffer.from([NaN, 4294967297]), hex`0001`)
        expectBytes(Buffer.from([]), hex``)
    })

    test("bytes of text, and of hexadecimal digits wherever they stand", () => {
        expectBytes(Buffer.from("é€😀"), hex`c3a9 e282ac f09f9880`)
        expectBytes(Buffer.from("0aFf", "hex"), hex`0aff`)
        expectBytes(Buffer.from("0 a-0bz", "hex"), hex`0a0b`)
        expectBytes(Buffer.from("0a0", "hex"), hex`0a`)
        expect(thrown(() => Buffer.from("ab", "base64" as any))).toBe(
            "TypeError"
        )
        expect(thrown(() => Buffer.from(5 as any))).toBe("TypeError")
    })

    test("a copy of a buffer, not the buffer itself", () => {
        const a = four()
        const b = Buffer.from(a)
        b[0] = 9
        expect(a[0]).toBe(1)
    })

    test("one buffer of many", () => {
        expectBytes(Buffer.concat(), hex``)
        expectBytes(
            Buffer.concat(four(), hex`ff`, four()),
            hex`01020304ff01020304`
        )
        expectBytes(four().concat(hex`ff`), hex`01020304ff`)
    })
})

describe("an index", () => {
    test("reads undefined outside of the buffer", () => {
        expect(four()[3]).toBe(4)
        expect(four()[4]).toBe(undefined)
        expect(four()[-1]).toBe(undefined)
    })

    test("writes the low eight bits", () => {
        expectBytes(
            changed(b => (b[0] = 300)),
            hex`2c020304`
        )
        expectBytes(
            changed(b => (b[0] = -1)),
            hex`ff020304`
        )
        expectBytes(
            changed(b => (b[0] = 1.7)),
            hex`01020304`
        )
        expectBytes(
            changed(b => (b[0] = -1.7)),
            hex`ff020304`
        )
        expectBytes(
            changed(b => (b[0] = 4294967301)),
            hex`05020304`
        )
        expectBytes(
            changed(b => (b[0] = NaN)),
            hex`00020304`
        )
        expectBytes(
            changed(b => (b[0] = undefined)),
            hex`00020304`
        )
    })
})

describe("slice", () => {
    test("copies", () => {
        const a = four()
        const b = a.slice(0)
        b[0] = 9
        expectBytes(a, hex`01020304`)
        expectBytes(b, hex`09020304`)
    })

    test("fills with zeros past the end", () => {
        expectBytes(four().slice(2, 6), hex`03040000`)
        expectBytes(four().slice(3, 10), hex`04000000000000`)
    })

    test("is empty when it starts at the end or later, or ends before it starts", () => {
        expectBytes(four().slice(4), hex``)
        expectBytes(four().slice(6), hex``)
        expectBytes(four().slice(6, 8), hex``)
        expectBytes(four().slice(3, 2), hex``)
        expectBytes(four().slice(1, -1), hex``)
    })

    test("is zeros when it starts before the start", () => {
        expectBytes(four().slice(-1), hex`0000000000`)
        expectBytes(four().slice(-1, 3), hex`00000000`)
        expectBytes(four().slice(-3, -1), hex`0000`)
    })

    test("truncates the start, and the length on its own", () => {
        expectBytes(four().slice(2.7), hex`03`)
        expectBytes(four().slice(0, 2.7), hex`0102`)
    })

    test("of more than an allocation throws", () => {
        expect(thrown(() => four().slice(0, 57345))).toBe("RangeError")
    })
})

describe("set, blitAt and fillAt", () => {
    test("copy what fits", () => {
        expectBytes(
            changed(b => b.set(hex`aabbccddeeff`)),
            hex`aabbccdd`
        )
        expectBytes(
            changed(b => b.set(hex`aabb`, 3)),
            hex`010203aa`
        )
        expectBytes(
            changed(b => b.set(hex`aabb`, 4)),
            hex`01020304`
        )
        expectBytes(
            changed(b => b.set(hex`aabb`, 9)),
            hex`01020304`
        )
        expectBytes(
            changed(b => b.blitAt(3, hex`aabb`, 0, 2)),
            hex`010203aa`
        )
        expectBytes(
            changed(b => b.blitAt(0, hex`aabb`, 1, 5)),
            hex`bb020304`
        )
        expectBytes(
            changed(b => b.blitAt(0, hex`aabb`, 3, 5)),
            hex`01020304`
        )
        expectBytes(
            changed(b => b.blitAt(1, "xyz", 1, 2)),
            hex`01797a04`
        )
    })

    test("copy nothing from or to before the start", () => {
        expectBytes(
            changed(b => b.set(hex`aabb`, -1)),
            hex`01020304`
        )
        expectBytes(
            changed(b => b.blitAt(-1, hex`aabb`, 0, 2)),
            hex`01020304`
        )
        expectBytes(
            changed(b => b.blitAt(0, hex`aabb`, -1, 2)),
            hex`01020304`
        )
    })

    test("take a negative length for all of it", () => {
        expectBytes(
            changed(b => b.blitAt(0, hex`aabb`, 0, -1)),
            hex`aabb0304`
        )
        expectBytes(
            changed(b => b.fillAt(2, -1, 7)),
            hex`01020707`
        )
    })

    test("move bytes down within a buffer", () => {
        expectBytes(
            changed(b => b.blitAt(0, b, 1, 3)),
            hex`02030404`
        )
    })

    test("fill within the buffer", () => {
        expectBytes(
            changed(b => b.fillAt(1, 2, 0xee)),
            hex`01eeee04`
        )
        expectBytes(
            changed(b => b.fillAt(1, 9, 0xee)),
            hex`01eeeeee`
        )
        expectBytes(
            changed(b => b.fillAt(4, 1, 0xee)),
            hex`01020304`
        )
        expectBytes(
            changed(b => b.fillAt(-1, 2, 0xee)),
            hex`01020304`
        )
        expectBytes(
            changed(b => b.fillAt(0, 1, 300)),
            hex`2c020304`
        )
    })

    test("take a buffer or text, and no array", () => {
        expect(thrown(() => four().set([9, 9] as any, 0))).toBe("TypeError")
        expect(thrown(() => four().blitAt(0, [9] as any, 0, 1))).toBe(
            "TypeError"
        )
    })
})

describe("getAt and setAt", () => {
    test("read little-endian, signed or not, and undefined past the end", () => {
        const b = hex`feffffff`
        expect(b.getAt(0, "u8")).toBe(254)
        expect(b.getAt(0, "i8")).toBe(-2)
        expect(b.getAt(0, "u16")).toBe(65534)
        expect(b.getAt(0, "i16")).toBe(-2)
        expect(b.getAt(0, "u32")).toBe(4294967294)
        expect(b.getAt(0, "i32")).toBe(-2)
        expect(b.getAt(1, "u32")).toBe(undefined)
        expect(b.getAt(3, "u16")).toBe(undefined)
        expect(b.getAt(4, "u8")).toBe(undefined)
        expect(hex`0000c03f`.getAt(0, "f32")).toBe(1.5)
        expect(hex`000000000000f83f`.getAt(0, "f64")).toBe(1.5)
    })

    test("store the nearest value of the format", () => {
        expect(stored("u8", 300)).toBe("ff000000")
        expect(stored("u8", -5)).toBe("00000000")
        expect(stored("i8", 300)).toBe("7f000000")
        expect(stored("i8", -300)).toBe("80000000")
        expect(stored("u16", 70000)).toBe("ffff0000")
        expect(stored("i16", -70000)).toBe("00800000")
        expect(stored("i16", 70000)).toBe("ff7f0000")
        expect(stored("u32", 4e9)).toBe("00286bee")
        expect(stored("u32", 5e9)).toBe("ffffffff")
        expect(stored("u32", -1)).toBe("00000000")
        expect(stored("i32", 4e9)).toBe("ffffff7f")
        expect(stored("i32", -4e9)).toBe("00000080")
    })

    test("keep integers, and of others add a half and truncate", () => {
        expect(stored("i32", -5)).toBe("fbffffff")
        expect(stored("i32", -2147483647)).toBe("01000080")
        expect(stored("i8", -1)).toBe("ff000000")
        expect(stored("u16", 1.5)).toBe("02000000")
        expect(stored("u16", 0.4)).toBe("00000000")
        expect(stored("i16", -1.5)).toBe("ffff0000")
        expect(stored("i16", -1.9)).toBe("ffff0000")
        expect(stored("u16", NaN)).toBe("00000000")
        expect(stored("u16", Infinity)).toBe("ffff0000")
    })

    test("throw when a store goes past the end", () => {
        expect(thrown(() => four().setAt(3, "u16", 1))).toBe("RangeError")
        expect(thrown(() => four().setAt(4, "u8", 1))).toBe("RangeError")
    })

    test("have relatives that read big-endian, one of them signed", () => {
        expect(four().readUInt16LE(0)).toBe(0x0201)
        expect(four().readUInt16BE(1)).toBe(0x0203)
        expect(four().readUInt32LE(0)).toBe(0x04030201)
        expect(four().readUInt32BE(0)).toBe(0x01020304)
        expect(hex`fffffffe`.readUInt32BE(0)).toBe(-2)
        expect(hex`feffffff`.readUInt32LE(0)).toBe(4294967294)
    })

    test("have relatives that read 0 or undefined past the end", () => {
        expect(four().readUInt16BE(3)).toBe(0)
        expect(four().readUInt32BE(1)).toBe(0)
        expect(four().readUInt16LE(3)).toBe(undefined)
        expect(four().readUInt32LE(1)).toBe(undefined)
    })

    test("have relatives for single bits", () => {
        expect(four().getBit(0)).toBe(true)
        expect(four().getBit(1)).toBe(false)
        expectBytes(
            changed(b => b.setBit(10, true)),
            hex`01060304`
        )
        expectBytes(
            changed(b => b.setBit(0, false)),
            hex`00020304`
        )
    })
})

describe("indexOf and lastIndexOf", () => {
    test("look between start and end", () => {
        expect(four().indexOf(3)).toBe(2)
        expect(four().indexOf(9)).toBe(-1)
        expect(four().indexOf(1, 1)).toBe(-1)
        expect(four().indexOf(4, 0, 3)).toBe(-1)
        expect(four().indexOf(1, -1)).toBe(0)
        expect(four().indexOf(259)).toBe(-1)
        expect(hex`01020101`.lastIndexOf(1)).toBe(3)
        expect(hex`01020101`.lastIndexOf(1, 0, 2)).toBe(0)
        expect(four().lastIndexOf(1, 1)).toBe(-1)
    })
})

describe("text", () => {
    test("comes as hexadecimal digits or decoded", () => {
        expect(hex`00ff61`.toString("hex")).toBe("00ff61")
        expect(hex`616263`.toString()).toBe("abc")
        expect(hex`616263`.toString("utf-8")).toBe("abc")
        expect(decoded(hex`610062`)).toBe("610062")
        expect(thrown(() => four().toString("zz" as any))).toBe("TypeError")
    })

    test("of good UTF-8 is kept", () => {
        expect(decoded(hex`c3a9 e282ac f09f9880`)).toBe("c3a9e282acf09f9880")
        expect(decoded(hex`f48fbfbf`)).toBe("f48fbfbf")
        expect(decoded(hex`efbfbd`)).toBe("efbfbd")
    })

    test("of bad UTF-8 has one replacement for what belongs together", () => {
        expect(decoded(hex`61ff62`)).toBe("61efbfbd62")
        expect(decoded(hex`8080`)).toBe("efbfbdefbfbd")
        expect(decoded(hex`61c3`)).toBe("61efbfbd")
        expect(decoded(hex`c361`)).toBe("efbfbd61")
        expect(decoded(hex`e28261`)).toBe("efbfbd61")
        expect(decoded(hex`c3c3a9`)).toBe("efbfbdc3a9")
        expect(decoded(hex`f8808080`)).toBe("efbfbdefbfbdefbfbdefbfbd")
    })

    test("that is overlong, a surrogate, too high or no character is replaced", () => {
        expect(decoded(hex`c080`)).toBe("efbfbd")
        expect(decoded(hex`f0808080`)).toBe("efbfbd")
        expect(decoded(hex`eda080`)).toBe("efbfbd")
        expect(decoded(hex`f4908080`)).toBe("efbfbd")
        expect(decoded(hex`f7bfbfbf`)).toBe("efbfbd")
        expect(decoded(hex`efbfbf`)).toBe("efbfbd")
    })

    test("in a template is a description", () => {
        expect(`${hex`00ff`}`).toBe("[Buffer[2] 00ff]")
        expect(("" + Buffer.alloc(40)).length).toBe(80)
        expect(JSON.stringify(four())).toBe("{}")
    })
})

describe("a constant", () => {
    test("is one buffer, without its spaces and comments", () => {
        expectBytes(CONSTANT, Buffer.from([10, 11, 12]))
        expect(CONSTANT === CONSTANT).toBe(true)
    })

    test("cannot be written", () => {
        expect(thrown(() => CONSTANT.setAt(0, "u8", 1))).toBe("TypeError")
        expect(thrown(() => CONSTANT.fillAt(0, 1, 1))).toBe("TypeError")
        expect(thrown(() => CONSTANT.set(hex`01`, 0))).toBe("TypeError")
        expect(thrown(() => CONSTANT.blitAt(0, hex`01`, 0, 1))).toBe(
            "TypeError"
        )
        expectBytes(CONSTANT, hex`0a0b0c`)
    })

    test("has copies that can be", () => {
        const copy = CONSTANT.slice(0)
        copy[0] = 1
        expectBytes(copy, hex`010b0c`)
        expectBytes(CONSTANT.slice(1, 4), hex`0b0c00`)
        expectBytes(Buffer.from(CONSTANT), hex`0a0b0c`)
    })
})
