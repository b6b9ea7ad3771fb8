import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { FIRMWARES, lostBytes, stringUse } from "../../tools/names"

const root = join(__dirname, "..", "..", "..")

/** What a good order may cost more than the best one of a single firmware. */
const TOLERANCE = 400

for (const entry of FIRMWARES)
    test(`the names that ${entry} uses most have short numbers`, async () => {
        const { now, best } = lostBytes(await stringUse(entry))
        console.log(`${entry}: long numbers cost ${now} bytes, at best ${best}`)
        assert.ok(
            now - best <= TOLERANCE,
            `${now - best} bytes could be saved: run "npm run names"`
        )
    })

test("the list of names holds each once, and nothing but names", () => {
    const list = readFileSync(join(root, "src/names.ts"), "utf8")
        .split("*/\n")[1]
        .trimEnd()
        .split("\n")
    for (const line of list) assert.match(line, /^"\w+"$/)
    assert.equal(new Set(list).size, list.length)
})
