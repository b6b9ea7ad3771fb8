/**
 * Compiles firmware with DeviceScript's own compiler, in this process.
 *
 * The compiler is called below its command line: it sees only files below the project's folder and the sources of
 * `@devicescript/*` that it brings along, and nothing is written. So the user's tree stays clean, the working
 * directory does not matter, and the same sources give the same image, byte for byte (the command line would put the
 * state of git into it). `.env` files are not read: settings are in flash, see flash.ts.
 */
import { createHash } from "node:crypto"
import {
    existsSync,
    mkdirSync,
    readFileSync,
    renameSync,
    writeFileSync,
} from "node:fs"
import { dirname, join, relative, resolve, sep } from "node:path"
import {
    CLI_VERSION,
    CompilerDebugInfo,
    Diagnostic,
    MessageText,
    loadCompiler,
} from "./cli"
import { Linked } from "./linker/image"
import { relink } from "./linker/linker"
import { LinkerError } from "./linker/opcodes"
import { TraceTable, traceTable } from "./trace"

/** A compiled program. */
export interface Image {
    /** What is written to a board. */
    binary: Buffer
    /** Where the bytecode ends: header, 16 bytes a function, code. The VM refuses 65,536 and more. */
    codeBytes: number
    /** Bytes of code, function headers included, by source file; the sum is `codeBytes`. Largest first. */
    modules: { file: string; bytes: number }[]
    /** Finds source lines of stack traces. */
    trace: TraceTable
}

export interface CompileOptions {
    /**
     * The project's folder: every source is below it. Left out, it is the nearest folder above the entry file that
     * has a `devsconfig.json`.
     */
    root?: string
    /** Whether an image compiled earlier from the same sources may be used. Default true. */
    cache?: boolean
    /** Whether the image is made smaller, see linker/linker.ts. Default true. */
    shrink?: boolean
}

/** The program does not compile. The message lists `file:line:column: message`, one a line. */
export class CompileError extends Error {
    constructor(
        message: string,
        readonly diagnostics: string[] = []
    ) {
        super([message, ...diagnostics].join("\n"))
        this.name = "CompileError"
    }
}

/** DeviceScript's own mark of a project's folder. */
const PROJECT_MARK = "devsconfig.json"

/** Row of `modules` for what belongs to no file. */
export const HEADER_ROW = "(header)"

/** Changes whenever an image compiled earlier would differ from one compiled now. */
const CACHE_FORMAT = 4

const slashes = (path: string) => path.split(sep).join("/")

function findRoot(entry: string): string {
    for (let folder = dirname(entry); ; folder = dirname(folder)) {
        if (existsSync(join(folder, PROJECT_MARK))) return folder
        if (folder === dirname(folder))
            throw new CompileError(
                `${entry} is not in a DeviceScript project: no folder above it has a ${PROJECT_MARK}. ` +
                    `Put one with the content {} into the project's folder.`
            )
    }
}

let queue: Promise<unknown> = Promise.resolve()

/**
 * Compiles the program that starts with `entryFile`.
 *
 * Calls run one after the other; each takes about a second when no image of the same sources is at hand.
 *
 * @throws CompileError when a file is missing or the program has errors
 */
export function compile(
    entryFile: string,
    options: CompileOptions = {}
): Promise<Image> {
    const result = queue.then(() => compileNow(resolve(entryFile), options))
    queue = result.catch(() => undefined)
    return result
}

function compileNow(entry: string, options: CompileOptions): Image {
    if (!existsSync(entry))
        throw new CompileError(`The firmware source ${entry} does not exist.`)
    const root = options.root ? resolve(options.root) : findRoot(entry)
    const entryName = slashes(relative(root, entry))
    if (entryName.startsWith("..") || resolve(entryName) === entryName)
        throw new CompileError(
            `The firmware source ${entry} must be below the project's folder ${root}.`
        )
    const files = new SourceFiles(root)
    const shrink = options.shrink ?? true
    const store =
        options.cache === false
            ? undefined
            : cacheFile(root, shrink ? entryName : `${entryName} as compiled`)
    const cached = store && readCache(store, files)
    if (cached) return cached
    const compiled = runCompiler(entryName, files)
    const image = imageOf(shrink ? link(entryName, compiled) : compiled)
    if (store) writeCache(store, files, image)
    return image
}

