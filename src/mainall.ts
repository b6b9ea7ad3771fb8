/** The firmware for all */
import { runFirmware } from "./firmware"
import { allSet } from "./tls/sets"

async function main(): Promise<void> {
    await runFirmware(allSet())
}

main.start()
