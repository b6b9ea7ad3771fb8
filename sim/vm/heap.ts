/**
 * Looks at the VM's heap from outside: the program under test does not notice and need not help.
 *
 * The runtime's collector is a struct of six words, followed by its one chunk of memory. A chunk is a row of blocks,
 * each with a header: size in words in the low 24 bits, kind in the high 8. The collector runs when a counter of
 * allocated words passes a threshold, or when an allocation finds no room. The threshold is a word in memory: set low,
 * it forces collections, and what is in use afterwards is alive. The VM itself is not changed.
 */

/** Words of the collector's struct. */
const enum Gc {
    FirstFree = 0,
    FirstChunk = 1,
    Threshold = 3,
    Context = 5,
    Size = 6,
}

/** Words of a chunk's head. */
const enum Chunk {
    Next = 0,
    End = 1,
    Blocks = 2,
}

/** Kinds of blocks. */
const FREE = 0x01
const PINNED_BYTES = 0x42
const FINAL_HEADER = 0x4f000001

/** The memory that the simulator gives its collector, as boards with 64 KB do. */
const CHUNK_BYTES = 64 * 1024
/** What the heap holds, in bytes, block headers included. */
export interface HeapUse {
    /** Live objects, and garbage that was not collected yet. */
    used: number
    free: number
    largestFree: number
    /** Blocks in use. */
    objects: number
}

export class HeapProbe {
    private gc = 0

    constructor(private readonly memory: () => Uint32Array) {}

    /** @returns `undefined` while no program runs */
    use(): HeapUse | undefined {
        const gc = this.find()
        if (!gc) return undefined
        const words = this.memory()
        const use = { used: 0, free: 0, largestFree: 0, objects: 0 }
        for (const block of this.blocks(words, gc)) {
            const bytes = (words[block] & 0xffffff) * 4
            if (words[block] >>> 24 === FREE) {
                use.free += bytes
                use.largestFree = Math.max(use.largestFree, bytes)
            } else {
                use.used += bytes
                use.objects++
            }
        }
        return use
    }

    /**
     * Has the VM collect each time that it has allocated this many bytes, not only each quarter of its heap.
     *
     * @returns after how many it did before; `undefined` while no program runs
     */
    collectEvery(bytes: number): number | undefined {
        const gc = this.find()
        if (!gc) return undefined
        const words = this.memory()
        const before = words[gc + Gc.Threshold] << 2
        words[gc + Gc.Threshold] = bytes >> 2
        return before
    }

    /**
     * Takes memory away until the program has a heap of `bytes`.
     *
     * @returns whether it was done: it needs a program that has started and the end of the heap still free
     */
    limit(bytes: number): boolean {
        const gc = this.find()
        if (!gc) return false
        const words = this.memory()
        const chunk = gc + Gc.Size
        const end = words[chunk + Chunk.End] >> 2
        const wall = chunk + Chunk.Blocks + (bytes >> 2)
        let last = 0
        for (const block of this.blocks(words, gc)) last = block
        if (words[last] >>> 24 !== FREE || last + 2 >= wall || wall + 2 > end)
            return false
        words[last] = (FREE << 24) | (wall - last)
        words[wall] = (PINNED_BYTES << 24) | (end - wall)
        return true
    }

    private *blocks(words: Uint32Array, gc: number): Generator<number> {
        const chunk = gc + Gc.Size
        const end = words[chunk + Chunk.End] >> 2
        for (let block = chunk + Chunk.Blocks; block < end;) {
            const size = words[block] & 0xffffff
            if (size === 0) throw new Error("The VM's heap is corrupt.")
            yield block
            block += size
        }
    }

    /** Index of the collector's struct; 0 while there is none. */
    private find(): number {
        const words = this.memory()
        if (this.gc && isCollector(words, this.gc)) return this.gc
        this.gc = 0
        for (let i = 1; i + Gc.Size + Chunk.Blocks < words.length; i++)
            if (isCollector(words, i)) {
                this.gc = i
                break
            }
        return this.gc
    }
}

/** The chunk follows the struct that points to it, and its end has the mark of an end. */
function isCollector(words: Uint32Array, at: number): boolean {
    const chunk = at + Gc.Size
    if (words[at + Gc.FirstChunk] !== chunk * 4) return false
    const end = words[chunk + Chunk.End]
    return (
        words[chunk + Chunk.Next] === 0 &&
        end - chunk * 4 === CHUNK_BYTES - 4 &&
        words[end >> 2] === FINAL_HEADER &&
        words[at + Gc.Context] !== 0
    )
}