/** The project's files, and a note of each that was asked for. */
class SourceFiles {
    /** Hash by file name; `null` for a file that was looked for and is not there. */
    readonly seen = new Map<string, string | null>()

    constructor(readonly root: string) {}

    /** @returns `undefined` when there is no such file */
    read(name: string): string | undefined {
        const path = resolve(this.root, name)
        let text: string | undefined
        try {
            text = readFileSync(path, "utf8")
        } catch {
            text = undefined
        }
        this.seen.set(
            slashes(relative(this.root, path)),
            text === undefined ? null : hashOf(text)
        )
        return text
    }
}

const hashOf = (text: string) =>
    createHash("sha256").update(text).digest("base64")

/** What DeviceScript's compiler makes of a program, before the linker. */
export function compileUnlinked(entryFile: string, root: string): Linked {
    return runCompiler(
        slashes(relative(root, resolve(entryFile))),
        new SourceFiles(root)
    )
}

function runCompiler(entryName: string, files: SourceFiles): Linked {
    const compiler = loadCompiler()
    const config = compiler.resolveBuildConfig({
        hwInfo: { "@name": entryName, "@version": versionOf(files) },
    })
    const libraries = compiler.preludeFiles(config)
    const root = slashes(files.root)
    const result = compiler.compileWithHost(entryName, {
        write: () => undefined,
        read: name => {
            // What the installed packages hold may be of another version than the compiler: its own copy counts.
            const library = name.startsWith(`${root}/`)
                ? libraries[name.slice(root.length + 1)]
                : libraries[name]
            const text =
                library ??
                (/(^|\/)\.env[^/]*$/.test(name) ? undefined : files.read(name))
            if (text === undefined) throw new Error(`no file ${name}`)
            return text
        },
        resolvePath: name => slashes(resolve(files.root, name)),
        relativePath: name =>
            slashes(relative(files.root, resolve(files.root, name))),
        log: () => undefined,
        isBasicOutput: () => true,
        error: () => undefined,
        getFlags: () => ({}),
        getConfig: () => config,
        verifyBytecode: () => undefined,
    })
    if (!result.success || !result.binary || !result.dbg)
        throw new CompileError(
            `${entryName} does not compile:`,
            errorsOf(result.diagnostics)
        )
    return { binary: Buffer.from(result.binary), debug: result.dbg }
}

/** An image with what is found out from its debug information. */
export function imageOf({ binary, debug }: Linked): Image {
    const codeBytes = endOfCode(binary)
    return {
        binary,
        codeBytes,
        modules: sizeByModule(debug, codeBytes),
        trace: traceTable(debug),
    }
}

function link(entryName: string, image: Linked): Linked {
    try {
        return relink(image, loadCompiler().OP_PROPS)
    } catch (error) {
        if (!(error instanceof LinkerError)) throw error
        throw new CompileError(`${entryName} does not link: ${error.message}`)
    }
}

function errorsOf(diagnostics: Diagnostic[]): string[] {
    const errors = new Map<string, string>()
    for (const diagnostic of diagnostics) {
        const { category, filename, line, column, messageText } = diagnostic
        const place = `${filename}:${line}:${column}`
        // What the type checker said about a place, the code generator need not say again.
        if (category === 1 && !errors.has(place))
            errors.set(place, `${place}: ${flatten(messageText)}`)
    }
    return [...errors.values()]
}

/** The version that the device tells when its program starts. */
function versionOf(files: SourceFiles): string {
    try {
        const { version } = JSON.parse(files.read("package.json") ?? "{}") as {
            version?: string
        }
        return version ?? "unversioned"
    } catch {
        return "unversioned"
    }
}

