/**
 * Factory reset: everything that provisioning, the field and the leaf have written to flash goes, and the device says that it
 * is not provisioned.
 *
 * What stays: the time floor (a device must not be made to believe in old certificates), the counts of starts, the
 * program. The runtime's own Wi-Fi network is overwritten by one that does not exist, if the firmware was given the Wi-Fi.
 *
 * The first write says that the flash is being erased; from then on no firmware connects, and each start goes on erasing. Then
 * every name gets the value `null` (names cannot go), and fillers are written until the store has packed itself twice: packing
 * erases the area before the last one, so that no old value can be read from the chip any more. The last write takes away
 * the version; from then on the device is like one that was never provisioned.
 *
 * It takes some seconds and MAX_WRITES writes.
 */
import * as ds from "@devicescript/core"
import { type StoreSetting } from "./clock"
import { type WifiRole, whenBound } from "./fieldsettings"
import { log } from "./log"
import { type ReadSetting, SCHEMA_ERASED, SETTLE_MS } from "./settings"

/** All of `flashTable` but `schema`, `floor`, `boots`, `health`, and what the runtime has written: a test compares. */
export const ERASED_NAMES = `["hubhost","deviceid","devkey","devkey2","inuse0","inuse1","gateway","gwaddr","gwport","timeport",
"provtime","telemetry","heartbeat","alertat","wifi","issuers","sess1a","sess1b","sess1c","sess2a","sess2b",
"anchor1a","anchor1b","anchor1c","anchor1d","anchor1e","anchor2a","anchor2b","anchor2c","anchor2d","anchor2e",
"out0","out1","out2","out3","out4","out5","out6","out7"]`

/** What a filler is written to. */
const FILLED = "issuers"
/** 200 characters: an entry takes 232 bytes of the store then, so that 36 fill an area and 72 fill both, however full they were. */
const FILLER =
    "--------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------"
const FILLERS = 72

/** Writes of a reset at most. */
export const MAX_WRITES = 120

/** What the runtime is told instead of its Wi-Fi network. */
const NO_NETWORK = "erased"

/** Erases, if that was begun. To be called when there is no leaf, because its settings are not good. */
export async function eraseSettings(
    read: ReadSetting,
    store: StoreSetting,
    wifi: WifiRole
): Promise<void> {
    if ((await read("schema")) !== SCHEMA_ERASED) return
    await ds.sleep(SETTLE_MS)
    for (const name of JSON.parse(ERASED_NAMES)) {
        const value = await read(name)
        // Of a slot of the outbox there is no knowing: it is no JSON.
        if (value !== null)
            if (value !== undefined || name.startsWith("out"))
                await store(name, null)
    }
    for (let i = 0; i < FILLERS; i++) await store(FILLED, FILLER + i)
    await store(FILLED, null)
    if (await whenBound(wifi)) await wifi.addNetwork(NO_NETWORK, "")
    await store("schema", null)
    log("settings erased, the device is not provisioned")
}
