/** A leaf with one method that answers what it is told: status and payload. */
import { createLeaf } from "../../src/firmware"
import { rsaSet } from "../../src/tls/sets"

async function main(): Promise<void> {
    const leaf = await createLeaf(rsaSet())
    leaf.onMethod("echo", async payload => ({
        status: payload.status,
        payload: payload.value,
    }))
    leaf.start()
}

main.start()
