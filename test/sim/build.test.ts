/** `leaf build`, as a user runs it. */
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import {
    mkdirSync,
    mkdtempSync,
    readFileSync,
    rmSync,
    writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { compile } from "../../sim/vm/compiler"

const LEAF = join(__dirname, "../../sim/cli/leaf.js")
const folder = mkdtempSync(join(tmpdir(), "leaf-build-"))
after(() => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, "devsconfig.json"), "{}")
mkdirSync(join(folder, "src"))
// Where the cache is: all but the first take the image out of it.
mkdirSync(join(folder, "node_modules"))
const entry = join(folder, "src", "main.ts")
writeFileSync(entry, 'console.log("built")\n')
writeFileSync(join(folder, "bad.ts"), 'const n: number = "text"\n')

const build = (...args: string[]) =>
    spawnSync(process.execPath, [LEAF, "build", ...args], {
        cwd: folder,
        encoding: "utf8",
    })

test("leaf build writes the linked image into a file, and tells its size", async () => {
    const { binary, codeBytes } = await compile(entry)
    for (const [args, file] of [
        [[], "main.devs"],
        [["--out", "other"], "other"],
    ] as const) {
        const { status, stdout, stderr } = build("src/main.ts", ...args)
        assert.equal(stderr, "")
        assert.equal(status, 0)
        assert.equal(
            stdout,
            `${file}: ${binary.length} bytes, ${codeBytes} of them code, of 65535\n`
        )
        assert.ok(readFileSync(join(folder, file)).equals(binary))
    }
    const help = build("--help")
    assert.match(help.stdout, /^Usage: leaf build/)
    assert.equal(help.status, 0)
})

test("leaf build tells what is wrong with a firmware, an option or a file", () => {
    for (const [args, code, message] of [
        [[], 2, /^One firmware is needed/],
        [["--size"], 2, /"leaf build --help" lists the options/],
        [["no.ts"], 1, /no\.ts does not exist/],
        [["bad.ts"], 1, /^bad\.ts does not compile:\nbad\.ts:1:7: Type/],
        [["src/main.ts", "--out", "no/a"], 1, /^--out no\/a: .*ENOENT/],
    ] as const) {
        const { status, stderr } = build(...args)
        assert.match(stderr, message)
        assert.doesNotMatch(stderr, /\n\s+at |mistake of ours/)
        assert.equal(status, code)
    }
})
