/** Keeps one more alert in flash at each start, and says what it has found there. */
import { keepOutbox } from "../../src/app/flash"
import type { Leaf } from "../../src/app/leaf"
import { Outbox } from "../../src/app/outbox"

const START = "devices/leaf-1/messages/events/"

/** What the outbox needs of a leaf. */
class Keeper {
    readonly settings = { deviceId: "leaf-1" }
    readonly outbox = new Outbox(START)

    addFeature(): void {}
    wake(): void {}
}

async function main(): Promise<void> {
    const keeper = new Keeper()
    const flash = await keepOutbox(keeper as any as Leaf)
    console.log(`keeper found ${flash.restored} bad ${flash.bad}`)
    keeper.outbox.add(
        {
            topic: `${START}%24.mid=1-${flash.restored}`,
            payload: Buffer.from("the door is open"),
            qos: 1,
            packetId: 0,
            sent: false,
        },
        true
    )
    console.log(`keeper kept ${await flash.keep()}`)
}

await main()