function flatten(message: MessageText): string {
    if (typeof message === "string") return message
    return [message.messageText, ...(message.next ?? []).map(flatten)].join(" ")
}

/** The image starts with a header of 32 bytes, then comes a table of sections: offset and length, four bytes each. */
const SECTION_TABLE = 32
const CODE_SECTION = 1
/** A function's size is its code and this header. */
const FUNCTION_HEADER = 16

/** Where the bytecode of an image ends. */
export function endOfCode(binary: Buffer): number {
    const at = SECTION_TABLE + 8 * CODE_SECTION
    return binary.readUInt32LE(at) + binary.readUInt32LE(at + 4)
}

function sizeByModule(
    debug: CompilerDebugInfo,
    codeBytes: number
): Image["modules"] {
    const bytes = new Map<string, number>()
    const add = (file: string, count: number) =>
        bytes.set(file, (bytes.get(file) ?? 0) + count)
    const { entries, files } = traceTable(debug)
    let at = 0
    for (const { startpc, size } of debug.functions) {
        // Two functions belong to all files: one holds the top-level statements, the other makes the classes. So
        // each piece of code goes to the file that the source map names; the header goes with the first piece.
        const end = startpc + size - FUNCTION_HEADER
        let pc = startpc - FUNCTION_HEADER
        let file = HEADER_ROW
        for (; at < entries.length && entries[at][0] < end; at++) {
            const [next, index] = entries[at]
            if (next > startpc) {
                add(file, next - pc)
                pc = next
            }
            file = moduleOf(files[index].path)
        }
        add(file, end - pc)
    }
    let sum = 0
    for (const count of bytes.values()) sum += count
    add(HEADER_ROW, codeBytes - sum)
    return [...bytes]
        .map(([file, count]) => ({ file, bytes: count }))
        .filter(row => row.bytes !== 0)
        .sort((a, b) => b.bytes - a.bytes || (a.file < b.file ? -1 : 1))
}

/** Of an installed package only the package's name is told. */
function moduleOf(path: string): string {
    const match = /^(.*\/)?node_modules\/((@[^/]+\/)?[^/]+)\//.exec(path)
    return match ? match[2] : path
}

/** Where images are kept: `node_modules/.cache` is where tools keep such things, and nobody commits it. */
function cacheFile(root: string, entryName: string): string | undefined {
    const modules = join(root, "node_modules")
    if (!existsSync(modules)) return undefined
    const name = hashOf(`${root}\n${entryName}`).replace(/\W/g, "").slice(0, 24)
    return join(modules, ".cache", "devicescript-edge-leaf", `${name}.json`)
}

interface Cached extends Omit<Image, "binary"> {
    version: string
    format: number
    seen: [string, string | null][]
    binary: string
}

function readCache(store: string, files: SourceFiles): Image | undefined {
    try {
        const { version, format, seen, binary, ...rest } = JSON.parse(
            readFileSync(store, "utf8")
        ) as Cached
        if (version !== CLI_VERSION || format !== CACHE_FORMAT) return undefined
        for (const [name, hash] of seen) {
            const text = files.read(name)
            if ((text === undefined ? null : hashOf(text)) !== hash)
                return undefined
        }
        return { ...rest, binary: Buffer.from(binary, "base64") }
    } catch {
        return undefined
    }
}

function writeCache(store: string, files: SourceFiles, image: Image): void {
    const cached: Cached = {
        ...image,
        version: CLI_VERSION,
        format: CACHE_FORMAT,
        seen: [...files.seen],
        binary: image.binary.toString("base64"),
    }
    try {
        mkdirSync(dirname(store), { recursive: true })
        const draft = `${store}.${process.pid}`
        writeFileSync(draft, JSON.stringify(cached))
        renameSync(draft, store)
    } catch {
        // Without a place to keep it the image is compiled again next time.
    }
}
