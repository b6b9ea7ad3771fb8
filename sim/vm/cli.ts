/**
 * Finds the DeviceScript VM and compiler inside the installed `@devicescript/cli`.
 *
 * The package is one bundle with a command line in front; neither the VM nor the compiler can be required from it.
 * So both are taken out of the bundle's text when they are first needed. Nothing is copied to disk. This depends on
 * how one exact version was built: another version is refused, and so is a bundle in which the marks are missing.
 */
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { compileFunction } from "node:vm"

/** The only version that this was written for. */
export const CLI_VERSION = "2.16.4"

const BUNDLE = "built/devicescript-cli.cjs"

/** Where the VM's module starts and ends in the bundle. */
const VM_START =
    'var require_devicescript_vm = __commonJS({\n  "runtime/devicescript-vm/built/devicescript-vm.js"(exports, module2) {\n'
const VM_END = "\n  }\n});\n"

/** What makes the bundle hand out the compiler's module. */
const COMPILER = "require_devicescript_compiler_node"

/**
 * The compiler asks TypeScript for the full name of each symbol at each place where it is used, and each answer makes a printer of
 * source text: half of the time of a compilation. A symbol's name does not change, so the answer is kept beside it.
 */
const NAME_QUERY = "this.checker.getFullyQualifiedName(sym)"
const KEPT_NAME_QUERY = `(sym.fullyQualifiedName ??= ${NAME_QUERY})`

/** The installed CLI is missing or not the one that this host was written for. */
export class CliError extends Error {
    constructor(found: string) {
        super(
            `${found}; Edge Leaf needs exactly @devicescript/cli ${CLI_VERSION}: ` +
                `run "npm install --save-exact @devicescript/cli@${CLI_VERSION}".`
        )
        this.name = "CliError"
    }
}

/** A text of the bundle, with where it comes from. */
export interface Bundle {
    file: string
    text: Buffer
}

/**
 * Checks the version of an installed CLI and reads its bundle.
 *
 * @param packageJson path of the CLI's package.json; found by Node's own rules when left out
 * @throws CliError when it is not there or of another version
 */
export function readBundle(packageJson?: string): Bundle {
    let found: string
    try {
        found = packageJson ?? require.resolve("@devicescript/cli/package.json")
    } catch {
        throw new CliError("@devicescript/cli is not installed")
    }
    let version: unknown
    let text: Buffer
    const file = join(dirname(found), BUNDLE)
    try {
        version = (
            JSON.parse(readFileSync(found, "utf8")) as { version?: unknown }
        ).version
        text = readFileSync(file)
    } catch (error) {
        throw new CliError(
            `@devicescript/cli in ${dirname(found)} cannot be read (${(error as Error).message})`
        )
    }
    if (version !== CLI_VERSION)
        throw new CliError(
            `@devicescript/cli in ${dirname(found)} is version ${String(version)}`
        )
    return { file, text }
}

/** What the VM's glue code gets in place of the globals of the same names. */
export interface VmGlobals {
    require: (name: string) => unknown
    Date: { now(): number }
    setTimeout: (callback: () => void, delayMs: number) => unknown
    setInterval: undefined
    clearInterval: (timer: unknown) => void
    console: Record<"log" | "warn" | "error" | "debug", (text: string) => void>
    process: object
    globalThis: object
}

/** An Emscripten module factory: a new VM with each call. */
export type VmFactory = (options: object) => Promise<unknown>

const VM_PARAMETERS = [
    "exports",
    "module2",
    "__filename",
    "__dirname",
    "require",
    "Date",
    "setTimeout",
    "setInterval",
    "clearInterval",
    "console",
    "process",
    "globalThis",
] as const

type VmFunction = (...values: unknown[]) => void

function extractVm({ file, text }: Bundle): VmFunction {
    const start = text.indexOf(VM_START)
    const end = start < 0 ? -1 : text.indexOf(VM_END, start)
    if (end < 0)
        throw new CliError(
            `The VM is not where it should be in ${file}, which seems to have been changed`
        )
    return compileFunction(
        text.toString("utf8", start + VM_START.length, end),
        [...VM_PARAMETERS],
        { filename: `${file}#vm` }
    ) as VmFunction
}

let vmFunction: VmFunction | undefined

