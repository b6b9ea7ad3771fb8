import assert from "node:assert/strict"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { TestContext, test } from "node:test"
import {
    CLI_VERSION,
    CliError,
    loadCompiler,
    loadVm,
    readBundle,
} from "../../../sim/vm/cli"

/** A folder that looks like an installed CLI. */
function fakeCli(context: TestContext, version: string): string {
    const folder = mkdtempSync(join(tmpdir(), "cli-"))
    context.after(() => rmSync(folder, { recursive: true }))
    mkdirSync(join(folder, "built"))
    writeFileSync(join(folder, "built", "devicescript-cli.cjs"), "// nothing")
    writeFileSync(join(folder, "package.json"), JSON.stringify({ version }))
    return join(folder, "package.json")
}

const wayOut = new RegExp(
    `exactly @devicescript/cli ${CLI_VERSION}.*run "npm install`
)

test("the installed CLI is the one that is expected", () => {
    assert.ok(readBundle().text.length > 1_000_000)
})

test("another version of the CLI is refused, with the way out", context => {
    const packageJson = fakeCli(context, "2.17.0")
    assert.throws(
        () => readBundle(packageJson),
        (error: Error) =>
            error instanceof CliError &&
            error.message.includes("is version 2.17.0") &&
            wayOut.test(error.message)
    )
})

test("a missing CLI is said so, with the way out", () => {
    assert.throws(
        () => readBundle(join(tmpdir(), "no such folder", "package.json")),
        (error: Error) =>
            error instanceof CliError &&
            error.message.includes("cannot be read") &&
            wayOut.test(error.message)
    )
})

test("a bundle of the right version without the VM or the compiler is refused", context => {
    const bundle = readBundle(fakeCli(context, CLI_VERSION))
    assert.throws(() => loadVm({} as never, () => bundle), {
        name: "CliError",
        message: /^The VM is not where it should be/,
    })
    assert.throws(() => loadCompiler(() => bundle), {
        name: "CliError",
        message: /^The compiler is not where it should be/,
    })
})
