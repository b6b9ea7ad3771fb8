/** Properties with fast-check: the seed is printed, and `SEED=…` runs the same cases again. */
import fc from "fast-check"
import type { TestContext } from "node:test"

export const SEED = Number(process.env.SEED ?? Date.now() & 0x7fffffff)

/** Checks a property on `runs` random cases. */
export async function check<T extends unknown[]>(
    t: TestContext,
    runs: number,
    property: fc.IRawProperty<T>
): Promise<void> {
    t.diagnostic(`SEED=${SEED}`)
    await fc.assert(property, { seed: SEED, numRuns: runs })
}

/** What IoT Hub allows in a device id, but for `+` and `#`, which no topic can carry. */
export const deviceId = fc.string({
    unit: fc.constantFrom(..."ABCabcxyz0129-.%_*?!(),:=@$'".split("")),
    minLength: 1,
    maxLength: 128,
})

/** Text as properties may hold it: all of Unicode, and often the characters that encodings trip over. */
export const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({
        unit: fc.constantFrom(..."%25+&=/?#$. aé€😀\u0000".match(/./gsu)!),
    })
)
