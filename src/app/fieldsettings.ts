/**
 * Settings changed in the field: another device key, another pinned CA, another Wi-Fi network, by direct methods.
 *
 * What is new goes to places in flash that are not in use, and is tried: the leaf answers the call, ends its connection as it
 * does to renew a token, and connects with the new settings. Once it is connected (CONNACK and subscriptions) they are kept
 * and the old ones overwritten; if it is not within the stated time, or after MAX_STARTS starts of the firmware, the old ones count
 * again. What comes of it is sent as telemetry, with the property `settings`: `kept` or `rolledBack`.
 *
 *     leaf.changeSettings   {"key": base64, "anchor": base64, "removeAnchor": 1 or 2, "wifi": {"ssid": …, "psk": …},
 *                           "wifiBefore": {…}, "withinSec": 60 to 86400}, each one optional
 *         202  {"withinSec"}: it is tried as soon as the answer is out
 *         400  {"message"}: something is malformed, nothing to change, or no anchor would be left; nothing was written
 *         409  {"message"}: other settings are being tried, or both places for anchors are taken
 *         500  the flash does not take it: what was in use is in use
 *     leaf.settingsStatus
 *         200  {"state": "none", "trying", "kept" or "rolledBack", "key": 1 or 2, "anchors": [id, id], "wifi": ssid}: the last
 *              trial, and what is in use apart from it. An anchor's id: 8 digits of the SHA-256 of subject and key; "" is free
 *     leaf.factoryReset     {"deviceId": the device's own}
 *         200  see factoryreset.ts; 400 otherwise
 *
 * `key` is a device key as in a connection string. `anchor` is the DER of a CA's subject name and of its SubjectPublicKeyInfo,
 * one behind the other (the host's `anchorText` makes it of a certificate). `wifi` needs a firmware that was given the
 * runtime's Wi-Fi; `wifiBefore`, the present network, is needed where the flash does not know it: a program cannot read
 * what the runtime has. No answer, message or line holds a key or a password.
 *
 * Power may fail at any time. A value that is in use is never written over, and of the two records that say what is in
 * use the older one is. An exception is `wifi`, whose write may lose both networks: the runtime has the present one as well.
 * Overwritten values stay readable in the flash chip until the store has been packed twice, some 60 to 200 writes later.
 *
 * RAM: a record, and while a method runs its payload.
 */
import * as ds from "@devicescript/core"
import { ErrorCode, errorCode, fail, failIf } from "../errors"
import { sha256 } from "../crypto/hash"
import { decodeBase64 } from "../iothub/base64"
import { readTrustAnchor } from "../x509/path"
import type { StoreSetting } from "./clock"
import type { Feature } from "./feature"
import type { Leaf } from "./leaf"
import { log } from "./log"
import type { MethodResult } from "./methods"
import {
    ANCHOR_PARTS,
    InUse,
    Outcome,
    PART_BYTES,
    PART_LENGTH,
    type ReadSetting,
    RecordField,
    SCHEMA_ERASED,
    acceptText,
    anchorName,
    checkKey,
    keyName,
    readAnchor,
    readInUse,
    readNumber,
    readRecord,
    readText,
    recordName,
} from "./settings"

/** `withinSec`: the lowest is one try on a slow board, the highest a day. By itself ten minutes: two first contacts of a Pico W. */
const WITHIN = `["withinSec", 60, 86400, 600]`
const REMOVE = `["removeAnchor", 0, 2, 0]`
/** So often may the firmware start during a trial: power is switched off and on, and new settings that end the program end, too. */
export const MAX_STARTS = 3

/** Lengths of a Wi-Fi name and password, as 802.11 has them. */
const MAX_SSID_LENGTH = 32
const MIN_PSK_LENGTH = 8
const MAX_PSK_LENGTH = 63

const BAD_NETWORK =
    "app: a Wi-Fi name has 1 to 32 characters and a password 8 to 63, ASCII without quotes and backslashes"

/** How long the runtime's Wi-Fi may take to be found after a start. */
const BOUND_TRIES = 50
const BOUND_CHECK_MS = 100

