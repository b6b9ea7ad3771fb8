/**
 * The settings of a device in `.env.defaults` and `.env.local`, read as DeviceScript reads them: a line a setting, values that are JSON
 * are JSON, others are texts, `.env.local` counts.
 *
 * What DeviceScript drops without a word is an error here: a line with `#` that is no comment, a line without `=`. No message shows a value.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { MAX_NAME_LENGTH } from "../vm/flash"

export interface Wifi {
    ssid: string
    password: string
}

export interface Settings {
    values: Map<string, unknown>
    wifi: Wifi | undefined
}

/** A settings file that cannot be used: where, and what to do. */
export class SettingsError extends Error {
    constructor(message: string) {
        super(message)
        this.name = "SettingsError"
    }
}

/** DeviceScript's own names for the network; they never become settings. */
const SSID = "WIFI_SSID"
const PASSWORD = "WIFI_PWD"

/**
 * Reads the settings of a project.
 *
 * @param local the file that must be there; its folder may have `.env.defaults`
 * @throws SettingsError
 */
export function readSettingsFiles(folder: string, local?: string): Settings {
    const defaults = join(folder, ".env.defaults")
    const lines = new Map<string, string>()
    for (const [file, isNeeded] of [
        [defaults, false],
        [local ?? join(folder, ".env.local"), true],
    ] as const) {
        let text: string
        try {
            text = readFileSync(file, "utf8")
        } catch (error) {
            const code = (error as NodeJS.ErrnoException).code
            if (code === "ENOENT" && !isNeeded) continue
            throw new SettingsError(
                code === "ENOENT"
                    ? `There are no settings in ${file}`
                    : `${file} cannot be read (${code})`
            )
        }
        for (const [name, value] of readLines(text, file)) {
            // As in DeviceScript, an empty value takes away the one of the defaults.
            lines.delete(name)
            if (value !== "") lines.set(name, value)
        }
    }
    return settingsOf(lines)
}

/** Names and values as they stand in a file. @throws SettingsError */
export function readLines(text: string, file: string): Map<string, string> {
    const found = new Map<string, string>()
    text.split(/\r?\n/).forEach((line, index) => {
        if (/^\s*(#|$)/.test(line)) return
        const where = `${file}, line ${index + 1}`
        const at = line.indexOf("=")
        const name = line.slice(0, at)
        if (at < 1 || !/^[\w.-]+$/.test(name))
            throw new SettingsError(
                `${where}: it is not of the form NAME=value: write it so, without spaces before the "="`
            )
        if (line.includes("#"))
            throw new SettingsError(
                `${where}: DeviceScript drops a line with a "#": put the comment on a line of its own; in a text write \\u0023, in quotes`
            )
        found.set(name, line.slice(at + 1))
    })
    return found
}

function settingsOf(lines: Map<string, string>): Settings {
    const values = new Map<string, unknown>()
    for (const [name, text] of lines) {
        if (name === SSID || name === PASSWORD) continue
        if (name.length > MAX_NAME_LENGTH)
            throw new SettingsError(
                `The setting ${name} has a name of more than ${MAX_NAME_LENGTH} characters: a device cannot read it`
            )
        values.set(name, valueOf(text))
    }
    return { values, wifi: wifiOf(lines) }
}

function valueOf(text: string): unknown {
    try {
        // null is no value to DeviceScript, but the text.
        return (JSON.parse(text) as unknown) ?? text
    } catch {
        return text
    }
}

/** A name or password that looks like a number is a text all the same. */
function textOf(text: string): string {
    const value = valueOf(text)
    return typeof value === "string" ? value : text
}

function wifiOf(lines: Map<string, string>): Wifi | undefined {
    if (!lines.has(SSID)) {
        if (lines.has(PASSWORD))
            throw new SettingsError(
                `The settings have ${PASSWORD} without ${SSID}: add the network's name`
            )
        return undefined
    }
    const ssid = textOf(lines.get(SSID) ?? "")
    const password = textOf(lines.get(PASSWORD) ?? "")
    const length = Buffer.byteLength(ssid)
    if (length < 1 || length > 32 || ssid.includes("\0"))
        throw new SettingsError(
            `${SSID} has ${length} bytes: a network's name has 1 to 32`
        )
    if (password !== "" && !/^[\x20-\x7e]{8,63}$/.test(password))
        throw new SettingsError(
            `${PASSWORD} is no password of a network: those have 8 to 63 printable ASCII characters (none for an open network)`
        )
    return { ssid, password }
}

interface SettingsModule {
    parseSettings(read: (name: string) => Promise<unknown>): Promise<unknown>
}

/** Whether the settings are of a device that was provisioned; others may belong to a firmware of another kind. */
export function isProvisioned({ values }: Settings): boolean {
    return ["schema", "hubhost", "deviceid", "devkey"].some(name =>
        values.has(name)
    )
}

/**
 * Has the device's own code judge the settings.
 *
 * @throws SettingsError with what the device would say
 */
export async function checkAsDevice({ values }: Settings): Promise<void> {
    const { parseSettings } =
        require("../../src/app/settings") as SettingsModule
    try {
        await parseSettings(name => Promise.resolve(values.get(name)))
    } catch (error) {
        throw new SettingsError(
            `The device would refuse these settings: ${(error as Error).message}`
        )
    }
}
