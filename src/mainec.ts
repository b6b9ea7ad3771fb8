/** The firmware for a gateway with a P-256 chain. */
import { runFirmware } from "./firmware"
import { ecSet } from "./tls/sets"

async function main(): Promise<void> {
    await runFirmware(ecSet())
}

main.start()
