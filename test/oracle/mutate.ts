/** Certificates changed at random: bits, bytes, lengths, pieces of other ones. */
import { Random } from "../random"

/** Where an element starts that lies in `bytes`, at a random depth: its tag. */
function elementAt(random: Random, bytes: Buffer): number {
    let at = 0
    let end = bytes.length
    while (!random.oneIn(4)) {
        // Constructed elements, and what bit and octet strings may wrap.
        const header = bytes[at + 1] < 0x80 ? 2 : 2 + (bytes[at + 1] & 0x7f)
        if ((bytes[at] & 0x20) === 0 || at + header >= end) break
        const inside: number[] = []
        for (let next = at + header; next + 1 < end;) {
            inside.push(next)
            const length = bytes[next + 1]
            next +=
                length < 0x80
                    ? 2 + length
                    : 2 +
                      (length & 0x7f) +
                      bytes.readUIntBE(
                          next + 2,
                          Math.min(length & 0x7f, 3) || 1
                      )
        }
        const chosen = random.below(inside.length)
        end = inside[chosen + 1] ?? end
        at = inside[chosen]
    }
    return at
}

/** A changed copy; now and then the change changes nothing. @param others whose pieces may come in */
export function mutate(
    random: Random,
    original: Buffer,
    others: readonly Buffer[]
): Buffer {
    let bytes: Buffer = Buffer.from(original)
    for (let i = random.between(1, 3); i > 0; i--) {
        const at = random.below(bytes.length)
        const to = Math.min(bytes.length, at + random.between(1, 20))
        const other = random.pick(others)
        const from = random.below(other.length)
        switch (random.below(9)) {
            case 0:
                bytes[at] ^= 1 << random.below(8)
                break
            case 1:
                bytes[at] = random.below(256)
                break
            case 2:
                bytes = bytes.subarray(0, at)
                break
            case 3:
                bytes = Buffer.concat([
                    bytes.subarray(0, at),
                    random.bytes(random.between(1, 8)),
                    bytes.subarray(at),
                ])
                break
            case 4:
                bytes = Buffer.concat([
                    bytes.subarray(0, at),
                    bytes.subarray(to),
                ])
                break
            case 5:
                // A length, the first or a later byte of it, or a tag.
                bytes[elementAt(random, original) + random.below(4)] =
                    random.pick([0, 1, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff])
                break
            case 6:
                // A piece of another one over this one.
                other.copy(bytes, at, from, from + to - at)
                break
            case 7:
                // This one up to here, the other one from there on.
                bytes = Buffer.concat([
                    bytes.subarray(0, at),
                    other.subarray(from),
                ])
                break
            default:
                // The same piece twice.
                bytes = Buffer.concat([
                    bytes.subarray(0, to),
                    bytes.subarray(at),
                ])
        }
        if (bytes.length === 0) bytes = Buffer.from([0x30])
        // A copy: pieces are views of others.
        bytes = Buffer.from(bytes.subarray(0, 4000))
    }
    return bytes
}

/** What a hostile server sends instead of a chain: some certificates changed, out of place, left out, or twice. */
export function mutateChain(
    random: Random,
    chain: readonly Buffer[]
): Buffer[] {
    const sent = chain.map(one =>
        random.oneIn(2) ? mutate(random, one, chain) : one
    )
    if (random.oneIn(4)) sent.push(random.pick([...sent, ...chain]))
    if (random.oneIn(4)) sent.splice(random.below(sent.length), 1)
    if (random.oneIn(4)) {
        const one = random.below(sent.length)
        const two = random.below(sent.length)
        ;[sent[one], sent[two]] = [sent[two], sent[one]]
    }
    return sent
}

/**
 * Whether a set of certificates may be accepted where this chain, and no certificate less, is good: the leaf is first and
 * nothing that is needed has changed.
 */
export function mayPass(
    sent: readonly Buffer[],
    chain: readonly Buffer[]
): boolean {
    return (
        sent.length > 0 &&
        sent[0].equals(chain[0]) &&
        chain.every(one => sent.some(other => other.equals(one)))
    )
}
