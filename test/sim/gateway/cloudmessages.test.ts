/** Cloud-to-device messages: from the queue to the device and back, with what may go wrong between. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import type { IPublishPacket } from "mqtt-packet"
import { ManualClock } from "../../../sim/gateway/clock"
import type { CloudMessage } from "../../../sim/gateway/cloudmessage"
import type { GatewayEvents } from "../../../sim/gateway/events"
import type { ProfileName } from "../../../sim/gateway/profiles"
import { DEVICEBOUND, rig, until, within, type Client, type Rig } from "./rig"

const NAMES: ProfileName[] = ["edgehub", "hub"]
const HOUR_MS = 3_600_000

/** Sends messages with the bodies "1", "2", … */
function send(it: Rig, count: number): CloudMessage[] {
    return Array.from({ length: count }, (_, i) =>
        it.gateway.cloudMessages.send("leaf-1", { body: `${i + 1}` })
    )
}

/** The last state of a message. */
const end = ({ messageId, settled }: CloudMessage) =>
    within(`the end of the message ${messageId}`, settled)

async function receive(client: Client, count: number) {
    const packets: IPublishPacket[] = []
    while (packets.length < count) packets.push(await client.next("publish"))
    return packets
}

const bodies = (packets: IPublishPacket[]) =>
    packets.map(({ payload }) => String(payload))

function acknowledge(client: Client, ...packets: IPublishPacket[]): void {
    for (const { messageId } of packets)
        client.send({ cmd: "puback", messageId })
}

/** Ends a client's connection, and waits until the gateway knows it. */
async function vanish(it: Rig, client: Client): Promise<void> {
    const gone = it.gateway.waitFor("disconnected")
    client.destroy()
    await gone
}

/** The states of a message, as they are told. */
function states(it: Rig, { messageId }: CloudMessage): string[] {
    return it.log
        .filter(({ name }) => name === "cloudMessage")
        .map(({ event }) => event as GatewayEvents["cloudMessage"])
        .filter(event => event.messageId === messageId)
        .map(event => event.state)
}

