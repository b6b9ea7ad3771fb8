/** The control API's calls, over HTTP with a device that is there. Each answer is held against the description (`api.ts`). */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { IPublishPacket } from "mqtt-packet"
import { Control } from "../../../sim/control/control"
import { Problem } from "../../../sim/control/problem"
import { ManualClock } from "../../../sim/gateway/clock"
import { Enrolments } from "../../../sim/gateway/enrolment"
import { Policies } from "../../../sim/gateway/policies"
import { ca, leaf, shows } from "../gateway/clientcertificate"
import { publishPacket, until } from "../gateway/rig"
import { api, callAt, events, type Answer } from "./api"

test("devices are added, read, changed and removed, and nobody is shown a key who does not ask for keys", async t => {
    const { call, gateway } = await api(t)
    const key = Buffer.alloc(32, 1).toString("base64")
    const made = await call("POST /devices", {
        deviceId: "leaf@2",
        primaryKey: key,
    })
    assert.equal(made.status, 201)
    assert.equal(made.headers.get("etag"), `"${made.body.etag}"`)
    assert(!JSON.stringify(made.body).includes(key))
    assert.deepEqual((await call("GET /devices/leaf%402")).body, made.body)
    const keys = await call("GET /devices/leaf@2/keys")
    assert.equal(keys.body.primaryKey, key)
    assert.equal(
        keys.body.connectionString,
        `HostName=hub.example;DeviceId=leaf@2;SharedAccessKey=${key}`
    )
    const changed = await call(
        "PATCH /devices/leaf@2",
        { enabled: false, statusReason: "lost" },
        { "if-match": `"${made.body.etag}"` }
    )
    assert.equal(changed.body.enabled, false)
    const late = await call("DELETE /devices/leaf@2", undefined, {
        "if-match": `"${made.body.etag}"`,
    })
    assert.equal(late.status, 412)
    assert.equal(late.body.error.code, "precondition-failed")
    assert.equal((await call("DELETE /devices/leaf@2")).status, 204)
    assert.equal((await call("GET /devices/leaf@2")).status, 404)
    assert.equal((await call("DELETE /devices/leaf@2")).status, 404)
    assert.deepEqual(gateway.registry.deviceIds, ["leaf-1"])
})

test("a device with a certificate has thumbprints and no keys", async t => {
    const { call } = await api(t)
    const primaryThumbprint = "ab".repeat(20)
    const body = { deviceId: "leaf-x", authentication: "selfSigned" }
    assert.equal((await call("POST /devices", body)).status, 400)
    const made = await call("POST /devices", { ...body, primaryThumbprint })
    assert.equal(made.body.primaryThumbprint, "AB".repeat(20))
    assert.deepEqual((await call("GET /devices/leaf-x/keys")).body, {
        primaryKey: "",
        secondaryKey: "",
    })
})

test("a long list comes a page at a time, whatever is removed meanwhile", async t => {
    const { call, registry } = await api(t)
    for (let i = 2; i <= 7; i++) registry.add({ deviceId: `leaf-${i}` })
    const first = await call("GET /devices?limit=3")
    const ids = (answer: Answer): string[] =>
        answer.body.devices.map((one: { deviceId: string }) => one.deviceId)
    assert.deepEqual(ids(first), ["leaf-1", "leaf-2", "leaf-3"])
    registry.remove("leaf-3")
    const second = await call(`GET /devices?limit=4&after=${first.body.next}`)
    assert.deepEqual(ids(second), ["leaf-4", "leaf-5", "leaf-6", "leaf-7"])
    assert.equal(second.body.next, undefined)
})

test("a message to a device is waited for until it has taken it", async t => {
    const { call, subscribed } = await api(t)
    const queued = await call("POST /devices/leaf-1/messages", {
        body: "soon",
    })
    assert.equal(queued.status, 202)
    assert.equal(queued.body.state, "enqueued")
    const listed = await call("GET /devices/leaf-1/messages")
    assert.deepEqual(listed.body.messages, [queued.body])
    assert.deepEqual((await call("DELETE /devices/leaf-1/messages")).body, {
        purged: 1,
    })
    const client = await subscribed()
    const answer = call("POST /devices/leaf-1/messages", {
        bodyBase64: Buffer.from([0xff, 0]).toString("base64"),
        properties: { colour: "red" },
        messageId: "m1",
        waitSec: 60,
    })
    const publish = (await client.next("publish")) as IPublishPacket
    assert.deepEqual(publish.payload, Buffer.from([0xff, 0]))
    assert.match(publish.topic, /colour=red/)
    client.send({ cmd: "puback", messageId: publish.messageId! })
    assert.equal((await answer).body.state, "completed")
})

