/** The two profiles, edgeHub and hub, each by what a client sees of it. What they have in common is tested elsewhere. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { generate, type IConnectPacket, type IPublishPacket } from "mqtt-packet"
import { ManualClock } from "../../../sim/gateway/clock"
import { PROFILES, type ProfileName } from "../../../sim/gateway/profiles"
import { createToken } from "../../../sim/gateway/token"
import { HUB, publishPacket, rig, type Rig } from "./rig"

const NAMES: ProfileName[] = ["edgehub", "hub"]
const TOPIC = "devices/leaf-1/messages/events/"
const METHODS = "$iothub/methods/POST/#"
const DESIRED = "$iothub/twin/PATCH/properties/desired/#"

/** Sends a first packet; gives the return code of the CONNACK, or null if there is none before the end. */
async function answer(it: Rig, packet: Buffer): Promise<number | null> {
    const client = await it.client()
    client.socket.write(packet)
    await client.closed
    const [first] = client.unread
    return first?.cmd === "connack" ? (first.returnCode ?? null) : null
}

describe("a CONNECT that is refused", () => {
    const cases: [
        string,
        (it: Rig) => Partial<IConnectPacket>,
        Record<ProfileName, number | null>,
    ][] = [
        [
            "for its protocol",
            () => ({ protocolVersion: 5 }),
            { edgehub: 1, hub: null },
        ],
        [
            "for its user name",
            () => ({ username: "leaf-1" }),
            { edgehub: 3, hub: null },
        ],
        [
            "for an empty client id",
            () => ({ clientId: "" }),
            { edgehub: 3, hub: null },
        ],
        [
            "for its token",
            () => ({ password: Buffer.from("hunter2") }),
            { edgehub: 5, hub: 5 },
        ],
        [
            "for a token that ended a minute ago",
            it => ({
                password: Buffer.from(
                    createToken({
                        resource: `${HUB}/devices/leaf-1`,
                        key: it.device.primaryKey,
                        expirySec: Math.floor(Date.now() / 1000) - 60,
                    })
                ),
            }),
            // 0: an edgeHub allows for clocks that differ.
            { edgehub: 0, hub: 5 },
        ],
        [
            "as the device of another gateway",
            it => {
                it.registry.change("leaf-1", { parent: "another" })
                return {}
            },
            { edgehub: 5, hub: 0 },
        ],
    ]
    for (const profile of NAMES)
        for (const [what, change, expected] of cases)
            test(`${what} is answered ${expected[profile] ?? "by the end of the connection"} by ${profile}`, async t => {
                const it = await rig(t, { profile })
                const told = it.gateway.waitFor("refused")
                const packet = generate(it.connectPacket(change(it)))
                if (expected[profile] === 0) {
                    const client = await it.client()
                    client.socket.write(packet)
                    const connack = await client.next("connack")
                    return assert.equal(connack.returnCode, 0)
                }
                assert.equal(await answer(it, packet), expected[profile])
                assert.equal((await told).returnCode, expected[profile])
            })

    for (const profile of NAMES)
        test(`is told with its reason where ${profile} closes without a word`, async t => {
            const it = await rig(t, { profile })
            const gone = it.gateway.waitFor("disconnected")
            await answer(it, generate(it.connectPacket({ username: "leaf-1" })))
            assert.equal((await gone).reason, "refused")
        })
})

describe("a message on a bad topic", () => {
    const bad = publishPacket({ topic: "weather/today", messageId: 2 })

    test("is dropped, told and acknowledged by edgehub, and the next one arrives", async t => {
        const { gateway, connected } = await rig(t, { profile: "edgehub" })
        const client = await connected()
        const told = gateway.waitFor("dropped")
        client.send(bad)
        client.send(publishPacket({ messageId: 3 }))
        assert.equal((await client.next("puback")).messageId, 2)
        assert.equal((await client.next("puback")).messageId, 3)
        assert.equal((await told).topic, "weather/today")
        assert.equal(gateway.messages.length, 1)
    })

    test("ends the connection to a hub, and is told; what came before it is stored", async t => {
        const { gateway, connected } = await rig(t, { profile: "hub" })
        const client = await connected()
        const told = gateway.waitFor("dropped")
        const gone = gateway.waitFor("disconnected")
        client.send(publishPacket({ messageId: 1 }))
        client.send(bad)
        client.send(publishPacket({ messageId: 3 }))
        await client.closed
        assert.ok(!client.unread.some(p => p.messageId === 2))
        assert.equal((await gone).reason, "bad-topic")
        assert.equal((await told).reason, "no telemetry topic")
        assert.equal(gateway.messages.length, 1)
    })

    for (const profile of NAMES)
        test(`that nobody handles below $iothub/ is bad for ${profile}, too`, async t => {
            const { gateway, connected } = await rig(t, { profile })
            const client = await connected()
            const told = gateway.waitFor("dropped")
            client.send(publishPacket({ topic: "$iothub/else/" }))
            assert.equal((await told).topic, "$iothub/else/")
        })
})