/** By `Outcome`. */
const STATES = `["none","trying","kept","rolledBack"]`

/** What the runtime offers for Wi-Fi: `new ds.Wifi()`. It keeps one network in its own flash, which programs cannot read. */
export interface WifiRole {
    readonly isBound: boolean
    addNetwork(ssid: string, password: string): Promise<void>
    reconnect(): Promise<void>
}

/** Waits until the runtime's Wi-Fi is found. @returns whether it was */
export async function whenBound(wifi: WifiRole): Promise<boolean> {
    if (wifi === null) return false
    for (let i = 0; i < BOUND_TRIES; i++) {
        if (wifi.isBound) return true
        await ds.sleep(BOUND_CHECK_MS)
    }
    return false
}

export class FieldSettings implements Feature {
    readonly filters: string[] = []
    readonly qos = 0

    private record: number[]
    /** `InUse` of what the leaf connects with; -1: not known. */
    private applied = -1
    /** Place in `wifi` of the network that the runtime was given; -1: none since the start. */
    private joined = -1
    /** When a trial ends. */
    private endMs = 0
    private isWiped = false
    private isChanging = false
    private isErasing = false

    /**
     * @param wifi the runtime's Wi-Fi, or null: then it cannot be changed
     * @param restart ends the program, which starts again
     */
    constructor(
        private readonly leaf: Leaf,
        private readonly read: ReadSetting,
        private readonly store: StoreSetting,
        private readonly wifi: WifiRole,
        private readonly restart: () => void
    ) {}

    /** Has the methods answered. To be called before the leaf starts. */
    async start(): Promise<void> {
        const self = this
        const leaf = this.leaf
        this.record = await readRecord(this.read)
        leaf.onMethod(
            "leaf.changeSettings",
            async payload => await self.change(payload)
        )
        leaf.onMethod("leaf.settingsStatus", async () => ({
            status: 200,
            payload: await self.status(),
        }))
        leaf.onMethod("leaf.factoryReset", async payload => {
            if (!payload || payload.deviceId !== leaf.settings.deviceId)
                return refusal(400, "app: the payload names no deviceId")
            self.isChanging = true
            self.isErasing = true
            leaf.isRenewing = true
            return { status: 200 }
        })
        leaf.addFeature(this)
    }

    /** Before each connection: what is to be tried, or counts again. */
    async begin(): Promise<void> {
        if (this.isErasing) {
            // The rest is done when no leaf runs.
            await this.store("schema", SCHEMA_ERASED)
            this.restart()
        }
        const record = this.record
        let inUse = record[RecordField.Used]
        if (this.isTrying()) {
            // A trial that another start has begun: counted here, as the leaf writes nothing in its first second.
            if (this.applied < 0)
                if (record[RecordField.Starts] > 0) {
                    record[RecordField.Starts]--
                    await this.beginTrial()
                }
            if (ds.millis() >= this.endMs) await this.end(Outcome.RolledBack)
            else inUse = record[RecordField.Tried]
        }
        if (inUse === this.applied) return
        await readInUse(this.read, inUse, this.leaf.settings)
        await this.join((inUse & InUse.Wifi2) >> 2)
        this.applied = inUse
    }

    take(): boolean {
        return false
    }

    /** There is a connection. Only now is anything overwritten: until then what is not in use may still be the runtime's network. */
    async serve(): Promise<void> {
        if (this.isTrying()) {
            // It may be the connection on which the method was called.
            if (this.applied !== this.record[RecordField.Tried]) return
            this.record[RecordField.Used] = this.applied
            await this.end(Outcome.Kept)
        }
        if (this.isWiped) return
        await this.wipeUnused()
        this.isWiped = true
    }

    private isTrying(): boolean {
        return this.record[RecordField.Outcome] === Outcome.Trying
    }

    private async end(outcome: Outcome): Promise<void> {
        this.record[RecordField.Outcome] = outcome
        await this.write()
        const status = await this.status()
        log(`settings ${status.state}`)
        this.isWiped = false
        this.leaf.send(status, { properties: { settings: status.state } })
    }

