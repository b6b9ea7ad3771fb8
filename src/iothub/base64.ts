/**
 * Base64 (RFC 4648 section 4) for device keys, signatures and the pinned anchor.
 *
 * Decoding is strict: padding is required, nothing but the alphabet is accepted, and unused bits are zero, so that a
 * text has one meaning and a key with a slip of the keyboard is refused instead of silently becoming another key.
 */
import { ErrorCode, fail } from "../errors"

const ALPHABET =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
const PAD = 0x3d

export function encodeBase64(data: Buffer): string {
    const text = Buffer.alloc((((data.length + 2) / 3) | 0) * 4)
    text.fillAt(0, text.length, PAD)
    let held = 0
    let heldBits = 0
    let at = 0
    for (let i = 0; i < data.length; i++) {
        held = ((held & 0x3f) << 8) | data[i]
        heldBits += 8
        while (heldBits >= 6) {
            heldBits -= 6
            text[at++] = ALPHABET.charCodeAt((held >> heldBits) & 0x3f)
        }
    }
    if (heldBits > 0)
        text[at] = ALPHABET.charCodeAt((held << (6 - heldBits)) & 0x3f)
    return text.toString()
}

/**
 * The bytes of a base64 text, in a buffer that the caller owns.
 *
 * @throws LeafError InvalidBase64; the message does not hold the text, which may be a key
 */
export function decodeBase64(text: string): Buffer {
    let end = text.length
    if ((end & 3) !== 0) failBase64()
    if (text[end - 1] === "=") end--
    if (text[end - 1] === "=") end--
    const data = Buffer.alloc((end * 3) >> 2)
    let held = 0
    let heldBits = 0
    let at = 0
    for (let i = 0; i < end; i++) {
        const sextet = ALPHABET.indexOf(text[i])
        if (sextet < 0) failBase64()
        held = ((held & 0x3f) << 6) | sextet
        heldBits += 6
        if (heldBits >= 8) {
            heldBits -= 8
            data[at++] = held >> heldBits
        }
    }
    if ((held & ((1 << heldBits) - 1)) !== 0) failBase64()
    return data
}

function failBase64(): never {
    return fail(ErrorCode.InvalidBase64, "iothub: not strict base64")
}
