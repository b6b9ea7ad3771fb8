/** Asks the `openssl` program, an implementation that shares nothing with ours, what it thinks of a chain. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** The reason to skip a test that needs the program, or false. */
export const withoutOpenssl: string | false =
    spawnSync("openssl", ["version"]).status === 0
        ? false
        : "the openssl program is not installed"

/** Runs `openssl` with files of these names and contents in its working directory; gives all that it prints. */
export function openssl(
    args: string[],
    files: Record<string, string>
): { status: number | null; output: string } {
    const folder = mkdtempSync(join(tmpdir(), "leaf-openssl-"))
    try {
        for (const [name, content] of Object.entries(files))
            writeFileSync(join(folder, name), content)
        const result = spawnSync("openssl", args, {
            cwd: folder,
            encoding: "utf8",
            timeout: 30_000,
            input: "",
        })
        return {
            status: result.status,
            output: result.stdout + result.stderr,
        }
    } finally {
        rmSync(folder, { recursive: true, force: true })
    }
}
