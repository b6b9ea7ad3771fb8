/**
 * Azure's SDK against the gateway in both profiles, beyond what an ordinary day brings (`azuresdk.test.ts`): names in TLS, refusals,
 * sessions that are kept, renewed tokens, a restart.
 */
import assert from "node:assert/strict"
import { writeFileSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, test } from "node:test"
import { Message } from "azure-iot-common"
import {
    Client,
    SharedAccessKeyAuthenticationProvider,
    type DeviceMethodRequest,
    type DeviceMethodResponse,
} from "azure-iot-device"
import { Mqtt } from "azure-iot-device-mqtt"
import type { ProfileName } from "../../sim/gateway/profiles"
import { until, within } from "../sim/gateway/rig"
import { freePort } from "../peers"
import { DEVICE_ID, MQTTS_PORT, report, sdkSite } from "./azuresdk"

const EDGEHUB_AND_HUB: ProfileName[] = ["edgehub", "hub"]

/** The filters that the SDK has subscribed to. */
const DEVICEBOUND = `devices/${DEVICE_ID}/messages/devicebound/#`
const METHODS = "$iothub/methods/POST/#"

for (const profile of EDGEHUB_AND_HUB)
    describe(`the official SDK and ${profile}`, () => {
        test("connects by a name, which it asks for in TLS, with the CA in a file", async t => {
            const folder = mkdtempSync(join(tmpdir(), "leaf-test-"))
            t.after(() => rmSync(folder, { recursive: true }))
            const port = await freePort()
            const site = await sdkSite(t, { profile, port, host: "127.0.0.1" })
            const ca = join(folder, "root.pem")
            writeFileSync(ca, site.root)
            const client = await site.client(
                site.connectionString({ name: `localhost:${port}` })
            )
            await client.setOptions({ ca })
            await client.open()
            await client.sendEvent(new Message("hello"))
            const [{ serverName }] = site.told("secured")
            assert.equal(serverName, "localhost")
        })

        test("is refused with a wrong key, and told so; the reason is the operator's", async t => {
            const site = await sdkSite(t, { profile })
            const client = await site.client(
                site.connectionString({
                    key: Buffer.alloc(32).toString("base64"),
                })
            )
            await assert.rejects(client.open(), /[Nn]ot authorized/)
            assert.equal(site.told("refused")[0].reason, "wrong-signature")
        })

        test("does not talk to a gateway with another root", async t => {
            const site = await sdkSite(t, { profile })
            const stranger = Client.fromConnectionString(
                site.connectionString(),
                Mqtt
            )
            t.after(() => stranger.close())
            await assert.rejects(stranger.open(), /certificate/)
            assert.deepEqual(site.told("authenticated"), [])
        })

        test("gets messages in order with their properties, and completes them; those that came while it was away, too", async t => {
            const site = await sdkSite(t, { profile })
            const { cloudMessages } = site.gateway
            const got: Message[] = []
            const first = await site.client()
            const subscribed = site.gateway.waitFor(
                "subscribed",
                ({ filter }) => filter === DEVICEBOUND
            )
            first.on("message", (message: Message) => {
                got.push(message)
                void first.complete(message)
            })
            await first.open()
            await subscribed
            const full = cloudMessages.send(DEVICE_ID, {
                body: '{"a":"ü"}',
                messageId: "id 1/2",
                correlationId: "c=1",
                userId: "me",
                contentType: "application/json",
                contentEncoding: "utf-8",
                ack: "full",
                properties: { "größe/2": "100 % = +∞", empty: "" },
            })
            assert.equal(await full.settled, "completed")
            const [message] = got
            assert.equal(message.getBytes().toString(), '{"a":"ü"}')
            assert.deepEqual(
                [
                    message.messageId,
                    message.correlationId,
                    message.userId,
                    message.contentType,
                    message.contentEncoding,
                    message.to,
                ],
                [
                    "id 1/2",
                    "c=1",
                    "me",
                    "application/json",
                    "utf-8",
                    `/devices/${DEVICE_ID}/messages/devicebound`,
                ]
            )
            assert.equal(message.properties.getValue("empty"), "")
            assert.equal(message.properties.getValue("größe/2"), "100 % = +∞")
            assert.equal(site.told("feedback")[0].statusCode, "Success")

            await first.close()
            const waiting = Array.from({ length: 20 }, (_, i) =>
                cloudMessages.send(DEVICE_ID, { body: `${i}` })
            )
            const second = await site.client()
            const bodies: string[] = []
            second.on("message", (next: Message) =>
                bodies.push(next.getBytes().toString())
            )
            await second.open()
            const ends = await Promise.all(waiting.map(each => each.settled))
            assert.deepEqual(new Set(ends), new Set(["completed"]))
            assert.deepEqual(
                bodies,
                waiting.map((_, i) => `${i}`)
            )
            assert.deepEqual(site.told("strayAcknowledgement"), [])
        })

        test("answers methods, each its own, in whatever order", async t => {
            const site = await sdkSite(t, { profile })
            const { methods } = site.gateway
            const client = await site.client()
            const held: DeviceMethodResponse[] = []
            client.onDeviceMethod("later", (_request, response) => {
                held.push(response)
            })
            client.onDeviceMethod("echo", (request, response) => {
                void answer(request, response)
            })
            await client.open()
            await until(() =>
                site.told("subscribed").some(({ filter }) => filter === METHODS)
            )
            const payload = { text: "größe ∞", list: [1, null, true] }
            assert.deepEqual(await methods.invoke(DEVICE_ID, "echo", payload), {
                status: 207,
                payload: { echo: payload },
            })
            const calls = ["one", "two"].map(name =>
                methods.invoke(DEVICE_ID, "later", name)
            )
            await until(() => held.length === 2)
            await held[1].send(200, "second")
            assert.equal((await calls[1]).payload, "second")
            await held[0].send(500)
            assert.deepEqual(await calls[0], { status: 500, payload: null })
            assert.deepEqual(site.told("strayMethodReply"), [])
        })

        test("takes an error of the twin as the profile tells it", async t => {
            const site = await sdkSite(t, { profile })
            const { twins } = site.gateway
            const client = await site.client()
            await client.open()
            const twin = await client.getTwin()
            twins.failNext(DEVICE_ID, 429)
            // It reads the status from the body, and edgeHub's errors have none: there it takes a refusal for success.
            if (profile === "hub")
                await assert.rejects(report(twin, { a: 1 }), /asked for it/)
            else await report(twin, { a: 1 })
            assert.equal(site.told("reportRefused")[0].status, 429)
            assert.deepEqual(twins.get(DEVICE_ID).reported, { $version: 1 })
        })

        test("renews its token by itself, and misses nothing: subscriptions stand, what is sent arrives", async t => {
            const site = await sdkSite(t, { profile })
            // Valid for ten minutes, and renewed after one second.
            const provider =
                SharedAccessKeyAuthenticationProvider.fromConnectionString(
                    site.connectionString(),
                    600,
                    599
                )
            const client = await site.client(
                Client.fromAuthenticationProvider(provider, Mqtt)
            )
            const bodies: string[] = []
            client.on("message", (message: Message) =>
                bodies.push(message.getBytes().toString())
            )
            await client.open()
            await until(() => site.told("subscribed").length === 1)
            await until(() => site.told("authenticated").length >= 3)
            const seen = site.told("authenticated")
            for (const [i, { tokenExpirySec, sessionPresent }] of seen
                .slice(0, 3)
                .entries()) {
                assert.equal(sessionPresent, i > 0)
                if (i > 0)
                    assert.ok(tokenExpirySec > seen[i - 1].tokenExpirySec)
            }
            for (const { reason } of site.told("disconnected"))
                assert.equal(reason, "client-done")
            const message = site.gateway.cloudMessages.send(DEVICE_ID, {
                body: "after",
            })
            const telemetry = site.gateway.waitFor("telemetry")
            await client.sendEvent(new Message("still here"))
            assert.equal(String((await telemetry).body), "still here")
            assert.equal(await message.settled, "completed")
            assert.deepEqual(bodies, ["after"])
            assert.equal(site.told("subscribed").length, 1)
        })

        test("comes back by itself after a restart of the gateway, on the same port, with all that it had", async t => {
            const site = await sdkSite(t, { profile })
            const { gateway } = site
            const client = await site.client()
            const bodies: string[] = []
            client.on("message", (message: Message) =>
                bodies.push(message.getBytes().toString())
            )
            client.onDeviceMethod("echo", (request, response) => {
                void answer(request, response)
            })
            await client.open()
            const twin = await client.getTwin()
            const levels: unknown[] = []
            twin.on("properties.desired.level", (level: unknown) =>
                levels.push(level)
            )
            await until(() => site.told("subscribed").length >= 4)
            await client.sendEvent(new Message("before"))

            await gateway.goDown()
            // Somebody else is there who does not speak: it tries, and tries again.
            const tries = await hangUpOn(site.host)
            const sent = client.sendEvent(new Message("meanwhile"))
            const message = gateway.cloudMessages.send(DEVICE_ID, {
                body: "waits",
            })
            await tries.twice
            await tries.close()
            const back = gateway.waitFor("authenticated")
            await gateway.comeBack()

            assert.equal((await back).sessionPresent, true)
            await sent
            assert.equal(await message.settled, "completed")
            assert.deepEqual(bodies, ["waits"])
            gateway.twins.patchDesired(DEVICE_ID, { level: 7 })
            await until(() => levels.includes(7))
            await report(twin, { level: 7 })
            assert.equal(gateway.twins.get(DEVICE_ID).reported.level, 7)
            const { payload } = await gateway.methods.invoke(
                DEVICE_ID,
                "echo",
                1
            )
            assert.deepEqual(payload, { echo: 1 })
            assert.deepEqual(
                site.told("telemetry").map(({ body }) => String(body)),
                ["before", "meanwhile"]
            )
        })
    })

async function answer(
    request: DeviceMethodRequest,
    response: DeviceMethodResponse
): Promise<void> {
    await response.send(207, { echo: request.payload as unknown })
}

/** Listens in the gateway's place, and ends each connection that comes. */
async function hangUpOn(host: string) {
    let count = 0
    let enough: () => void
    const twice = new Promise<void>(resolve => (enough = resolve))
    const server = createServer(socket => {
        socket.on("error", () => undefined)
        socket.destroy()
        if (++count === 2) enough()
    })
    await new Promise<void>(resolve => server.listen(MQTTS_PORT, host, resolve))
    const close = () =>
        new Promise<void>(resolve => server.close(() => resolve()))
    return { twice: within("a second try", twice), close }
}