for (const profile of NAMES)
    describe(`a message to a device of ${profile}`, () => {
        test("goes to its subscription at QoS 1, and is completed by the PUBACK", async t => {
            const it = await rig(t, { profile })
            const client = await it.subscribed()
            const message = it.gateway.cloudMessages.send("leaf-1", {
                body: Buffer.from([0, 255]),
                properties: { colour: "red" },
                messageId: "m-1",
            })
            const [packet] = await receive(client, 1)
            assert.equal(message.state, "in-flight")
            assert.deepEqual(
                [packet.qos, packet.dup, packet.retain, packet.messageId],
                [1, false, false, profile === "edgehub" ? 1 : 2]
            )
            assert.deepEqual(packet.payload, Buffer.from([0, 255]))
            acknowledge(client, packet)
            assert.equal(await end(message), "completed")
            assert.deepEqual(states(it, message), [
                "enqueued",
                "in-flight",
                "completed",
            ])
            assert.deepEqual(it.gateway.cloudMessages.pending("leaf-1"), [])
        })

        test("goes to a subscription at QoS 0, and is completed when it is sent", async t => {
            const it = await rig(t, { profile })
            const client = await it.subscribed(0)
            const messages = send(it, 3)
            const packets = await receive(client, 3)
            assert.deepEqual(bodies(packets), ["1", "2", "3"])
            assert.ok(packets.every(p => p.qos === 0 && !p.messageId))
            for (const message of messages)
                assert.equal(await end(message), "completed")
        })

        test("without properties comes on the topic without a bag", async t => {
            const it = await rig(t, { profile })
            const client = await it.subscribed()
            it.gateway.cloudMessages.send("leaf-1", { to: null })
            const [packet] = await receive(client, 1)
            const topic = "devices/leaf-1/messages/devicebound"
            const slash = profile === "hub" ? "/" : ""
            assert.equal(packet.topic, topic + slash)
        })

        test("waits while the device has not subscribed, and is delivered when it does", async t => {
            const it = await rig(t, { profile })
            const client = await it.connected()
            const [message] = send(it, 1)
            assert.deepEqual(await client.drain(), [])
            assert.equal(message.state, "enqueued")
            await client.subscribe([DEVICEBOUND])
            assert.deepEqual(bodies(await receive(client, 1)), ["1"])
        })

        test("waits for a device that is away, and comes right after the CONNACK if the session was kept", async t => {
            const it = await rig(t, { profile })
            await vanish(it, await it.subscribed())
            const messages = send(it, 2)
            assert.equal(messages[0].state, "enqueued")
            const client = await it.connected({ clean: false })
            assert.equal(client.sessionPresent, true)
            const packets = await receive(client, 2)
            assert.deepEqual(bodies(packets), ["1", "2"])
            assert.ok(packets.every(({ dup }) => !dup))
        })

        test("is not sent after an UNSUBSCRIBE", async t => {
            const it = await rig(t, { profile })
            const client = await it.subscribed()
            client.send({
                cmd: "unsubscribe",
                messageId: 2,
                unsubscriptions: [DEVICEBOUND],
            })
            await client.next("unsuback")
            const [message] = send(it, 1)
            assert.deepEqual(await client.drain(), [])
            assert.equal(message.state, "enqueued")
        })

        test("that is not acknowledged comes again after a reconnect, with those behind it, in order", async t => {
            const it = await rig(t, { profile })
            const first = await it.subscribed()
            const messages = send(it, 3)
            const before = await receive(first, 3)
            acknowledge(first, before[0])
            await end(messages[0])
            await vanish(it, first)
            assert.equal(messages[1].state, "enqueued")
            it.gateway.cloudMessages.send("leaf-1", { body: "4" })
            const second = await it.connected({ clean: false })
            const after = await receive(second, 3)
            assert.deepEqual(bodies(after), ["2", "3", "4"])
            // An edgeHub does not know that it has sent them before.
            const marked = profile === "hub"
            assert.deepEqual(
                after.map(({ dup }) => dup),
                [marked, marked, false]
            )
            assert.equal(messages[1].deliveryCount, 2)
            if (profile === "hub")
                assert.equal(after[0].messageId, before[1].messageId)
            acknowledge(second, ...after)
            assert.equal(await end(messages[2]), "completed")
        })

        test("that is in flight when a newer connection takes over comes there", async t => {
            const it = await rig(t, { profile })
            const older = await it.subscribed()
            const [message] = send(it, 1)
            await receive(older, 1)
            const newer = await it.connected({ clean: false })
            const [packet] = await receive(newer, 1)
            acknowledge(newer, packet)
            assert.equal(await end(message), "completed")
        })

        test("is dead-lettered after ten deliveries without a PUBACK, when the connection ends", async t => {
            const it = await rig(t, { profile })
            let client = await it.subscribed()
            const message = it.gateway.cloudMessages.send("leaf-1", {
                ack: "negative",
                messageId: "poison",
            })
            const told = it.gateway.waitFor("feedback")
            for (let delivery = 1; ; delivery++) {
                await receive(client, 1)
                assert.equal(message.deliveryCount, delivery)
                assert.equal(message.state, "in-flight")
                await vanish(it, client)
                if (delivery === 10) break
                assert.equal(message.state, "enqueued")
                client = await it.connected({ clean: false })
            }
            assert.equal(await end(message), "dead-lettered")
            assert.equal(message.reason, "delivery-count-exceeded")
            assert.equal((await told).statusCode, "DeliveryCountExceeded")
            const next = await it.connected({ clean: false })
            assert.deepEqual(await next.drain(), [])
        })
    })

