/**
 * Everything that lives in the device's flash: names, limits, defaults; how it is read, and what provisioning writes.
 *
 * The store holds 8,144 bytes. An entry costs 24 bytes and its JSON value rounded up to 8; name, JSON and one byte more must
 * not exceed 232 bytes (a bit more and every later read aborts the runtime). `flashTable` reserves bytes for each name at
 * its longest value. Names are fixed for ever: one that was deleted keeps 32 bytes.
 *
 * Values written by `settingsFor` are JSON of the right type. A line of an `.env` file changes its type when it happens to be
 * JSON (device id `1234` becomes a number): whole numbers and booleans are taken as the text they were. What was lost
 * before it came here (`1e3` becomes 1000) can only be saved by quotes in the file.
 *
 * What can be changed in the field has two places, and a record says which of them count (`fieldsettings.ts` writes it).
 *
 * These functions do no I/O of their own: `flash.ts` has the device's reader and writer. No error shows a value.
 */
import * as ds from "@devicescript/core"
import { wipe } from "../bytes"
import { ErrorCode, fail } from "../errors"
import { decodeBase64, encodeBase64 } from "../iothub/base64"
import {
    MAX_KEY_LENGTH,
    type ConnectionString,
    decodeKey,
} from "../iothub/connectionstring"
import {
    MAX_HOST_LENGTH,
    MAX_ID_LENGTH,
    checkDeviceId,
    checkHostName,
} from "../iothub/identifier"

/**
 * The layout that this firmware reads; a newer one is refused instead of half understood, an older one is migrated.
 *
 * 1: one key and two anchors, all in use.
 * 2: a record may say that the second key is in use, or an anchor is not. A firmware of version 1 would not look there.
 */
const SCHEMA = 2
/** The version of a flash that is being erased: whatever else is there does not count any more. */
export const SCHEMA_ERASED = 0

/** Pinned anchors there is room for: the owner's CA, and the next one while it is being changed. */
const ANCHORS = 2
/** Settings an anchor may take: 825 bytes, so RSA-4096 (550 bytes) leaves 275 for the subject name. */
export const ANCHOR_PARTS = "abcde"
/** Base64 characters in one setting: with quotes and a name of 9, below the 232 bytes. */
export const PART_LENGTH = 220
/** Bytes in one setting. */
export const PART_BYTES = 165
/** TLS sessions there is room for: with MQTT's port, and with HTTPS'. */
export const SESSIONS = 2

/**
 * The settings of a session's slot: 495 bytes for the first, 330 for the second. OpenSSL's sessions take 290, GnuTLS' 350 with
 * TLS 1.3; with TLS 1.2 they take more than 495, and are not kept.
 */
export function sessionNames(slot: number): string[] {
    if (slot === 1) return ["sess1a", "sess1b", "sess1c"]
    return ["sess2a", "sess2b"]
}

/** A plug that bounces must not tear the first write to flash: that could format the store. */
export const SETTLE_MS = 1000

/** What counts, as bits: with none of them what provisioning has written does. */
export const enum InUse {
    /** The key in `devkey2`, instead of the one in `devkey`. */
    Key2 = 1,
    /** The first anchor does not count. */
    NoAnchor1 = 2,
    NoAnchor2 = 4,
    /** The second network in `wifi`, instead of the first. */
    Wifi2 = 8,
}

/** The places in a record, which is a list of numbers. */
export const enum RecordField {
    /** Of two records the one with the higher number counts. */
    Sequence = 0,
    /** `InUse`: what has connected. */
    Used = 1,
    /** `InUse`: what is tried, or was tried last. */
    Tried = 2,
    /** Starts of the firmware that a trial may still go on through. */
    Starts = 3,
    /** How long it is tried at each start. */
    WithinSec = 4,
    Outcome = 5,
}

/** What has become of the last trial. */
export const enum Outcome {
    None = 0,
    Trying = 1,
    Kept = 2,
    RolledBack = 3,
}

/**
 * The numbers: field, setting, lowest and highest value, and what holds if there is none; without that it has to be there.
 *
 * JSON, as texts are no code. Nobody was provisioned before 2024-01-01; no certificate names a time after 9999-12-31.
 */
