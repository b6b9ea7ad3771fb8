/**
 * Clients that know nothing of Azure against the gateway in both profiles, beyond a message or two (`mqttclients.test.ts`): many at a
 * time, kept sessions, a restart, twin and methods by hand, wills, QoS 2.
 */
import assert from "node:assert/strict"
import { describe, test, type TestContext } from "node:test"
import mqtt, { type IClientOptions, type MqttClient } from "mqtt"
import type { ProfileName } from "../../sim/gateway/profiles"
import { MemoryStore, type Message } from "../../sim/gateway/store"
import { needsPeer } from "../peers"
import {
    DEVICEBOUND,
    HUB,
    rig,
    tokenOf,
    until,
    type Rig,
} from "../sim/gateway/rig"
import { runPeer, textFile } from "./program"

const EDGEHUB_AND_HUB: ProfileName[] = ["edgehub", "hub"]

const WAIT_MS = 30_000

const EVENTS = "devices/leaf-1/messages/events/"
const USERNAME = `${HUB}/leaf-1/?api-version=2021-04-12`

/** What any of mosquitto's clients needs to get in. */
function credentials(t: TestContext, it: Rig, token = tokenOf(it.device)) {
    return [
        ...["-h", "localhost", "-p", String(it.gateway.port)],
        ...["--cafile", textFile(t, "root.pem", it.root)],
        ...["-i", "leaf-1", "-u", USERNAME, "-P", token],
        ...["-V", "mqttv311"],
    ]
}

/** The events so far of this name. */
function told(it: Rig, wanted: string): Record<string, unknown>[] {
    return it.log
        .filter(({ name }) => name === wanted)
        .map(({ event }) => event as unknown as Record<string, unknown>)
}

/** Takes the first message to itself, and does not say that it is safe before it is told to. */
class HoldingStore extends MemoryStore {
    release: () => void = () => undefined
    private readonly released = new Promise<void>(
        resolve => (this.release = resolve)
    )

    override async store(message: Message): Promise<void> {
        await super.store(message)
        if (this.messages.length === 1) await this.released
    }
}

