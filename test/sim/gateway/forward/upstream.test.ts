/** The way up: a broker that goes away and comes back, one that is busy, one that is dead; and a hub behind a gateway. */
import assert from "node:assert/strict"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test, type TestContext } from "node:test"
import { ManualClock, realClock } from "../../../../sim/gateway/clock"
import { GatewayError } from "../../../../sim/gateway/errors"
import type { UpstreamOptions } from "../../../../sim/gateway/forward/upstream"
import { startGateway } from "../../../../sim/gateway/gateway"
import type { GatewayOptions } from "../../../../sim/gateway/options"
import { Registry } from "../../../../sim/gateway/registry"
import { chain, GATEWAY, HUB, publishPacket, rig, until, type Client, type Rig } from "../rig" // prettier-ignore
import { Broker } from "./broker"

async function newFolder(t: TestContext): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "leaf-up-"))
    t.after(() => rm(folder, { recursive: true, force: true }))
    return folder
}

/** A gateway that forwards to the broker; pauses are as long as the back-off allows. */
async function forwarding(
    t: TestContext,
    broker: Broker,
    upstream: Partial<UpstreamOptions> = {},
    options: Partial<GatewayOptions> = {}
): Promise<Rig> {
    return rig(t, {
        storeFolder: await newFolder(t),
        upstream: {
            host: "127.0.0.1",
            port: broker.port,
            random: () => 1,
            ...upstream,
        },
        ...options,
    })
}

async function send(client: Client, ...ids: number[]): Promise<void> {
    for (const messageId of ids)
        client.send(
            publishPacket({
                messageId,
                topic: `devices/leaf-1/messages/events/%24.mid=${messageId}&colour=r%C3%B6t/`,
                payload: Buffer.from(`reading ${messageId}`),
            })
        )
    for (const messageId of ids)
        assert.equal((await client.next("puback")).messageId, messageId)
}

const bodies = (broker: Broker) =>
    broker.received.map(({ payload }) => String(payload))
const readings = (...ids: number[]) => ids.map(id => `reading ${id}`)

test("a message arrives at the broker as the device sent it, and leaves the log", async t => {
    const broker = await Broker.start(t)
    const { gateway, connected } = await forwarding(t, broker)
    const forwarded = gateway.waitFor("forwarded")
    await send(await connected(), 1)
    assert.equal((await forwarded).deviceId, "leaf-1")
    const [{ topic, payload, qos, retain, dup }] = broker.received
    assert.deepEqual(
        { topic, payload: String(payload), qos, retain, dup },
        {
            topic: "devices/leaf-1/messages/events/%24.mid=1&colour=r%C3%B6t/",
            payload: "reading 1",
            qos: 1,
            retain: false,
            dup: false,
        }
    )
    assert.equal(gateway.forward?.log.size, 0)
})

test("devices are acknowledged while upstream is away; all of it goes up in order once it is back", async t => {
    const clock = new ManualClock()
    const broker = await Broker.start(t)
    const it = await forwarding(t, broker, {}, { clock })
    await until(() => it.gateway.forward?.upstream?.connected === true)
    const client = await it.connected()
    const gone = it.gateway.waitFor("upstreamDisconnected")
    await broker.stop()
    await gone
    await send(client, 1, 2, 3)
    assert.equal(it.gateway.forward?.log.size, 3)
    await broker.listen()
    const back = it.gateway.waitFor("upstreamConnected")
    clock.advance(1_000)
    assert.equal((await back).waiting, 3)
    await until(() => it.gateway.forward?.log.size === 0)
    assert.deepEqual(bodies(broker), readings(1, 2, 3))
})

test("a message that comes while an empty log is read is not left behind", async t => {
    const broker = await Broker.start(t)
    const { gateway, connected } = await forwarding(t, broker)
    const client = await connected()
    const log = gateway.forward!.log
    const read = log.read.bind(log)
    let caught = false
    log.read = async (after, limit) => {
        const entries = await read(after, limit)
        if (
            entries.length === 0 &&
            !caught &&
            gateway.forward!.log.size === 0
        ) {
            caught = true
            // It is stored, and tells so, before this answer is heard.
            await send(client, 2)
        }
        return entries
    }
    await send(client, 1)
    await until(() => broker.received.length === 2)
    assert(caught)
    assert.deepEqual(bodies(broker), readings(1, 2))
})

