/** What the proofs have to stay under: stated in RELIABILITY.md, asserted in the tests, one line each. */

/**
 * Between the heap's lowest and highest value, hour by hour, in bytes: what a connection has at hand differs, and the messages of a
 * page of flash are in RAM while they are sent.
 */
export const HEAP_SPREAD_BYTES = 1024 + 1536
/**
 * What the line through those values may rise by from its begin to its end, in bytes, and that through the largest free block
 * fall: each connection puts its blocks elsewhere, between 17 and 27 KB were seen, and in a week with two or three connections the line is
 * theirs. And how many days a line has at least, as those of a few hours say nothing.
 */
export const HEAP_GROWTH_BYTES = 1024
export const LARGEST_FREE_SHRINKAGE_BYTES = 8192
export const LINE_DAYS = 5
/** The largest free block at any hour, in bytes: nearly twice the largest piece of a connection (`MAX_MESSAGE` of `src/tls/message.ts`, 6,656). */
export const LARGEST_FREE_BYTES = 12_288

/** Writes to flash for each connection: the session (two parts, of either port), and now and then an issuer or the time floor. */
export const WRITES_PER_CONNECTION = 6
/** And for each start: the boot counter, and that it has begun and was a good one. */
export const WRITES_PER_BOOT = 3
/** And for each reading, if all of them go through flash: two for a page, which has four readings at least. */
export const WRITES_PER_READING = 0.5

/** Erase cycles that makers of the boards' flash give a page at least. */
export const ERASE_CYCLES = 100_000
/** Years that the flash lasts at least, at the rate of a simulated run. */
export const LIFE_YEARS = 20

/** Messages that go out twice for each connection that breaks: what the session's window holds. */
export const DUPLICATES_PER_LOSS = 4

/**
 * Connections in a second that reach the gateway, as a part of the devices there are: when it comes back after 30 s, and when
 * power comes back to all. And the least number for which a part makes sense.
 */
export const PEAK_PART = 0.2
export const PEAK_LEAST = 5
/** By then all are back, in seconds from when connecting was possible again. */
export const ALL_BACK_SEC = 120

/** Years that the flash lasts when its log is packed so often in so many days: two areas take turns, packing erases one. */
export function lifeYears(packings: number, days: number): number {
    return packings === 0
        ? Infinity
        : (2 * ERASE_CYCLES * days) / packings / 365.25
}

/** See `PEAK_PART`. */
export function mostInASecond(devices: number): number {
    return Math.max(PEAK_LEAST, Math.ceil(devices * PEAK_PART))
}
