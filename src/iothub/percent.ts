/**
 * Percent-encoding of text as UTF-8 (RFC 3986 section 2), in the two dialects that IoT Hub clients use; and back.
 *
 * A name or a value of a topic's property bag is encoded as JavaScript's `encodeURIComponent` does it. In a shared access
 * signature Microsoft's Node SDK also encodes `! ' ( ) *`, with a small hexadecimal letter in `%2a`; servers sign the text
 * as it was sent, so either is right, and we send what the SDK sends.
 *
 * Costs three bytes of heap for each byte of the text while it works, and time: the text is bounded, because the runtime
 * panics after 131,072 instructions without a pause.
 */
import { ErrorCode, fail, failIf } from "../errors"

/** The longest text that is encoded, in bytes of UTF-8: with 45 instructions a byte, a sixth of those between two pauses. */
export const MAX_TEXT_LENGTH = 512

const DIGITS = "0123456789ABCDEF"

/** As `encodeURIComponent`: leaves `A-Z a-z 0-9 - _ . ! ~ * ' ( )`. Throws TextTooLong. */
export function encodeComponent(text: string): string {
    return encode(text, hex`00000000 8267ff03 feffff87 feffff47`)
}

/** As `encodeUriComponentStrict` of azure-iot-common: leaves `A-Z a-z 0-9 - _ . ~`. Throws TextTooLong. */
export function encodeStrictly(text: string): string {
    return encode(text, hex`00000000 0060ff03 feffff87 feffff47`)
}

/** @param unreserved a bit for each ASCII character that stays, the lowest bit first */
function encode(text: string, unreserved: Buffer): string {
    const from = Buffer.from(text)
    if (from.length > MAX_TEXT_LENGTH)
        fail(
            ErrorCode.TextTooLong,
            `iothub: a text to encode is longer than ${MAX_TEXT_LENGTH} bytes`
        )
    const to = Buffer.alloc(3 * from.length)
    let at = 0
    for (let i = 0; i < from.length; i++) {
        const byte = from[i]
        if (byte < 128 && ((unreserved[byte >> 3] >> (byte & 7)) & 1) !== 0)
            to[at++] = byte
        else {
            const low = DIGITS.charCodeAt(byte & 15)
            to[at] = 0x25
            to[at + 1] = DIGITS.charCodeAt(byte >> 4)
            // The SDK's small letter in the encoded asterisk, the only one with a letter among its additions.
            to[at + 2] = byte === 0x2a ? low | 0x20 : low
            at += 3
        }
    }
    return to.slice(0, at).toString()
}

/**
 * The text that a part of a topic stands for, as `decodeURIComponent` reads it; a plus stays a plus. What is no UTF-8 becomes
 * U+FFFD. Takes some 20 instructions for each byte: it is for the caller to bound the length.
 *
 * @param to not before `from`, or the text is empty
 * @throws LeafError InvalidPercentEncoding
 */
export function decodeComponent(
    bytes: Buffer,
    from: number,
    to: number
): string {
    const text = Buffer.alloc(Math.max(0, to - from))
    let length = 0
    for (let i = from; i < to; i++) {
        let byte = bytes[i]
        if (byte === 0x25) {
            const high = hexDigit(bytes[i + 1])
            const low = hexDigit(bytes[i + 2])
            failIf(
                i + 2 >= to || high < 0 || low < 0,
                ErrorCode.InvalidPercentEncoding,
                "iothub: a property is not percent-encoded as it should be"
            )
            byte = (high << 4) | low
            i = i + 2
        }
        text[length] = byte
        length = length + 1
    }
    return text.slice(0, length).toString()
}

/** The value of a hexadecimal digit; below 0 for another character, and for none at all. */
function hexDigit(code: number): number {
    if (code >= 0x30 && code <= 0x39) return code - 0x30
    const letter = code | 0x20
    return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
