/** The life of a connection: deadlines, keep-alive, takeover, sessions, and identities that change meanwhile. */
import assert from "node:assert/strict"
import { connect } from "node:net"
import { describe, test } from "node:test"
import { ManualClock } from "../../../sim/gateway/clock"
import { publishPacket, rig, until } from "./rig"

const MINUTE_MS = 60_000

describe("the time to CONNECT", () => {
    test("is 60 s from the TCP accept, for a client that has done its handshake", async t => {
        const clock = new ManualClock()
        const { gateway, client } = await rig(t, { clock })
        const gone = gateway.waitFor("disconnected")
        const idle = await client()
        clock.advance(59_999)
        idle.send({ cmd: "pingreq" })
        assert.equal((await gone).reason, "protocol-error")
        const second = gateway.waitFor("disconnected")
        const later = await client()
        clock.advance(60_000)
        await later.closed
        assert.equal((await second).reason, "connect-timeout")
    })

    test("includes the TLS handshake", async t => {
        const clock = new ManualClock()
        const { gateway } = await rig(t, { clock })
        const opened = gateway.waitFor("opened")
        const failed = gateway.waitFor("tlsFailed")
        const gone = gateway.waitFor("disconnected")
        const socket = connect(gateway.port, "127.0.0.1")
        t.after(() => socket.destroy())
        await opened
        clock.advance(60_000)
        assert.equal((await failed).reason, "timeout")
        assert.equal((await gone).reason, "connect-timeout")
    })

    test("is over once the client is in", async t => {
        const clock = new ManualClock()
        const { gateway, connected } = await rig(t, { clock })
        const client = await connected({ keepalive: 300 })
        clock.advance(100_000)
        client.send({ cmd: "pingreq" })
        await client.next("pingresp")
        assert.deepEqual(gateway.connected, ["leaf-1"])
    })
})

describe("keep-alive", () => {
    for (const [keepalive, limitMs] of [
        [10, 15_000],
        [400, 600_000],
        [401, 600_000],
        [65_535, 600_000],
        [0, 600_000],
    ])
        test(`of ${keepalive} s ends a silent connection after ${limitMs / 1000} s`, async t => {
            const clock = new ManualClock()
            const { gateway, connected } = await rig(t, {
                clock,
                limits: { recheckMs: 1e9 },
            })
            const client = await connected({ keepalive })
            const gone = gateway.waitFor("disconnected")
            clock.advance(limitMs - 1)
            assert.deepEqual(gateway.connected, ["leaf-1"])
            clock.advance(1)
            await client.closed
            assert.equal((await gone).reason, "keep-alive")
            assert.deepEqual(gateway.connected, [])
        })

    test("begins anew with each packet", async t => {
        const clock = new ManualClock()
        const { gateway, connected } = await rig(t, { clock })
        const client = await connected({ keepalive: 10 })
        for (let i = 0; i < 5; i++) {
            clock.advance(14_999)
            client.send({ cmd: "pingreq" })
            await client.next("pingresp")
        }
        client.send(publishPacket())
        await client.next("puback")
        clock.advance(14_999)
        assert.deepEqual(gateway.connected, ["leaf-1"])
        clock.advance(1)
        assert.deepEqual(gateway.connected, [])
    })
})

describe("one connection an id", () => {
    test("the older one is closed, with its will, and the newer one works", async t => {
        const { gateway, connected } = await rig(t)
        const will = {
            topic: "devices/leaf-1/messages/events/",
            payload: Buffer.from("old"),
        }
        const older = await connected({ will })
        const gone = gateway.waitFor("disconnected")
        const willed = gateway.waitFor("will")
        const newer = await connected()
        await older.closed
        assert.equal((await gone).reason, "taken-over")
        assert.equal(String((await willed).body), "old")
        newer.send(publishPacket())
        await newer.next("puback")
        assert.deepEqual(gateway.connected, ["leaf-1"])
    })
})

