/**
 * Combinations of what can be varied: all of them, and a few that have every pair of values in them.
 *
 * Most faults come from one value or from two together, so a set of cases in which every possible pair occurs finds nearly
 * as much as the whole product, with a thousandth of the cases.
 */

/** The values of each dimension, by its name. */
export type Dimensions = Record<string, readonly (string | number)[]>

/** One value of each dimension. */
export type Combination<D extends Dimensions> = {
    [K in keyof D]: D[K][number]
}

/** The whole product, without what is impossible. The last dimension changes fastest. */
export function allCombinations<D extends Dimensions>(
    dimensions: D,
    isPossible: (combination: Combination<D>) => boolean
): Combination<D>[] {
    let all: Record<string, string | number>[] = [{}]
    for (const [name, values] of Object.entries(dimensions))
        all = all.flatMap(some =>
            values.map(value => ({ ...some, [name]: value }))
        )
    return (all as Combination<D>[]).filter(isPossible)
}

/** The pairs of values in a combination, as texts. */
export function pairsOf<D extends Dimensions>(
    combination: Combination<D>
): string[] {
    const values = Object.entries(combination).map(pair => pair.join(" "))
    return values.flatMap((first, i) =>
        values.slice(i + 1).map(second => `${first}, ${second}`)
    )
}

/** Spreads the choice over all combinations: Knuth's multiplicative hash, the golden ratio times 2^32. */
const SPREAD = 0x9e3779b1

/**
 * Some of the combinations, with every pair in them that occurs in any: greedily, the one with the most pairs that are
 * missing. Of equals it is the one with the lowest hash of its place, as the first ones have all their values in common. The
 * same combinations give the same choice.
 */
export function coverPairs<D extends Dimensions>(
    combinations: Combination<D>[]
): Combination<D>[] {
    const numbers = new Map<string, number>()
    const pairs = combinations.map(combination =>
        pairsOf(combination).map(pair => {
            const number = numbers.get(pair) ?? numbers.size
            numbers.set(pair, number)
            return number
        })
    )
    const rank = combinations.map((_, i) => Math.imul(i + 1, SPREAD) >>> 0)
    const isCovered = new Uint8Array(numbers.size)
    const chosen: Combination<D>[] = []
    for (let missing = numbers.size; missing > 0;) {
        let best = -1
        let most = 0
        for (const [i, own] of pairs.entries()) {
            let count = 0
            for (const pair of own) count += 1 - isCovered[pair]
            if (count > most || (count === most && rank[i] < rank[best])) {
                most = count
                best = i
            }
        }
        for (const pair of pairs[best]) isCovered[pair] = 1
        missing -= most
        chosen.push(combinations[best])
    }
    return chosen
}