const NUMBERS = `{
    "mqttPort": ["gwport", 1, 65535, 8883],
    "timePort": ["timeport", 1, 65535, 443],
    "provisionedSec": ["provtime", 1704067200, 253402300799],
    "floorSec": ["floor", 0, 253402300799, 0],
    "boots": ["boots", 0, 2147483646, 0],
    "telemetrySec": ["telemetry", 1, 86400, 60],
    "heartbeatSec": ["heartbeat", 1, 86400, 300],
    "alertC": ["alertat", -273, 2000, 30]
}`

/** What the device knows about itself and its gateway. */
export interface Settings {
    /** `HostName` of the connection string: goes into the user name and the token. */
    hubHost: string
    deviceId: string
    /** The decoded key. A secret: never logged. */
    deviceKey: Buffer
    /** The name that the gateway's certificate must have. */
    gateway: string
    /** The name or address to connect to. */
    gatewayAddress: string
    mqttPort: number
    /** The gateway's HTTPS port, asked for the time. */
    timePort: number
    /** Pinned CAs, one or two: DER of the subject name, followed by DER of the SubjectPublicKeyInfo. */
    anchors: Buffer[]
    /** When the device was provisioned, Unix seconds. */
    provisionedSec: number
    /** The latest time that the device has written down as surely past, Unix seconds, or 0. */
    floorSec: number
    /** How often the firmware has started before. */
    boots: number
    telemetrySec: number
    heartbeatSec: number
    /** Degrees Celsius from which `temperatureAlert` is true. */
    alertC: number
}

/** Reads one setting: its JSON value, or `undefined` when there is none. */
export type ReadSetting = (name: string) => Promise<any>

/**
 * Brings the flash of an older firmware to this one's layout, a version a step. A step may be cut off at any write and done
 * again; its last write is the version that it leads to. Newer layouts, and none, are left to `parseSettings`.
 */
export async function migrateSettings(
    read: ReadSetting,
    store: (name: string, value: any) => Promise<void>
): Promise<void> {
    // 1 to 2: without a record all is as it was.
    if ((await read("schema")) !== 1) return
    await ds.sleep(SETTLE_MS)
    await store("schema", 2)
}

/**
 * Reads the record of what counts. There are two, written by turns: a write that a power cut has torn leaves the one before.
 */
export async function readRecord(read: ReadSetting): Promise<number[]> {
    let newest = [0, 0, 0, 0, 0, 0]
    for (let i = 0; i < 2; i++) {
        const record = await read(recordName(i))
        if (record)
            if (record[RecordField.Sequence] > newest[RecordField.Sequence])
                newest = record
    }
    return newest
}

/** The setting that has the record with this number. */
export function recordName(sequence: number): string {
    return "inuse" + (sequence & 1)
}

/** The setting that has the key. @param inUse `InUse` */
export function keyName(inUse: number): string {
    return ["devkey", "devkey2"][inUse & InUse.Key2]
}

/**
 * Reads the key and the anchors that count.
 *
 * @param inUse `InUse`
 * @throws LeafError SettingMissing, SettingInvalid; then nothing was changed
 */
export async function readInUse(
    read: ReadSetting,
    inUse: number,
    settings: Settings
): Promise<void> {
    const anchors: Buffer[] = []
    for (let i = 1; i <= ANCHORS; i++)
        if ((inUse & (1 << i)) === 0) {
            const anchor = await readAnchor(read, i)
            if (anchor.length > 0) anchors.push(anchor)
        }
    if (anchors.length === 0) failMissing("anchor1a")
    settings.deviceKey = decodeKey(
        await readText(read, keyName(inUse), checkKey, undefined)
    )
    settings.anchors = anchors
}

/**
 * Reads and checks all settings.
 *
 * @throws LeafError SettingMissing, SettingInvalid, SettingsVersion; the message names the setting, not its value
 */