    private async beginTrial(): Promise<void> {
        await this.write()
        this.endMs = ds.millis() + this.record[RecordField.WithinSec] * 1000
    }

    /** The record becomes the one that counts. */
    private async write(): Promise<void> {
        const sequence = ++this.record[RecordField.Sequence]
        await this.put(recordName(sequence), this.record)
    }

    /** Writes, and looks whether it is there: a store that is full, or has grown weak, says nothing. */
    private async put(name: string, value: any): Promise<void> {
        await this.store(name, value)
        failIf(
            JSON.stringify(await this.read(name)) !== JSON.stringify(value),
            ErrorCode.SettingNotStored,
            `app: setting ${name} was not stored`
        )
    }

    /** Overwrites what is not in use. */
    private async wipeUnused(): Promise<void> {
        const used = this.record[RecordField.Used]
        await this.clear(keyName(used ^ InUse.Key2))
        for (let i = 1; i < 3; i++)
            if ((used & (1 << i)) !== 0)
                for (let part = 0; part < ANCHOR_PARTS.length; part++)
                    await this.clear(anchorName(i, part))
        const networks = await this.read("wifi")
        if (!networks) return
        const at = 2 - ((used & InUse.Wifi2) >> 2)
        if (!networks[at]) return
        networks[at] = ""
        networks[at + 1] = ""
        await this.store("wifi", networks)
    }

    private async clear(name: string): Promise<void> {
        if (await this.read(name)) await this.store(name, null)
    }

    /** Has the runtime use a network, if one was ever set here. */
    private async join(at: number): Promise<void> {
        const networks = await this.read("wifi")
        if (!networks || at === this.joined || this.wifi === null) return
        failIf(
            !(await whenBound(this.wifi)),
            ErrorCode.SettingsConflict,
            "app: the runtime's Wi-Fi is not there"
        )
        await this.wifi.addNetwork(networks[at], networks[at + 1])
        // At a start the runtime has it already, unless a trial was cut short.
        if (
            this.joined >= 0 ||
            this.record[RecordField.Outcome] !== Outcome.Kept
        )
            await this.wifi.reconnect()
        this.joined = at
    }

    private async status(): Promise<any> {
        const used = this.record[RecordField.Used]
        const anchors: string[] = []
        for (let i = 1; i < 3; i++) {
            let id = ""
            if (!(await this.isFree(i, used))) {
                const anchor = await readAnchor(this.read, i)
                id = (await sha256().digest(anchor)).toString("hex").slice(0, 8)
            }
            anchors.push(id)
        }
        const networks = await this.read("wifi")
        return {
            state: JSON.parse(STATES)[this.record[RecordField.Outcome]],
            key: 1 + (used & InUse.Key2),
            anchors,
            wifi: networks ? networks[(used & InUse.Wifi2) >> 2] : "",
        }
    }

    /** Whether the place of an anchor is not in use. */
    private async isFree(index: number, used: number): Promise<boolean> {
        if ((used & (1 << index)) !== 0) return true
        return !(await this.read(anchorName(index, 0)))
    }

    /** Checks what is wanted and has it tried. */
    private async change(wanted: any): Promise<MethodResult> {
        if (this.isChanging || this.isTrying())
            return refusal(409, "app: other settings are being tried")
        this.isChanging = true
        try {
            return await this.prepare(wanted)
        } catch (e: any) {
            const code = errorCode(e)
            if (code === ErrorCode.SettingInvalid)
                return refusal(400, e.message)
            if (code !== ErrorCode.SettingsConflict) throw e
            return refusal(409, e.message)
        } finally {
            this.isChanging = false
        }
    }

