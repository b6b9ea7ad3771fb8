/**
 * A leaf that keeps whatever comes for some seconds, and a full outbox: what it needs of the heap at most, for `test/e2e`.
 *
 * It verifies every signature at each connection. The method `echo` gives back what it got.
 */
import * as ds from "@devicescript/core"
import { readSettings, storeSetting } from "../../src/app/flash"
import { gatewayLink } from "../../src/app/gatewaylink"
import { Leaf } from "../../src/app/leaf"
import { rsaSet } from "../../src/tls/sets"

/** How long everything is kept. */
const HOLD_MS = 5000

/** Four of these fill the outbox. */
const TELEMETRY_BYTES = 560

async function main() {
    const leaf = new Leaf(
        await readSettings(),
        gatewayLink(rsaSet()),
        storeSetting
    )
    const twin = leaf.twin()
    leaf.onMessage(async message => {
        await ds.sleep(HOLD_MS)
        console.log(`message of ${message.body.length} bytes`)
    })
    leaf.onMethod("echo", async payload => {
        await ds.sleep(HOLD_MS)
        return { status: 200, payload }
    })
    twin.onDesired(async desired => {
        await ds.sleep(HOLD_MS)
        await twin.report({ seen: desired.$version })
    })
    leaf.setWill(Buffer.alloc(TELEMETRY_BYTES))
    for (let i = 0; i < 4; i++) leaf.send(Buffer.alloc(TELEMETRY_BYTES))
    await leaf.run()
}

await main()