describe("the size of what comes in", () => {
    /** A message whose body and property have together so many bytes. */
    const message = (size: number): IPublishPacket =>
        publishPacket({
            topic: `${TOPIC}name=value`,
            payload: Buffer.alloc(size - "namevalue".length),
        })

    test("is limited by the packet on edgehub: a message of 262,144 bytes is too large", async t => {
        const { gateway, connected } = await rig(t, { profile: "edgehub" })
        const client = await connected()
        const gone = gateway.waitFor("disconnected")
        client.send(message(262_144))
        await client.closed
        assert.equal((await gone).reason, "too-large")
    })

    test("is limited by body and properties on a hub: 262,144 bytes pass, one more ends the connection", async t => {
        const { gateway, connected } = await rig(t, { profile: "hub" })
        const client = await connected()
        const gone = gateway.waitFor("disconnected")
        client.send(message(262_144))
        await client.next("puback")
        client.send(message(262_145))
        await client.closed
        assert.equal((await gone).reason, "too-large")
        assert.equal(gateway.messages.length, 1)
    })
})

describe("the keep-alive", () => {
    for (const [profile, keepalive, limitMs] of [
        ["edgehub", 400, 600_000],
        ["edgehub", 401, 600_000],
        ["edgehub", 0, 600_000],
        ["hub", 401, 601_500],
        ["hub", 1_177, 1_765_500],
        ["hub", 1_178, 1_767_000],
        ["hub", 65_535, 1_767_000],
        ["hub", 0, 1_767_000],
    ] as const)
        test(`of ${keepalive} s lets a client of ${profile} be silent for ${limitMs / 1000} s`, async t => {
            const clock = new ManualClock()
            const { gateway, connected } = await rig(t, { clock, profile })
            await connected({ keepalive })
            const gone = gateway.waitFor("disconnected")
            clock.advance(limitMs - 1)
            assert.deepEqual(gateway.connected, ["leaf-1"])
            clock.advance(1)
            assert.deepEqual(gateway.connected, [])
            assert.equal((await gone).reason, "keep-alive")
        })
})

describe("a token that ends", () => {
    /** Connects with a token of so many seconds, pings each minute, and gives the minute in which the connection ended. */
    async function lasts(
        it: Rig,
        clock: ManualClock,
        seconds: number
    ): Promise<number> {
        const client = await it.connected({
            password: Buffer.from(
                createToken({
                    resource: `${HUB}/devices/leaf-1`,
                    key: it.device.primaryKey,
                    expirySec: Math.floor(clock.now() / 1000) + seconds,
                })
            ),
        })
        for (let minute = 1; ; minute++) {
            clock.advance(60_000)
            if (!it.gateway.connected.length) return minute
            await client.drain()
        }
    }

    test("ends the connection to edgehub at the next look, every 5 minutes, with 5 minutes of grace", async t => {
        const clock = new ManualClock()
        const it = await rig(t, { clock, profile: "edgehub" })
        const gone = it.gateway.waitFor("disconnected")
        // Ended after 16 minutes, with the grace after 21: seen at minute 25.
        assert.equal(await lasts(it, clock, 16 * 60), 25)
        assert.equal((await gone).reason, "token-expired")
    })

    test("ends the connection to a hub there and then", async t => {
        const clock = new ManualClock(Date.UTC(2026, 0, 1))
        const it = await rig(t, { clock, profile: "hub" })
        const gone = it.gateway.waitFor("disconnected")
        assert.equal(await lasts(it, clock, 16 * 60), 16)
        assert.equal((await gone).reason, "token-expired")
    })

    test("after more days than a timer can count is not taken for one that has ended", async t => {
        const dayMs = 86_400_000
        const clock = new ManualClock(Date.UTC(2026, 0, 1))
        const delays: number[] = []
        const after = clock.after.bind(clock)
        clock.after = (delayMs, callback) => {
            delays.push(delayMs)
            return after(delayMs, callback)
        }
        const it = await rig(t, {
            clock,
            profile: "hub",
            limits: { keepAliveCapMs: 2 ** 31 - 1 },
        })
        await it.connected({
            keepalive: 0,
            password: Buffer.from(
                createToken({
                    resource: `${HUB}/devices/leaf-1`,
                    key: it.device.primaryKey,
                    expirySec: (clock.now() + 60 * dayMs) / 1000,
                })
            ),
        })
        clock.advance(20 * dayMs)
        assert.deepEqual(it.gateway.connected, ["leaf-1"])
        assert.ok(Math.max(...delays) < 2 ** 31)
    })
})

