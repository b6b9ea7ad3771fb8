import assert from "node:assert/strict"
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    rmSync,
    writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { TestContext, test } from "node:test"
import { CompileError, HEADER_ROW, compile } from "../../../sim/vm/compiler"
import { deviceFor, firmware } from "./programs"

/** A project of its own, outside this repository. */
function project(context: TestContext, files: Record<string, string>): string {
    const folder = mkdtempSync(join(tmpdir(), "project-"))
    context.after(() => rmSync(folder, { recursive: true }))
    for (const name of Object.keys(files)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true })
        writeFileSync(join(folder, name), files[name])
    }
    return folder
}

const MARK = { "devsconfig.json": "{}" }

test("a project elsewhere compiles, and nothing is written to it", async context => {
    const folder = project(context, {
        ...MARK,
        "src/part.ts": "export function twice(n: number) { return n * 2 }",
        "src/main.ts":
            'import { twice } from "./part"\nconsole.log(`twice ${twice(21)}`)',
    })
    const image = await compile(join(folder, "src", "main.ts"))
    assert.deepEqual(readdirSync(folder).sort(), ["devsconfig.json", "src"])
    const device = await deviceFor(context, { image })
    assert.equal((await device.until("twice")).text, "twice 42")
})

test("an installed library compiles into the program", async context => {
    const folder = project(context, {
        ...MARK,
        "node_modules/part/package.json":
            '{"name":"part","main":"src/index.ts","devicescript":{"library":true}}',
        "node_modules/part/src/index.ts":
            'import { millis } from "@devicescript/core"\nexport function late() { return millis() > 0 }',
        "src/main.ts": 'import { late } from "part"\nconsole.log(late())',
    })
    const image = await compile(join(folder, "src", "main.ts"), {
        cache: false,
    })
    assert.ok(image.modules.some(({ file }) => file === "part"))
})

test("every byte of code is in the table of modules", async () => {
    const image = await firmware("sockets")
    const rows = new Map(image.modules.map(row => [row.file, row.bytes]))
    assert.equal(
        image.modules.reduce((sum, { bytes }) => sum + bytes, 0),
        image.codeBytes
    )
    assert.ok(rows.get("test/firmware/sockets.ts")! > 100)
    assert.ok(rows.get("@devicescript/net")! > 500)
    assert.equal(rows.get(HEADER_ROW), 112)
    assert.ok(image.codeBytes < image.binary.length)
})

test("the same sources give the same image, from the cache or not", async context => {
    const folder = project(context, {
        ...MARK,
        "node_modules/.keep": "",
        "main.ts": "console.log(1)",
    })
    const entry = join(folder, "main.ts")
    const first = await compile(entry)
    assert.ok(existsSync(join(folder, "node_modules", ".cache")))
    const cached = await compile(entry)
    const again = await compile(entry, { cache: false })
    assert.deepEqual(cached, first)
    assert.deepEqual(again, first)
})

test("a changed, a new and a removed source each make the cache forget", async context => {
    const folder = project(context, {
        ...MARK,
        "node_modules/.keep": "",
        "part/index.ts": "export const n = 1",
        "main.ts": 'import { n } from "./part"\nconsole.log(n)',
    })
    const entry = join(folder, "main.ts")
    const first = await compile(entry)
    writeFileSync(join(folder, "part", "index.ts"), "export const n = 77")
    const changed = await compile(entry)
    assert.notDeepEqual(changed.binary, first.binary)
    // Resolution prefers part.ts to part/index.ts: a file that was not there before counts.
    writeFileSync(join(folder, "part.ts"), "export const n = 1")
    const shadowed = await compile(entry)
    assert.notDeepEqual(shadowed.binary, changed.binary)
    rmSync(join(folder, "part.ts"))
    assert.deepEqual((await compile(entry)).binary, changed.binary)
})

test("errors of a program are listed with file, line and column, without colours", async context => {
    const folder = project(context, {
        ...MARK,
        "main.ts": 'const a: number = "text"\n\n    unknownName()\nexport {a}',
    })
    await assert.rejects(compile(join(folder, "main.ts")), (error: Error) => {
        assert.ok(error instanceof CompileError)
        assert.deepEqual(error.diagnostics.length, 2)
        assert.match(error.diagnostics[0], /^main\.ts:1:7: Type 'string' is/)
        assert.match(
            error.diagnostics[1],
            /^main\.ts:3:5: Cannot find name 'unknownName'/
        )
        assert.match(error.message, /^main\.ts does not compile:\nmain\.ts:1/)
        assert.ok(!error.message.includes("\x1b"))
        return true
    })
})

test("what DeviceScript does not support is an error of the program, too", async context => {
    const folder = project(context, {
        ...MARK,
        "main.ts":
            "const { a } = { a: 1 }\nlet b = 0\n;[b] = [a]\nconsole.log(b)",
    })
    await assert.rejects(compile(join(folder, "main.ts")), /main\.ts:3:/)
})

test("a failed compilation does not disturb the next, nor do calls at the same time", async context => {
    const folder = project(context, {
        ...MARK,
        "bad.ts": "nonsense(",
        "good.ts": "console.log(5)",
    })
    const bad = compile(join(folder, "bad.ts"))
    const good = compile(join(folder, "good.ts"))
    await assert.rejects(bad, CompileError)
    assert.ok((await good).binary.length > 0)
})

test("a missing file, a missing project and a file outside of it are told apart", async context => {
    const folder = project(context, { "main.ts": "", "sub/a": "" })
    const entry = join(folder, "main.ts")
    await assert.rejects(compile(join(folder, "no.ts")), /does not exist/)
    await assert.rejects(compile(entry), /no folder above it has a devsconfig/)
    await assert.rejects(
        compile(entry, { root: join(folder, "sub") }),
        /must be below the project's folder/
    )
})

test("secrets in .env files do not reach the compiler", async context => {
    const folder = project(context, {
        ...MARK,
        ".env.local": "SECRET=geheim",
        ".env.defaults": "OTHER=offen",
        "main.ts": "console.log(1)",
    })
    const { binary } = await compile(join(folder, "main.ts"))
    assert.ok(!binary.includes("geheim") && !binary.includes("offen"))
})

test("stack traces of the device name source lines", async context => {
    const folder = project(context, {
        ...MARK,
        "main.ts":
            'function thrower() {\n    throw new Error("here")\n}\nthrower()',
    })
    const image = await compile(join(folder, "main.ts"))
    const device = await deviceFor(context, { image })
    assert.match((await device.until(/ at /)).text, /main\.ts:2:/)
    assert.match((await device.until(/ at /)).text, /main\.ts:4:/)
})
