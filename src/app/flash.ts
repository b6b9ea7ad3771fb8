/** The device's own reader and writer of settings, apart from `settings.ts` so that the host can use that one. */
import { readSetting, writeSetting } from "@devicescript/settings"
import { type Settings, parseSettings } from "./settings"

/** Reads all settings. Throws as `parseSettings`. */
export async function readSettings(): Promise<Settings> {
    return await parseSettings(readSetting)
}

/** Writes one setting, as JSON. Each write wears the flash and carries the risk of a power cut: rarely, please. */
export async function storeSetting(name: string, value: number): Promise<void> {
    await writeSetting(name, value)
}
