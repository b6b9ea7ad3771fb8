/** Keeps one more alert in flash at each start, and says what it has found there. */
import { readBytes, storeBytes } from "../../src/app/flash"
import { FlashOutbox } from "../../src/app/flashoutbox"
import { Outbox } from "../../src/app/outbox"

const START = "devices/leaf-1/messages/events/"

const outbox = new Outbox(START)
const leaf = { settings: { deviceId: "leaf-1" }, outbox }
const flash = new FlashOutbox(leaf as any, {
    read: readBytes,
    write: storeBytes,
})
await flash.restore()
console.log(`keeper found ${flash.restored} bad ${flash.bad}`)
outbox.add(
    {
        topic: `${START}%24.mid=1-${flash.restored}`,
        payload: Buffer.from("the door is open"),
        qos: 1,
        packetId: 0,
        sent: false,
    },
    true
)
console.log(`keeper kept ${await flash.flush()}`)