test("what was not acknowledged upstream is sent again, marked, with no more in flight than the window", async t => {
    const clock = new ManualClock()
    const broker = await Broker.start(t)
    broker.answers = false
    const it = await forwarding(t, broker, { window: 2 }, { clock })
    const client = await it.connected()
    await send(client, 1, 2, 3)
    await until(() => broker.received.length === 2)
    broker.breakAll()
    await it.gateway.waitFor("upstreamDisconnected")
    broker.answers = true
    clock.advance(1_000)
    await until(() => it.gateway.forward?.log.size === 0)
    assert.deepEqual(bodies(broker), readings(1, 2, 1, 2, 3))
    assert.deepEqual(
        broker.received.map(({ dup }) => dup),
        [false, false, true, true, false]
    )
    assert.equal(it.gateway.forward?.upstream?.counts.resent, 2)
})

test("a gateway that starts again sends what it had stored", async t => {
    const broker = await Broker.start(t)
    broker.answers = false
    const storeFolder = await newFolder(t)
    const registry = new Registry()
    const it = await forwarding(t, broker, {}, { storeFolder, registry })
    await send(await it.connected(), 1, 2)
    await it.gateway.close()
    broker.answers = true
    const { chainPem, keyPem } = await chain()
    const again = await startGateway({
        cert: chainPem,
        key: keyPem,
        port: 0,
        httpsPort: null,
        hubName: HUB,
        registry,
        storeFolder,
        upstream: { host: "127.0.0.1", port: broker.port },
    })
    t.after(() => again.close())
    await until(() => again.forward?.log.size === 0)
    assert.deepEqual(bodies(broker).slice(-2), readings(1, 2))
})

test("pauses double up to the longest, and a busy server is left alone for longer", async t => {
    const clock = new ManualClock()
    const broker = await Broker.start(t)
    broker.returnCode = 3
    await forwarding(
        t,
        broker,
        { backoff: { minMs: 1_000, maxMs: 4_000 } },
        { clock }
    )
    for (const [i, pauseMs] of [1_000, 2_000, 4_000, 4_000].entries()) {
        await until(() => broker.connects.length === i + 1)
        await until(() => broker.connections === 0)
        const before = broker.connects.length
        clock.advance(30_000 + pauseMs - 1)
        assert.equal(broker.connects.length, before)
        clock.advance(1)
        await until(() => broker.connects.length === before + 1)
    }
})

test("a link on which nothing comes back is given up, and another one made", async t => {
    const clock = new ManualClock()
    const broker = await Broker.start(t)
    const it = await forwarding(t, broker, {}, { clock })
    await until(() => it.gateway.forward?.upstream?.connected === true)
    clock.advance(60_000)
    await until(() => broker.pings === 1)
    broker.answers = false
    // The answer to the first is on its way: the second is the one that stays without.
    await new Promise(resolve => setImmediate(resolve))
    const gone = it.gateway.waitFor("upstreamDisconnected")
    for (let i = 0; i < 2; i++) {
        clock.advance(60_000)
        await new Promise(resolve => setImmediate(resolve))
    }
    assert.equal((await gone).reason, "no answer came")
})

test("options that cannot be are refused", async t => {
    const broker = await Broker.start(t)
    const bad = (error: unknown) =>
        error instanceof GatewayError && error.code === "bad-upstream"
    await assert.rejects(forwarding(t, broker, { window: 0 }), bad)
    await assert.rejects(forwarding(t, broker, { topic: "a/#" }), bad)
    await assert.rejects(
        forwarding(t, broker, {}, { storeFolder: undefined }),
        bad
    )
})