export async function parseSettings(read: ReadSetting): Promise<Settings> {
    const schema = await readNumber(read, ["schema", 0, 1e9])
    if (schema !== SCHEMA)
        fail(
            ErrorCode.SettingsVersion,
            `app: settings are of version ${schema}, this firmware reads ${SCHEMA}: provision the device again`
        )
    const hubHost = await readText(read, "hubhost", checkHostName, undefined)
    const gateway = await readText(read, "gateway", checkHostName, hubHost)
    const settings: any = {
        hubHost,
        deviceId: await readText(read, "deviceid", checkDeviceId, undefined),
        gateway,
        gatewayAddress: await readText(read, "gwaddr", checkHostName, gateway),
    }
    await readInUse(read, (await readRecord(read))[RecordField.Used], settings)
    const numbers = JSON.parse(NUMBERS)
    for (const field of Object.keys(numbers))
        settings[field] = await readNumber(read, numbers[field])
    return settings
}

export async function readText(
    read: ReadSetting,
    name: string,
    check: (text: string) => void,
    fallback: string
): Promise<string> {
    let value = await read(name)
    if (value === undefined || value === null) {
        if (fallback === undefined) failMissing(name)
        return fallback
    }
    if (typeof value !== "string") {
        if (
            typeof value === "object" ||
            (typeof value === "number" && value !== Math.floor(value))
        )
            failInvalid(name, "not a text, put it in quotes")
        value = `${value}`
    }
    if (!value) failInvalid(name, "empty")
    try {
        check(value)
    } catch (e: any) {
        failInvalid(name, e.message)
    }
    return value
}

/** @param row name, lowest and highest value, and the default if there is one */
export async function readNumber(
    read: ReadSetting,
    row: any[]
): Promise<number> {
    const name = row[0]
    let value = await read(name)
    if (value === undefined || value === null) {
        value = row[3]
        if (value === undefined) failMissing(name)
    }
    if (typeof value === "string")
        try {
            value = JSON.parse(value)
        } catch {
            failInvalid(name, "not a number")
        }
    if (typeof value !== "number" || !(value >= row[1] && value <= row[2]))
        failInvalid(name, `not a number from ${row[1]} to ${row[2]}`)
    return value
}

export async function readAnchor(
    read: ReadSetting,
    index: number
): Promise<Buffer> {
    let anchor = Buffer.alloc(0)
    for (let i = 0; i < ANCHOR_PARTS.length; i++) {
        const name = anchorName(index, i)
        const part = await readText(read, name, acceptText, "")
        if (!part) break
        try {
            anchor = Buffer.concat(anchor, decodeBase64(part))
        } catch (e: any) {
            failInvalid(name, e.message)
        }
    }
    return anchor
}

/** For a text that is checked when it is used: decoding takes too long to do it twice. */
export function acceptText(): void {}

export function checkKey(text: string): void {
    wipe(decodeKey(text))
}

export function anchorName(index: number, part: number): string {
    return `anchor${index}${ANCHOR_PARTS[part]}`
}

function failMissing(name: string): never {
    return fail(
        ErrorCode.SettingMissing,
        `app: setting ${name} is missing: provision the device`
    )
}

function failInvalid(name: string, why: string): never {
    return fail(ErrorCode.SettingInvalid, `app: setting ${name} is bad: ${why}`)
}

/** A pinned CA as provisioning knows it, both as DER. */
export interface Anchor {
    subject: Buffer
    subjectPublicKeyInfo: Buffer
}

/** What provisioning may choose; whatever is left out is not written, and the device takes its default. */
export interface ProvisioningOptions {
    /** The time of provisioning, whole Unix seconds: the device trusts no certificate that had expired by then. */
    provisionedSec: number
    gatewayAddress?: string
    mqttPort?: number
    timePort?: number
    telemetrySec?: number
    heartbeatSec?: number
    alertC?: number
}

/**
 * The settings that provisioning writes for a device, by name. Names of `flashTable` that are not among them must not stay
 * from an earlier provisioning. `parseSettings` is the check of the result.
 *
 * @param anchors one pinned CA, or two while the owner changes it
 * @throws LeafError SettingTooLong when an anchor does not fit
 */
