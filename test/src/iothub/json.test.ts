import { describe, expect, test } from "@devicescript/test"
import { ErrorCode, errorCode } from "../../../src/errors"
import {
    MAX_JSON_BYTES,
    MAX_JSON_DEPTH,
    MAX_JSON_ESCAPES,
    MAX_JSON_MARKS,
    encodeJson,
    parseJson,
} from "../../../src/iothub/json"
import { expectCode } from "../check"

/** `first` so often, then `second` so often. */
function repeated(first: string, second: string, count: number): Buffer {
    const bytes = Buffer.alloc(2 * count)
    bytes.fillAt(0, count, first.charCodeAt(0))
    bytes.fillAt(count, count, second.charCodeAt(0))
    return bytes
}

async function expectParseCode(code: ErrorCode, body: Buffer): Promise<void> {
    await expectCode(code, async () => {
        await parseJson(body)
    })
}

/** A list of so many ones. */
function list(count: number): Buffer {
    const bytes = Buffer.alloc(2 * count + 1)
    for (let i = 0; i < count; i++) {
        bytes[2 * i] = 0x2c
        bytes[2 * i + 1] = 0x31
    }
    bytes[0] = 0x5b
    bytes[2 * count] = 0x5d
    return bytes
}

/** An object of so many members: the bracket, their colons, and the commas between them are twice as many marks. */
function members(count: number): Buffer {
    let text = "{"
    for (let i = 0; i < count; i++) text += `"${i}":"[,:{",`
    return Buffer.from(text.slice(0, text.length - 1) + "}")
}

