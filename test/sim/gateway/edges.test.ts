/** Cases at the edges, where a device behaves as it may and the gateway could still get it wrong. */
import assert from "node:assert/strict"
import { once } from "node:events"
import { test } from "node:test"
import { ManualClock } from "../../../sim/gateway/clock"
import {
    MemoryStore,
    type Message,
    type MessageStore,
} from "../../../sim/gateway/store"
import { publishPacket, rig, tokenOf, until } from "./rig"

/** Keeps every message waiting until it is let go. */
class HeldStore implements MessageStore {
    readonly messages: Message[] = []
    private readonly held: (() => void)[] = []

    store(message: Message): Promise<void> {
        this.messages.push(message)
        return new Promise(resolve => this.held.push(resolve))
    }

    release(): void {
        for (const resolve of this.held.splice(0)) resolve()
    }
}

const will = {
    topic: "devices/leaf-1/messages/events/",
    payload: Buffer.from("gone"),
    qos: 1,
    retain: false,
} as const

test("a DISCONNECT behind more messages than are taken at a time still means that there is no will", async t => {
    const store = new HeldStore()
    const it = await rig(t, { store })
    const client = await it.connected({ will })
    for (let messageId = 1; messageId <= 40; messageId++)
        client.send(publishPacket({ messageId }))
    client.send({ cmd: "disconnect" })
    client.socket.end()
    const gone = it.gateway.waitFor("disconnected")
    let over = false
    void gone.then(() => (over = true))
    await until(() => {
        store.release()
        return over
    })
    assert.equal((await gone).reason, "client-done")
    assert.deepEqual(
        store.messages.map(message => message.kind),
        Array.from({ length: 40 }, () => "telemetry")
    )
})

test("silence is not the client's while the gateway does not read", async t => {
    const store = new HeldStore()
    const clock = new ManualClock()
    const it = await rig(t, { store, clock })
    const client = await it.connected({ keepalive: 10 })
    for (let messageId = 1; messageId <= 17; messageId++)
        client.send(publishPacket({ messageId }))
    await until(() => store.messages.length === 16)
    clock.advance(60_000)
    assert.deepEqual(it.gateway.connected, ["leaf-1"])
    store.release()
    await until(() => store.messages.length === 17)
    store.release()
    for (let i = 0; i < 17; i++) await client.next("puback")
    clock.advance(15_000)
    await client.closed
})

test("a client that goes on sending and does not close its side cannot hold a closed connection", async t => {
    const clock = new ManualClock()
    const it = await rig(t, { clock })
    const client = await it.connected()
    client.socket.pause()
    const gone = it.gateway.waitFor("disconnected")
    client.send(publishPacket({ qos: 2 }))
    assert.equal((await gone).reason, "qos-2")
    client.send({ cmd: "pingreq" })
    const closed = once(client.socket, "close")
    clock.advance(5_000)
    client.socket.resume()
    await closed
})

test("a will is kept as a message, and is no sign of life", async t => {
    const clock = new ManualClock()
    const it = await rig(t, { clock, heartbeat: { intervalMs: 10_000 } })
    const client = await it.connected({ will })
    clock.advance(14_000)
    const told = it.gateway.waitFor("will")
    client.destroy()
    await told
    clock.advance(1_000)
    assert.equal(it.gateway.monitor.status("leaf-1")?.state, "late")
    assert.ok(!it.log.some(({ name }) => name === "alive"))
})

test("a property may be called __proto__", async t => {
    const store = new MemoryStore()
    const it = await rig(t, { store })
    const client = await it.connected()
    client.send(
        publishPacket({
            topic: "devices/leaf-1/messages/events/__proto__=p&constructor=c",
        })
    )
    await client.next("puback")
    assert.deepEqual(Object.entries(store.messages[0].properties), [
        ["__proto__", "p"],
        ["constructor", "c"],
    ])
})

test("an empty policy name, as the C SDK writes it behind a device's token, is none", async t => {
    const it = await rig(t)
    await it.connected({ password: Buffer.from(`${tokenOf(it.device)}&skn=`) })
})

test("a heartbeat names the interval of its device, which counts from then on", async t => {
    const clock = new ManualClock()
    const it = await rig(t, { clock })
    const client = await it.connected({ keepalive: 0 })
    const send = async (bag: string) => {
        const topic = `devices/leaf-1/messages/events/${bag}`
        client.send(publishPacket({ topic }))
        await client.next("puback")
    }
    const late = () =>
        it.log.flatMap(({ name, event }) => (name === "late" ? [event] : []))
    await send("heartbeat=20")
    await send("a=1")
    clock.advance(29_999)
    assert.equal(late().length, 0)
    clock.advance(1)
    assert.equal(late().length, 1)
    // A longer one, and what is not to be believed.
    for (const bag of ["heartbeat=40", "heartbeat=0", "heartbeat=86401"])
        await send(bag)
    clock.advance(59_999)
    assert.equal(late().length, 1)
    clock.advance(1)
    assert.equal(late().length, 2)
})

test("an interval that the operator has set for a device stands against its heartbeats", async t => {
    const clock = new ManualClock()
    const it = await rig(t, { clock })
    it.gateway.monitor.watch("leaf-1", { intervalMs: 100_000 })
    const client = await it.connected({ keepalive: 0 })
    const topic = "devices/leaf-1/messages/events/heartbeat=1"
    client.send(publishPacket({ topic }))
    await client.next("puback")
    clock.advance(149_999)
    assert.equal(it.gateway.monitor.status("leaf-1")?.state, "alive")
    clock.advance(1)
    assert.equal(it.gateway.monitor.status("leaf-1")?.state, "late")
})
