/** Telemetry, heartbeats and wills: from PUBLISH to PUBACK, and what is not acknowledged. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { generate, type IPublishPacket } from "mqtt-packet"
import type { CloseReason } from "../../../sim/gateway/events"
import { MemoryStore, type Message } from "../../../sim/gateway/store"
import { telemetryTopic } from "../../../sim/gateway/topics"
import { publishPacket, rig, until } from "./rig"

const TOPIC = "devices/leaf-1/messages/events/"

describe("a message", () => {
    test("arrives with its properties, system properties and body, and is acknowledged", async t => {
        const { gateway, connected } = await rig(t)
        const client = await connected()
        const told = gateway.waitFor("telemetry")
        client.send(
            publishPacket({
                topic: `${TOPIC}temperatureAlert=true&%24.mid=m%2F1&%24.ct=application%2Fjson&%24.ce=utf-8`,
                payload: Buffer.from('{"temperature":21.5}'),
                messageId: 300,
            })
        )
        assert.equal((await client.next("puback")).messageId, 300)
        const { atMs, ...message } = await told
        assert.ok(atMs >= message.receivedAtMs)
        assert.deepEqual(message, {
            kind: "telemetry",
            deviceId: "leaf-1",
            connection: 1,
            topic: `${TOPIC}temperatureAlert=true&%24.mid=m%2F1&%24.ct=application%2Fjson&%24.ce=utf-8`,
            properties: { temperatureAlert: "true" },
            systemProperties: {
                messageId: "m/1",
                contentType: "application/json",
                contentEncoding: "utf-8",
            },
            body: Buffer.from('{"temperature":21.5}'),
            qos: 1,
            duplicate: false,
            receivedAtMs: message.receivedAtMs,
        })
        assert.deepEqual(gateway.messages, [message])
    })

    test("at QoS 0 arrives and is not acknowledged", async t => {
        const { gateway, connected } = await rig(t)
        const client = await connected()
        const told = gateway.waitFor("telemetry")
        client.send(publishPacket({ qos: 0, messageId: undefined }))
        assert.equal((await told).qos, 0)
        client.send({ cmd: "pingreq" })
        await client.next("pingresp")
    })

    test("is marked if it is to be retained or was sent before", async t => {
        const { gateway, connected } = await rig(t)
        const client = await connected()
        const told = gateway.waitFor("telemetry")
        client.send(publishPacket({ retain: true, dup: true }))
        await client.next("puback")
        const { properties, duplicate } = await told
        assert.deepEqual(properties, {
            "mqtt-retain": "true",
            "mqtt-dup": "true",
        })
        assert.equal(duplicate, true)
    })

    test("with a property `heartbeat` is a heartbeat, and no telemetry", async t => {
        const { gateway, connected, log } = await rig(t)
        const client = await connected()
        const told = gateway.waitFor("heartbeat")
        client.send(
            publishPacket({
                topic: telemetryTopic("leaf-1", {
                    properties: {
                        heartbeat: "12",
                        uptime: "3600",
                        boots: "2",
                        dropped: "0",
                        reconnects: "x",
                    },
                }),
                payload: Buffer.alloc(0),
            })
        )
        await client.next("puback")
        const { message, ...heartbeat } = await told
        assert.equal(message.kind, "heartbeat")
        assert.equal(message.body.length, 0)
        assert.deepEqual(
            { ...heartbeat, atMs: 0, receivedAtMs: 0 },
            {
                deviceId: "leaf-1",
                intervalSec: 12,
                uptimeSec: 3600,
                boots: 2,
                dropped: 0,
                reconnects: undefined,
                atMs: 0,
                receivedAtMs: 0,
            }
        )
        assert.equal(
            gateway.monitor.status("leaf-1")?.lastHeartbeat?.intervalSec,
            12
        )
        assert.ok(!log.some(({ name }) => name === "telemetry"))
    })

    for (const [what, topic, reason] of [
        [
            "of another device",
            "devices/leaf-2/messages/events/",
            "the topic of another device",
        ],
        ["that is none", "weather/today", "no telemetry topic"],
        ["with a wrong property bag", `${TOPIC}a=1&a%zz=2`, "no property bag"],
    ])
        test(`on a topic ${what} is dropped, told and still acknowledged`, async t => {
            const { gateway, connected } = await rig(t)
            const client = await connected()
            const told = gateway.waitFor("dropped")
            client.send(publishPacket({ topic }))
            assert.equal((await client.next("puback")).messageId, 1)
            const event = await told
            assert.deepEqual([event.topic, event.reason], [topic, reason])
            assert.deepEqual(gateway.messages, [])
        })

    test("of 262,144 bytes as a packet passes, of one more ends the connection", async t => {
        const { gateway, connected } = await rig(t)
        const client = await connected()
        const packet = (size: number) =>
            generate(
                publishPacket({
                    // 1 byte of header, 3 of length, the topic with its length, the packet id.
                    payload: Buffer.alloc(size - 4 - 2 - TOPIC.length - 2),
                })
            )
        assert.equal(packet(262_144).length, 262_144)
        client.socket.write(packet(262_144))
        await client.next("puback")
        const gone = gateway.waitFor("disconnected")
        // The header alone is enough: it is not waited for what it announces.
        client.socket.write(packet(262_145).subarray(0, 4))
        await client.closed
        assert.equal((await gone).reason, "too-large")
        assert.equal(gateway.messages.length, 1)
    })
})

/** A store that keeps each message waiting until it is let go. */
class SlowStore extends MemoryStore {
    waiting: { message: Message; go: (error?: Error) => void }[] = []

