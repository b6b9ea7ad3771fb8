/** The thermostat with short waits between its connections, for tests that break hundreds of them. */
import * as ds from "@devicescript/core"
import { createLeaf, report } from "../../src/firmware"
import { Backoff } from "../../src/net/backoff"
import { setUp } from "../../src/thermostat"
import { rsaSet } from "../../src/tls/sets"

/** Of the waits: 50 ms to 3 s. */
const SHORTENED = 0.05

async function main() {
    const leaf = await createLeaf(rsaSet())
    ;(leaf as any).backoff = new Backoff(() => SHORTENED)
    leaf.configure({ kickedWaitMs: 10000, kickedMaxMs: 60000 })
    setUp(leaf)
    leaf.start()
    while (true) {
        await report(leaf)
        await ds.sleep(leaf.settings.telemetrySec * 1000)
    }
}

await main()
