/** `leaf flash`: writes a bundle to a connected board, with esptool or by copying it to the boot loader's drive. */
import { existsSync, readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { readBundleFile } from "../boards/bundle"
import { BoardDescription } from "../boards/catalog"
import { copyToDrive, findDrive } from "../boards/drive"
import {
    Esptool,
    FlashToolError,
    esptoolArguments,
    findEsptool,
    runEsptool,
    serialPorts,
} from "../boards/esptool"
import { Report, reportText } from "../boards/inspect"
import { Write, boardNamed, toStdout } from "./boards"
import { checkFit } from "./build"
import { MISSING, defaultName, inspectFile } from "./bundle"
import { Failure } from "./failure"
import { USAGE, readNumber, usageFailure } from "./options"

const HELP = `Usage: leaf flash --board <name> [options]

Writes a bundle to a connected board. Whatever the board had is lost: its program, its settings, what it had not sent.
Without --yes it says what it would do, and does nothing.

ESP32 boards need Espressif's esptool 4.5 or later ("pip install esptool"). A Pico W needs no tool: hold BOOTSEL while
you plug it in.

Options:
  --board <name>     the board: "leaf boards" lists them
  --file <bundle>    default: what "leaf bundle src/main.ts --board <name>" makes
  --yes              do it
  --port <port>      the serial port, if there are several
  --baud <rate>      default 460800
  --esptool <path>   if it is not in PATH
  --drive <folder>   where the drive RPI-RP2 is mounted, if it is not found
  --json             one JSON object
  --help             this text

Example:
  leaf flash --board pico-w
  leaf flash --board pico-w --yes

Exit codes: 0 written, 1 not written, or the file is no good for that board, 2 wrong usage,
3 esptool, port, drive or bundle is missing, 4 the firmware does not fit the board, 5 --yes is missing.
`

/** The exit code when nothing was done because `--yes` was not given. */
const NOT_CONFIRMED = 5

/** What is about to be done. */
interface Plan {
    text: string
    execute(onOutput: (text: string) => unknown): Promise<void>
}

/** @returns the exit code */
export async function flash(
    args: string[],
    write: Write = toStdout,
    progress: Write = text => process.stderr.write(text)
): Promise<number> {
    const options = readOptions(args)
    if (!options) {
        write(HELP)
        return 0
    }
    const { board, file, json } = options
    const report = await checkBundle(board, file)
    try {
        const plan = planFor(options)
        if (!json)
            write(
                `${reportText(report)}\nThis replaces all that is in the flash of the ${board.title}: ${plan.text}\n`
            )
        if (options.isConfirmed) await plan.execute(json ? () => 0 : progress)
        if (json)
            write(
                JSON.stringify({
                    board: board.name,
                    file,
                    action: plan.text,
                    written: options.isConfirmed,
                }) + "\n"
            )
        if (!options.isConfirmed)
            throw new Failure(
                "Nothing was written: add --yes to do it.",
                NOT_CONFIRMED
            )
        if (!json)
            write(
                "Written. The board starts by itself; if not, press its RESET button or plug it in anew.\n"
            )
        return 0
    } catch (error) {
        if (!(error instanceof FlashToolError)) throw error
        throw new Failure(`${error.message}.`, error.isMissing ? MISSING : 1)
    }
}

/** What is in the file, if it is good for the board. @throws Failure */
async function checkBundle(
    board: BoardDescription,
    file: string
): Promise<Report> {
    if (!existsSync(file))
        throw new Failure(
            `Missing: the bundle ${file}: make it with "leaf bundle", or name another with --file.`,
            MISSING
        )
    const report = await inspectFile(file)
    if (report.board !== board.file.id)
        throw new Failure(
            `${file}: it is a bundle for ${report.board}, not for --board ${board.name}: nothing was written.`
        )
    const program = readBundleFile(readFileSync(file)).store.program()
    if (!program)
        throw new Failure(
            `${file}: there is no program in it: make it anew with "leaf bundle".`
        )
    await checkFit(board, program, file)
    return report
}

function planFor(options: FlashOptions): Plan {
    const { board, file, baud } = options
    if (board.chip.format === "uf2") {
        const drive = findDrive(options.drive)
        return {
            text: `${file} is copied to ${drive}`,
            execute: () =>
                Promise.resolve(copyToDrive(drive, readFileSync(file))),
        }
    }
    const tool: Esptool = findEsptool(options.esptool)
    const port = portOf(options.port)
    const args = esptoolArguments(tool, board.chip, port, baud, file)
    return {
        text: [tool.path, ...args].join(" "),
        execute: onOutput => runEsptool(tool, args, onOutput),
    }
}

function portOf(port: string | undefined): string {
    const ports = port === undefined ? serialPorts() : [port]
    if (ports.length > 1)
        throw new FlashToolError(
            `There are several serial ports, ${ports.join(", ")}: say which with --port`,
            true
        )
    // Windows' ports are no files.
    if (!ports.length || (!/^COM\d+$/.test(ports[0]) && !existsSync(ports[0])))
        throw new FlashToolError(
            `Missing: ${port ?? "a serial port"}: plug the board in with a cable that carries data, or say where it is with --port`,
            true
        )
    return ports[0]
}

interface FlashOptions {
    board: BoardDescription
    file: string
    isConfirmed: boolean
    port: string | undefined
    baud: number
    esptool: string | undefined
    drive: string | undefined
    json: boolean
}

function readOptions(args: string[]): FlashOptions | undefined {
    let parsed
    try {
        parsed = parseArgs({
            args,
            options: {
                board: { type: "string" },
                file: { type: "string" },
                yes: { type: "boolean", default: false },
                port: { type: "string" },
                baud: { type: "string", default: "460800" },
                esptool: { type: "string" },
                drive: { type: "string" },
                json: { type: "boolean", default: false },
                help: { type: "boolean", default: false },
            },
        })
    } catch (error) {
        throw usageFailure("flash", error)
    }
    const { values } = parsed
    if (values.help) return undefined
    if (values.board === undefined)
        throw new Failure(
            '--board is missing. "leaf flash --help" says more.',
            USAGE
        )
    const board = boardNamed(values.board, "--board ")
    return {
        board,
        file: values.file ?? defaultName("main.ts", board),
        isConfirmed: values.yes,
        port: values.port,
        baud: readNumber("--baud", values.baud, 9600, 2_000_000),
        esptool: values.esptool,
        drive: values.drive,
        json: values.json,
    }
}