describe("iothub json", () => {
    test("values of each kind come out as they were put in", async () => {
        const text =
            '{"a":[1,-2.5,true,false,null,"x\\n\\"\\\\y"],"b":{"c":{}}}'
        expect(encodeJson(await parseJson(Buffer.from(text))).toString()).toBe(
            text
        )
    })

    test("no text at all is null", async () => {
        expect(await parseJson(Buffer.alloc(0))).toBe(null)
    })

    test("text outside ASCII is UTF-8 in both directions, escaped or not", async () => {
        const value = await parseJson(
            Buffer.from('["Zürich 21 °C","\\u00b0é"]')
        )
        expect(value[0]).toBe("Zürich 21 °C")
        expect(value[1]).toBe("°é")
        expect(encodeJson({ schön: "€ 𝄞 \\u00e9 ü" }).toString()).toBe(
            '{"schön":"€ 𝄞 \\\\u00e9 ü"}'
        )
    })

    test("an escaped character beyond 16 bits is read", async () => {
        expect(await parseJson(Buffer.from('"\\ud83d\\uDE00"'))).toBe("😀")
    })

    // Node keeps it, the runtime takes it for no JSON. A panic would end this file.
    test("half an escaped character does not end the program", async () => {
        for (const text of [
            '"\\ud800"',
            '"\\udc00"',
            '"\\ud83d\\u0041"',
            '"\\ud83d\\ufffe"',
            '"\\ud83d\\ud83d\\ude00"',
        ])
            try {
                await parseJson(Buffer.from(text))
            } catch (e: any) {
                expect(errorCode(e)).toBe(ErrorCode.JsonMalformed)
            }
    })

    test("escapes of what is no character are read as U+FFFD, and those next to them as they are", async () => {
        for (const digits of ["fffe", "ffff", "FFFE", "FfFf", "fffd"])
            expect(await parseJson(Buffer.from(`"a\\u${digits}b"`))).toBe(
                "a\ufffdb"
            )
        expect(await parseJson(Buffer.from('"\\uff0f\\\\uffff"'))).toBe(
            "\uff0f\\uffff"
        )
    })

    test("an escape without four digits is refused", async () => {
        for (const digits of [
            "",
            "1",
            "123",
            "zzzz",
            "fffg",
            "gfff",
            " 041",
            "-001",
            "41€",
            "€",
            "00ä",
        ])
            await expectParseCode(
                ErrorCode.JsonMalformed,
                Buffer.from(`"\\u${digits}"`)
            )
        await expectParseCode(ErrorCode.JsonMalformed, Buffer.from('"\\u12'))
        await expectParseCode(ErrorCode.JsonMalformed, hex`225c75fe3030fe22`)
    })

    test("escapes do not keep the longest text from pausing", async () => {
        const body = Buffer.alloc(MAX_JSON_BYTES)
        body.fillAt(0, body.length, 0x20)
        // Each escape begins on the last byte before a multiple of 1,024.
        for (let at = 1022; at < body.length - 3; at += 1024)
            body.blitAt(at, '"\\a"', 0, 4)
        await expectParseCode(ErrorCode.JsonMalformed, body)
    })

    test("control characters stay escaped", () => {
        expect(encodeJson("\u001f\n\t\u0001ü").toString("hex")).toBe(
            Buffer.from('"\\u001f\\n\\t\\u0001ü"').toString("hex")
        )
    })

    test("what is no JSON has an error", async () => {
        for (const text of [
            " ",
            "{",
            "[1,2",
            '{"a":tru}',
            '{"a":1}x',
            "]",
            "nul",
            '"',
            '"\\',
            "{'a':1}",
        ])
            await expectParseCode(ErrorCode.JsonMalformed, Buffer.from(text))
    })

    test("depth is bounded, whatever stands in texts", async () => {
        const deepest = await parseJson(repeated("[", "]", MAX_JSON_DEPTH))
        expect(deepest.length).toBe(1)
        await expectParseCode(
            ErrorCode.JsonTooLarge,
            repeated("[", "]", MAX_JSON_DEPTH + 1)
        )
        await expectParseCode(
            ErrorCode.JsonTooLarge,
            repeated("{", "}", MAX_JSON_BYTES / 2)
        )
        // Each text would close what was opened.
        const step = Buffer.from('["]\\"]",')
        const hidden = Buffer.alloc(step.length * 100)
        for (let i = 0; i < 100; i++)
            hidden.blitAt(i * step.length, step, 0, step.length)
        await expectParseCode(ErrorCode.JsonTooLarge, hidden)
        expect(await parseJson(Buffer.from('"[[[[[[[[[[[[[[[[[[[[[["'))).toBe(
            "[[[[[[[[[[[[[[[[[[[[[["
        )
    })

    test("the number of values is bounded", async () => {
        // A bracket and a comma before each but the first.
        const most = await parseJson(list(MAX_JSON_MARKS))
        expect(most.length).toBe(MAX_JSON_MARKS)
        await expectParseCode(ErrorCode.JsonTooLarge, list(MAX_JSON_MARKS + 1))
    })

    test("a member of an object counts twice, what stands in texts not at all", async () => {
        const half = MAX_JSON_MARKS >> 1
        expect(Object.keys(await parseJson(members(half))).length).toBe(half)
        await expectParseCode(ErrorCode.JsonTooLarge, members(half + 1))
    })

    test("the length is bounded", async () => {
        const body = Buffer.alloc(MAX_JSON_BYTES)
        body.fillAt(0, body.length, 0x78)
        body[0] = 0x22
        body[body.length - 1] = 0x22
        const text = await parseJson(body)
        expect(text.length).toBe(MAX_JSON_BYTES - 2)
        await expectParseCode(
            ErrorCode.JsonTooLarge,
            Buffer.alloc(MAX_JSON_BYTES + 1)
        )
    })

    test("the most that is printed does not come near the runtime's limit of steps", async () => {
        const bytes = Buffer.alloc(MAX_JSON_ESCAPES)
        for (let i = 0; i < bytes.length; i += 2)
            bytes.blitAt(i, hex`c3bc`, 0, 2)
        const text = bytes.toString()
        expect(encodeJson(text).length).toBe(MAX_JSON_ESCAPES + 2)
    })
})
