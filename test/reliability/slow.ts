/**
 * The long proofs, `npm run test:reliability`: 30 days with each of ten seeds, and storms of 200 devices. A process each, as
 * many at a time as `JOBS` says (1). Results go to `test/reliability/results`, where `npm run reliability` takes the figures of
 * RELIABILITY.md from. `node built/test/reliability/slow.js days-7 storm-200`: only these.
 *
 * An hour or more. A run that fails writes its result, too, with what was wrong and when: the house test says that it failed.
 */
import { fork } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { compile } from "../../sim/vm/compiler"
import { runDays } from "./days"
import { judgeDays, judgeStorms } from "./judge"
import { runStorms } from "./storm"

const DAYS = 30
const SEEDS = 10
const DEVICES = 200
const STORM_SEED = 1

const root = join(__dirname, "..", "..", "..")
const results = join(root, "test", "reliability", "results")

const all = [
    ...Array.from({ length: SEEDS }, (_, i) => `days-${i + 1}`),
    `storm-${DEVICES}`,
]

/** One run, in a process of its own. */
async function runOne(name: string): Promise<void> {
    const [kind, number] = name.split("-")
    const image = await compile(join(root, "src/main.ts"), { root })
    const log = (text: string) => console.log(`${name}: ${text}`)
    const result =
        kind === "days"
            ? await runDays(image, DAYS, Number(number), log)
            : await runStorms(image, Number(number), STORM_SEED, log)
    mkdirSync(results, { recursive: true })
    writeFileSync(join(results, `${name}.json`), compact(result))
    console.log(`${name}: ${JSON.stringify({ ...result, perDay: undefined })}`)
    if ("storms" in result) judgeStorms(result)
    else judgeDays(result)
}

/** A line for each value, for each day and for each list of numbers. */
function compact(result: object): string {
    const lists: string[] = []
    const text = JSON.stringify(
        result,
        (key, value: unknown) => {
            const isDay =
                typeof value === "object" && value !== null && "day" in value
            const isList = key === "accepted" || key === "refused"
            if (!isDay && !isList) return value
            return `#${lists.push(JSON.stringify(value)) - 1}#`
        },
        4
    )
    return `${text.replace(/"#(\d+)#"/g, (_, i: string) => lists[Number(i)])}\n`
}

/** Runs them, so many at a time; gives those that failed. */
async function runAll(names: string[], jobs: number): Promise<string[]> {
    const waiting = [...names]
    const failed: string[] = []
    const work = async () => {
        for (let name; (name = waiting.shift());) {
            const child = fork(__filename, ["one", name])
            const code = await new Promise(resolve =>
                child.once("exit", resolve)
            )
            if (code !== 0) failed.push(name)
        }
    }
    await Promise.all(Array.from({ length: jobs }, work))
    return failed
}

async function main(): Promise<void> {
    const [first, ...rest] = process.argv.slice(2)
    if (first === "one") return runOne(rest[0])
    const names = first ? [first, ...rest] : all
    const failed = await runAll(names, Number(process.env.JOBS ?? 1))
    if (failed.length) throw new Error(`failed: ${failed.join(", ")}`)
}

main().catch((error: unknown) => {
    console.error(error)
    process.exitCode = 1
})