export function settingsFor(
    connection: ConnectionString,
    anchors: Anchor[],
    options: ProvisioningOptions
): Record<string, any> {
    const settings: Record<string, any> = {
        schema: SCHEMA,
        hubhost: connection.hostName,
        deviceid: connection.deviceId,
        devkey: connection.sharedAccessKey,
        provtime: options.provisionedSec,
    }
    const put = (name: string, value: any) => {
        if (value !== undefined) settings[name] = value
    }
    put("gateway", connection.gatewayHostName)
    put("gwaddr", options.gatewayAddress)
    put("gwport", options.mqttPort)
    put("timeport", options.timePort)
    put("telemetry", options.telemetrySec)
    put("heartbeat", options.heartbeatSec)
    put("alertat", options.alertC)
    if (anchors.length > ANCHORS)
        fail(
            ErrorCode.SettingTooLong,
            `app: there is room for ${ANCHORS} anchors`
        )
    for (let i = 0; i < anchors.length; i++) {
        const text = encodeBase64(
            Buffer.concat(anchors[i].subject, anchors[i].subjectPublicKeyInfo)
        )
        if (text.length > PART_LENGTH * ANCHOR_PARTS.length)
            fail(
                ErrorCode.SettingTooLong,
                `app: anchor ${i + 1} is longer than the flash has room for`
            )
        for (let part = 0; part * PART_LENGTH < text.length; part++)
            settings[anchorName(i + 1, part)] = text.slice(
                part * PART_LENGTH,
                (part + 1) * PART_LENGTH
            )
    }
    return settings
}

/** One row of the flash table. */
export interface FlashEntry {
    name: string
    /** The longest JSON value, in bytes. */
    valueLength: number
    purpose: string
}

/** What the store holds in all, in bytes. */
export const FLASH_LENGTH = 8144

/** What an entry takes of the store at most, in bytes. */
export function entryLength(entry: FlashEntry): number {
    return 24 + ((entry.valueLength + 7) & ~7)
}

/**
 * The one table of all names that are or will be in flash. `wifi_ssid` and `wifi_psk` are the runtime's own, written raw.
 * Not in a firmware's image, as no device code calls it.
 */
export function flashTable(): FlashEntry[] {
    const table: FlashEntry[] = []
    const reserve = (name: string, valueLength: number, purpose: string) => {
        table.push({ name, valueLength, purpose })
    }
    const host = MAX_HOST_LENGTH + 2
    const text = PART_LENGTH + 2
    reserve("schema", 2, "version of this table")
    reserve("hubhost", host, "HostName of the connection string")
    reserve("deviceid", MAX_ID_LENGTH + 2, "DeviceId")
    for (const name of ["devkey", "devkey2"])
        reserve(name, 4 * Math.ceil(MAX_KEY_LENGTH / 3) + 2, "device key")
    for (let i = 0; i < 2; i++)
        reserve(recordName(i), 24, "what is in use, see fieldsettings.ts")
    reserve("gateway", host, "name that is verified; without it, hubhost")
    reserve("gwaddr", host, "address to connect to; without it, gateway")
    reserve("gwport", 5, "MQTT port, 8883")
    reserve("timeport", 5, "HTTPS port of the gateway, 443")
    reserve("provtime", 12, "time of provisioning")
    reserve("floor", 12, "time floor")
    reserve("boots", 10, "starts of the firmware")
    reserve("health", 36, "starts that ended early, and why, see health.ts")
    reserve("telemetry", 5, "seconds from one telemetry to the next, 60")
    reserve("heartbeat", 5, "seconds of silence before a heartbeat, 300")
    reserve("alertat", 16, "temperatureAlert from this temperature on, 30")
    for (let index = 1; index <= ANCHORS; index++)
        for (let part = 0; part < ANCHOR_PARTS.length; part++)
            reserve(anchorName(index, part), text, "pinned CA")
    reserve("wifi", 203, "two Wi-Fi names with passwords, one in use")
    reserve("wifi_ssid", 32, "Wi-Fi name")
    reserve("wifi_psk", 64, "Wi-Fi password")
    reserve("issuers", text, "verified certificates, five SHA-256")
    for (let slot = 1; slot <= SESSIONS; slot++)
        for (const name of sessionNames(slot))
            reserve(name, text, "TLS session")
    // Bytes as they are: `flashoutbox.ts`, SLOTS and SLOT_BYTES.
    for (let i = 0; i < 8; i++) reserve(`out${i}`, 224, "unsent messages")
    return table
}