    override store(message: Message): Promise<void> {
        return new Promise((resolve, reject) => {
            this.waiting.push({
                message,
                go: error =>
                    error ? reject(error) : resolve(super.store(message)),
            })
        })
    }
}

describe("the store", () => {
    test("has the message before the PUBACK goes out", async t => {
        const store = new SlowStore()
        const { connected } = await rig(t, { store })
        const client = await connected()
        client.send(publishPacket({ messageId: 9 }))
        client.send({ cmd: "pingreq" })
        // The answer to what came later arrives first: the PUBACK waits for the store, and nothing else does.
        await client.next("pingresp")
        assert.deepEqual(client.unread, [])
        store.waiting[0].go()
        assert.equal((await client.next("puback")).messageId, 9)
    })

    test("may be done out of order: PUBACKs and events keep the order of the messages", async t => {
        const store = new SlowStore()
        const { gateway, connected } = await rig(t, { store })
        const client = await connected()
        const bodies: string[] = []
        gateway.on("telemetry", ({ body }) => bodies.push(String(body)))
        for (const id of [1, 2, 3])
            client.send(
                publishPacket({
                    messageId: id,
                    payload: Buffer.from(`${id}`),
                })
            )
        await until(() => store.waiting.length === 3)
        for (const at of [2, 0, 1]) store.waiting[at].go()
        for (const id of [1, 2, 3])
            assert.equal((await client.next("puback")).messageId, id)
        assert.deepEqual(bodies, ["1", "2", "3"])
    })

    test("is given 16 messages at a time, and the rest is not read until there is room", async t => {
        const store = new SlowStore()
        const { connected } = await rig(t, { store })
        const client = await connected()
        const count = 40
        for (let id = 1; id <= count; id++)
            client.send(publishPacket({ messageId: id }))
        client.send({ cmd: "pingreq" })
        for (let done = 0; done < count; done++) {
            const expected = Math.min(count, done + 16)
            await until(() => store.waiting.length >= expected)
            // What would be read too much would be so in the same turn of the event loop.
            assert.equal(store.waiting.length, expected)
            if (done + 16 < count) assert.deepEqual(client.unread, [])
            store.waiting[done].go()
            if (expected < count)
                assert.equal((await client.next("puback")).messageId, done + 1)
        }
        await until(() => client.unread.length > 0)
        const cmds = client.unread.map(({ cmd }) => cmd)
        assert.ok(cmds.includes("pingresp"))
    })

    test("that fails ends the connection without a PUBACK, and the event says why", async t => {
        const store = new SlowStore()
        const { gateway, connected } = await rig(t, { store })
        const client = await connected()
        const gone = gateway.waitFor("disconnected")
        client.send(publishPacket())
        await until(() => store.waiting.length === 1)
        store.waiting[0].go(new Error("disk full"))
        await client.closed
        const event = await gone
        assert.equal(event.reason, "store-failed")
        assert.match(event.message, /disk full/)
        assert.deepEqual(client.unread, [])
    })

    test("in memory keeps as many messages as it may, the newest", async t => {
        const store = new MemoryStore(3)
        const { gateway, connected } = await rig(t, { store })
        const client = await connected()
        for (let id = 1; id <= 5; id++) {
            client.send(
                publishPacket({ messageId: id, payload: Buffer.from([id]) })
            )
            await client.next("puback")
        }
        assert.deepEqual(
            gateway.messages.map(({ body }) => body[0]),
            [3, 4, 5]
        )
        assert.equal(store.discarded, 2)
    })
})

