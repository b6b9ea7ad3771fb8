/** `leaf build`: compiles and links a firmware into a file, for a board: DeviceScript's own build does not link. */
import { writeFileSync } from "node:fs"
import { basename } from "node:path"
import { parseArgs } from "node:util"
import { CompileError, Image, compile } from "../vm/compiler"
import { Failure, systemCode } from "./failure"
import { USAGE, usageFailure } from "./options"

const HELP = `Usage: leaf build <firmware.ts> [options]

Compiles a firmware and links it: its image is 7 to 8 % smaller than the one that "devs build" makes.

Options:
  --out <file>   the image (default: the firmware's name with .devs, in this folder)
  --help         this text

Example:
  leaf build src/main.ts
  devs deploy main.devs     while "devs devtools" is connected to the board
`

/** @returns the exit code */
export async function build(args: string[]): Promise<number> {
    const options = readOptions(args)
    if (!options) {
        process.stdout.write(HELP)
        return 0
    }
    const { binary, codeBytes } = await compiled(options.entry)
    try {
        writeFileSync(options.out, binary)
    } catch (error) {
        throw new Failure(
            `--out ${options.out}: the file cannot be written (${systemCode(error)}): check its folder and rights.`
        )
    }
    process.stdout.write(
        `${options.out}: ${binary.length} bytes, ${codeBytes} of them code, of 65535\n`
    )
    return 0
}

async function compiled(entry: string): Promise<Image> {
    try {
        return await compile(entry)
    } catch (error) {
        if (error instanceof CompileError) throw new Failure(error.message)
        throw error
    }
}

function readOptions(
    args: string[]
): { entry: string; out: string } | undefined {
    let parsed
    try {
        parsed = parseArgs({
            args,
            allowPositionals: true,
            options: {
                out: { type: "string" },
                help: { type: "boolean", default: false },
            },
        })
    } catch (error) {
        throw usageFailure("build", error)
    }
    const { values, positionals } = parsed
    if (values.help) return undefined
    if (positionals.length !== 1)
        throw new Failure(
            'One firmware is needed. "leaf build --help" says more.',
            USAGE
        )
    const [entry] = positionals
    return { entry, out: values.out ?? basename(entry, ".ts") + ".devs" }
}
