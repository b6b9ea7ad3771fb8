/** How the VM turns bytes into text and text into bytes, where it differs from Node. */

/** A length that means "all there is". */
export const ALL_BYTES = 0x7fffffff

/** The bytes that a text's hexadecimal digits make. Whatever is no digit is skipped; a last single digit is dropped. */
export function parseHex(text: string): number[] {
    const digits = text.replace(/[^0-9a-f]/gi, "")
    const bytes: number[] = []
    for (let at = 0; at + 2 <= digits.length; at += 2)
        bytes.push(parseInt(digits.slice(at, at + 2), 16))
    return bytes
}

const REPLACEMENT = 0xfffd

/**
 * Decodes UTF-8. A sequence that is cut off, overlong, a surrogate, past U+10FFFF, U+FFFE or U+FFFF becomes one U+FFFD
 * for as many of its bytes as belong together (Node makes several of some).
 */
export function decodeUtf8(bytes: Uint8Array): string {
    let text = ""
    for (let at = 0; at < bytes.length;) {
        const first = bytes[at++]
        const following =
            first < 0xc0 || first >= 0xf8
                ? 0
                : first < 0xe0
                  ? 1
                  : first < 0xf0
                    ? 2
                    : 3
        if (following === 0) {
            text += String.fromCodePoint(first < 0x80 ? first : REPLACEMENT)
            continue
        }
        let point = first & (0x3f >> following)
        let count = 0
        while (count < following && (bytes[at] & 0xc0) === 0x80) {
            point = (point << 6) | (bytes[at++] & 0x3f)
            count++
        }
        text += String.fromCodePoint(
            count === following && isValid(point, following)
                ? point
                : REPLACEMENT
        )
    }
    return text
}

/** The least code point that needs so many following bytes. */
const LEAST = [0, 0x80, 0x800, 0x10000]

function isValid(point: number, following: number): boolean {
    const isSurrogate = point >= 0xd800 && point <= 0xdfff
    const isNoncharacter = point === 0xfffe || point === 0xffff
    return (
        point >= LEAST[following] &&
        point <= 0x10ffff &&
        !isSurrogate &&
        !isNoncharacter
    )
}
