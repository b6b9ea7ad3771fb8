/** Random input that can be repeated: `SEED=…` in the environment. */

/** Printed by the tests that use it. */
export const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)

/** Mulberry32: small, and good enough for test input. */
export function random(start: number) {
    let state = start >>> 0
    const next = (): number => {
        state = (state + 0x6d2b79f5) >>> 0
        let t = Math.imul(state ^ (state >>> 15), 1 | state)
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
        return (t ^ (t >>> 14)) >>> 0
    }
    /** From 0 to below `below`. */
    const integer = (below: number): number => next() % below
    const bytes = (length: number): Buffer =>
        Buffer.from(Array.from({ length }, () => integer(256)))
    return { integer, bytes }
}
