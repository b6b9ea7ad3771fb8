/** `leaf bundle`: runtime, board, program and settings in one file for the board's flash; and what is in such a file. */
import { readFileSync, writeFileSync } from "node:fs"
import { basename, join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { makeBundle, readBundleFile } from "../boards/bundle"
import { BoardDescription } from "../boards/catalog"
import { FlashFileError } from "../boards/flashfile"
import { programBoard, withBoard } from "../boards/hardware"
import { Report, inspect, reportText } from "../boards/inspect"
import {
    CACHE,
    PINS,
    Runtime,
    RuntimeError,
    findRuntime,
} from "../boards/runtime"
import {
    Settings,
    SettingsError,
    checkAsDevice,
    isProvisioned,
    readSettingsFiles,
} from "../boards/settings"
import { Uf2Error } from "../boards/uf2"
import { FlashError } from "../vm/flash"
import { LinkerError } from "../vm/linker/opcodes"
import { Write, boardNamed, toStdout } from "./boards"
import { buildFor, checkFit } from "./build"
import { Failure, systemCode } from "./failure"
import { USAGE, usageFailure } from "./options"

/** The exit code for something that this machine lacks: a runtime image, a tool, a connected board. */
export const MISSING = 3

const HELP = `Usage: leaf bundle <firmware.ts or image.devs> --board <name> [options]
       leaf bundle --inspect <bundle> [--json]

Makes one file for a board's flash: DeviceScript's runtime, the board's pins, the program, and the settings of
.env.defaults and .env.local with the Wi-Fi network (WIFI_SSID, WIFI_PWD). The file holds the device's key: keep it as you keep that.

The runtime image is not downloaded: it is looked for in ${CACHE}, and has to be the one that ${PINS} names.

Options:
  --board <name>      the board: "leaf boards" lists them
  --out <file>        the bundle (default: <firmware>-<board> with .uf2, or with the offset and .bin, in this folder)
  --settings <file>   instead of .env.local
  --no-settings       none: the device keeps nothing, and is provisioned later
  --runtime <file>    the runtime image, if it is not in the cache
  --pin <version>     from now on this runtime image is the one, and of this version
  --inspect <file>    shows what is in a bundle; secrets are not shown
  --json              one JSON object
  --help              this text

Example:
  leaf bundle src/main.ts --board pico-w
  leaf bundle --inspect main-pico-w.uf2

Exit codes: 0 made or shown, 1 something does not fit together or cannot be read, 2 wrong usage,
3 the runtime image is missing, 4 the firmware does not fit the board.
`

/** @returns the exit code */
export async function bundle(
    args: string[],
    write: Write = toStdout
): Promise<number> {
    const options = readOptions(args)
    if (options === "help") {
        write(HELP)
        return 0
    }
    if ("inspect" in options) {
        const report = await inspectFile(options.inspect)
        write(
            options.json
                ? JSON.stringify(report, null, 4) + "\n"
                : reportText(report)
        )
        return 0
    }
    const { board, firmware, json } = options
    const settings = await deviceSettings(options)
    const runtime = boardRuntime(options)
    const program = await programFor(board, firmware)
    try {
        const bytes = makeBundle({
            runtime: runtime.bytes,
            board,
            program,
            settings,
        })
        const out = options.out ?? defaultName(firmware, board)
        writeBundle(out, bytes)
        write(
            json
                ? JSON.stringify({
                      file: out,
                      board: board.name,
                      bytes: bytes.length,
                      runtime: { file: runtime.file, ...runtime.pin },
                      isProvisioned: isProvisioned(settings),
                      hasWifi: settings.wifi !== undefined,
                  }) + "\n"
                : `${out}: ${bytes.length} bytes for ${board.title}, runtime ${runtime.pin.version}\n` +
                      (isProvisioned(settings)
                          ? ""
                          : "It is not provisioned: the settings say of no gateway.\n") +
                      (settings.wifi
                          ? ""
                          : "It knows no Wi-Fi network: WIFI_SSID is not among the settings.\n")
        )
        return 0
    } catch (error) {
        throw fileFailure(firmware, error)
    }
}

function boardRuntime({ board, runtime, pin }: BundleOptions): Runtime {
    try {
        return findRuntime(board, process.cwd(), { file: runtime, pin })
    } catch (error) {
        if (!(error instanceof RuntimeError)) throw error
        throw new Failure(`${error.message}.`, error.isMissing ? MISSING : 1)
    }
}

/** What is wrong with a file for the flash, as a sentence; other errors as they are. */
function fileFailure(what: string, error: unknown): unknown {
    return error instanceof FlashFileError ||
        error instanceof FlashError ||
        error instanceof Uf2Error
        ? new Failure(`${what}: ${error.message.replace(/\.$/, "")}.`)
        : error
}

function readInput(file: string): Buffer {
    try {
        return readFileSync(file)
    } catch (error) {
        throw new Failure(
            `${file}: the file cannot be read (${systemCode(error)}).`
        )
    }
}

/** What is in a bundle. @throws Failure */
export async function inspectFile(file: string): Promise<Report> {
    const bytes = readInput(file)
    try {
        return await inspect(readBundleFile(bytes))
    } catch (error) {
        throw fileFailure(file, error)
    }
}

async function deviceSettings(options: BundleOptions): Promise<Settings> {
    if (options.noSettings) return { values: new Map(), wifi: undefined }
    try {
        const settings = readSettingsFiles(
            process.cwd(),
            options.settings && resolve(options.settings)
        )
        if (isProvisioned(settings)) await checkAsDevice(settings)
        return settings
    } catch (error) {
        if (!(error instanceof SettingsError)) throw error
        throw new Failure(
            `${error.message}.${
                error.message.startsWith("There are no settings")
                    ? " Provision the device, or add --no-settings."
                    : ""
            }`
        )
    }
}

async function programFor(
    board: BoardDescription,
    file: string
): Promise<Buffer> {
    if (!file.endsWith(".devs")) return (await buildFor(board, file)).binary
    const image = readInput(file)
    let binary = image
    try {
        const built = programBoard(image)?.["@board"]
        if (built !== undefined && built !== board.file.id)
            throw new Failure(
                `${file}: it was built for ${built}: build it for --board ${board.name}.`
            )
        if (built === undefined) binary = withBoard(image, board)
    } catch (error) {
        if (!(error instanceof LinkerError)) throw error
        throw new Failure(
            `${file}: it is no image of this version of DeviceScript: "leaf build" makes one.`
        )
    }
    await checkFit(board, binary, file)
    return binary
}

/** The name says the offset, as DeviceScript's do: `devs flash --file` reads it there. */
export function defaultName(
    firmware: string,
    { name, chip }: BoardDescription
) {
    const stem = `${basename(firmware).replace(/\.\w+$/, "")}-${name}`
    return chip.format === "uf2"
        ? `${stem}.uf2`
        : `${stem}-0x${chip.flashOffset.toString(16)}.bin`
}

function writeBundle(out: string, bytes: Buffer): void {
    try {
        // It holds a key: nobody else may read it.
        writeFileSync(out, bytes, { mode: 0o600 })
    } catch (error) {
        throw new Failure(
            `--out ${out}: the file cannot be written (${systemCode(error)}): check its folder and rights.`
        )
    }
}

interface BundleOptions {
    firmware: string
    board: BoardDescription
    out: string | undefined
    settings: string | undefined
    noSettings: boolean
    runtime: string | undefined
    pin: string | undefined
    json: boolean
}

function readOptions(
    args: string[]
): BundleOptions | { inspect: string; json: boolean } | "help" {
    let parsed
    try {
        parsed = parseArgs({
            args,
            allowPositionals: true,
            options: {
                board: { type: "string" },
                out: { type: "string" },
                settings: { type: "string" },
                "no-settings": { type: "boolean", default: false },
                runtime: { type: "string" },
                pin: { type: "string" },
                inspect: { type: "string" },
                json: { type: "boolean", default: false },
                help: { type: "boolean", default: false },
            },
        })
    } catch (error) {
        throw usageFailure("bundle", error)
    }
    const { values, positionals } = parsed
    if (values.help) return "help"
    const usage = (sentence: string) =>
        new Failure(`${sentence} "leaf bundle --help" says more.`, USAGE)
    if (values.inspect !== undefined) {
        if (positionals.length || values.board)
            throw usage("--inspect takes a bundle and nothing else.")
        return { inspect: values.inspect, json: values.json }
    }
    if (positionals.length !== 1) throw usage("One firmware is needed.")
    if (values.board === undefined) throw usage("--board is missing.")
    if (values.settings !== undefined && values["no-settings"])
        throw usage("--settings and --no-settings exclude each other.")
    return {
        firmware: positionals[0],
        board: boardNamed(values.board, "--board "),
        out: values.out,
        settings: values.settings,
        noSettings: values["no-settings"],
        runtime: values.runtime && join(values.runtime),
        pin: values.pin,
        json: values.json,
    }
}
