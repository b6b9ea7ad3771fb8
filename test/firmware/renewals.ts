/**
 * The thermostat with tokens that live twelve seconds, once the time is known. A hub ends a connection with its token, and the time
 * that the device has learned may be two seconds behind: less would be too close.
 */
import * as ds from "@devicescript/core"
import { createLeaf, report } from "../../src/firmware"
import { setUp } from "../../src/thermostat"
import { rsaSet } from "../../src/tls/sets"

async function main(): Promise<void> {
    const leaf = await createLeaf(rsaSet())
    leaf.clock.tokenLifeSec = 12
    setUp(leaf)
    leaf.start()
    while (true) {
        await report(leaf)
        await ds.sleep(500)
    }
}

main.start()
