/** The firmware for a gateway with an RSA chain, as Microsoft's scripts make it. */
import { runFirmware } from "./firmware"
import { rsaSet } from "./tls/sets"

async function main(): Promise<void> {
    await runFirmware(rsaSet())
}

main.start()
