/** Writes `src/names.ts` anew, from the firmwares as they are: `npm run names`, when `test/house/names.test.ts` says so. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { loadCompiler } from "../sim/vm/cli"
import { compile } from "../sim/vm/compiler"

const root = join(__dirname, "../..")

/** All firmwares count alike. */
export const FIRMWARES = [
    "src/main.ts",
    "src/mainec.ts",
    "src/mainall.ts",
    "src/mainfield.ts",
    "src/mainthermostat.ts",
    "src/mainthermostatec.ts",
]

/** Strings with smaller numbers than this are named in one byte, others in three. */
export const SHORT_NUMBERS = 248

/** What one firmware does with its strings. */
export interface StringUse {
    /** Times that the code names a string, by string. */
    uses: Map<string, number>
    /** Number by string. The ones that the VM knows by itself have none. */
    numbers: Map<string, number>
}

/** Reads the use of strings out of the compiler's own listing of an image. */
export async function stringUse(entry: string): Promise<StringUse> {
    const image = await compile(join(root, entry), { root })
    const [code, table] = loadCompiler()
        .disassemble(image.binary, {})
        .split("\nStrings ASCII:\n")
    const numbers = new Map<string, number>()
    for (const [, number, text] of table
        .split("\nStrings ")[0]
        .matchAll(/^ *(\d+): "(.*)"$/gm))
        numbers.set(text, Number(number))
    const uses = new Map<string, number>()
    for (const [, text] of code.matchAll(/"((?:[^"\\]|\\.)*)"/g))
        if (numbers.has(text)) uses.set(text, (uses.get(text) ?? 0) + 1)
    return { uses, numbers }
}

/** Bytes that a firmware spends on strings with long numbers: now, and with the best order. */
export function lostBytes({ uses, numbers }: StringUse): {
    now: number
    best: number
} {
    const now = [...uses].filter(
        ([text]) => numbers.get(text)! >= SHORT_NUMBERS
    )
    const best = [...uses].sort((a, b) => b[1] - a[1]).slice(SHORT_NUMBERS)
    const bytes = (rows: [string, number][]) =>
        rows.reduce((sum, [, count]) => sum + 2 * count, 0)
    return { now: bytes(now), best: bytes(best) }
}

/** The names that code uses most, in alphabetical order. */
async function mostUsed(): Promise<string[]> {
    const total = new Map<string, number>()
    for (const entry of FIRMWARES)
        for (const [name, count] of (await stringUse(entry)).uses)
            if (/^\w+$/.test(name))
                total.set(name, (total.get(name) ?? 0) + count)
    return [...total]
        .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
        .slice(0, SHORT_NUMBERS)
        .map(([name]) => name)
        .sort()
}

async function write(): Promise<void> {
    const path = join(root, "src/names.ts")
    const [comment] = readFileSync(path, "utf8").split(/^"/m)
    const names = (await mostUsed()).map(name => `"${name}"\n`)
    writeFileSync(path, comment + names.join(""))
}

if (require.main === module) void write()
