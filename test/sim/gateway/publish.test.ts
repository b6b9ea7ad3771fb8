/** What a connected device sends: messages, subscriptions, pings, a will. */
import assert from "node:assert/strict"
import { afterEach, test } from "node:test"
import mqtt from "mqtt-packet"
import type { Telemetry } from "../../../sim/gateway/events"
import { MemoryStore, MessageStore } from "../../../sim/gateway/store"
import { Client, DEVICE_ID, TestGateway } from "./client"
import { FakeClock } from "./fakeclock"

let site: TestGateway

afterEach(() => site.stop())

/** Keeps every message waiting until it is let go. */
class HeldStore implements MessageStore {
    readonly started: Telemetry[] = []
    private readonly held: {
        resolve: () => void
        reject: (error: Error) => void
    }[] = []
    private onStarted: (() => void) | undefined

    add(message: Telemetry): Promise<void> {
        this.started.push(message)
        this.onStarted?.()
        return new Promise((resolve, reject) =>
            this.held.push({ resolve, reject })
        )
    }

    /** Waits until so many messages have come in all. */
    async reached(count: number): Promise<void> {
        while (this.started.length < count)
            await new Promise<void>(resolve => (this.onStarted = resolve))
    }

    release(): void {
        this.held.shift()!.resolve()
    }

    fail(): void {
        this.held.shift()!.reject(new Error("the disk is full"))
    }
}

const TOPIC = `devices/${DEVICE_ID}/messages/events/`

async function nextPuback(client: Client): Promise<number> {
    const packet = (await client.next()) as mqtt.IPubackPacket
    assert.equal(packet?.cmd, "puback")
    return packet.messageId!
}

/** Lets everything that can happen without the network happen. */
async function settle() {
    for (let i = 0; i < 20; i++)
        await new Promise(resolve => setImmediate(resolve))
}

test("a message is acknowledged when it is stored, and not before", async () => {
    const store = new HeldStore()
    site = await TestGateway.start({ store })
    const client = await site.connect()
    client.publish({ messageId: 7 })
    await store.reached(1)
    await settle()
    assert.equal(client.received.length, 0)
    assert.equal(site.events("telemetry").length, 0)
    store.release()
    assert.equal(await nextPuback(client), 7)
    assert.equal(site.events("telemetry").length, 1)
})

test("a message that cannot be stored is not acknowledged: the connection is closed", async () => {
    const store = new HeldStore()
    site = await TestGateway.start({ store })
    const client = await site.connect()
    client.publish()
    await store.reached(1)
    store.fail()
    assert.equal(await client.next(), undefined)
    assert.equal(site.events("telemetry").length, 0)
    assert.match(
        String(site.events("disconnected")[0].reason),
        /the disk is full/
    )
})

test("messages are stored and acknowledged in the order in which they came", async () => {
    const store = new HeldStore()
    site = await TestGateway.start({ store })
    const client = await site.connect()
    const ids = [5, 3, 65535, 1]
    for (const messageId of ids)
        client.publish({ messageId, payload: String(messageId) })
    for (const [i, messageId] of ids.entries()) {
        await store.reached(i + 1)
        assert.equal(store.started.length, i + 1)
        assert.equal(store.started[i].body.toString(), String(messageId))
        store.release()
        assert.equal(await nextPuback(client), messageId)
    }
})

test("a QoS 0 message is stored and not acknowledged", async () => {
    const store = new MemoryStore()
    site = await TestGateway.start({ store })
    const client = await site.connect()
    client.publish({ qos: 0, messageId: undefined, payload: "zero" })
    await client.ping()
    assert.deepEqual(
        store.messages.map(m => m.body.toString()),
        ["zero"]
    )
})

test("a QoS 2 message closes the connection and is not stored", async () => {
    const store = new MemoryStore()
    site = await TestGateway.start({ store })
    const client = await site.connect()
    client.publish({ qos: 2 })
    assert.equal(await client.next(), undefined)
    assert.equal(store.messages.length, 0)
    assert.match(String(site.events("disconnected")[0].reason), /QoS 2/)
})