test("a method is answered by the device, or says why not", async t => {
    const { call, connected } = await api(t)
    const invoke = () =>
        call("POST /devices/leaf-1/methods/blink", {
            payload: { times: 3 },
            timeoutSec: 5,
        })
    const offline = await invoke()
    assert.equal(offline.status, 409)
    assert.equal(offline.body.error.code, "device-not-online")
    const client = await connected()
    await client.subscribe(["$iothub/methods/POST/#"], 0)
    const answer = invoke()
    const publish = (await client.next("publish")) as IPublishPacket
    assert.equal(publish.payload.toString(), '{"times":3}')
    const rid = /rid=(.*)$/.exec(publish.topic)![1]
    client.send(
        publishPacket({
            topic: `$iothub/methods/res/202/?$rid=${rid}`,
            payload: '{"done":true}',
            qos: 0,
            messageId: undefined,
        })
    )
    assert.deepEqual((await answer).body, {
        status: 202,
        payload: { done: true },
    })
    const broken = invoke()
    await client.next("publish")
    client.destroy()
    assert.equal((await broken).body.error.code, "device-disconnected")
})

test("a twin is read and its desired properties are merged or replaced", async t => {
    const { call } = await api(t)
    const patched = await call("PATCH /devices/leaf-1/twin", {
        desired: { interval: 5, deep: { a: 1 } },
    })
    assert.equal(patched.body.version, 2)
    await call("PATCH /devices/leaf-1/twin", { desired: { deep: null } })
    const { body } = await call("GET /devices/leaf-1/twin")
    assert.deepEqual(body.desired, { interval: 5, $version: 3 })
    await call("PUT /devices/leaf-1/twin/desired", { mode: "slow" })
    const after = await call("GET /devices/leaf-1/twin")
    assert.deepEqual(after.body.desired, { mode: "slow", $version: 4 })
    const bad = await call("PATCH /devices/leaf-1/twin", {
        desired: { "a.b": 1 },
    })
    assert.equal(bad.status, 400)
    const large = await call("PUT /devices/leaf-1/twin/desired", {
        ...Object.fromEntries(
            Array.from({ length: 9 }, (_, i) => [`p${i}`, "x".repeat(4096)])
        ),
    })
    assert.equal(large.status, 413)
    assert.equal((await call("GET /devices/leaf-9/twin")).status, 404)
})

test("states tell who is connected, alive, late and lost", async t => {
    const clock = new ManualClock()
    const { call, connected, gateway, registry } = await api(t, {
        clock,
        heartbeat: { intervalMs: 60_000 },
    })
    registry.add({ deviceId: "leaf-2" })
    const never = await call("GET /devices/leaf-1/state")
    assert.deepEqual(never.body, {
        deviceId: "leaf-1",
        enabled: true,
        connected: false,
        pendingMessages: 0,
    })
    const client = await connected()
    client.send(
        publishPacket({
            topic: "devices/leaf-1/messages/events/heartbeat=20&uptime=7&boots=2",
        })
    )
    await client.next("puback")
    const alive = (await call("GET /devices/leaf-1/state")).body
    assert.equal(alive.connected, true)
    assert.equal(alive.life.state, "alive")
    assert.equal(alive.life.lastHeartbeat.uptimeSec, 7)
    const listed = await call("GET /states?connected=true")
    assert.equal(listed.body.states.length, 1)
    clock.advance(40_000)
    assert.deepEqual(
        (await call("GET /states?life=late")).body.states.map(
            (one: { deviceId: string }) => one.deviceId
        ),
        ["leaf-1"]
    )
    assert.deepEqual((await call("GET /states?life=lost")).body.states, [])
    const gone = gateway.waitFor("disconnected")
    const answer = await call("POST /devices/leaf-1/disconnect")
    assert.deepEqual(answer.body, { disconnected: true })
    await gone
    await client.closed
    assert.equal((await call("GET /")).body.connected, 0)
})

