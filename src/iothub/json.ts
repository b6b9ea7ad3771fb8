/**
 * JSON (RFC 8259) between firmware and hub: the runtime's own parser and printer, with what they lack.
 *
 * The parser recurses in native code, and takes heap for every value: some 500 brackets, or 8 KB of empty lists, would end the
 * program. So depth and number of values are checked before. It also ends the program at the escapes \ufffe and \uffff, and at
 * some that are none: the first are read as U+FFFD, as the runtime reads these characters unescaped, the others refused. The
 * printer takes the bytes of a text for characters: what it makes of text outside ASCII is put right.
 *
 * What stays: a number is printed with six or seven digits (1234567.891 becomes 1234568), and one that is not finite as `null`.
 */
import * as ds from "@devicescript/core"
import { ErrorCode, fail, failIf } from "../errors"

/** The longest body that is parsed. Its text and its values are on the heap with it for a while. */
export const MAX_JSON_BYTES = 2048
/** IoT Hub allows 10 levels in a twin. */
export const MAX_JSON_DEPTH = 16
/**
 * Brackets, commas and colons: each stands for up to 48 bytes of heap (an object that has one member takes twice as much), the
 * texts not counted.
 */
export const MAX_JSON_MARKS = 96
/** Escapes in what is printed, a byte outside ASCII is one: 130 instructions each, without a pause. */
export const MAX_JSON_ESCAPES = 512

/** Bytes that are looked at between two pauses, at some 30 instructions each. */
const BYTES_BETWEEN_PAUSES = 1024

const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * What a JSON text says; `null` for no text at all.
 *
 * @param body is changed where it has an escape of U+FFFE or U+FFFF
 * @throws LeafError JsonMalformed, JsonTooLarge
 */
export async function parseJson(body: Buffer): Promise<any> {
    failIf(
        body.length > MAX_JSON_BYTES,
        ErrorCode.JsonTooLarge,
        "iothub: a JSON text is too long"
    )
    if (body.length === 0) return null
    await checkShape(body)
    try {
        return JSON.parse(body.toString())
    } catch {
        fail(ErrorCode.JsonMalformed, "iothub: a text is no JSON")
    }
}

/**
 * Counts brackets, commas and colons outside of texts, and looks at escapes in them. Where the text is no JSON the parser stops
 * earlier, and not deeper.
 */
async function checkShape(body: Buffer): Promise<void> {
    let depth = 0
    let marks = 0
    let inText = false
    let pauseAt = 0
    for (let i = 0; i < body.length; i++) {
        // An escape may step over any given byte.
        if (i >= pauseAt) {
            pauseAt = i + BYTES_BETWEEN_PAUSES
            await ds.sleep(0)
        }
        const byte = body[i]
        if (byte === QUOTE) inText = !inText
        else if (inText) {
            if (byte === BACKSLASH) {
                i = i + 1
                if (body[i] === 0x75) checkEscape(body, i + 1)
            }
        } else {
            // [ and {, ] and } differ from each other in one bit.
            const bracket = byte | 0x20
            if (bracket === 0x7b) depth = depth + 1
            if (bracket === 0x7d) depth = depth - 1
            if (bracket === 0x7b || byte === 0x2c || byte === 0x3a)
                marks = marks + 1
            failIf(
                depth > MAX_JSON_DEPTH || marks > MAX_JSON_MARKS,
                ErrorCode.JsonTooLarge,
                "iothub: a JSON text is too deep or has too many values"
            )
        }
    }
}

/** @param at where the four digits of a \u are expected */
function checkEscape(body: Buffer, at: number): void {
    const last = body[at + 3]
    failIf(
        (body[at] | body[at + 1] | body[at + 2] | last) > 0x7f,
        ErrorCode.JsonMalformed,
        "iothub: an escape has no digits"
    )
    // Of the digits only F and f have the bits of F. What is no digit stays one that is none.
    const high = body[at] & body[at + 1] & body[at + 2] & 0xdf
    const low = last & 0xdf
    if (high === 0x46 && (low === 0x45 || low === 0x46)) body[at + 3] = 0x44
}

/**
 * A value as JSON in UTF-8.
 *
 * @throws LeafError JsonTooLarge
 */
export function encodeJson(value: any): Buffer {
    const text = Buffer.from(JSON.stringify(value))
    let length = 0
    let from = 0
    let escapes = 0
    for (;;) {
        let at = text.indexOf(BACKSLASH, from)
        if (at < 0) at = text.length
        // Downwards: what is copied is not written before.
        text.blitAt(length, text, from, at - from)
        length = length + at - from
        if (at === text.length) return text.slice(0, length)
        escapes = escapes + 1
        failIf(
            escapes > MAX_JSON_ESCAPES,
            ErrorCode.JsonTooLarge,
            "iothub: a value has too many characters outside ASCII"
        )
        const high = digit(text[at + 4])
        // A byte of UTF-8 became \u0080 to \u00ff; a control character is below.
        if (text[at + 1] === 0x75 && high >= 8) {
            text[length] = (high << 4) | digit(text[at + 5])
            length = length + 1
            from = at + 6
        } else {
            text[length] = BACKSLASH
            text[length + 1] = text[at + 1]
            length = length + 2
            from = at + 2
        }
    }
}

/** The value of a hexadecimal digit, as the printer writes it. */
function digit(code: number): number {
    return code < 0x40 ? code & 15 : (code & 15) + 9
}
