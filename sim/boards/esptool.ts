/**
 * Writes a file to an ESP32 with Espressif's esptool, as DeviceScript's `devs flash` does it: one `write_flash` at the chip's offset.
 *
 * esptool is a program in Python that is installed apart. Versions from 4.5 on are taken; 5 renamed its commands. It compares what it
 * has written with what it should be, and without its word for that nothing counts as written.
 */
import { spawn, spawnSync } from "node:child_process"
import { accessSync, constants, readdirSync } from "node:fs"
import { delimiter, join } from "node:path"
import { Chip } from "./catalog"

/** Something is missing, or has gone wrong: one sentence without its full stop. */
export class FlashToolError extends Error {
    constructor(
        message: string,
        readonly isMissing = false
    ) {
        super(message)
        this.name = "FlashToolError"
    }
}

const NAMES = ["esptool", "esptool.py"]
const OLDEST = [4, 5] as const
const INSTALL = 'install it with "pip install esptool"'

export interface Esptool {
    path: string
    major: number
}

/**
 * @param path where it is, if not in the folders of `PATH`
 * @throws FlashToolError when it is missing or too old
 */
export function findEsptool(
    path?: string,
    folders = process.env.PATH ?? ""
): Esptool {
    const found = path ?? search(folders)
    if (!found)
        throw new FlashToolError(
            `Missing: esptool, which is in no folder of PATH: ${INSTALL}, or say where it is with --esptool`,
            true
        )
    const { stdout, error } = spawnSync(found, ["version"], {
        encoding: "utf8",
    })
    if (error)
        throw new FlashToolError(
            `Missing: ${found} cannot be run (${(error as NodeJS.ErrnoException).code}): ${INSTALL}`,
            true
        )
    const match = /v?(\d+)\.(\d+)/.exec(stdout)
    if (!match)
        throw new FlashToolError(
            `${found} does not say its version: it is not esptool`
        )
    const [major, minor] = [Number(match[1]), Number(match[2])]
    if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
        throw new FlashToolError(
            `${found} is version ${major}.${minor}, ${OLDEST.join(".")} or later is needed: ${INSTALL} --upgrade`
        )
    return { path: found, major }
}

function search(folders: string): string | undefined {
    for (const folder of folders.split(delimiter).filter(Boolean))
        for (const name of NAMES)
            try {
                accessSync(join(folder, name), constants.X_OK)
                return join(folder, name)
            } catch {
                // The next one.
            }
    return undefined
}

/** Serial ports that boards appear as on Linux and macOS; on Windows none is found, and the port must be given. */
export function serialPorts(folder = "/dev"): string[] {
    try {
        return readdirSync(folder)
            .filter(name => /^(ttyUSB|ttyACM|cu\.(usb|wchusb|SLAB))/.test(name))
            .sort()
            .map(name => join(folder, name))
    } catch {
        return []
    }
}

/** What esptool is called with. */
export function esptoolArguments(
    { major }: Esptool,
    chip: Chip,
    port: string,
    baud: number,
    file: string
): string[] {
    return [
        "--chip",
        chip.id,
        "--port",
        port,
        "--baud",
        String(baud),
        major < 5 ? "write_flash" : "write-flash",
        `0x${chip.flashOffset.toString(16)}`,
        file,
    ]
}

/**
 * @param onOutput gets what it says while it writes
 * @throws FlashToolError when it has not confirmed that all is written
 */
export async function runEsptool(
    { path }: Esptool,
    args: string[],
    onOutput: (text: string) => unknown
): Promise<void> {
    let said = ""
    const code = await new Promise<number | null>((resolve, reject) => {
        const child = spawn(path, args, { stdio: ["ignore", "pipe", "pipe"] })
        for (const stream of [child.stdout, child.stderr]) {
            stream.setEncoding("utf8")
            stream.on("data", (text: string) => {
                said += text
                onOutput(text)
            })
        }
        child.on("error", reject)
        child.on("close", resolve)
    })
    if (code === 0 && said.includes("Hash of data verified")) return
    throw new FlashToolError(explain(said, code))
}

function explain(said: string, code: number | null): string {
    const other =
        /This chip is (ESP32[\w-]*),? not/.exec(said) ??
        /Unexpected chip id in image/.exec(said)
    if (other)
        return `The connected board has another chip${other[1] ? ` (${other[1]})` : ""}: choose the right --board, or the right --port`
    if (
        /Unable to verify flash chip|No serial data received|Failed to connect/.test(
            said
        )
    )
        return "The board does not answer: hold its BOOT button while you plug it in, then try again"
    if (/Permission denied|EACCES/.test(said))
        return "The serial port cannot be opened: your user needs the right to it (on Debian, the group dialout)"
    const last =
        said
            .trim()
            .split(/\s*\n\s*/)
            .pop() ?? ""
    return code === 0
        ? "esptool did not confirm what it has written: try again with a lower --baud"
        : `esptool ended with ${code ?? "a signal"}: ${last.replace(/\.$/, "") || "it said nothing"}`
}
