/** Plain telemetry that is kept in flash, for tests that break one connection after the other: see forgiving.ts. */
import * as ds from "@devicescript/core"
import { keepOutbox } from "../../src/app/flash"
import { createLeaf, report } from "../../src/firmware"
import { rsaSet } from "../../src/tls/sets"

async function main() {
    const leaf = await createLeaf(rsaSet())
    leaf.configure({ kickedWaitMs: 10000, kickedMaxMs: 60000 })
    const outbox = await keepOutbox(leaf)
    leaf.start()
    while (true) {
        await report(leaf)
        await outbox.keep()
        await ds.sleep(leaf.settings.telemetrySec * 1000)
    }
}

await main()
