/**
 * Writes the sources of `@devicescript/*` to `node_modules`, for editors and for linting with types.
 *
 * The compiler brings these packages along and needs no copy on disk. This is what `devs build` does with each run.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { loadCompiler } from "./cli"

/**
 * @param root folder that has `node_modules`
 * @returns how many files were changed
 */
export function writeDeviceLibraries(root: string): number {
    const compiler = loadCompiler()
    const files = compiler.preludeFiles(
        compiler.resolveBuildConfig({ hwInfo: {} })
    )
    let changed = 0
    for (const name of Object.keys(files)) {
        const path = join(root, name)
        if (contentOf(path) === files[name]) continue
        mkdirSync(dirname(path), { recursive: true })
        // Package managers may share files between projects: replaced, never changed in place.
        rmSync(path, { force: true })
        writeFileSync(path, files[name])
        changed++
    }
    return changed
}

function contentOf(path: string): string | undefined {
    try {
        return readFileSync(path, "utf8")
    } catch {
        return undefined
    }
}

if (require.main === module)
    writeDeviceLibraries(join(__dirname, "..", "..", ".."))
