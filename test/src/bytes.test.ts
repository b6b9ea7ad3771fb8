import { describe, expect, test } from "@devicescript/test"
import {
    equalBytes,
    equalSecrets,
    readUint24,
    wipe,
    writeUint16,
    writeUint24,
} from "../../src/bytes"
import { ErrorCode, fail } from "../../src/errors"
import { expectBytes, expectCode } from "./check"

describe("bytes", () => {
    test("equal buffers are equal, by either comparison", () => {
        expect(equalBytes(hex`010203`, hex`010203`)).toBe(true)
        expect(equalSecrets(hex`010203`, hex`010203`)).toBe(true)
    })

    test("a different byte or length is seen by either comparison", () => {
        expect(equalBytes(hex`010203`, hex`010204`)).toBe(false)
        expect(equalSecrets(hex`010203`, hex`810203`)).toBe(false)
        expect(equalBytes(hex`0102`, hex`010203`)).toBe(false)
        expect(equalSecrets(hex`010203`, hex`0102`)).toBe(false)
    })

    test("integers are written and read most significant byte first", () => {
        const b = Buffer.alloc(5)
        writeUint16(b, 0, 0xabcd)
        writeUint24(b, 2, 0x123456)
        expectBytes(b, hex`abcd123456`)
        expect(readUint24(b, 2)).toBe(0x123456)
    })

    test("wipe leaves zeros", () => {
        const b = Buffer.from("secret")
        wipe(b)
        expectBytes(b, hex`000000000000`)
    })

    test("an error carries its code", async () => {
        await expectCode(ErrorCode.ReadTimeout, () =>
            fail(ErrorCode.ReadTimeout, "net: no answer")
        )
    })
})