test("retain and dup become properties, and a repetition is marked as one", async () => {
    const store = new MemoryStore()
    site = await TestGateway.start({ store })
    const client = await site.connect()
    client.publish({ topic: `${TOPIC}a=1`, retain: true })
    client.publish({ topic: `${TOPIC}a=2`, dup: true })
    client.publish({ topic: `${TOPIC}a=3`, retain: true, dup: true })
    client.publish({ topic: `${TOPIC}a=4` })
    for (let i = 0; i < 4; i++) await nextPuback(client)
    assert.deepEqual(
        store.messages.map(m => [m.properties, m.duplicate]),
        [
            [{ a: "1", "mqtt-retain": "true" }, false],
            [{ a: "2", "mqtt-dup": "true" }, true],
            [{ a: "3", "mqtt-retain": "true", "mqtt-dup": "true" }, true],
            [{ a: "4" }, false],
        ]
    )
})

test("system properties and the application's are told apart and decoded", async () => {
    const store = new MemoryStore()
    site = await TestGateway.start({ store })
    const client = await site.connect()
    client.publish({
        topic: `${TOPIC}%24.mid=1-1&%24.ct=application%2Fjson&%24.ce=utf-8&caf%C3%A9=a%26b%3D%20c&empty=&flag&$.cid=x&__proto__=p`,
        payload: '{"t":1}',
    })
    await nextPuback(client)
    const [message] = store.messages
    assert.deepEqual(message.systemProperties, {
        mid: "1-1",
        ct: "application/json",
        ce: "utf-8",
        cid: "x",
    })
    assert.deepEqual(Object.entries(message.properties), [
        ["café", "a&b= c"],
        ["empty", ""],
        ["flag", ""],
        ["__proto__", "p"],
    ])
    assert.equal(message.deviceId, DEVICE_ID)
    assert.equal(message.body.toString(), '{"t":1}')
})

test("telemetry may come without the last slash, and with one behind its properties", async () => {
    const store = new MemoryStore()
    site = await TestGateway.start({ store })
    const client = await site.connect()
    for (const topic of [TOPIC.slice(0, -1), TOPIC, `${TOPIC}a=1/`]) {
        client.publish({ topic })
        await nextPuback(client)
    }
    assert.deepEqual(
        store.messages.map(m => m.properties),
        [{}, {}, { a: "1" }]
    )
})

test("a message to a bad topic or to another device's is dropped, and acknowledged all the same", async () => {
    const store = new MemoryStore()
    site = await TestGateway.start({ store })
    const client = await site.connect()
    const topics = [
        "x",
        "devices/other/messages/events/",
        "devices/leaf-1/messages/events/",
        `devices/${DEVICE_ID}/messages/eventsx`,
        `devices/${DEVICE_ID}/messages/devicebound/`,
        `devices/${DEVICE_ID}/modules/m/messages/events/`,
        `${TOPIC}a=%ZZ`,
        `${TOPIC}=1`,
        `${TOPIC}a=1&&b=2`,
        "$iothub/methods/res/200/?$rid=1",
    ]
    for (const [i, topic] of topics.entries()) {
        client.publish({ topic, messageId: i + 1 })
        assert.equal(await nextPuback(client), i + 1)
    }
    assert.equal(store.messages.length, 0)
    assert.deepEqual(
        site.events("dropped").map(event => event.topic),
        topics
    )
})

/** A PUBLISH whose whole packet has so many bytes. */
function publishOf(bytes: number): Buffer {
    const empty = mqtt.generate({
        cmd: "publish",
        topic: TOPIC,
        payload: Buffer.alloc(0),
        qos: 1,
        messageId: 9,
        retain: false,
        dup: false,
    })
    // The header grows from two bytes to four, or three for 2^14 to 2^21.
    const packet = mqtt.generate({
        cmd: "publish",
        topic: TOPIC,
        payload: Buffer.alloc(bytes - empty.length - 2),
        qos: 1,
        messageId: 9,
        retain: false,
        dup: false,
    })
    assert.equal(packet.length, bytes)
    return packet
}