test("a fault is switched on, counted, timed and switched off", async t => {
    const clock = new ManualClock()
    const { call, connected } = await api(t, { clock })
    const client = await connected()
    const publish = async (messageId: number) => {
        client.send(publishPacket({ messageId }))
        // An answer that does not come: what comes after it has come.
        return (await client.drain()).length
    }
    const added = await call("POST /faults", {
        do: "drop",
        at: "puback",
        times: 0,
        inMs: 1000,
        forMs: 5000,
    })
    assert.equal(added.status, 201)
    assert.equal(await publish(1), 1, "it has not begun")
    clock.advance(1000)
    assert.equal(await publish(2), 0)
    assert.equal(await publish(3), 0)
    const path = `/faults/${added.body.id}`
    const during = await call(`GET ${path}`)
    assert.deepEqual([during.body.count, during.body.isOver], [2, false])
    clock.advance(5000)
    assert.equal(await publish(4), 1, "its time is over")
    assert.equal((await call(`GET ${path}`)).body.isOver, true)
    const other = await call("POST /faults", { do: "drop", at: "puback" })
    const removed = await call(`DELETE /faults/${other.body.id}`)
    assert.deepEqual([removed.body.count, removed.body.isOver], [0, true])
    await call("POST /faults", { do: "drop", at: "puback", times: 0 })
    assert.equal((await call("DELETE /faults")).status, 204)
    assert.equal(await publish(5), 1)
    const { faults } = (await call("GET /faults")).body
    assert.deepEqual(
        faults.map((one: { isOver: boolean }) => one.isOver),
        [true, true, true]
    )
    assert.equal((await call("GET /faults/99")).status, 404)
    const bad = await call("POST /faults", { do: "drop", at: "connect" })
    assert.equal(bad.status, 400)
    assert.equal(clock.pending < 10, true)
})

test("events are followed live, and from where somebody left", async t => {
    const { server, connected } = await api(t)
    const client = await connected()
    const follow = (query: string, headers = {}) =>
        fetch(`${server.url}/events${query}`, { headers })
    const send = async (messageId: number, payload: string | Buffer) => {
        client.send(publishPacket({ messageId, payload }))
        await client.next("puback")
    }
    const first = await follow("?names=telemetry&deviceId=leaf-1&limit=2")
    assert.equal(first.headers.get("content-type"), "text/event-stream")
    await send(1, "one")
    await send(2, Buffer.from([0xff]))
    const seen = []
    for await (const event of events(first)) seen.push(event)
    assert.deepEqual(
        seen.map(({ event, data }) => [event, data.body ?? data.bodyBase64]),
        [
            ["telemetry", "one"],
            ["telemetry", "/w=="],
        ]
    )
    await send(3, "three")
    const again = await follow("?names=telemetry&limit=2", {
        "last-event-id": seen[0].id!,
    })
    const replayed = []
    for await (const event of events(again)) replayed.push(event)
    assert.deepEqual(
        replayed.map(({ data }) => data.body ?? data.bodyBase64),
        ["/w==", "three"]
    )
    assert.equal(replayed[0].id, seen[1].id)
    const stranger = await follow("?names=telemetry&limit=1", {
        "last-event-id": "another-run-7",
    })
    for await (const event of events(stranger)) {
        assert.equal(event.event, "missed")
        break
    }
})

test("the same calls in-process, with the same checks", async t => {
    const { gateway, connected } = await api(t)
    const control = new Control(gateway)
    const heard: string[] = []
    const stop = control.follow({ names: ["authenticated"] }, ({ name }) =>
        heard.push(name)
    )
    const { etag } = await control.call("createDevice", {
        body: { deviceId: "leaf-2", enabled: false },
    })
    await control.call("updateDevice", {
        deviceId: "leaf-2",
        ifMatch: etag,
        body: { enabled: true },
    })
    const twin = await control.call("getTwin", { deviceId: "leaf-2" })
    assert.equal(twin.desired.$version, 1)
    await assert.rejects(
        control.call("createDevice", {
            body: { deviceId: "leaf-2", colour: "red" } as never,
        }),
        (error: Problem) =>
            error.status === 400 &&
            /body: there is no colour/.test(error.message)
    )
    await connected()
    await until(() => heard.length === 1)
    stop()
    control.close()
})

