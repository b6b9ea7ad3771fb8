/** Random damage to bytes, of the kinds that parsers get wrong. */
import type { Random } from "../random"

/** Values that stand at the edges of what a length or a type can be. */
const EDGES = [0, 1, 2, 3, 0x7f, 0x80, 0xfe, 0xff]

/** One to three mutations, each at a random place. */
export function mutate(bytes: Buffer, random: Random): Buffer {
    let result = bytes
    for (let i = random.between(1, 3); i > 0; i--)
        result = mutateOnce(result, random)
    return result
}

function mutateOnce(bytes: Buffer, random: Random): Buffer {
    // Headers and lengths stand in front: half of the mutations go there.
    const span = random.oneIn(2) ? Math.min(bytes.length, 64) : bytes.length
    const at = random.below(span + 1)
    const count = random.oneIn(4)
        ? random.between(1, 300)
        : random.between(1, 8)
    const before = bytes.subarray(0, at)
    const from = (offset: number) => bytes.subarray(at + offset)
    const changing = (change: (old: number) => number) => {
        const copy = Buffer.from(bytes)
        if (at < copy.length) copy[at] = change(copy[at])
        return copy
    }
    switch (random.below(10)) {
        case 0:
        case 1:
            return changing(old => old ^ (1 << random.below(8)))
        case 2:
            return changing(() => random.pick(EDGES))
        case 3:
            // A length that is off by one.
            return changing(old => old + (random.oneIn(2) ? 1 : -1))
        case 4:
            return Buffer.concat([before, random.bytes(count), from(0)])
        case 5:
            return Buffer.concat([before, from(count)])
        case 6:
            return Buffer.concat([bytes.subarray(0, at + count), from(0)])
        case 7:
            return before
        case 8:
            return Buffer.concat([before, random.bytes(count), from(count)])
        default:
            return Buffer.concat([from(0), before])
    }
}
