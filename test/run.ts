/**
 * Runs the test files of `built/test` with Node's test runner.
 *
 * `node built/test/run.js [substring …]`: only the files whose path holds one of the substrings.
 * Whatever was skipped is named in the last lines, so that a missing peer is not overlooked.
 */
import { readdirSync } from "node:fs"
import { join, relative } from "node:path"
import { run } from "node:test"
import { spec } from "node:test/reporters"

const root = join(__dirname, "..")
const wanted = process.argv.slice(2)

/** Files that take a minute or more, each alone: begun first, so that none of them is left over at the end. */
const LONG = [
    "e2e/thermostat",
    "fuzz/vm",
    "vm/unit",
    "reliability/",
    "sim/cli",
    "house/",
]

const rank = (name: string) => {
    const at = LONG.findIndex(part => name.startsWith(part))
    return at < 0 ? LONG.length : at
}

const files = (readdirSync(__dirname, { recursive: true }) as string[])
    .filter(name => name.endsWith(".test.js"))
    .filter(name => !wanted.length || wanted.some(part => name.includes(part)))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(name => join(__dirname, name))

if (!files.length) {
    console.error(
        `No test file matches ${wanted.join(", ")} below ${relative(process.cwd(), root)}/test.`
    )
    process.exit(1)
}

const skipped: string[] = []
/** Thrice the two cores of a small machine: most files wait more than they compute. */
const CONCURRENCY = 6
/** A file that takes longer has stopped somewhere: it fails, and the others are still heard of. */
const FILE_TIMEOUT_MS = 10 * 60_000

const stream = run({
    files,
    concurrency: CONCURRENCY,
    timeout: FILE_TIMEOUT_MS,
})
stream.on("test:fail", event => {
    if (event.todo === undefined) process.exitCode = 1
})
stream.on("test:pass", event => {
    if (event.skip !== undefined)
        skipped.push(
            `${event.name}${typeof event.skip === "string" ? `: ${event.skip}` : ""}`
        )
})
stream.compose(new spec()).pipe(process.stdout)
process.on("exit", () => {
    for (const line of skipped) console.log(`skipped: ${line}`)
})
