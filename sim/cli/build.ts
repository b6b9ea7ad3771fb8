/** `leaf build`: compiles and links a firmware into a file, with a board's pins: DeviceScript's own build does not link. */
import { writeFileSync } from "node:fs"
import { basename } from "node:path"
import { parseArgs } from "node:util"
import { BoardDescription } from "../boards/catalog"
import { withBoard } from "../boards/hardware"
import { CompileError, Image, compile, endOfCode } from "../vm/compiler"
import { verifyImage } from "../vm/machine"
import { CODE_LIMIT, Write, boardNamed, toStdout } from "./boards"
import { Failure, systemCode } from "./failure"
import { USAGE, usageFailure } from "./options"

const HELP = `Usage: leaf build <firmware.ts> [options]

Compiles a firmware and links it: its image is 7 to 8 % smaller than the one that "devs build" makes.
With a board, its pins for I2C and the status LED are in the image, whatever runtime image the board has.

Options:
  --board <name>  the board: "leaf boards" lists them
  --out <file>    the image (default: the firmware's name with .devs, in this folder)
  --json          what was built as one JSON object
  --help          this text

Example:
  leaf build src/main.ts --board pico-w
  devs deploy main.devs     while "devs devtools" is connected to the board

Exit codes: 0 built, 1 it does not compile or cannot be written, 2 wrong usage, 4 it does not fit the board.
`

/** The exit code for a firmware that is too large. */
export const TOO_LARGE = 4

/** @returns the exit code */
export async function build(
    args: string[],
    write: Write = toStdout
): Promise<number> {
    const options = readOptions(args)
    if (!options) {
        write(HELP)
        return 0
    }
    const { board } = options
    const { binary, codeBytes } = board
        ? await buildFor(board, options.entry)
        : await compiled(options.entry)
    try {
        writeFileSync(options.out, binary)
    } catch (error) {
        throw new Failure(
            `--out ${options.out}: the file cannot be written (${systemCode(error)}): check its folder and rights.`
        )
    }
    write(
        options.json
            ? JSON.stringify({
                  file: options.out,
                  board: board?.name,
                  bytes: binary.length,
                  codeBytes,
              }) + "\n"
            : `${options.out}: ${binary.length} bytes, ${codeBytes} of them code, of ${CODE_LIMIT - 1}` +
                  (board
                      ? `, for ${board.title}, which holds ${board.chip.programBytes}\n`
                      : "\n")
    )
    return 0
}

/**
 * A firmware with a board's pins, checked as the board checks it before it runs.
 *
 * @throws Failure when it does not compile, or does not fit
 */
export async function buildFor(
    board: BoardDescription,
    entry: string
): Promise<{ binary: Buffer; codeBytes: number }> {
    const binary = withBoard((await compiled(entry)).binary, board)
    await checkFit(board, binary, entry)
    return { binary, codeBytes: endOfCode(binary) }
}

/** @throws Failure when the board would refuse the image */
export async function checkFit(
    board: BoardDescription,
    binary: Buffer,
    what: string
): Promise<void> {
    const codeBytes = endOfCode(binary)
    if (codeBytes >= CODE_LIMIT)
        throw new Failure(
            `${what}: ${codeBytes} bytes of code, of ${CODE_LIMIT - 1} that every board's VM can address: leave out a feature ("What costs code bytes" in CONTRIBUTING.md).`,
            TOO_LARGE
        )
    if (binary.length > board.chip.programBytes)
        throw new Failure(
            `${what}: an image of ${binary.length} bytes, of ${board.chip.programBytes} that the store of ${board.title} has room for: shorten its texts and tables.`,
            TOO_LARGE
        )
    const error = await verifyImage(binary)
    if (error)
        throw new Failure(
            `${what}: the VM refuses the image (${error}): build it anew with this version of leaf.`
        )
}

async function compiled(entry: string): Promise<Image> {
    try {
        return await compile(entry)
    } catch (error) {
        if (error instanceof CompileError) throw new Failure(error.message)
        throw error
    }
}

interface Options {
    entry: string
    out: string
    board: BoardDescription | undefined
    json: boolean
}

function readOptions(args: string[]): Options | undefined {
    let parsed
    try {
        parsed = parseArgs({
            args,
            allowPositionals: true,
            options: {
                board: { type: "string" },
                out: { type: "string" },
                json: { type: "boolean", default: false },
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
    return {
        entry,
        out: values.out ?? basename(entry, ".ts") + ".devs",
        board:
            values.board === undefined
                ? undefined
                : boardNamed(values.board, "--board "),
        json: values.json,
    }
}
