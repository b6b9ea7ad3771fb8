/** The device's own reader and writer of settings, apart from `settings.ts` so that the host can use that one. */
import * as ds from "@devicescript/core"
import { type VerifiedIssuers } from "../x509/issuers"
import { loadIssuers } from "./issuermemory"
import { Resumption } from "../tls/session"
import { FlashSession } from "./sessionstore"
import { type Settings, parseSettings } from "./settings"

/** How often is looked whether an answer has come. */
const CHECK_MS = 1

/** The runtime's service. `@devicescript/settings` waits for it with emitters: 0.8 KB of code more. */
const flash = new ds.Settings()

/** What the service has answered and nobody has taken yet, by name. */
const answers: Record<string, Buffer> = {}

/** What the runtime hands a role's reports to. */
interface Role {
    _report: { emit(packet: ds.Packet): void }
}

function takeAnswer(packet: ds.Packet): void {
    // An event, such as that something was written, is no answer.
    if (packet.isAction) {
        const answer = packet.decode()
        answers[answer[0]] = answer[1]
    }
}

/** One setting: its JSON value; `undefined` if there is none, or what is there is no JSON. */
async function readSetting(name: string): Promise<any> {
    ;(flash as any as Role)._report = { emit: takeAnswer }
    await flash.get(name)
    while (answers[name] === undefined) await ds.sleep(CHECK_MS)
    const json = answers[name].toString()
    delete answers[name]
    try {
        return JSON.parse(json)
    } catch {
        return undefined
    }
}

/** Reads all settings. Throws as `parseSettings`. */
export async function readSettings(): Promise<Settings> {
    return await parseSettings(readSetting)
}

/** Writes one setting, as JSON. Each write wears the flash and carries the risk of a power cut: rarely, please. */
export async function storeSetting(name: string, value: any): Promise<void> {
    await flash.set(name, Buffer.from(JSON.stringify(value)))
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
