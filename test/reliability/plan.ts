/** What happens to a device and its gateway in some weeks, drawn from a seed. */
import type { Random } from "../random"

export const SECOND_MS = 1000
export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

/** Between the end of an outage and the next one, and between power cuts, on average. */
const OUTAGE_EVERY_MS = 10 * HOUR_MS
const CUT_EVERY_MS = DAY_MS
/** Outages take from a second to a day, each length of them (by its logarithm) as likely as the other; power is away for less. */
const LONGEST_OUTAGE_MS = DAY_MS
const LONGEST_OFF_MS = 10 * MINUTE_MS
/** One plan in so many is without power cuts: then the device is on for longer than 2^31 ms. */
const WITHOUT_CUTS = 5

/** Of the length of the run; after 25 days of 30, as an edgeHub does it. */
const CERTIFICATE_AT = 25 / 30

export type Happening =
    /** Nothing gets through, and nobody is told. */
    | { kind: "silence"; atMs: number; forMs: number }
    /** The gateway is down: its ports refuse. */
    | { kind: "down"; atMs: number; forMs: number; newCertificate: boolean }
    /**
     * The device's power is cut: now, or at its next write to flash, which is lost with it or whole.
     */
    | {
          kind: "cut"
          atMs: number
          forMs: number
          write: "any" | "lost" | "whole"
      }

/** In the order of time; outages do not overlap one another, power cuts come when they like. */
export function planOf(random: Random, days: number): Happening[] {
    const endMs = days * DAY_MS
    const plan: Happening[] = [
        {
            kind: "down",
            atMs: Math.round(endMs * CERTIFICATE_AT),
            forMs: 30 * SECOND_MS,
            newCertificate: true,
        },
    ]
    for (let atMs = 0; ;) {
        atMs += waitOf(random, OUTAGE_EVERY_MS)
        if (atMs >= endMs) break
        const forMs = lengthOf(random, LONGEST_OUTAGE_MS)
        plan.push(
            random.oneIn(2)
                ? { kind: "silence", atMs, forMs }
                : { kind: "down", atMs, forMs, newCertificate: false }
        )
        atMs += forMs
    }
    const first = random.oneIn(WITHOUT_CUTS) ? Infinity : 0
    for (let atMs = first; ;) {
        atMs += waitOf(random, CUT_EVERY_MS)
        if (!(atMs < endMs)) break
        plan.push({
            kind: "cut",
            atMs,
            forMs: lengthOf(random, LONGEST_OFF_MS),
            write: random.pick(["any", "any", "lost", "whole"]),
        })
    }
    return plan.sort((a, b) => a.atMs - b.atMs)
}

function uniform(random: Random): number {
    return (random.uint32() + 0.5) / 2 ** 32
}

/** Exponential, in whole ms: what is rare and has no memory. */
function waitOf(random: Random, meanMs: number): number {
    return Math.round(-Math.log(uniform(random)) * meanMs)
}

/** From a second to `longestMs`. */
function lengthOf(random: Random, longestMs: number): number {
    return Math.round(
        SECOND_MS * Math.exp(uniform(random) * Math.log(longestMs / SECOND_MS))
    )
}