describe("a SUBSCRIBE", () => {
    const filters = [
        "devices/leaf-1/messages/devicebound/#",
        METHODS,
        DESIRED,
        "$iothub/twin/res/#",
        "devices/leaf-1/messages/#",
    ]

    for (const profile of NAMES)
        test(`at QoS 2 is granted 1 by ${profile}, and one at 0 stays at 0`, async t => {
            const { connected } = await rig(t, { profile })
            const client = await connected()
            assert.deepEqual(
                await client.subscribe(filters, 2),
                [1, 1, 1, 1, 1]
            )
            assert.deepEqual(await client.subscribe([METHODS], 0), [0])
        })

    test("may have any number of filters on edgehub, and 5 on a hub", async t => {
        const more = [...filters, "else/#"]
        const edge = await rig(t, { profile: "edgehub" })
        const granted = await (await edge.connected()).subscribe(more)
        assert.deepEqual(granted, [1, 1, 1, 1, 1, 0x80])
        const hub = await rig(t, { profile: "hub" })
        const client = await hub.connected()
        await client.subscribe(filters)
        const gone = hub.gateway.waitFor("disconnected")
        client.send({
            cmd: "subscribe",
            messageId: 2,
            subscriptions: more.map(topic => ({ topic, qos: 1 })),
        })
        await client.closed
        assert.equal((await gone).reason, "protocol-error")
        assert.deepEqual(client.unread, [])
    })
})

describe("a message at QoS 2", () => {
    for (const profile of NAMES)
        test(`ends the connection to ${profile}`, async t => {
            const { gateway, connected } = await rig(t, { profile })
            const client = await connected()
            const gone = gateway.waitFor("disconnected")
            client.send(publishPacket({ qos: 2 }))
            await client.closed
            assert.equal((await gone).reason, "qos-2")
        })
})

describe("what both have in common", () => {
    for (const profile of NAMES)
        test(`a will becomes telemetry of the kind Will, with the marks of retain, on ${profile}`, async t => {
            const { gateway, connected } = await rig(t, { profile })
            const client = await connected({
                will: {
                    topic: `${TOPIC}why=power`,
                    payload: Buffer.from("gone"),
                    qos: 1,
                    retain: true,
                },
            })
            const told = gateway.waitFor("will")
            client.destroy()
            const { properties, body } = await told
            assert.deepEqual(properties, {
                why: "power",
                "mqtt-retain": "true",
                "iothub-MessageType": "Will",
            })
            assert.equal(String(body), "gone")
        })

    for (const profile of NAMES)
        test(`a connection to ${profile} that ends leaves no timer behind`, async t => {
            const clock = new ManualClock()
            const it = await rig(t, { clock, profile })
            await it.connected()
            await it.gateway.close()
            assert.equal(clock.pending, 0)
        })

    for (const profile of NAMES)
        test(`an older connection of the same device is closed by ${profile}`, async t => {
            const { gateway, connected } = await rig(t, { profile })
            const older = await connected()
            const gone = gateway.waitFor("disconnected")
            const newer = await connected()
            await older.closed
            assert.equal((await gone).reason, "taken-over")
            assert.deepEqual(await newer.drain(), [])
        })
})

describe("the hook for operations", () => {
    for (const [profile, asked, qos] of [
        ["edgehub", 1, 1],
        ["edgehub", 0, 0],
        ["hub", 1, 0],
        ["hub", 0, 0],
    ] as const)
        test(`sends at QoS ${qos} to a subscription at QoS ${asked} on ${profile}`, async t => {
            const { gateway, connected } = await rig(t, { profile })
            const client = await connected()
            await client.subscribe([METHODS], asked)
            const connection = gateway.connection("leaf-1")
            const topic = "$iothub/methods/POST/blink/?$rid=1"
            assert.equal(connection?.deliver(topic, "{}"), true)
            assert.equal(connection.deliver("$iothub/twin/res/200/", ""), false)
            const sent = await client.next("publish")
            assert.deepEqual(
                [sent.topic, sent.qos, sent.dup, sent.retain],
                [topic, qos, false, false]
            )
            assert.equal(String(sent.payload), "{}")
            assert.equal(sent.messageId, qos === 1 ? 1 : undefined)
        })
})

test("limits that are asked for go before those of the profile", async t => {
    const { gateway } = await rig(t, {
        profile: "hub",
        limits: { filtersPerSubscribe: 1 },
    })
    assert.deepEqual(gateway.profile.limits, {
        ...PROFILES.hub.limits,
        filtersPerSubscribe: 1,
    })
    assert.equal(PROFILES.hub.limits.filtersPerSubscribe, 5)
})