describe("subscriptions", () => {
    const filters = [
        "devices/leaf-1/messages/devicebound/#",
        "$iothub/methods/POST/#",
        "$iothub/twin/res/#",
        "$iothub/twin/PATCH/properties/desired/#",
    ]

    test("to the filters of IoT Hub are granted, at QoS 1 at most", async t => {
        const { connected } = await rig(t)
        const client = await connected()
        client.send({
            cmd: "subscribe",
            messageId: 4,
            subscriptions: filters.map((topic, i) => ({
                topic,
                qos: Math.min(i, 2) as 0 | 1 | 2,
            })),
        })
        const suback = await client.next("suback")
        assert.equal(suback.messageId, 4)
        assert.deepEqual(suback.granted, [0, 1, 1, 1])
    })

    test("to anything else are answered 0x80", async t => {
        const { connected } = await rig(t)
        const client = await connected()
        client.send({
            cmd: "subscribe",
            messageId: 1,
            subscriptions: [
                { topic: "#", qos: 1 },
                { topic: "devices/leaf-2/messages/devicebound/#", qos: 1 },
                { topic: filters[0], qos: 1 },
            ],
        })
        assert.deepEqual((await client.next("suback")).granted, [0x80, 0x80, 1])
    })

    test("last across connections without the clean-session flag, and sessionPresent says so", async t => {
        const { connected } = await rig(t)
        const present = async (clean: boolean) => {
            const client = await connected({ clean })
            client.send({
                cmd: "subscribe",
                messageId: 1,
                subscriptions: [{ topic: filters[0], qos: 1 }],
            })
            await client.next("suback")
            client.send({ cmd: "disconnect" })
            await client.closed
            return client.sessionPresent
        }
        assert.equal(await present(false), false)
        assert.equal(await present(false), true)
        // A clean session ends the kept one, and leaves none behind.
        assert.equal(await present(true), false)
        assert.equal(await present(false), false)
        assert.equal(await present(false), true)
    })

    test("that were all given up leave no session", async t => {
        const { connected } = await rig(t)
        const first = await connected({ clean: false })
        first.send({
            cmd: "subscribe",
            messageId: 1,
            subscriptions: [{ topic: filters[0], qos: 1 }],
        })
        await first.next("suback")
        first.send({
            cmd: "unsubscribe",
            messageId: 2,
            unsubscriptions: [filters[0]],
        })
        assert.equal((await first.next("unsuback")).messageId, 2)
        assert.equal((await connected({ clean: false })).sessionPresent, false)
    })
})

describe("an identity that changes", () => {
    test("a token that ends is noticed within five minutes, the skew included", async t => {
        const clock = new ManualClock()
        const { gateway, connected } = await rig(t, { clock })
        const client = await connected({ keepalive: 0 })
        const gone = gateway.waitFor("disconnected")
        // The token lasts an hour; five minutes of skew come on top. Pings keep the connection from being idle.
        const ping = async (byMs: number) => {
            clock.advance(byMs)
            client.send({ cmd: "pingreq" })
            await client.next("pingresp")
        }
        for (let minute = 0; minute < 64; minute++) await ping(MINUTE_MS)
        assert.deepEqual(gateway.connected, ["leaf-1"])
        clock.advance(6 * MINUTE_MS)
        await client.closed
        assert.equal((await gone).reason, "token-expired")
    })

    for (const [what, change] of [
        ["disabled", { enabled: false }],
        ["given to another gateway", { parent: "another-gateway" }],
        [
            "given other keys",
            {
                primaryKey: Buffer.alloc(32, 1).toString("base64"),
                secondaryKey: Buffer.alloc(32, 2).toString("base64"),
            },
        ],
    ] as const)
        test(`a device that is ${what} is let go at once`, async t => {
            const { gateway, registry, connected } = await rig(t)
            const client = await connected()
            const gone = gateway.waitFor("disconnected")
            registry.change("leaf-1", change)
            await client.closed
            assert.equal((await gone).reason, "identity-changed")
        })

    test("a device that is removed is let go, and nothing is known of it any more", async t => {
        const { gateway, registry, connected } = await rig(t)
        const client = await connected()
        assert.ok(gateway.monitor.status("leaf-1"))
        registry.remove("leaf-1")
        await client.closed
        assert.equal(gateway.monitor.status("leaf-1"), undefined)
        assert.deepEqual(gateway.connected, [])
    })

    test("a device whose other key is changed stays", async t => {
        const { gateway, registry, connected } = await rig(t)
        const client = await connected()
        registry.change("leaf-1", {
            secondaryKey: Buffer.alloc(32, 2).toString("base64"),
        })
        client.send({ cmd: "pingreq" })
        await client.next("pingresp")
        assert.deepEqual(gateway.connected, ["leaf-1"])
    })
})

describe("a client that does not read", () => {
    test("is let go before its answers fill the gateway's memory", async t => {
        const { gateway, connected } = await rig(t)
        const client = await connected()
        const gone = gateway.waitFor("disconnected", undefined, 60_000)
        client.socket.pause()
        const pings = Buffer.alloc(65_536)
        for (let at = 0; at < pings.length; at += 2) pings[at] = 0xc0
        const send = () => {
            while (!client.socket.destroyed && client.socket.write(pings));
        }
        client.socket.on("drain", send)
        send()
        assert.equal((await gone).reason, "slow-reader")
    })
})

