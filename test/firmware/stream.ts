/** Sends a stream of numbered messages, three at a time, each three once those before are acknowledged; then says `done`. */
import * as ds from "@devicescript/core"
import { createLeaf } from "../../src/firmware"
import { Backoff } from "../../src/net/backoff"
import { rsaSet } from "../../src/tls/sets"

/** Of the waits between connections: tests break many of them. */
const SHORTENED = 0.05
const AT_A_TIME = 3

async function main() {
    const leaf = await createLeaf(rsaSet())
    ;(leaf as any).backoff = new Backoff(() => SHORTENED)
    leaf.configure({ kickedWaitMs: 10000, kickedMaxMs: 60000 })
    leaf.start()
    // A number of messages in place of an interval.
    const count = leaf.settings.telemetrySec
    for (let n = 1; n <= count; n++) {
        leaf.send({ n }, { messageId: "" + n })
        if (n % AT_A_TIME === 0 || n === count)
            while (!leaf.outbox.isEmpty() || leaf.outbox.isUnacknowledged())
                await ds.sleep(1)
    }
    console.log("done, dropped", leaf.outbox.dropped)
}

await main()