describe("the packet id", () => {
    test("is 1 for every message of edgehub: each PUBACK is for the oldest of them", async t => {
        const it = await rig(t)
        const client = await it.subscribed()
        const messages = send(it, 3)
        const packets = await receive(client, 3)
        assert.deepEqual(
            packets.map(({ messageId }) => messageId),
            [1, 1, 1]
        )
        for (const [i, message] of messages.entries()) {
            acknowledge(client, packets[2])
            await end(message)
            assert.deepEqual(
                messages.map(({ state }) => state === "completed"),
                [true, i > 0, i > 1]
            )
        }
    })

    test("is shared with answers of the twin on edgehub: their PUBACKs count in the order of all", async t => {
        const it = await rig(t)
        const client = await it.subscribed()
        await client.subscribe(["$iothub/twin/res/#"])
        const connection = it.gateway.connection("leaf-1")
        assert.ok(connection?.deliver("$iothub/twin/res/200/?$rid=1", "{}"))
        const [message] = send(it, 1)
        const packets = await receive(client, 2)
        acknowledge(client, packets[0])
        await client.drain()
        assert.equal(message.state, "in-flight")
        acknowledge(client, packets[1])
        assert.equal(await end(message), "completed")
    })

    test("is its own for each message of a hub: a PUBACK is for that message", async t => {
        const it = await rig(t, { profile: "hub" })
        const client = await it.subscribed()
        const messages = send(it, 3)
        const packets = await receive(client, 3)
        assert.equal(new Set(packets.map(p => p.messageId)).size, 3)
        acknowledge(client, packets[1])
        await end(messages[1])
        assert.deepEqual(
            messages.map(({ state }) => state),
            ["in-flight", "completed", "in-flight"]
        )
    })

    test("that is of no message is told and ignored", async t => {
        const it = await rig(t)
        const client = await it.subscribed()
        const told = it.gateway.waitFor("strayAcknowledgement")
        client.send({ cmd: "puback", messageId: 77 })
        assert.equal((await told).packetId, 77)
        const [message] = send(it, 1)
        client.send({ cmd: "puback", messageId: 2 })
        await receive(client, 1)
        assert.deepEqual(await client.drain(), [])
        assert.equal(message.state, "in-flight")
    })
})

describe("a message that is older than the subscription", () => {
    /** A message was sent so long before the device, with a clean session, subscribes. */
    async function older(
        it: Rig,
        clock: ManualClock,
        byMs: number
    ): Promise<[CloudMessage, Client]> {
        const message = it.gateway.cloudMessages.send("leaf-1", {
            body: "old",
            ack: "full",
        })
        const client = await it.connected()
        clock.advance(byMs)
        await client.subscribe([DEVICEBOUND])
        return [message, client]
    }

    test("by 30 s is rejected by edgehub, and told to its sender", async t => {
        const clock = new ManualClock()
        const it = await rig(t, { clock })
        const told = it.gateway.waitFor("feedback")
        const [message, client] = await older(it, clock, 30_000)
        assert.equal(await end(message), "dead-lettered")
        assert.equal(message.reason, "rejected")
        assert.equal(message.deliveryCount, 0)
        assert.equal((await told).statusCode, "Rejected")
        assert.deepEqual(await client.drain(), [])
    })

    test("by less is delivered, as clocks differ", async t => {
        const clock = new ManualClock()
        const it = await rig(t, { clock })
        const [, client] = await older(it, clock, 29_999)
        assert.deepEqual(bodies(await receive(client, 1)), ["old"])
    })

    test("is kept and delivered by a hub", async t => {
        const clock = new ManualClock()
        const it = await rig(t, { clock, profile: "hub" })
        const [, client] = await older(it, clock, 50_000)
        assert.deepEqual(bodies(await receive(client, 1)), ["old"])
    })

    test("is none if the session was kept, even if the device subscribes once more", async t => {
        const clock = new ManualClock()
        const it = await rig(t, { clock, limits: { inFlight: 1 } })
        await vanish(it, await it.subscribed())
        clock.advance(HOUR_MS / 2)
        send(it, 2)
        clock.advance(60_000)
        const client = await it.connected({ clean: false })
        const [first] = await receive(client, 1)
        await client.subscribe([DEVICEBOUND])
        acknowledge(client, first)
        assert.deepEqual(bodies(await receive(client, 1)), ["2"])
    })
})

