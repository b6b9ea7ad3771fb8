/** What the firmware may cost, in one place, and the comparison with what it does cost. */
import assert from "node:assert/strict"
import { Image } from "../../sim/vm/compiler"
import { HeapPeak } from "../../sim/vm/host"

/** Bytecode of a firmware, linked. The VM cannot address code from byte 65,536 on. */
export const MAX_CODE_BYTES = 62_000

/** The whole image. A Pico W's and the simulator's store takes 110,464 bytes; constants and strings grow as well. */
export const MAX_IMAGE_BYTES = 104_000

/** Code of the key exchange: X25519 and its field. Unrolled it would be 16 KB, for 1.6 times the speed. */
export const MAX_X25519_BYTES = 2_400

const X25519_FILES = /^src\/crypto\/(x25519|field25519)[^/]*$/

/** The most that may live on the heap during a whole connection, of the 64 KB that boards have. */
export const MAX_HEAP_BYTES = 40 * 1024

/** Code of X25519 in an image, in bytes. */
export function x25519Bytes(image: Image): number {
    return image.modules
        .filter(({ file }) => X25519_FILES.test(file))
        .reduce((sum, { bytes }) => sum + bytes, 0)
}

/** The budgets that an image exceeds, one sentence each. */
export function exceeded(image: Image): string[] {
    const rows: [string, number, number][] = [
        ["code", image.codeBytes, MAX_CODE_BYTES],
        ["image", image.binary.length, MAX_IMAGE_BYTES],
        ["X25519", x25519Bytes(image), MAX_X25519_BYTES],
    ]
    return rows
        .filter(([, bytes, limit]) => bytes > limit)
        .map(
            ([what, bytes, limit]) =>
                `${what}: ${bytes} bytes are ${bytes - limit} more than the budget of ${limit}`
        )
}

/** Bytes of code a module, and the sums next to their budgets. */
export function sizeTable(image: Image): string {
    const line = (bytes: number, what: string) =>
        `${String(bytes).padStart(7)}  ${what}`
    return [
        ...image.modules.map(({ file, bytes }) => line(bytes, file)),
        line(x25519Bytes(image), `X25519, of ${MAX_X25519_BYTES}`),
        line(image.codeBytes, `code, of ${MAX_CODE_BYTES}`),
        line(image.binary.length, `image, of ${MAX_IMAGE_BYTES}`),
    ].join("\n")
}

/** Prints what a heap watch saw over a whole connection, and fails when it was more than the budget. */
export function assertHeapBudget(peak: HeapPeak): void {
    console.log(
        `peak heap: ${peak.live} bytes live (of ${MAX_HEAP_BYTES}), looked at ${peak.samples} times`
    )
    assert.ok(peak.samples > 0, "the heap was never looked at")
    assert.ok(
        peak.live <= MAX_HEAP_BYTES,
        `peak heap: ${peak.live} bytes are ${peak.live - MAX_HEAP_BYTES} more than the budget of ${MAX_HEAP_BYTES}`
    )
}
