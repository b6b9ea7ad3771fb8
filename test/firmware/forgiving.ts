/**
 * The thermostat for tests that break one connection after the other: as it is, but that it takes this for another device with its
 * id for a minute and a half only (`kickedMaxMs`), and not for a quarter of an hour. The method `renew` has it renew its token.
 */
import * as ds from "@devicescript/core"
import { createLeaf, report } from "../../src/firmware"
import { setUp } from "../../src/thermostat"
import { rsaSet } from "../../src/tls/sets"

async function main() {
    const leaf = await createLeaf(rsaSet())
    leaf.configure({ kickedWaitMs: 10000, kickedMaxMs: 60000 })
    setUp(leaf)
    leaf.onMethod("renew", async () => {
        leaf.isRenewing = true
        return { status: 200 }
    })
    leaf.start()
    while (true) {
        await report(leaf)
        await ds.sleep(leaf.settings.telemetrySec * 1000)
    }
}

await main()