describe("the queue", () => {
    test("of a device holds 50 messages, those in flight included, and is another one's for another device", async t => {
        const it = await rig(t)
        it.registry.add({ deviceId: "leaf-2" })
        const client = await it.subscribed()
        const messages = send(it, 50)
        const { cloudMessages } = it.gateway
        assert.throws(() => cloudMessages.send("leaf-1"), {
            code: "queue-full",
        })
        cloudMessages.send("leaf-2")
        const [first] = await receive(client, 1)
        acknowledge(client, first)
        await end(messages[0])
        cloudMessages.send("leaf-1")
        assert.throws(() => cloudMessages.send("leaf-1"), {
            code: "queue-full",
        })
    })

    test("gives a device as many messages at a time as may be in flight, and one more for each PUBACK", async t => {
        const it = await rig(t, { limits: { inFlight: 2 } })
        const client = await it.subscribed()
        send(it, 4)
        const packets = (await client.drain()) as IPublishPacket[]
        assert.deepEqual(bodies(packets), ["1", "2"])
        acknowledge(client, packets[0])
        assert.deepEqual(bodies(await receive(client, 1)), ["3"])
        assert.deepEqual(await client.drain(), [])
    })

    test("gives a device no more than it reads, however much waits", async t => {
        const it = await rig(t)
        const client = await it.subscribed()
        client.socket.pause()
        const messages = Array.from({ length: 50 }, () =>
            it.gateway.cloudMessages.send("leaf-1", {
                body: Buffer.alloc(65_000),
            })
        )
        assert.equal(messages[49].state, "enqueued")
        client.socket.resume()
        const packets = await receive(client, 50)
        assert.ok(packets.every(({ payload }) => payload.length === 65_000))
        acknowledge(client, ...packets)
        assert.equal(await end(messages[49]), "completed")
    })

    test("lets a message expire after an hour, or when it was told to", async t => {
        const clock = new ManualClock()
        const it = await rig(t, { clock })
        const { cloudMessages } = it.gateway
        const hour = cloudMessages.send("leaf-1", { ack: "full" })
        const minute = cloudMessages.send("leaf-1", { expiryMs: 60_000 })
        clock.advance(59_999)
        assert.equal(minute.state, "enqueued")
        clock.advance(1)
        assert.equal(minute.state, "expired")
        const told = it.gateway.waitFor("feedback")
        clock.advance(HOUR_MS - 60_000 - 1)
        assert.equal(hour.state, "enqueued")
        clock.advance(1)
        assert.equal(await end(hour), "expired")
        assert.deepEqual(await told, {
            deviceId: "leaf-1",
            originalMessageId: hour.messageId,
            statusCode: "Expired",
            description: "Expired",
            enqueuedTimeUtc: new Date(clock.now()).toISOString(),
            atMs: clock.now(),
        })
        assert.deepEqual(cloudMessages.pending("leaf-1"), [])
    })

    test("lets a message in flight be completed after its time, and expire if it comes back", async t => {
        const clock = new ManualClock()
        const it = await rig(t, { clock })
        const client = await it.subscribed(1, { clean: false, keepalive: 400 })
        const { cloudMessages } = it.gateway
        const [one, two] = [1, 2].map(() =>
            cloudMessages.send("leaf-1", { expiryMs: 1_000 })
        )
        const [packet] = await receive(client, 2)
        clock.advance(2_000)
        assert.deepEqual([one.state, two.state], ["in-flight", "in-flight"])
        acknowledge(client, packet)
        assert.equal(await end(one), "completed")
        await vanish(it, client)
        assert.equal(await end(two), "expired")
    })

    test("is emptied by a purge, except for what is in flight", async t => {
        const it = await rig(t, { limits: { inFlight: 1 } })
        const client = await it.subscribed()
        const { cloudMessages } = it.gateway
        const flying = cloudMessages.send("leaf-1")
        const waiting = cloudMessages.send("leaf-1", { ack: "negative" })
        const told = it.gateway.waitFor("feedback")
        assert.equal(cloudMessages.purge("leaf-1"), 1)
        assert.equal(await end(waiting), "dead-lettered")
        assert.equal((await told).statusCode, "Purged")
        acknowledge(client, ...(await receive(client, 1)))
        assert.equal(await end(flying), "completed")
        assert.equal(cloudMessages.purge("leaf-1"), 0)
    })

    test("goes with its device when that is removed, without feedback; a new one of that name has none of it", async t => {
        const it = await rig(t)
        const client = await it.subscribed()
        const { cloudMessages } = it.gateway
        const flying = cloudMessages.send("leaf-1", { ack: "full" })
        await receive(client, 1)
        it.registry.remove("leaf-1")
        assert.equal(await end(flying), "dead-lettered")
        assert.equal(flying.reason, "purged")
        assert.throws(() => cloudMessages.send("leaf-1"), {
            code: "unknown-identity",
        })
        it.registry.add({ ...it.device })
        const next = await it.connected({ clean: false })
        assert.equal(next.sessionPresent, false)
        assert.deepEqual(cloudMessages.pending("leaf-1"), [])
        assert.ok(!it.log.some(({ name }) => name === "feedback"))
    })

    test("stays while its device is disabled", async t => {
        const it = await rig(t)
        const client = await it.subscribed()
        it.registry.change("leaf-1", { enabled: false })
        await client.closed
        const [message] = send(it, 1)
        it.registry.change("leaf-1", { enabled: true })
        const back = await it.connected({ clean: false })
        await receive(back, 1)
        assert.equal(message.state, "in-flight")
    })

    test("ends with the gateway: no timer is left, and whoever waits is told", async t => {
        const clock = new ManualClock()
        const it = await rig(t, { clock })
        const [message] = send(it, 1)
        await it.gateway.close()
        await assert.rejects(message.settled, { code: "closed" })
        assert.equal(clock.pending, 0)
    })
})

