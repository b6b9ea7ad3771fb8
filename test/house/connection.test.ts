/** docs/connection.md has the numbers of the code: each of the policy's, with its bounds, and the constants that it names. */
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"

const root = join(__dirname, "..", "..", "..")

interface PolicyModule {
    defaultPolicy(): number[]
    policyByName(policy: number[]): Record<string, number>
    policyBounds(): Record<string, [number, number]>
}

const policy = require("../../src/app/policy") as PolicyModule

const read = (file: string) => readFileSync(join(root, file), "utf8")

const UNITS: Record<string, number> = {
    ms: 1,
    s: 1000,
    min: 60_000,
    h: 3_600_000,
    d: 86_400_000,
}

/** `10 min` in milliseconds, `0.8` as it is. */
function parse(text: string): number {
    const match = /^([\d.]+)(?: (ms|s|min|h|d))?$/.exec(text)
    assert.ok(match, `no number: ${text}`)
    return Number(match[1]) * (match[2] ? UNITS[match[2]] : 1)
}

/** Rows of the document's tables that begin with a name in backquotes; their cells. */
const rows = read("docs/connection.md")
    .split("\n")
    .filter(line => /^\| `\w+`/.test(line))
    .map(line =>
        line
            .split("|")
            .slice(1, -1)
            .map(cell => cell.trim())
    )
    .map(([name, ...cells]) => [name.replaceAll("`", ""), ...cells])

test("the policy's numbers and their bounds are documented as they are, each of them", () => {
    const defaults = policy.policyByName(policy.defaultPolicy())
    const bounds = policy.policyBounds()
    const documented = rows.filter(([name]) => name in defaults)
    assert.deepEqual(
        documented.map(([name]) => name),
        Object.keys(defaults)
    )
    for (const [name, ...cells] of documented) {
        const unit = name.endsWith("Sec") ? 1000 : 1
        assert.deepEqual(
            cells.slice(0, 3).map(parse),
            [defaults[name], ...bounds[name]].map(value => value * unit),
            name
        )
    }
})

test("the constants that are documented have the values that they have in the files", () => {
    const constants = rows.filter(([name]) => /^[A-Z_]+$/.test(name))
    assert.ok(constants.length >= 9)
    for (const [name, value, file] of constants) {
        const match = new RegExp(`const ${name} = (\\d+)$`, "m").exec(
            read(file.replaceAll("`", ""))
        )
        assert.ok(match, `${file} has no ${name}`)
        assert.equal(parse(value), Number(match[1]), name)
    }
})

test("the waits that are documented are there", () => {
    const names = Object.keys(policy.policyBounds())
    const text = read("docs/connection.md")
    for (const [, name] of text.matchAll(/`(\w+(?:Ms|Sec))`/g))
        assert.ok(names.includes(name), `there is no ${name}`)
})
