/**
 * `.env.local`, as DeviceScript's deploy and bundle read it: a setting a line, `name=value`.
 *
 * What their parser (2.16.4) does, and what follows: a value that is JSON keeps its type, so each one is written as JSON; a line with
 * a `#` anywhere is a comment, so that one in a text is written `\u0023`; a name without a value deletes the setting on the board.
 * `WIFI_SSID` and `WIFI_PWD` go to the runtime's Wi-Fi with a deploy, and are left out by `bundle`.
 *
 * Lines of others stay where they are; ours stand behind them.
 */
import { Failure } from "../cli/failure"
import type { Network } from "./wifi"

const HEADER =
    "# Written by leaf provision. It holds the device's key: it is for this machine's user, and not for git."

/** Settings of a firmware's behaviour, not of its identity: those that nobody has named now stay as they are. */
const TUNING = ["telemetry", "heartbeat", "alertat"]
const NETWORK = ["WIFI_SSID", "WIFI_PWD"]

/** The device that a file is for. */
export interface Identity {
    hub: string
    deviceId: string
}

/** The settings of a file, by name, as DeviceScript reads them; `undefined` for one that is deleted. */
export function parseEnv(text: string): Map<string, unknown> {
    const found = new Map<string, unknown>()
    for (const line of text.split(/\r?\n/)) {
        const setting = settingOf(line)
        if (setting) found.set(setting.name, setting.value)
    }
    return found
}

/** The device that a file is for, if it is for one. */
export function identityOf(text: string): Identity | undefined {
    const settings = parseEnv(text)
    const deviceId = settings.get("deviceid")
    if (deviceId === undefined) return undefined
    return {
        hub: asText(settings.get("hubhost")),
        deviceId: asText(deviceId),
    }
}

/**
 * The file with these settings in place of those that were there.
 *
 * @param old its content until now
 * @param settings all of a device
 * @param network without one, what the file says of it stays
 */
export function mergeEnv(
    old: string,
    settings: Record<string, unknown>,
    network?: Network
): string {
    const erased = erasedNames().filter(
        name => !(name in settings) && !TUNING.includes(name)
    )
    const ours = new Set([...Object.keys(settings), ...erased])
    if (network) for (const name of NETWORK) ours.add(name)
    const kept = old.split(/\r?\n/).filter(line => {
        const setting = settingOf(line)
        return setting ? !ours.has(setting.name) : line.trim() !== HEADER
    })
    while (kept.length && !kept[kept.length - 1].trim()) kept.pop()
    const lines = [
        ...kept,
        HEADER,
        ...Object.entries(settings).map(([name, value]) => line(name, value)),
        // An earlier provisioning of the board, and what it has learned since, must not stay.
        ...erased.map(name => `${name}=`),
    ]
    if (network)
        lines.push(
            line("WIFI_SSID", network.ssid),
            line("WIFI_PWD", network.password)
        )
    const end = old.includes("\r\n") ? "\r\n" : "\n"
    return lines.map(text => text + end).join("")
}

/**
 * Whether a file says the same, whenever it was written.
 *
 * @throws Failure as `mergeEnv`
 */
export function isUpToDate(
    old: string,
    settings: Record<string, unknown>,
    network?: Network
): boolean {
    const now = parseEnv(old)
    const wanted = parseEnv(mergeEnv(old, settings, network))
    for (const both of [now, wanted]) both.delete("provtime")
    return (
        now.size === wanted.size &&
        [...wanted].every(
            ([name, value]) =>
                now.has(name) &&
                JSON.stringify(now.get(name)) === JSON.stringify(value)
        )
    )
}

function line(name: string, value: unknown): string {
    const json = JSON.stringify(value) as string | undefined
    if (json === undefined)
        throw new Failure(`The setting ${name} has no value.`)
    return `${name}=${json.replaceAll("#", "\\u0023")}`
}

/** A line as DeviceScript reads it. */
function settingOf(text: string): { name: string; value: unknown } | undefined {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(text) ?? []
    if (name === undefined || text.includes("#")) return undefined
    return { name: name.trim(), value: value ? asValue(value) : undefined }
}

function asValue(text: string): unknown {
    try {
        const value: unknown = JSON.parse(text)
        // DeviceScript takes null for no JSON.
        return value === null ? text : value
    } catch {
        return text
    }
}

function asText(value: unknown): string {
    return typeof value === "string" ? value : JSON.stringify(value)
}

/** All that a factory reset erases on a device. */
function erasedNames(): string[] {
    const { ERASED_NAMES } = require("../../src/app/factoryreset") as {
        ERASED_NAMES: string
    }
    return JSON.parse(ERASED_NAMES) as string[]
}
