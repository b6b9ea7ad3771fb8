/**
 * The firmware of a device without a device key: its tokens come from the gateway's token service, see docs/tokens.md. For a gateway with
 * an RSA chain. What waits to be sent is in RAM alone: there is no room for the outbox in flash beside it.
 */
import * as ds from "@devicescript/core"
import { createLeaf, report } from "./firmware"
import { rsaSet, tellWifi, useTokenService, watchHealth } from "./index"

async function main(): Promise<void> {
    const leaf = await createLeaf(rsaSet())
    const health = await watchHealth(leaf)
    useTokenService(leaf)
    tellWifi(leaf, new ds.Wifi())
    leaf.start()
    while (true) {
        if (!health.isSafe) await report(leaf)
        health.alive()
        await ds.sleep(leaf.settings.telemetrySec * 1000)
    }
}

main.start()
