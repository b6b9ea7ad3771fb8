/** Measures what lies between the lines `begin: {name}` and `end: {name}` of a firmware. */
import { Device } from "../../sim/vm/host"
import { VirtualClock } from "../../sim/vm/virtualclock"

/** What one name came to in each round. */
export interface Measured {
    /** Opcodes, if the device counts them. */
    opcodes: number[]
    /** Real milliseconds. */
    ms: number[]
    /** Public-key operations of the last round. */
    operations: string[]
}

const LONGEST_MS = 600_000

/**
 * Follows a device until it prints `done`, and leaves the first of each name away, as the warm-up.
 *
 * The device's time is virtual, so that it never waits: the real time is what is computed, the event loop included.
 *
 * @throws Error when it fails
 */
export async function measure(
    device: Device,
    clock: VirtualClock
): Promise<Map<string, Measured>> {
    const results = new Map<string, Measured>()
    let opcodes = 0
    let startMs = 0
    let operations: string[] = []
    device.on("operation", ({ name }) => operations.push(name))
    device.on("line", ({ text }) => {
        const [, edge, name] = /^(begin|end): (.*)$/.exec(text) ?? []
        if (edge === "begin") {
            operations = []
            opcodes = device.opcodes
            startMs = performance.now()
        } else if (edge === "end") {
            const ms = performance.now() - startMs
            const all = results.get(name) ?? {
                opcodes: [],
                ms: [],
                operations: [],
            }
            results.set(name, all)
            all.opcodes.push((device.opcodes - opcodes) >>> 0)
            all.ms.push(ms)
            all.operations = operations
        }
    })
    const failed = new Promise<never>((_resolve, reject) =>
        device.once("panic", ({ name }) => reject(new Error(name)))
    )
    const end = device.until(
        ({ text }) => text === "done" || text.startsWith("failed"),
        LONGEST_MS
    )
    const line = await clock.run(Promise.race([end, failed]))
    if (line.text !== "done") throw new Error(line.text)
    for (const all of results.values())
        if (all.ms.length > 1) {
            all.opcodes.shift()
            all.ms.shift()
        }
    return results
}

export function median(values: number[]): number {
    return [...values].sort((a, b) => a - b)[values.length >> 1]
}
