/**
 * The firmware whose settings can be changed in the field: telemetry as in `firmware.ts`, and the direct methods
 * `leaf.changeSettings`, `leaf.settingsStatus` and `leaf.factoryReset` (see `app/fieldsettings.ts`).
 *
 * `mainfield.ts` runs it with the TLS parts for RSA chains.
 */
import * as ds from "@devicescript/core"
import { createLeaf, report } from "./firmware"
import {
    type TlsParts,
    allowFieldSettings,
    errorCode,
    finishReset,
    tellWifi,
} from "./index"

const wifi = new ds.Wifi()

/** Starts the leaf, and reports for ever. @param parts what TLS may use */
export async function runField(parts: TlsParts): Promise<void> {
    const leaf = await createLeaf(parts, async () => {
        await finishReset(wifi)
    })
    try {
        await allowFieldSettings(leaf, wifi)
    } catch (e: any) {
        // It can do all else.
        console.log(`main: ${e.message} (${errorCode(e)})`)
    }
    tellWifi(leaf, wifi)
    leaf.start()
    while (true) {
        await report(leaf)
        await ds.sleep(leaf.settings.telemetrySec * 1000)
    }
}