/** A factory of VMs that see `globals`. The bundle is read once. */
export function loadVm(globals: VmGlobals, bundle?: () => Bundle): VmFactory {
    const define = bundle
        ? extractVm(bundle())
        : (vmFunction ??= extractVm(readBundle()))
    const module2 = { exports: {} as unknown }
    const values: Record<(typeof VM_PARAMETERS)[number], unknown> = {
        exports: module2.exports,
        module2,
        __filename,
        __dirname,
        ...globals,
    }
    define(...VM_PARAMETERS.map(name => values[name]))
    return module2.exports as VmFactory
}

/** A message of the compiler, which may be a chain of messages. */
export type MessageText = string | { messageText: string; next?: MessageText[] }

export interface Diagnostic {
    /** 1 is an error. */
    category: number
    filename: string
    line: number
    column: number
    messageText: MessageText
}

/** The debug information that goes with an image, as far as it is used here. */
export interface CompilerDebugInfo {
    functions: {
        name: string
        /** Offset in the concatenated sources, and length. */
        location?: [number, number]
        startpc: number
        /** Bytes of code. */
        size: number
    }[]
    sources: { path: string; length: number; text: string }[]
    /** Triples, each as a difference to the one before: position, length of the source text, program counter. */
    srcmap: number[]
}

/** What DeviceScript knows about a chip, as far as it is used here. Numbers may be texts such as `0x1000`. */
export interface Architecture {
    name: string
    /** Where the newest runtime image is. */
    bareUrl: string
    binFlashOffset?: string | number
    dcfgOffset: string
    fstorOffset: string
    fstorPages: number
}

/** A UF2 file: blocks of 256 bytes, each with its address. */
export interface Uf2File {
    writeBytes(address: number, bytes: Uint8Array): void
    serialize(): Uint8Array
}

/** The parts of DeviceScript's compiler that are used here. */
export interface Compiler {
    resolveBuildConfig(config: { hwInfo: Record<string, string> }): {
        archs: Record<string, Architecture>
    }
    /** A board's description, flat; `interpretStrings` takes texts that are numbers for numbers. */
    jsonToDcfg(
        json: object,
        interpretStrings?: boolean
    ): Record<string, number | string>
    serializeDcfg(entries: Record<string, number | string>): Uint8Array
    decodeDcfg(bytes: Uint8Array): {
        errors: string[]
        settings: Record<string, number | string>
    }
    /** What is wrong with the pins of a board. */
    pinsInfo(chip: Architecture, board: object): { errors: string[] }
    UF2File: { fromFile(bytes: Uint8Array): Uf2File }
    /** The sources of `@devicescript/*`, by file name from the project's folder. */
    preludeFiles(config: object): Record<string, string>
    compileWithHost(
        file: string,
        host: {
            write(file: string, content: string | Uint8Array): void
            read(file: string): string
            resolvePath(file: string): string
            relativePath(file: string): string
            log(message: string): void
            isBasicOutput(): boolean
            error(diagnostic: unknown): void
            getFlags(): object
            getConfig(): object
            verifyBytecode(binary: Uint8Array): void
        }
    ): {
        success: boolean
        binary?: Uint8Array
        dbg?: CompilerDebugInfo
        diagnostics: Diagnostic[]
    }
    /** A character an instruction: what it takes and what it is, see linker/opcodes.ts. */
    OP_PROPS: string
    /** A listing of an image: code, then the tables of strings. */
    disassemble(image: Uint8Array, options: object): string
}

let compiler: Compiler | undefined

function extractCompiler({ file, text }: Bundle): Compiler {
    const source = text.toString("utf8")
    if (
        !source.includes(`var ${COMPILER} = __commonJS(`) ||
        !source.includes(NAME_QUERY)
    )
        throw new CliError(
            `The compiler is not where it should be in ${file}, which seems to have been changed`
        )
    const bundle = compileFunction(
        `${source.replaceAll(NAME_QUERY, KEPT_NAME_QUERY)}\n;return ${COMPILER}()`,
        ["exports", "require", "module", "__filename", "__dirname"],
        { filename: file }
    ) as (...values: unknown[]) => Compiler
    const module2 = { exports: {} }
    return bundle(module2.exports, require, module2, file, dirname(file))
}

/** The compiler. The first call reads the whole bundle, which takes about a second. */
export function loadCompiler(bundle?: () => Bundle): Compiler {
    if (bundle) return extractCompiler(bundle())
    return (compiler ??= extractCompiler(readBundle()))
}
