/** The device's own reader and writer of settings, apart from `settings.ts` so that the host can use that one. */
import { readSetting, writeSetting } from "@devicescript/settings"
import { type VerifiedIssuers } from "../x509/issuers"
import { loadIssuers } from "./issuermemory"
import { Resumption } from "../tls/session"
import { FlashSession } from "./sessionstore"
import { type Settings, parseSettings } from "./settings"

/** Reads all settings. Throws as `parseSettings`. */
export async function readSettings(): Promise<Settings> {
    return await parseSettings(readSetting)
}

/** Writes one setting, as JSON. Each write wears the flash and carries the risk of a power cut: rarely, please. */
export async function storeSetting(name: string, value: any): Promise<void> {
    await writeSetting(name, value)
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
