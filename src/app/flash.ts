/** The device's own reader and writer of settings, apart from `settings.ts` so that the host can use that one. */
import * as ds from "@devicescript/core"
import { settings } from "@devicescript/settings"
import { type VerifiedIssuers } from "../x509/issuers"
import { eraseSettings } from "./factoryreset"
import { FieldSettings, type WifiRole } from "./fieldsettings"
import { Health, watch } from "./health"
import { loadIssuers } from "./issuermemory"
import { FlashOutbox } from "./flashoutbox"
import type { Leaf } from "./leaf"
import { Resumption } from "../tls/session"
import { FlashSession } from "./sessionstore"
import { type Settings, migrateSettings, parseSettings } from "./settings"

/** How often is looked whether an answer has come. */
const CHECK_MS = 1

/**
 * The role of `@devicescript/settings`, which a firmware may use beside us: the runtime has one such service, and never
 * binds a second role to it. Its answers are taken without emitters, which would be 0.8 KB of code more.
 */
interface SettingsRole {
    /** Who is resumed with the next answer to a command, by the command's name; the runtime's library takes it out first. */
    _reportHandlers: Record<string, { resume(packet: ds.Packet): void }>
}

/** The setting that is being read: one at a time. */
let wanted: string = null
/** What was answered; `null` until then. */
let answer: Buffer = null

function takeAnswer(packet: ds.Packet): void {
    const fields = packet.decode()
    if (fields[0] === wanted) answer = fields[1]
    // To a read of somebody else.
    else awaitAnswer()
}

function awaitAnswer(): void {
    ;(settings as any as SettingsRole)._reportHandlers = {
        get: { resume: takeAnswer },
    }
}

/** One setting as it is; no bytes if there is none. */
async function readBytes(name: string): Promise<Buffer> {
    while (wanted !== null) await ds.sleep(CHECK_MS)
    wanted = name
    awaitAnswer()
    await settings.get(name)
    while (answer === null) await ds.sleep(CHECK_MS)
    const bytes = answer
    wanted = null
    answer = null
    return bytes
}

/** One setting: its JSON value; `undefined` if there is none, or what is there is no JSON. */
async function readSetting(name: string): Promise<any> {
    const bytes = await readBytes(name)
    try {
        return JSON.parse(bytes.toString())
    } catch {
        return undefined
    }
}

/** Reads all settings, and brings them to this firmware's layout before. Throws as `parseSettings`. */
export async function readSettings(): Promise<Settings> {
    await migrateSettings(readSetting, storeSetting)
    return await parseSettings(readSetting)
}

/** Writes one setting, as JSON. Each write wears the flash and carries the risk of a power cut: rarely, please. */
export async function storeSetting(name: string, value: any): Promise<void> {
    await settings.set(name, Buffer.from(JSON.stringify(value)))
}

/** Writes one setting as it is: at most 231 bytes with its name. A store that is full keeps the old value without a word. */
async function storeBytes(name: string, bytes: Buffer): Promise<void> {
    await settings.set(name, bytes)
}

/**
 * Has what waits to be sent kept in flash, see flashoutbox.ts, and takes over what an earlier start has left there. To be called before
 * `leaf.start()` and before anything is sent.
 *
 * @param preset text that the firmware's messages have in common: it takes no room in flash then. What was kept with another preset is
 * lost. Default: the text of the ready-made telemetry
 */
export async function keepOutbox(
    leaf: Leaf,
    preset: string = telemetryPreset(leaf.settings.deviceId)
): Promise<FlashOutbox> {
    const outbox = new FlashOutbox(
        leaf,
        { read: readBytes, write: storeBytes },
        preset
    )
    await outbox.restore()
    outbox.start()
    return outbox
}

function telemetryPreset(deviceId: string): string {
    return `%24.mid=1-&%24.ct=application%2Fjson&%24.ce=utf-8&temperatureAlert=true{"deviceId":"${deviceId}","messageId":"1-","temperature":,"humidity":}`
}

/** The part for `gatewayLink`: the certificates below these anchors whose signatures were verified before. */
export async function rememberIssuers(
    anchors: Buffer[]
): Promise<VerifiedIssuers> {
    return await loadIssuers(anchors, readSetting, storeSetting)
}

/** The part for `gatewayLink`: TLS sessions that outlive their connections. @param slot from 1 to SESSIONS */
export function resumeSession(slot: number): Resumption {
    return new Resumption(new FlashSession(slot, readSetting, storeSetting))
}

/**
 * Lets the cloud change key, anchors and Wi-Fi, and erase the flash: see fieldsettings.ts. To be called before `leaf.start()`.
 *
 * @param wifi `new ds.Wifi()`, if the board has it
 */
export async function allowFieldSettings(
    leaf: Leaf,
    wifi: WifiRole = null
): Promise<void> {
    const field = new FieldSettings(leaf, readSetting, storeSetting, wifi, () =>
        ds.restart()
    )
    await field.start()
}

/** Watchdog and safe mode: see health.ts. To be called before `leaf.start()`, and before anything that may fail. */
export async function watchHealth(leaf: Leaf): Promise<Health> {
    const health = new Health(leaf, readSetting, storeSetting, () =>
        ds.restart()
    )
    await health.start()
    watch.start(health)
    return health
}

/** Goes on with a factory reset that was begun: see factoryreset.ts. For when `readSettings` has failed. @param wifi as above */
export async function finishReset(wifi: WifiRole = null): Promise<void> {
    await eraseSettings(readSetting, storeSetting, wifi)
}