    private async prepare(wanted: any): Promise<MethodResult> {
        // Checks; nothing is written.
        const field = fieldsOf(wanted)
        const record = this.record
        const withinSec = Math.floor(
            await readNumber(field, JSON.parse(WITHIN))
        )
        const key = await readText(field, "key", checkKey, "")
        const anchor = await readText(field, "anchor", checkAnchor, "")
        const removed = await readNumber(field, JSON.parse(REMOVE))
        let used = record[RecordField.Used]
        let tried = used
        const networks = await this.readNetworks(field, used)
        let place = 2
        if (anchor) {
            if (!(await this.isFree(2, used))) {
                place = 1
                failIf(
                    !(await this.isFree(1, used)),
                    ErrorCode.SettingsConflict,
                    "app: there are two anchors: remove one first"
                )
            }
            used |= 1 << place
        }
        if (removed > 0) {
            failIf(
                (await this.isFree(removed, used)) ||
                    (!anchor && (await this.isFree(3 - removed, used))),
                ErrorCode.SettingInvalid,
                "app: there is no such anchor, or no other one"
            )
            tried |= 1 << removed
        }
        if (anchor) tried &= ~(1 << place)
        if (key) tried ^= InUse.Key2
        if (networks !== undefined) tried ^= InUse.Wifi2
        failIf(
            tried === used,
            ErrorCode.SettingInvalid,
            "app: there is nothing to change"
        )

        record[RecordField.Used] = used
        record[RecordField.Outcome] = Outcome.None
        // The same settings; a free place is called so from now on.
        this.applied = used
        await this.write()
        await this.wipeUnused()
        for (let part = 0; part * PART_LENGTH < anchor.length; part++)
            await this.put(
                anchorName(place, part),
                anchor.slice(part * PART_LENGTH, (part + 1) * PART_LENGTH)
            )
        if (key) await this.put(keyName(tried), key)
        if (networks !== undefined) await this.put("wifi", networks)

        // From this write on it is tried.
        record[RecordField.Tried] = tried
        record[RecordField.Starts] = MAX_STARTS
        record[RecordField.WithinSec] = withinSec
        record[RecordField.Outcome] = Outcome.Trying
        await this.beginTrial()
        this.leaf.isRenewing = true
        return { status: 202, payload: { withinSec } }
    }

    /** The setting `wifi` with the network that is wanted beside the present one; `undefined` if none is wanted. */
    private async readNetworks(
        field: ReadSetting,
        used: number
    ): Promise<string[]> {
        const wanted = await field("wifi")
        if (!wanted) return undefined
        failIf(
            this.wifi === null || !this.wifi.isBound,
            ErrorCode.SettingInvalid,
            "app: this device has no Wi-Fi that could be changed"
        )
        const next = await readNetwork(wanted)
        let networks = await this.read("wifi")
        const at = (used & InUse.Wifi2) >> 2
        if (!networks) {
            const before = await readNetwork(await field("wifiBefore"))
            networks = [before[0], before[1], before[0], before[1]]
        }
        networks[2 - at] = next[0]
        networks[3 - at] = next[1]
        return networks
    }
}

function refusal(status: number, message: string): MethodResult {
    return { status, payload: { message } }
}

/** Reads fields of a payload as if they were settings. */
function fieldsOf(payload: any): ReadSetting {
    return async (name: string): Promise<any> =>
        payload === null || payload === undefined ? undefined : payload[name]
}

/** A network of a payload: name and password. */
async function readNetwork(payload: any): Promise<string[]> {
    const field = fieldsOf(payload)
    const ssid = await readText(field, "ssid", acceptText, "")
    const psk = await readText(field, "psk", acceptText, "")
    const text = ssid + psk
    failIf(
        !ssid ||
            ssid.length > MAX_SSID_LENGTH ||
            psk.length > MAX_PSK_LENGTH ||
            // As JSON has them they could take twice the room, or come out garbled.
            Buffer.from(JSON.stringify(text)).length !== text.length + 2,
        ErrorCode.SettingInvalid,
        BAD_NETWORK
    )
    // An open network has none.
    if (psk)
        failIf(
            psk.length < MIN_PSK_LENGTH,
            ErrorCode.SettingInvalid,
            BAD_NETWORK
        )
    return [ssid, psk]
}

function checkAnchor(text: string): void {
    const anchor = decodeBase64(text)
    if (anchor.length > PART_BYTES * ANCHOR_PARTS.length)
        fail(ErrorCode.SettingTooLong, "app: the anchor is too long")
    readTrustAnchor(anchor)
}