describe("a packet that ends the connection", () => {
    const publish = (change: Partial<IPublishPacket>) =>
        generate(publishPacket(change))
    const cases: Record<string, [Buffer, CloseReason]> = {
        "a message at QoS 2": [publish({ qos: 2 }), "qos-2"],
        "a message at QoS 3": [
            Buffer.from("360600016100016f", "hex"),
            "malformed",
        ],
        "a message without a packet id": [
            Buffer.from("3203000161", "hex"),
            "malformed",
        ],
        "a message with the packet id 0": [
            Buffer.from("32050001610000", "hex"),
            "malformed",
        ],
        "a message whose topic is longer than the packet": [
            Buffer.from("30030005613000", "hex"),
            "malformed",
        ],
        "a message on a topic with a wildcard": [
            Buffer.from("3003000123", "hex"),
            "malformed",
        ],
        "a message on an empty topic": [
            Buffer.from("30020000", "hex"),
            "malformed",
        ],
        "a message on a topic that is no UTF-8": [
            Buffer.from("30050003f09f98", "hex"),
            "malformed",
        ],
        "a message on a topic with a zero byte": [
            Buffer.from("3003000100", "hex"),
            "malformed",
        ],
        "a message with DUP at QoS 0": [
            Buffer.from("3803000161", "hex"),
            "malformed",
        ],
        "a second CONNECT": [
            generate({ cmd: "connect", clientId: "leaf-1", clean: true }),
            "protocol-error",
        ],
        "a CONNACK": [Buffer.from("20020000", "hex"), "protocol-error"],
        "a PUBREL": [Buffer.from("62020001", "hex"), "protocol-error"],
        "a packet of the reserved type 0": [
            Buffer.from("0000", "hex"),
            "malformed",
        ],
        "a packet of the reserved type 15": [
            Buffer.from("f000", "hex"),
            "malformed",
        ],
        "a remaining length of five bytes": [
            Buffer.from("308080808001", "hex"),
            "malformed",
        ],
        "a PUBACK with a body": [Buffer.from("4003000100", "hex"), "malformed"],
        "a PINGREQ with a body": [Buffer.from("c00100", "hex"), "malformed"],
        "a PINGREQ with flags": [Buffer.from("c100", "hex"), "malformed"],
        "a SUBSCRIBE without a filter": [
            Buffer.from("82020001", "hex"),
            "malformed",
        ],
        "a SUBSCRIBE at QoS 3": [
            Buffer.from("8206000100016103", "hex"),
            "malformed",
        ],
        "an UNSUBSCRIBE without a filter": [
            Buffer.from("a2020001", "hex"),
            "malformed",
        ],
        "a SUBSCRIBE with wrong flags": [
            Buffer.from("8006000100016101", "hex"),
            "malformed",
        ],
        "a SUBSCRIBE with the packet id 0": [
            Buffer.from("8206000000016101", "hex"),
            "malformed",
        ],
        "a SUBSCRIBE whose filter is longer than the packet": [
            Buffer.from("8206000100056101", "hex"),
            "malformed",
        ],
        "a SUBSCRIBE whose second filter is cut off": [
            Buffer.from("820a00010001610100056101", "hex"),
            "malformed",
        ],
        "a SUBSCRIBE without the QoS of its filter": [
            Buffer.from("82050001000161", "hex"),
            "malformed",
        ],
        "a SUBSCRIBE whose second filter is no UTF-8": [
            Buffer.from("820c0001000161010003f09f9801", "hex"),
            "malformed",
        ],
        "a SUBSCRIBE for a filter with a zero byte": [
            Buffer.from("8206000100010001", "hex"),
            "malformed",
        ],
        "a SUBSCRIBE for an empty filter": [
            Buffer.from("82050001000001", "hex"),
            "malformed",
        ],
        "an UNSUBSCRIBE with wrong flags": [
            Buffer.from("a0050001000161", "hex"),
            "malformed",
        ],
        "an UNSUBSCRIBE with the packet id 0": [
            Buffer.from("a2050000000161", "hex"),
            "malformed",
        ],
        "an UNSUBSCRIBE whose filter is longer than the packet": [
            Buffer.from("a2050001000561", "hex"),
            "malformed",
        ],
        "an UNSUBSCRIBE from a filter that is no UTF-8": [
            Buffer.from("a20700010003f09f98", "hex"),
            "malformed",
        ],
        "an UNSUBSCRIBE from an empty filter": [
            Buffer.from("a20400010000", "hex"),
            "malformed",
        ],
        "a PUBACK with the packet id 0": [
            Buffer.from("40020000", "hex"),
            "malformed",
        ],
        "a PUBACK that is cut off": [Buffer.from("400100", "hex"), "malformed"],
        "a PUBACK with flags": [Buffer.from("41020001", "hex"), "malformed"],
        "a PUBREC": [Buffer.from("50020001", "hex"), "protocol-error"],
        "a PUBREL with wrong flags": [
            Buffer.from("60020001", "hex"),
            "malformed",
        ],
        "a PUBCOMP": [Buffer.from("70020001", "hex"), "protocol-error"],
        "a SUBACK": [Buffer.from("9003000101", "hex"), "protocol-error"],
        "an UNSUBACK": [Buffer.from("b0020001", "hex"), "protocol-error"],
        "a PINGRESP": [Buffer.from("d000", "hex"), "protocol-error"],
        "a DISCONNECT with a body": [Buffer.from("e00100", "hex"), "malformed"],
        "a DISCONNECT with flags": [Buffer.from("e100", "hex"), "malformed"],
        "a packet that announces a byte more than the limit": [
            Buffer.from("30fdff0f", "hex"),
            "too-large",
        ],
    }
    for (const [name, [bytes, reason]] of Object.entries(cases))
        test(`is ${name}; other connections do not notice`, async t => {
            const it = await rig(t)
            const bystander = await it.bystander()
            const client = await it.connected()
            const gone = it.gateway.waitFor("disconnected")
            client.socket.write(bytes)
            await client.closed
            const event = await gone
            assert.equal(event.reason, reason, event.message)
            assert.equal(event.deviceId, "leaf-1")
            assert.deepEqual(client.unread, [])
            bystander.send({ cmd: "pingreq" })
            await bystander.next("pingresp")
        })

    for (const [name, change] of Object.entries({
        "a CONNECT with something after its last field": (bytes: Buffer) => {
            const longer = Buffer.concat([bytes, Buffer.from([0])])
            longer[1]++
            return longer
        },
        "a CONNECT with a client id that is no UTF-8": (bytes: Buffer) => {
            bytes.set([0xf0, 0x9f, 0x98], 14)
            return bytes
        },
        "a CONNECT that is cut off in its client id": (bytes: Buffer) => {
            bytes.writeUInt16BE(100, 12)
            return bytes
        },
    }))
        test(`is ${name}`, async t => {
            const it = await rig(t)
            const gone = it.gateway.waitFor("disconnected")
            const client = await it.client()
            const packet = generate(
                it.connectPacket({
                    clientId: "leaf-1",
                    username: "u",
                    password: Buffer.from("p"),
                })
            )
            client.socket.write(change(Buffer.from(packet)))
            await client.closed
            const { reason, message } = await gone
            assert.equal(reason, "malformed", message)
            assert.deepEqual(client.unread, [])
        })

    for (const [name, packet] of Object.entries({
        // Flags: will with both bits of its QoS; clean session. Client id, topic and message of one letter each.
        "a CONNECT with a will at QoS 3":
            "101300044d515454041e003c000163000174000170",
        "a CONNECT with a flag that is reserved":
            "100d00044d5154540403003c000163",
        "a CONNECT with the QoS of a will and no will":
            "100d00044d515454040a003c000163",
        "a CONNECT with a retained will and no will":
            "100d00044d5154540422003c000163",
        "a CONNECT with flags in its header": "110d00044d5154540402003c000163",
        "a CONNECT that ends behind its name": "100600044d515454",
        "a CONNECT of nothing": "1000",
        // Flags: will; clean session. The will's topic is no UTF-8.
        "a CONNECT with a will on a topic that is no UTF-8":
            "101500044d5154540406003c0001630003f09f98000170",
        // Flags: password; clean session. Client id and password of one letter each.
        "a CONNECT with a password and no user name":
            "101000044d5154540442003c000163000170",
    }))
        test(`is ${name}`, async t => {
            const it = await rig(t)
            const gone = it.gateway.waitFor("disconnected")
            const client = await it.client()
            client.socket.write(Buffer.from(packet, "hex"))
            await client.closed
            assert.equal((await gone).reason, "malformed")
            assert.deepEqual(client.unread, [])
        })

    test("is anything but CONNECT as the first one", async t => {
        const it = await rig(t)
        const gone = it.gateway.waitFor("disconnected")
        const client = await it.client()
        client.send({ cmd: "pingreq" })
        await client.closed
        assert.equal((await gone).reason, "protocol-error")
        assert.deepEqual(client.unread, [])
    })

    test("does not take the messages before it with it", async t => {
        const it = await rig(t)
        const client = await it.connected()
        client.socket.write(
            Buffer.concat([publish({ messageId: 5 }), Buffer.from([0, 0])])
        )
        const { body } = await it.gateway.waitFor("telemetry")
        assert.equal(String(body), "hello")
        await client.closed
    })
})

