/** What simulated sensors measure: values over time, each a function of the time alone, so that a run can be had again. */
import { seededBytes } from "../simulation/random"

/** A value as a function of the time since the device was switched on, in ms. */
export type Signal = (elapsedMs: number) => number

export function constant(value: number): Signal {
    return () => value
}

/** Swings around `mean`, rising at first. */
export function sine(
    mean: number,
    amplitude: number,
    periodMs: number
): Signal {
    return elapsedMs =>
        mean + amplitude * Math.sin((2 * Math.PI * elapsedMs) / periodMs)
}

export interface Walk {
    start: number
    /** It goes up or down by this at most, all changes as likely as the other. */
    step: number
    stepMs: number
    seed: number
    /** Where it would go beyond, it stays. */
    least: number
    most: number
}

/** A random walk: the same seed gives the same one. */
export function randomWalk(walk: Walk): Signal {
    const { start, step, stepMs, seed, least, most } = walk
    let random = seededBytes(seed, "walk")
    let taken = 0
    let value = start
    return elapsedMs => {
        const wanted = Math.floor(elapsedMs / stepMs)
        // The device was switched off and on.
        if (wanted < taken) {
            random = seededBytes(seed, "walk")
            taken = 0
            value = start
        }
        for (; taken < wanted; taken++) {
            const change = random(4).readUInt32BE() / 0x8000_0000 - 1
            value = Math.min(most, Math.max(least, value + change * step))
        }
        return value
    }
}

export interface Sample {
    atMs: number
    value: number
}

/** Values that were recorded, with growing times: each holds until the next one, the first from the start and the last for ever. */
export function replay(samples: readonly Sample[]): Signal {
    return elapsedMs => {
        let low = 0
        let high = samples.length
        while (high - low > 1) {
            const middle = (low + high) >> 1
            if (samples[middle].atMs <= elapsedMs) low = middle
            else high = middle
        }
        return samples[low].value
    }
}
