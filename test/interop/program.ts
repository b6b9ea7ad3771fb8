/** Programs that run to their end: what they print, and what they end with. */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestContext } from "node:test"
import { findPeer } from "../peers"

export interface Outcome {
    exitCode: number | null
    /** Standard output, and what it has to say of errors. */
    output: string
    errors: string
}

/** A program that does not end by then is ended. */
const PATIENCE_MS = 30_000

/** Runs a peer; its standard input is `input` and then ends. */
export function runPeer(
    name: string,
    args: string[],
    input = ""
): Promise<Outcome> {
    const program = findPeer(name)
    if (!program) throw new Error(`${name} is not installed`)
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, { timeout: PATIENCE_MS })
        const outcome: Outcome = { exitCode: null, output: "", errors: "" }
        child.stdout.on("data", data => (outcome.output += String(data)))
        child.stderr.on("data", data => (outcome.errors += String(data)))
        child.once("error", reject)
        child.once("close", exitCode => resolve({ ...outcome, exitCode }))
        // It may have ended before it read everything.
        child.stdin.on("error", () => undefined)
        child.stdin.end(input)
    })
}

/** A file with this text, until the test's end. */
export function textFile(t: TestContext, name: string, text: string): string {
    const folder = mkdtempSync(join(tmpdir(), "leaf-test-"))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
}
