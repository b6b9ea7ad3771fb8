/**
 * Files with a device's key: their owner's only, never half written, and out of git's sight.
 *
 * Not done: encryption. On Windows a file has the rights of its folder.
 */
import { execFileSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import {
    closeSync,
    fsyncSync,
    openSync,
    readFileSync,
    realpathSync,
    renameSync,
    rmSync,
    writeFileSync,
} from "node:fs"
import { basename, dirname, join } from "node:path"
import { Failure, systemCode } from "../cli/failure"

/** What git has to say of a file. */
export type GitVerdict = "ignored" | "tracked-or-seen" | "no-work-tree"

/** Asks git; the name of the file is all that it is told. */
export function askGit(file: string): GitVerdict | "no-git" {
    // A hook's variables would name another repository.
    const env = Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !/^GIT_/.test(name))
    )
    const ask = (...args: string[]) =>
        execFileSync("git", ["-c", "safe.directory=*", ...args], {
            cwd: dirname(file),
            env,
            stdio: ["ignore", "pipe", "ignore"],
        }).toString()
    try {
        if (ask("rev-parse", "--is-inside-work-tree").trim() !== "true")
            return "no-work-tree"
    } catch (error) {
        return systemCode(error) === "ENOENT" ? "no-git" : "no-work-tree"
    }
    try {
        // It says no for a file that is tracked already, whatever .gitignore says.
        ask("check-ignore", "--quiet", "--", basename(file))
        return "ignored"
    } catch {
        return "tracked-or-seen"
    }
}

/**
 * Refuses a file that git would take along.
 *
 * @returns what to tell the user if git could not be asked
 */
export function guardFromGit(
    file: string,
    ask: typeof askGit = askGit
): string | undefined {
    // Git itself would come upon a missing folder as if it were missing.
    checkFolder(file)
    switch (ask(file)) {
        case "ignored":
            return undefined
        case "tracked-or-seen":
            throw new Failure(
                `${file}: git would take this file along, and the device's key with it. Add ${basename(file)} to .gitignore, and "git rm --cached" it if it is tracked.`
            )
        case "no-git":
            return `${file}: git is not here to be asked whether it ignores this file. It holds the device's key: see to it that it does.`
        case "no-work-tree":
            return `${file}: this is no git work tree. Should it become one, have git ignore this file: it holds the device's key.`
    }
}

function checkFolder(file: string): void {
    try {
        realpathSync(dirname(file))
    } catch (error) {
        throw new Failure(
            `${file}: its folder is not there (${systemCode(error)}): make it first.`
        )
    }
}

/** The text of a file; nothing if there is none. @throws Failure if it cannot be read */
export function readIfThere(file: string): string {
    try {
        return readFileSync(file, "utf8")
    } catch (error) {
        if (systemCode(error) === "ENOENT") return ""
        throw new Failure(
            `${file}: the file cannot be read (${systemCode(error)}): check its name and rights.`
        )
    }
}

/** Writes a file, for its owner only, so that it holds all of the old content or all of the new. @throws Failure */
export function writeSecretFile(
    file: string,
    content: string | Uint8Array
): void {
    let draft: string | undefined
    try {
        const target = resolved(file)
        // A name that DeviceScript's .gitignore covers, should this process end in between.
        const name = `.env.${randomBytes(6).toString("hex")}.local`
        draft = join(dirname(target), name)
        const handle = openSync(draft, "wx", 0o600)
        try {
            writeFileSync(handle, content)
            fsyncSync(handle)
        } finally {
            closeSync(handle)
        }
        renameSync(draft, target)
    } catch (error) {
        if (draft) rmSync(draft, { force: true })
        throw new Failure(
            `${file}: the file cannot be written (${systemCode(error)}): check its folder, its rights, and the room on the disk.`
        )
    }
}

/** The file itself, where the name is that of a link. */
function resolved(file: string): string {
    try {
        return realpathSync(file)
    } catch {
        return file
    }
}
