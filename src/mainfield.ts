/** The firmware with settings that can be changed in the field, for a gateway with an RSA chain. */
import { runField } from "./field"
import { rsaSet } from "./tls/sets"

async function main(): Promise<void> {
    await runField(rsaSet())
}

main.start()