for (const profile of EDGEHUB_AND_HUB) {
    describe(`mosquitto's clients and ${profile}`, () => {
        test(
            "mosquitto_pub sends a message with properties at QoS 1, and ends once it is acknowledged",
            needsPeer("mosquitto_pub"),
            async t => {
                const it = await rig(t, { profile })
                const { exitCode, errors } = await runPeer("mosquitto_pub", [
                    ...credentials(t, it),
                    ...["-q", "1", "-r", "-m", '{"celsius":21.5}'],
                    ...[
                        "-t",
                        `${EVENTS}%24.ct=application%2Fjson&level=hot%26`,
                    ],
                ])
                assert.equal(errors, "")
                assert.equal(exitCode, 0)
                const [message] = it.gateway.messages
                assert.equal(String(message.body), '{"celsius":21.5}')
                assert.deepEqual(message.properties, {
                    level: "hot&",
                    "mqtt-retain": "true",
                })
                assert.deepEqual(message.systemProperties, {
                    contentType: "application/json",
                })
                assert.equal(told(it, "disconnected")[0].reason, "client-done")
            }
        )

        test(
            "mosquitto_pub sends 200 lines, more than wait for the store at a time, and all arrive in order",
            needsPeer("mosquitto_pub"),
            async t => {
                const it = await rig(t, { profile })
                const lines = Array.from({ length: 200 }, (_, i) => `line ${i}`)
                const { exitCode, errors } = await runPeer(
                    "mosquitto_pub",
                    [...credentials(t, it), "-q", "1", "-t", EVENTS, "-l"],
                    lines.join("\n") + "\n"
                )
                assert.deepEqual([exitCode, errors], [0, ""])
                assert.deepEqual(
                    it.gateway.messages.map(({ body }) => String(body)),
                    lines
                )
            }
        )

        test(
            "mosquitto_sub gets messages in order and completes them, those that came while it was away first",
            needsPeer("mosquitto_sub"),
            async t => {
                const it = await rig(t, { profile })
                const { cloudMessages } = it.gateway
                const listen = async (count: number) => {
                    const gone = it.gateway.waitFor(
                        "disconnected",
                        undefined,
                        WAIT_MS
                    )
                    const outcome = await runPeer("mosquitto_sub", [
                        ...credentials(t, it),
                        ...["-c", "-q", "1", "-t", DEVICEBOUND],
                        ...["-C", String(count), "-F", "%t %p"],
                    ])
                    await gone
                    return outcome
                }
                /** With the last message it leaves, sometimes before its acknowledgements are out: then they come again. */
                const complete = async () => {
                    for (let tries = 0; tries < 5; tries++) {
                        const left = cloudMessages.pending("leaf-1").length
                        if (left === 0) return
                        await listen(left)
                    }
                    assert.fail("messages are still not acknowledged")
                }
                const subscribed = it.gateway.waitFor(
                    "subscribed",
                    undefined,
                    WAIT_MS
                )
                const first = listen(1)
                await subscribed
                const hello = cloudMessages.send("leaf-1", {
                    body: "hello",
                    to: null,
                    properties: { colour: "red&blue" },
                })
                const topic = "devices/leaf-1/messages/devicebound/"
                assert.deepEqual(await first, {
                    exitCode: 0,
                    output: `${topic}colour=red%26blue hello\n`,
                    errors: "",
                })
                await complete()
                assert.equal(await hello.settled, "completed")

                const waiting = ["a", "b", "c"].map(body =>
                    cloudMessages.send("leaf-1", { body, to: null })
                )
                const { output } = await listen(3)
                const bare = profile === "hub" ? topic : topic.slice(0, -1)
                assert.equal(
                    output,
                    ["a", "b", "c"].map(body => `${bare} ${body}\n`).join("")
                )
                await complete()
                for (const { settled } of waiting)
                    assert.equal(await settled, "completed")
            }
        )
    })

    describe(`MQTT.js and ${profile}`, () => {
        /** Connects with a token of an hour; it does not try again unless it is told to. */
        async function connect(
            t: TestContext,
            it: Rig,
            options: IClientOptions = {}
        ): Promise<MqttClient> {
            const client = await mqtt.connectAsync({
                protocol: "mqtts",
                host: "localhost",
                port: it.gateway.port,
                ca: it.root,
                clientId: "leaf-1",
                username: USERNAME,
                password: tokenOf(it.device),
                reconnectPeriod: 0,
                clean: false,
                ...options,
            })
            client.on("error", () => undefined)
            t.after(() => client.endAsync(true))
            return client
        }

        test("sends at QoS 0 and 1, acknowledged, and is heard in order", async t => {
            const it = await rig(t, { profile })
            const client = await connect(t, it)
            await Promise.all(
                Array.from({ length: 40 }, (_, i) =>
                    client.publishAsync(`${EVENTS}n=${i}`, `${i}`, {
                        qos: i % 3 ? 1 : 0,
                    })
                )
            )
            await until(() => it.gateway.messages.length === 40)
            assert.deepEqual(
                it.gateway.messages.map(({ properties }) => properties.n),
                Array.from({ length: 40 }, (_, i) => `${i}`)
            )
        })

        test("gets messages and the twin, and answers a method", async t => {
            const it = await rig(t, { profile })
            const { gateway } = it
            const client = await connect(t, it)
            const granted = await client.subscribeAsync({
                [DEVICEBOUND]: { qos: 1 },
                "$iothub/methods/POST/#": { qos: 0 },
                "$iothub/twin/res/#": { qos: 0 },
            })
            assert.deepEqual(
                granted.map(({ qos }) => qos),
                [1, 0, 0]
            )
            const got: string[] = []
            client.on("message", (topic, body) => {
                got.push(`${topic} ${body.toString()}`)
                const [, , , name, bag] = topic.split("/")
                if (topic.startsWith("$iothub/methods/POST/"))
                    client.publish(
                        `$iothub/methods/res/200/${bag}`,
                        JSON.stringify({ name })
                    )
            })
            const message = gateway.cloudMessages.send("leaf-1", {
                body: "hi",
                properties: { a: "b" },
                to: null,
            })
            assert.equal(await message.settled, "completed")
            assert.deepEqual(await gateway.methods.invoke("leaf-1", "reboot"), {
                status: 200,
                payload: { name: "reboot" },
            })
            client.publish(
                "$iothub/twin/PATCH/properties/reported/?$rid=7",
                '{"level":7}'
            )
            await until(() => got.length === 3)
            assert.equal(got[0], `devices/leaf-1/messages/devicebound/a=b hi`)
            assert.match(got[1], /^\$iothub\/methods\/POST\/reboot\/\?\$rid=/)
            assert.equal(
                got[2],
                `$iothub/twin/res/204/?$rid=7${profile === "hub" ? "&$version=2" : ""} `
            )
            assert.equal(gateway.twins.get("leaf-1").reported.level, 7)
        })

        test("has its will published when it vanishes, and not when it says goodbye", async t => {
            const it = await rig(t, { profile })
            const will = {
                topic: `${EVENTS}end=sudden`,
                payload: Buffer.from("gone"),
                qos: 1 as const,
                retain: false,
            }
            const polite = await connect(t, it, { will })
            const gone = it.gateway.waitFor("disconnected")
            await polite.endAsync()
            assert.equal((await gone).reason, "client-done")
            const vanishing = await connect(t, it, { will })
            const told = it.gateway.waitFor("will")
            vanishing.stream.destroy()
            const { body, properties } = await told
            assert.equal(String(body), "gone")
            assert.deepEqual(properties, {
                end: "sudden",
                "iothub-MessageType": "Will",
            })
            assert.equal(it.gateway.messages.length, 1)
        })

        test("comes back after a restart of the gateway, and sends again what was not acknowledged", async t => {
            const store = new HoldingStore()
            t.after(() => store.release())
            const it = await rig(t, { profile, store })
            const client = await connect(t, it, { reconnectPeriod: 20 })
            const sent = client.publishAsync(EVENTS, "twice", { qos: 1 })
            await until(() => store.messages.length === 1)
            const again = it.gateway.waitFor("telemetry")
            await it.gateway.goDown()
            await it.gateway.comeBack()
            // It forgets to say that it is a duplicate (3.3.1.1).
            assert.equal(String((await again).body), "twice")
            await sent
            assert.equal(store.messages.length, 2)
        })

        test("is let go for a message at QoS 2", async t => {
            const it = await rig(t, { profile })
            const client = await connect(t, it)
            const gone = it.gateway.waitFor("disconnected")
            client.publish(EVENTS, "exactly once", { qos: 2 })
            assert.equal((await gone).reason, "qos-2")
        })

        test("is refused with a token for another device", async t => {
            const it = await rig(t, { profile })
            const other = it.registry.add({ deviceId: "leaf-2" })
            await assert.rejects(
                connect(t, it, { password: tokenOf(other) }),
                /Not authorized/
            )
            assert.equal(told(it, "refused")[0].reason, "wrong-audience")
        })
    })
}