describe("a last will", () => {
    const will = {
        topic: `${TOPIC}bye=1`,
        payload: Buffer.from("gone"),
        qos: 1 as const,
        retain: true,
    }

    test("becomes a message if the client vanishes", async t => {
        const { gateway, connected } = await rig(t)
        const client = await connected({ will })
        const told = gateway.waitFor("will")
        client.destroy()
        const { properties, body, kind } = await told
        assert.equal(kind, "will")
        assert.equal(String(body), "gone")
        assert.deepEqual(properties, {
            bye: "1",
            "mqtt-retain": "true",
            "iothub-MessageType": "Will",
        })
    })

    test("becomes none if the client says DISCONNECT", async t => {
        const { gateway, connected } = await rig(t)
        const client = await connected({ will })
        const gone = gateway.waitFor("disconnected")
        client.send({ cmd: "disconnect" })
        await client.closed
        assert.equal((await gone).reason, "client-done")
        assert.deepEqual(gateway.messages, [])
    })

    test("on another device's topic is dropped", async t => {
        const { gateway, connected } = await rig(t)
        const client = await connected({
            will: { ...will, topic: "devices/leaf-2/messages/events/" },
        })
        const told = gateway.waitFor("dropped")
        client.destroy()
        assert.equal((await told).reason, "the topic of another device")
        assert.deepEqual(gateway.messages, [])
    })
})