describe("a client that is sent messages at QoS 1 or large ones", () => {
    const topic = "$iothub/methods/POST/blink/?$rid=1"

    test("and does not acknowledge a thousand of them is let go", async t => {
        const { gateway, connected } = await rig(t)
        const client = await connected()
        await client.subscribe(["$iothub/methods/POST/#"])
        const gone = gateway.waitFor("disconnected")
        const connection = gateway.connection("leaf-1")
        for (let i = 0; i < 1_000; i++)
            assert.equal(connection?.deliver(topic, ""), true)
        assert.deepEqual(gateway.connected, ["leaf-1"])
        connection?.deliver(topic, "")
        assert.equal((await gone).reason, "slow-reader")
        assert.equal(connection?.deliver(topic, ""), false)
    })

    test("and does not read half a megabyte of them is let go", async t => {
        const { gateway, connected } = await rig(t)
        const client = await connected()
        await client.subscribe(["$iothub/methods/POST/#"], 0)
        client.socket.pause()
        const gone = gateway.waitFor("disconnected")
        const connection = gateway.connection("leaf-1")
        let sent = 0
        while (connection?.deliver(topic, Buffer.alloc(131_072))) sent++
        assert.ok(sent >= 4, `${sent} of 128 KB`)
        assert.equal((await gone).reason, "slow-reader")
    })
})

describe("the end", () => {
    test("drop() breaks connections, and the port stays open", async t => {
        const { gateway, connected } = await rig(t)
        const client = await connected()
        gateway.drop("leaf-2")
        assert.deepEqual(gateway.connected, ["leaf-1"])
        gateway.drop()
        await client.closed
        await connected()
    })

    test("goDown() refuses connections until comeBack(), on the same ports, and sessions and queues are as they were", async t => {
        const { gateway, connected, subscribed } = await rig(t)
        const { port, httpsPort } = gateway
        const client = await subscribed()
        const gone = gateway.waitFor("disconnected")
        await gateway.goDown()
        await client.closed
        assert.equal((await gone).reason, "gateway-closed")
        await assert.rejects(connected(), { code: "ECONNREFUSED" })
        gateway.cloudMessages.send("leaf-1", { body: "waits" })
        await gateway.comeBack()
        assert.deepEqual([gateway.port, gateway.httpsPort], [port, httpsPort])
        const again = await connected({ clean: false })
        assert.equal(again.sessionPresent, true)
        assert.equal(String((await again.next("publish")).payload), "waits")
    })

    test("comeBack() says so if somebody else has the port meanwhile, and close() is quiet in between", async t => {
        const first = await rig(t)
        const { port } = first.gateway
        await first.gateway.goDown()
        await rig(t, { port })
        await assert.rejects(first.gateway.comeBack(), { code: "port-in-use" })
        await first.gateway.close()
    })

    test("close() ends connections, timers and waits, and frees the port", async t => {
        const clock = new ManualClock()
        const it = await rig(t, { clock })
        const client = await it.connected()
        const shaking = connect(it.gateway.port, "127.0.0.1")
        t.after(() => shaking.destroy())
        await it.gateway.waitFor("opened")
        const wait = it.gateway.waitFor("telemetry", undefined, 1e6)
        await it.gateway.close()
        await client.closed
        await assert.rejects(wait, { code: "closed" })
        assert.equal(clock.pending, 0)
        const again = await rig(t, { port: it.gateway.port })
        await again.connected()
    })

    test("every connection is told as opened and as disconnected, once", async t => {
        const it = await rig(t)
        const good = await it.connected()
        good.send({ cmd: "disconnect" })
        const bad = await it.client()
        bad.send(it.connectPacket({ password: Buffer.from("no") }))
        const mute = connect(it.gateway.port, "127.0.0.1", () => mute.end())
        const vanishing = await it.client()
        vanishing.destroy()
        const count = (name: string) =>
            it.log.filter(event => event.name === name).length
        await until(() => count("disconnected") === 4)
        assert.equal(count("opened"), 4)
        const ids = it.log
            .filter(({ name }) => name === "disconnected")
            .map(({ event }) => (event as { connection: number }).connection)
        assert.deepEqual(ids.sort(), [1, 2, 3, 4])
    })
})
