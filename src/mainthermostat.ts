/** The thermostat for a gateway with an RSA chain. */
import { runThermostat } from "./thermostat"
import { rsaSet } from "./tls/sets"

async function main(): Promise<void> {
    await runThermostat(rsaSet())
}

main.start()
