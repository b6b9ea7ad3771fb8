/**
 * Runs published test vectors, whole files of them, through the device's code under Node: `npm run test:vectors`.
 *
 * The files are not in this repository. `VECTORS` in the environment names their folder, which holds `wycheproof/` (from
 * https://github.com/C2SP/wycheproof, folder testvectors_v1) and `x509-limbo/limbo.json` (from
 * https://github.com/C2SP/x509-limbo); left out, it is `../shared/vectors`. Arguments pick suites by parts of their
 * names. A sample of each file, kept in the repository, runs in the ordinary tests and in the VM.
 */
import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { limbo } from "./limbo"
import { Exception, judge, Suite } from "./suite"
import { wycheproof } from "./wycheproof"

const root = join(__dirname, "..", "..", "..")

const suites: Suite[] = [...wycheproof, limbo]

const DEFAULT_FOLDER = join("..", "shared", "vectors")

function readExceptions(): Record<string, Exception[]> {
    const file = join(root, "test", "vectors", "exceptions.json")
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, Exception[]>
}

function tableRow(name: string, ...cells: (string | number)[]): string {
    return [
        name.padEnd(34),
        ...cells.map(cell => String(cell).padStart(9)),
    ].join(" ")
}

async function main(): Promise<number> {
    const wanted = process.argv.slice(2)
    const chosen = suites.filter(
        ({ name }) =>
            wanted.length === 0 || wanted.some(part => name.includes(part))
    )
    if (chosen.length === 0) {
        console.error(`No suite matches ${wanted.join(", ")}.`)
        return 1
    }
    const folder = process.env.VECTORS
        ? resolve(process.env.VECTORS)
        : join(root, DEFAULT_FOLDER)
    const missing = chosen
        .flatMap(({ files }) => files)
        .filter(file => !existsSync(join(folder, file)))
    if (missing.length > 0) {
        console.error(
            `Nothing was run: ${folder} lacks ${missing.join(", ")}.\n` +
                "Put the vectors there, or name their folder: VECTORS=… npm run test:vectors"
        )
        return 1
    }

    const exceptions = readExceptions()
    const failures = Object.keys(exceptions)
        .filter(name => !suites.some(suite => suite.name === name))
        .map(name => `exceptions.json: there is no suite ${name}`)
    console.log(
        tableRow("suite", "cases", "accepted", "rejected", "excepted", "failed")
    )
    for (const { name, run } of chosen) {
        const verdict = judge(await run(folder), exceptions[name] ?? [])
        failures.push(...verdict.failures.map(text => `${name}: ${text}`))
        console.log(
            tableRow(
                name,
                verdict.cases,
                verdict.accepted,
                verdict.rejected,
                verdict.excepted,
                verdict.failures.length
            )
        )
    }
    console.log(
        "accepted, rejected: as the file expects; excepted: otherwise, for a reason in test/vectors/exceptions.json"
    )
    for (const text of failures) console.error(text)
    return failures.length === 0 ? 0 : 1
}

void main().then(code => (process.exitCode = code))
