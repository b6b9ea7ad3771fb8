/**
 * Between little-endian bytes and the limbs of the generated arithmetic (X25519, Poly1305): doubles that carry their
 * weight, limb k a multiple of 2^(sum of the widths below it). See `tools/limbs.ts`.
 */

/** The unsigned limbs of a number. Bits beyond the widths are ignored; missing bytes are zeros. */
export function loadLimbs(bytes: Buffer, widths: Buffer): number[] {
    const limbs: number[] = []
    let at = 0
    let bits = 0
    let count = 0
    let scale = 1
    for (let i = 0; i < widths.length; i++) {
        const size = 1 << widths[i]
        while (count < widths[i] && at < bytes.length) {
            bits = bits | (bytes[at] << count)
            count = count + 8
            at++
        }
        limbs.push((bits & (size - 1)) * scale)
        bits = bits >> widths[i]
        count = count - widths[i]
        scale = scale * size
    }
    return limbs
}

/**
 * The canonical little-endian bytes of a number modulo p = 2^(sum of the widths) - fold, cut to `length` bytes.
 *
 * The value must be below 2p in magnitude, and each limb below 2^31 units: carried limbs are.
 */
export function storeLimbs(
    limbs: number[],
    widths: Buffer,
    fold: number,
    length: number
): Buffer {
    const digits: number[] = []
    let scale = 1
    for (let i = 0; i < widths.length; i++) {
        digits.push(limbs[i] / scale)
        scale = scale * (1 << widths[i])
    }
    // Two passes bring the value into 0 <= v < 2^bits. The third takes p off and, if that was too much, lets the
    // borrow out of the top put it back on; the fourth carries once more.
    for (let pass = 0; pass < 4; pass++) {
        let carry = pass === 2 ? fold : 0
        for (let i = 0; i < widths.length; i++) {
            const t = digits[i] + carry
            carry = t >> widths[i]
            digits[i] = t & ((1 << widths[i]) - 1)
        }
        if (pass === 2) carry--
        digits[0] = digits[0] + fold * carry
    }
    const bytes = Buffer.alloc(length)
    let at = 0
    let bits = 0
    let count = 0
    for (let i = 0; i < widths.length; i++) {
        bits = bits | (digits[i] << count)
        count = count + widths[i]
        while (at < length && (count >= 8 || i === widths.length - 1)) {
            bytes[at] = bits
            bits = bits >> 8
            count = count - 8
            at++
        }
    }
    return bytes
}
