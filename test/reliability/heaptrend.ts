/**
 * Whether a heap stays as it is: a line through what was in use, hour by hour, and through the largest free block.
 *
 * A start of the firmware begins anew; so each start has its own mean, and all have one slope. A device that loses some bytes with
 * each connection or each day shows in the slope long before it shows in the differences between single values, which connections
 * with more or less in their buffers make.
 */
export interface HeapSample {
    /** Which start of the firmware, and for how long it had been running. */
    boot: number
    hours: number
    /** In use after a collection, in bytes. */
    used: number
    /** What the largest allocation may be, with its header: the heap never moves its blocks. */
    largestFree: number
}

export interface HeapSummary {
    samples: number
    usedLeast: number
    usedMost: number
    /** The smallest one of the largest free blocks. */
    largestFreeLeast: number
    /** Of the lines, in bytes a day. */
    usedSlope: number
    largestFreeSlope: number
    /** The longest time between two samples of one start, in days: how long the line is at most. */
    days: number
}

/** The first connection, and what is made once and stays, are no growth. */
const WARM_UP_HOURS = 1

export function summarize(all: readonly HeapSample[]): HeapSummary {
    const samples = all.filter(({ hours }) => hours >= WARM_UP_HOURS)
    const used = samples.map(sample => sample.used)
    const free = samples.map(sample => sample.largestFree)
    return {
        samples: samples.length,
        usedLeast: Math.min(...used),
        usedMost: Math.max(...used),
        largestFreeLeast: Math.min(...free),
        usedSlope: round(slope(samples, ({ used }) => used)),
        largestFreeSlope: round(
            slope(samples, ({ largestFree }) => largestFree)
        ),
        days: round(
            Math.max(
                0,
                ...boots(samples).map(
                    of => (of[of.length - 1].hours - of[0].hours) / 24
                )
            )
        ),
    }
}

/** What the line through the values rises by until its end, in bytes; less than 0: it falls. */
export function growth({ usedSlope, days }: HeapSummary): number {
    return usedSlope * days
}

/** And what the line through the largest free blocks falls by. */
export function shrinkage({ largestFreeSlope, days }: HeapSummary): number {
    return -largestFreeSlope * days
}

function boots(samples: readonly HeapSample[]): HeapSample[][] {
    const all: HeapSample[][] = []
    for (const sample of samples) (all[sample.boot] ??= []).push(sample)
    return all.filter(one => one !== undefined)
}

/** Least squares, in bytes a day, with one slope and a mean for each start. */
function slope(
    samples: readonly HeapSample[],
    valueOf: (sample: HeapSample) => number
): number {
    let xy = 0
    let xx = 0
    for (const of of boots(samples)) {
        const meanX = mean(of.map(({ hours }) => hours / 24))
        const meanY = mean(of.map(valueOf))
        for (const sample of of) {
            const x = sample.hours / 24 - meanX
            xy += x * (valueOf(sample) - meanY)
            xx += x * x
        }
    }
    return xx > 0 ? xy / xx : 0
}

function mean(values: readonly number[]): number {
    return values.reduce((sum, value) => sum + value, 0) / values.length
}

function round(value: number): number {
    return Math.round(value * 100) / 100
}