/** A hub with the Edge device and two of its children, and a gateway that forwards to it. */
async function behindHub(t: TestContext, tokenLifeSec?: number) {
    const { chainPem, keyPem, root } = await chain()
    const hubRegistry = new Registry("the-hub")
    const edge = hubRegistry.add({ deviceId: "edge-1", parent: null })
    hubRegistry.add({ deviceId: "leaf-1", parent: "edge-1" })
    hubRegistry.add({ deviceId: "stranger", parent: null })
    const hub = await startGateway({
        cert: chainPem,
        key: keyPem,
        port: 0,
        httpsPort: null,
        hubName: HUB,
        profile: "hub",
        registry: hubRegistry,
    })
    t.after(() => hub.close())
    const it = await rig(t, {
        gatewayName: GATEWAY,
        storeFolder: await newFolder(t),
        clock: realClock,
        upstream: {
            host: "127.0.0.1",
            port: hub.port,
            tls: { ca: root.pem, servername: "localhost" },
            edge: {
                hubName: HUB,
                deviceId: "edge-1",
                key: edge.primaryKey,
                tokenLifeSec,
            },
            backoff: { minMs: 1, maxMs: 10 },
        },
    })
    return { it, hub, hubRegistry }
}

test("a hub gets a child's message over the Edge device's connection, as the child's", async t => {
    const { it, hub } = await behindHub(t)
    const arrived = hub.waitFor("telemetry")
    await send(await it.connected(), 7)
    const { deviceId, properties, systemProperties, body } = await arrived
    assert.equal(deviceId, "leaf-1")
    assert.deepEqual(properties, { colour: "röt" })
    assert.deepEqual(systemProperties, { messageId: "7" })
    assert.equal(String(body), "reading 7")
    assert.deepEqual(hub.connected, ["edge-1"])
})

test("a child that the hub does not know holds up nobody else", async t => {
    const { it, hub, hubRegistry } = await behindHub(t)
    const dropped = hub.waitFor("dropped")
    hubRegistry.add({ deviceId: "leaf-2", parent: "edge-1" })
    hubRegistry.remove("leaf-1")
    await send(await it.connected(), 1)
    assert.equal((await dropped).reason, "the topic of another device")
    await until(() => it.gateway.forward?.log.size === 0)
    assert.deepEqual(hub.messages, [])
})

test("a device without children may not send for another at a hub", async t => {
    const it = await rig(t, { profile: "hub" })
    it.registry.add({ deviceId: "leaf-2", parent: null })
    const client = await it.connected()
    const gone = it.gateway.waitFor("disconnected")
    client.send(publishPacket({ topic: "devices/leaf-2/messages/events/" }))
    assert.equal((await gone).reason, "bad-topic")
    assert.deepEqual(it.gateway.messages, [])
})

test("an edgeHub takes messages of another device from nobody, a parent or not", async t => {
    const it = await rig(t)
    it.registry.add({ deviceId: "leaf-2", parent: "leaf-1" })
    const client = await it.connected()
    const dropped = it.gateway.waitFor("dropped")
    client.send(publishPacket({ topic: "devices/leaf-2/messages/events/" }))
    assert.equal((await dropped).reason, "the topic of another device")
    assert.deepEqual(it.gateway.messages, [])
})

test("the Edge device's token is renewed in time, and nothing is lost or sent twice meanwhile", async t => {
    const { it, hub } = await behindHub(t, 2)
    const client = await it.connected()
    let n = 0
    const upstream = it.gateway.forward?.upstream
    while ((upstream?.counts.connections ?? 0) < 3) await send(client, ++n)
    await until(() => it.gateway.forward?.log.size === 0)
    assert.deepEqual(
        hub.messages.map(({ body }) => String(body)),
        readings(...Array.from({ length: n }, (_, i) => i + 1))
    )
    assert.equal(upstream?.counts.resent, 0)
})

test("gateways with folders and ports of their own run beside each other", async t => {
    const brokers = await Promise.all([1, 2, 3].map(() => Broker.start(t)))
    const rigs: Rig[] = []
    for (const broker of brokers) rigs.push(await forwarding(t, broker))
    const ids = [[1, 2], [3, 4], [5]]
    await Promise.all(
        rigs.map(async ({ connected }, i) => send(await connected(), ...ids[i]))
    )
    await until(() => rigs.every(({ gateway }) => gateway.forward?.log.size === 0)) // prettier-ignore
    brokers.forEach((broker, i) =>
        assert.deepEqual(bodies(broker), readings(...ids[i]))
    )
})
