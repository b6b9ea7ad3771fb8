/** The thermostat for a gateway with a P-256 chain. */
import { runThermostat } from "./thermostat"
import { ecSet } from "./tls/sets"

async function main(): Promise<void> {
    await runThermostat(ecSet())
}

main.start()