describe("feedback", () => {
    for (const [ack, told] of [
        [undefined, []],
        ["none", []],
        ["positive", ["Success"]],
        ["negative", ["Expired"]],
        ["full", ["Success", "Expired"]],
    ] as const)
        test(`is ${told.join(" and ") || "nothing"} for ack ${ack ?? "that is not given"}`, async t => {
            const clock = new ManualClock()
            const it = await rig(t, { clock })
            const client = await it.subscribed()
            const { cloudMessages } = it.gateway
            const good = cloudMessages.send("leaf-1", { ack, messageId: "a" })
            acknowledge(client, ...(await receive(client, 1)))
            await end(good)
            await vanish(it, client)
            cloudMessages.send("leaf-1", { ack, messageId: "b", expiryMs: 1 })
            clock.advance(1)
            const feedback = it.log
                .filter(({ name }) => name === "feedback")
                .map(({ event }) => event as GatewayEvents["feedback"])
            assert.deepEqual(
                feedback.map(({ statusCode }) => statusCode),
                told
            )
        })
})

describe("a message that cannot be sent", () => {
    for (const [what, request, code] of [
        [
            "of more than 64 KB with its properties",
            { body: Buffer.alloc(65_530), properties: { a: "123456" } },
            "message-too-large",
        ],
        [
            "whose topic is longer than MQTT's longest",
            { properties: { a: "&".repeat(22_000) }, to: null },
            "message-too-large",
        ],
        [
            "with a property without a name",
            { properties: { "": "x" } },
            "bad-message",
        ],
        [
            "with a property of the hub's",
            { properties: { "$.mid": "x" } },
            "bad-message",
        ],
        [
            "with the property that asks for feedback",
            { properties: { "iothub-ack": "full" } },
            "bad-message",
        ],
        [
            "with half a character",
            { properties: { a: "\ud800" } },
            "bad-message",
        ],
        ["that has expired", { expiryMs: 0 }, "bad-message"],
        ["that lasts three days", { expiryMs: 72 * HOUR_MS }, "bad-message"],
    ] as const)
        test(`${what} is an error of its sender`, async t => {
            const { gateway } = await rig(t)
            const { cloudMessages } = gateway
            assert.throws(() => cloudMessages.send("leaf-1", request), { code })
            assert.deepEqual(cloudMessages.pending("leaf-1"), [])
        })

    test("leaves the others alone: one of 64 KB with its properties passes", async t => {
        const it = await rig(t)
        const client = await it.subscribed()
        it.gateway.cloudMessages.send("leaf-1", {
            body: Buffer.alloc(65_530),
            properties: { a: "12345" },
            to: null,
        })
        const [packet] = await receive(client, 1)
        assert.equal(packet.payload.length, 65_530)
    })
})

describe("handlers of events", () => {
    test("may drop the connection as a message goes out: it comes once more", async t => {
        const it = await rig(t)
        const client = await it.subscribed()
        const stop = it.gateway.on("cloudMessage", ({ state }) => {
            if (state === "in-flight") it.gateway.drop()
        })
        const [message] = send(it, 1)
        await client.closed
        stop()
        assert.equal(message.state, "enqueued")
        assert.equal(message.deliveryCount, 1)
        const next = await it.connected({ clean: false })
        assert.deepEqual(bodies(await receive(next, 1)), ["1"])
    })

    test("may send the next message as one is completed", async t => {
        const it = await rig(t)
        const client = await it.subscribed()
        let left = 3
        it.gateway.on("cloudMessage", ({ state }) => {
            if (state === "completed" && --left > 0)
                it.gateway.cloudMessages.send("leaf-1", { body: `${left}` })
        })
        it.gateway.cloudMessages.send("leaf-1", { body: "3" })
        for (const body of ["3", "2", "1"]) {
            const [packet] = await receive(client, 1)
            assert.equal(String(packet.payload), body)
            acknowledge(client, packet)
        }
        await until(() => left === 0)
        assert.deepEqual(await client.drain(), [])
    })
})