test("a packet of 262,144 bytes is taken, and one more byte closes the connection", async () => {
    const store = new MemoryStore()
    site = await TestGateway.start({ store })
    const client = await site.connect()
    client.write(publishOf(262144))
    assert.equal(await nextPuback(client), 9)
    client.write(publishOf(262145))
    assert.equal(await client.next(), undefined)
    assert.equal(store.messages.length, 1)
    assert.match(String(site.events("disconnected")[0].reason), /262145 bytes/)
})

test("a packet that is too long is refused by its header, without waiting for the rest", async () => {
    site = await TestGateway.start()
    for (const header of ["30ffffff7f", "30ffffffff", "3080801001"]) {
        const client = await site.connect()
        client.write(Buffer.from(header, "hex"))
        assert.equal(await client.next(), undefined)
    }
    // The same before CONNECT.
    const client = await site.dial()
    client.write(Buffer.from("10ffffff7f", "hex"))
    assert.equal(await client.next(), undefined)
})

/** What a connection has taken and not finished; not to be seen from outside. */
function waitingPackets(): number[] {
    const { connections } = site.gateway as unknown as {
        connections: Set<{ waiting: number }>
    }
    return [...connections].map(connection => connection.waiting)
}

test("not more than 16 unacknowledged messages are taken; later the rest follows", async () => {
    const store = new HeldStore()
    site = await TestGateway.start({ store })
    const client = await site.connect()
    // In one piece, and then some more.
    client.send(
        ...Array.from({ length: 30 }, (_, i) => ({
            cmd: "publish" as const,
            topic: TOPIC,
            payload: String(i + 1),
            qos: 1 as const,
            messageId: i + 1,
            retain: false,
            dup: false,
        }))
    )
    for (let messageId = 31; messageId <= 50; messageId++)
        client.publish({ messageId, payload: String(messageId) })
    await store.reached(1)
    await settle()
    assert.deepEqual(waitingPackets(), [16])
    for (let i = 1; i <= 50; i++) {
        await store.reached(i)
        store.release()
        assert.equal(await nextPuback(client), i)
        assert.ok(waitingPackets()[0] <= 16)
    }
    assert.deepEqual(
        store.started.map(m => m.body.toString()),
        Array.from({ length: 50 }, (_, i) => String(i + 1))
    )
})

test("while the gateway does not read, the silence is not the client's", async () => {
    const store = new HeldStore()
    const clock = new FakeClock()
    site = await TestGateway.start({ store, clock })
    const client = await site.connect({ keepalive: 10 })
    client.publish()
    await store.reached(1)
    clock.advance(15000)
    assert.equal(site.gateway.isConnected(DEVICE_ID), true)
    store.release()
    await nextPuback(client)
    clock.advance(15000)
    assert.equal(await client.next(), undefined)
})

const WILL = {
    topic: `${TOPIC}a=1`,
    payload: Buffer.from("gone"),
    qos: 1,
    retain: false,
} as const

test("a connection that is cut leaves its will as telemetry", async () => {
    const store = new MemoryStore()
    site = await TestGateway.start({ store })
    const client = await site.connect({ will: WILL })
    const told = site.gateway.waitFor("telemetry")
    client.destroy()
    const message = await told
    assert.equal(message.body.toString(), "gone")
    assert.deepEqual(message.properties, {
        a: "1",
        "iothub-MessageType": "Will",
    })
    assert.equal(store.messages.length, 1)
})

test("a will is no sign of life", async () => {
    const clock = new FakeClock()
    site = await TestGateway.start({ clock, expectedSec: 10 })
    const client = await site.connect({ will: WILL })
    client.publish()
    await nextPuback(client)
    clock.advance(14000)
    const told = site.gateway.waitFor("telemetry")
    client.destroy()
    await told
    clock.advance(1000)
    assert.equal(site.events("late").length, 1)
    assert.equal(site.events("alive").length, 0)
})

test("a will is sent when the gateway closes a connection for an error of the client", async () => {
    site = await TestGateway.start()
    const client = await site.connect({ will: WILL })
    const told = site.gateway.waitFor("telemetry")
    client.publish({ qos: 2 })
    await told
    await client.end()
})

