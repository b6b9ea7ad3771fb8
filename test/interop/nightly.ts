/**
 * Every case of the interop matrix, some 22,000: hours of work for a night, spread over processes. Not part of `npm test`.
 *
 * `node built/test/interop/nightly.js`, with `PROCESSES` (as many as there are cores) and `SHARD=2/8` for a part of the cases,
 * every eighth from the second on, so that several machines can share them. Prints how many of each value were tried and
 * failed, and each failure; ends with 1 if there was one.
 */
import { fork } from "node:child_process"
import { availableParallelism } from "node:os"
import { findPeer } from "../peers"
import {
    allCases,
    Case,
    describeCase,
    describeColumns,
    DIMENSIONS,
} from "./cases"
import { Trials } from "./trial"

/** In one process: the VM takes the core, servers and waits go on beside it. */
const AT_ONCE = 3
const PROGRESS_MS = 60_000

interface Result {
    index: number
    /** Empty if the device and the server did what they should. */
    failure: string
}

/** A share of the cases: every `count`-th from `first` on. */
async function work(first: number, count: number): Promise<void> {
    const all = allCases()
    const trials = await Trials.prepare()
    let next = first
    const worker = async () => {
        while (next < all.length) {
            const index = next
            next += count
            let failure = ""
            try {
                await trials.run(all[index])
            } catch (error) {
                failure = (error as Error).message || String(error)
            }
            process.send!({ index, failure } satisfies Result)
        }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    await trials.close()
    process.disconnect()
}

/** Reads "2/8". */
function readShard(text: string): [number, number] {
    const [number, count] = text.split("/").map(Number)
    if (!(count >= 1 && number >= 1 && number <= count))
        throw new Error(`SHARD=${text}: write it as 2/8, the second of eight`)
    return [number - 1, count]
}

function table(cases: Case[], failed: Set<Case>): string[] {
    const lines = ["value                     tried  failed"]
    for (const [name, values] of Object.entries(DIMENSIONS))
        for (const value of values) {
            const own = cases.filter(one => one[name as keyof Case] === value)
            const bad = own.filter(one => failed.has(one))
            lines.push(
                `${name} ${value}`.padEnd(24) +
                    String(own.length).padStart(7) +
                    String(bad.length).padStart(8)
            )
        }
    return lines
}

async function supervise(): Promise<void> {
    for (const program of DIMENSIONS.peer)
        if (!findPeer(program)) throw new Error(`${program} is not installed`)
    const [shard, shards] = readShard(process.env.SHARD ?? "1/1")
    const processes = Number(process.env.PROCESSES ?? availableParallelism())
    const all = allCases()
    const total = all.filter((_, i) => i % shards === shard).length
    console.log(
        `interop: ${total} of ${all.length} cases, in ${processes} processes`
    )
    const sinceMs = Date.now()
    const tried: Case[] = []
    const failures = new Map<Case, string>()
    const progress = setInterval(
        () =>
            console.log(
                `${tried.length} of ${total} tried, ${failures.size} failed`
            ),
        PROGRESS_MS
    )
    await Promise.all(
        Array.from({ length: processes }, (_, i) => {
            const child = fork(__filename, [
                String(shard + i * shards),
                String(processes * shards),
            ])
            child.on("message", ({ index, failure }: Result) => {
                const one = all[index]
                tried.push(one)
                if (!failure) return
                failures.set(one, failure)
                console.log(`failed: ${describeCase(one)}\n${failure}`)
            })
            return new Promise(resolve => child.once("exit", resolve))
        })
    )
    clearInterval(progress)
    console.log(table(tried, new Set(failures.keys())).join("\n"))
    if (failures.size) {
        console.log(`failed:\n${describeColumns()}`)
        for (const one of failures.keys()) console.log(describeCase(one))
    }
    const minutes = Math.round((Date.now() - sinceMs) / 60_000)
    console.log(
        `interop: ${tried.length} of ${total} cases tried, each a full handshake and two resumed, ` +
            `${failures.size} failed, ${minutes} min`
    )
    // A process that ended early has not tried all of its cases.
    if (failures.size || tried.length !== total) process.exitCode = 1
}

const [first, count] = process.argv.slice(2).map(Number)
void (count ? work(first, count) : supervise())