test("a CA is registered, verified, and lets its devices in", async t => {
    const { call, client, connectPacket } = await api(t)
    const root = await ca("owner", 4)
    const added = await call("POST /authorities", {
        name: "owner",
        certificate: root.pem,
    })
    assert.deepEqual([added.status, added.body.isVerified], [201, false])
    const code = await call("POST /authorities/owner/code")
    const early = await call("POST /authorities/owner/verify", {
        certificate: (await leaf("other", 9, { issuer: root })).pem,
    })
    assert.deepEqual([early.status, early.body.error.code], [400, "bad-proof"])
    const proof = await leaf(code.body.verificationCode, 9, { issuer: root })
    const verified = await call("POST /authorities/owner/verify", {
        certificate: proof.pem,
    })
    assert.equal(verified.body.isVerified, true)
    assert.deepEqual((await call("GET /authorities/owner")).body, verified.body)
    await call("POST /devices", {
        deviceId: "d",
        authentication: "certificateAuthority",
    })
    const device = await client(shows(await leaf("d", 1, { issuer: root })))
    device.send(
        connectPacket({
            clientId: "d",
            username: "hub.example/d/?api-version=2021-04-12",
            password: undefined,
        })
    )
    assert.equal((await device.next("connack")).returnCode, 0)
    assert.equal((await call("DELETE /authorities/owner")).status, 204)
    await device.closed
    assert.equal((await call("GET /authorities/owner")).status, 404)
    assert.deepEqual((await call("GET /authorities")).body.authorities, [])
})

test("the registry is exported and imported whole, with keys for who asks for keys", async t => {
    const [from, to] = [await api(t), await api(t)]
    const plain = await from.call("GET /registry")
    assert(!JSON.stringify(plain.body).includes(from.device.primaryKey))
    const { body } = await from.call("GET /registry/keys")
    assert.equal(
        body.devices[0].authentication.symmetricKey.primaryKey,
        from.device.primaryKey
    )
    assert.deepEqual((await to.call("POST /registry", body)).body, {
        created: 0,
        updated: 1,
        deleted: 0,
    })
    assert.equal(to.registry.get("leaf-1")!.primaryKey, from.device.primaryKey)
    const wrong = await to.call("POST /registry", {
        devices: [{ id: "a" }, { id: "b", importMode: "update" }],
    })
    assert.equal(wrong.status, 404)
    assert.match(wrong.body.error.message, /entry 2 \(b\)/)
    assert.equal(to.registry.get("a"), undefined)
})

test("policies are made and taken away, and devices enrolled with a token service", async t => {
    const enrolments = new Enrolments()
    const policies = Policies.builtIn()
    const { call, gateway } = await api(t, {
        policies,
        tokenService: { policy: "device", authenticator: enrolments },
    })
    const made = await call("PUT /policies/mine", {
        permissions: ["ServiceConnect"],
    })
    assert.equal(made.body.primaryKey, policies.get("mine")!.primaryKey)
    const changed = await call("PUT /policies/mine", {
        permissions: ["RegistryRead"],
    })
    assert.deepEqual(changed.body, {
        ...made.body,
        permissions: ["RegistryRead"],
    })
    assert.equal((await call("GET /policies")).body.policies.length, 6)
    assert.equal((await call("DELETE /policies/mine")).status, 204)
    assert.equal((await call("DELETE /policies/mine")).status, 404)
    const { body } = await call("PUT /devices/leaf-1/enrolment", {})
    assert.equal(body.secret, enrolments.toJSON()["leaf-1"])
    assert.equal((await call("PUT /devices/leaf-9/enrolment", {})).status, 404)
    assert.equal(gateway.enrolments, enrolments)
    const other = await api(t)
    assert.equal(
        (await other.call("PUT /devices/leaf-1/enrolment", {})).status,
        404
    )
})

test("several gateways on one machine have a control API each", async t => {
    const [one, other] = [await api(t), await api(t)]
    await one.call("POST /devices", { deviceId: "only-here" })
    assert.equal((await other.call("GET /devices/only-here")).status, 404)
    await assert.rejects(callAt("http://127.0.0.1:1", "GET /"))
})
