/** Holds a buffer of 20,000 bytes for a while, and makes garbage all the time. */
import * as ds from "@devicescript/core"

async function hold(): Promise<void> {
    const held = Buffer.alloc(20000)
    held[19999] = 1
    console.log("holding")
    await ds.sleep(50)
    console.log(`held ${held[19999]}`)
}

async function litter(): Promise<void> {
    for (let i = 0; i < 50; i++) {
        Buffer.alloc(900)
        await ds.sleep(1)
    }
}

await ds.sleep(20)
await hold()
await litter()
console.log("done")
