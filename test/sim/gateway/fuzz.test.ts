/** Whatever bytes come: the gateway stays up, and nobody else's connection suffers. `SEED=…` repeats a run. */
import assert from "node:assert/strict"
import { test } from "node:test"
import mqtt from "mqtt-packet"
import { Client, DEVICE_ID, TestGateway } from "./client"
import { random, seed } from "./random"

const STREAMS = 1000

/** Good packets, to be mutated. */
function goodPackets(site: TestGateway): Buffer[] {
    const packets: mqtt.Packet[] = [
        site.connectPacket(),
        {
            cmd: "publish",
            topic: `devices/${DEVICE_ID}/messages/events/%24.mid=1&a=b`,
            payload: '{"t":1}',
            qos: 1,
            messageId: 1,
            retain: false,
            dup: false,
        },
        {
            cmd: "subscribe",
            messageId: 2,
            subscriptions: [{ topic: "$iothub/methods/POST/#", qos: 1 }],
        },
        {
            cmd: "unsubscribe",
            messageId: 3,
            unsubscriptions: ["$iothub/methods/POST/#"],
        },
        { cmd: "pingreq" },
        { cmd: "puback", messageId: 4 },
        { cmd: "disconnect" },
    ]
    return packets.map(packet => mqtt.generate(packet))
}

test("random and mutated packets leave the gateway and other connections alive", async t => {
    t.diagnostic(`SEED=${seed}`)
    const { integer, bytes } = random(seed)
    const site = await TestGateway.start({ maxClients: 100 })
    const uncaught: unknown[] = []
    const onUncaught = (error: unknown) => void uncaught.push(error)
    process.on("uncaughtException", onUncaught)
    process.on("unhandledRejection", onUncaught)
    try {
        const other = site.registry.add({ deviceId: "bystander" })
        const bystander = await site.connect({}, other)
        const good = goodPackets(site)

        const mutated = (): Buffer => {
            const packet = Buffer.from(good[integer(good.length)])
            for (let i = integer(4); i >= 0; i--)
                packet[integer(packet.length)] = integer(256)
            return packet.subarray(0, 1 + integer(packet.length))
        }
        /** A header that fits, around random content. */
        const framed = (): Buffer => {
            const body = bytes(integer(120))
            return Buffer.concat([
                Buffer.from([integer(256), body.length]),
                body,
            ])
        }
        const attack = async (i: number) => {
            // Half of them come as a device that is connected.
            const client: Client =
                integer(2) === 0 ? await site.dial() : await site.connect()
            for (let n = integer(4); n >= 0; n--)
                client.write(
                    [mutated, framed, () => bytes(1 + integer(300))][
                        integer(3)
                    ]()
                )
            client.socket.end()
            await client.end()
            if (i % 50 === 0) await bystander.ping()
        }
        for (let i = 0; i < STREAMS; i++) await attack(i)

        await bystander.ping()
        bystander.publish({ topic: "devices/bystander/messages/events/" })
        assert.equal((await bystander.next())?.cmd, "puback")
        await (await site.connect()).ping()
        assert.deepEqual(uncaught, [])
    } finally {
        process.off("uncaughtException", onUncaught)
        process.off("unhandledRejection", onUncaught)
        await site.stop()
    }
})
