/**
 * Random input for tests, reproducible: the seed is printed, and `SEED=… node built/test/run.js …` repeats it.
 *
 * The generator is sfc32 (PractRand's small fast counter), seeded with one number.
 */
import { randomInt } from "node:crypto"

export class Random {
    private a: number
    private b = 0x9e3779b9
    private c = 0x243f6a88
    private counter = 1

    constructor(readonly seed: number) {
        this.a = seed | 0
        for (let i = 0; i < 12; i++) this.uint32()
    }

    uint32(): number {
        const result = (this.a + this.b + this.counter) | 0
        this.counter = (this.counter + 1) | 0
        this.a = this.b ^ (this.b >>> 9)
        this.b = (this.c + (this.c << 3)) | 0
        this.c = (((this.c << 21) | (this.c >>> 11)) + result) | 0
        return result >>> 0
    }

    /** An integer from 0 to `limit` - 1. */
    below(limit: number): number {
        return Math.floor((this.uint32() / 2 ** 32) * limit)
    }

    /** An integer from `from` to `to`, both included. */
    between(from: number, to: number): number {
        return from + this.below(to - from + 1)
    }

    /** True once in `times`. */
    oneIn(times: number): boolean {
        return this.below(times) === 0
    }

    pick<T>(items: readonly T[]): T {
        return items[this.below(items.length)]
    }

    bytes(length: number): Buffer {
        const result = Buffer.alloc(length)
        for (let i = 0; i < length; i++) result[i] = this.uint32() >>> 24
        return result
    }
}

/** A generator for one test, from the environment's SEED or a new seed, which it prints. */
export function seededRandom(what: string): Random {
    const seed = process.env.SEED
        ? Number(process.env.SEED)
        : randomInt(2 ** 32)
    if (!Number.isInteger(seed)) throw new Error("SEED is not an integer")
    console.log(`${what}: SEED=${seed}`)
    return new Random(seed)
}