test("after DISCONNECT there is no will", async () => {
    const store = new MemoryStore()
    site = await TestGateway.start({ store })
    const client = await site.connect({ will: WILL })
    client.send({ cmd: "disconnect" })
    assert.equal(await client.next(), undefined)
    await settle()
    assert.equal(store.messages.length, 0)
    assert.match(String(site.events("disconnected")[0].reason), /goodbye/)
})

test("what was sent before DISCONNECT counts, even if the client is gone before it is stored", async () => {
    const store = new HeldStore()
    site = await TestGateway.start({ store })
    const client = await site.connect({ will: WILL })
    client.publish({ messageId: 1, payload: "one" })
    client.publish({ messageId: 2, payload: "two" })
    client.send({ cmd: "disconnect" })
    client.socket.end()
    await store.reached(1)
    await client.end()
    await settle()
    const gone = site.gateway.waitFor("disconnected")
    store.release()
    await store.reached(2)
    store.release()
    assert.match((await gone).reason, /goodbye/)
    await settle()
    assert.deepEqual(
        store.started.map(m => m.body.toString()),
        ["one", "two"]
    )
})

test("a device's own filters are granted up to QoS 1, all others refused", async () => {
    site = await TestGateway.start()
    const client = await site.connect()
    client.send({
        cmd: "subscribe",
        messageId: 77,
        subscriptions: [
            { topic: `devices/${DEVICE_ID}/messages/devicebound/#`, qos: 2 },
            { topic: "$iothub/methods/POST/#", qos: 1 },
            { topic: "$iothub/twin/res/#", qos: 0 },
            { topic: "devices/other/messages/devicebound/#", qos: 1 },
            { topic: "#", qos: 0 },
            { topic: "devices/+/messages/devicebound/#", qos: 0 },
        ],
    })
    const suback = (await client.next()) as mqtt.ISubackPacket
    assert.equal(suback.cmd, "suback")
    assert.equal(suback.messageId, 77)
    assert.deepEqual(suback.granted, [1, 1, 0, 0x80, 0x80, 0x80])
    assert.equal(site.gateway.subscriptions(DEVICE_ID).size, 3)
})

test("subscriptions outlive a connection, and end with UNSUBSCRIBE", async () => {
    site = await TestGateway.start()
    const first = await site.connect()
    const filter = "$iothub/methods/POST/#"
    first.send({
        cmd: "subscribe",
        messageId: 1,
        subscriptions: [{ topic: filter, qos: 1 }],
    })
    assert.equal((await first.next())?.cmd, "suback")
    const second = await site.connect()
    assert.equal(site.gateway.subscriptions(DEVICE_ID).get(filter), 1)
    second.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: [filter] })
    const unsuback = (await second.next()) as mqtt.IUnsubackPacket
    assert.equal(unsuback.cmd, "unsuback")
    assert.equal(unsuback.messageId, 2)
    assert.equal(site.gateway.subscriptions(DEVICE_ID).size, 0)
})

test("PINGREQ is answered", async () => {
    site = await TestGateway.start()
    const client = await site.connect()
    for (let i = 0; i < 3; i++) await client.ping()
})

test("packets that only a server sends close the connection", async () => {
    site = await TestGateway.start()
    const packets: mqtt.Packet[] = [
        { cmd: "connack", returnCode: 0, sessionPresent: false },
        { cmd: "suback", messageId: 1, granted: [0] },
        { cmd: "pingresp" },
        { cmd: "pubrel", messageId: 1 },
    ]
    for (const packet of packets) {
        const client = await site.connect()
        client.send(packet)
        assert.equal(await client.next(), undefined)
    }
})

test("one device's error closes no other device's connection", async () => {
    site = await TestGateway.start()
    const other = site.registry.add({ deviceId: "other" })
    const bystander = await site.connect({}, other)
    const client = await site.connect()
    client.publish({ qos: 2 })
    await client.end()
    await bystander.ping()
    assert.equal(site.gateway.isConnected("other"), true)
})
