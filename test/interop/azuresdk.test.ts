/**
 * Microsoft's SDK for devices, `azure-iot-device` over MQTT, as it is, at our gateway in both profiles: what it does with an IoT
 * Edge gateway has to work here. It takes the gateway's name and its CA, as its documentation says; the port is always 8883, so
 * that each gateway here has a loopback address of its own.
 */
import assert from "node:assert/strict"
import { randomInt } from "node:crypto"
import { EventEmitter, once } from "node:events"
import { after, afterEach, before, describe, test } from "node:test"
import {
    Client,
    type DeviceMethodRequest,
    type DeviceMethodResponse,
    Message,
    SharedAccessKeyAuthenticationProvider,
    type Twin,
} from "azure-iot-device"
import { Mqtt } from "azure-iot-device-mqtt"
import { type Gateway, startGateway } from "../../sim/gateway/gateway"
import type { ProfileName } from "../../sim/gateway/profiles"
import { Registry } from "../../sim/gateway/registry"
import { type Chain, makeChain } from "../../sim/pki/chain"

const HUB = "hub.azure-devices.net"
const DEVICE = "sdk-1"
const MQTT_PORT = 8883
const WAIT_MS = 20_000

/** An address of this machine on which nobody listens. Only Linux has all of 127.0.0.0/8. */
function loopbackAddress(): string {
    return process.platform === "linux"
        ? `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`
        : "127.0.0.1"
}

for (const profile of ["edgehub", "hub"] as ProfileName[])
    describe(`the official SDK at a gateway of the profile ${profile}`, () => {
        const address = loopbackAddress()
        const registry = new Registry()
        const { primaryKey } = registry.add({ deviceId: DEVICE })
        const connectionString = `HostName=${HUB};DeviceId=${DEVICE};SharedAccessKey=${primaryKey};GatewayHostName=${address}`
        let chain: Chain
        let gateway: Gateway
        let client: Client

        before(async () => {
            chain = await makeChain({ names: [address], caBits: 2048 })
            await open()
        })
        afterEach(async () => {
            await client.close()
        })
        after(() => gateway.close())

        async function open() {
            gateway = await startGateway({
                cert: chain.chainPem,
                key: chain.keyPem,
                host: address,
                port: MQTT_PORT,
                httpsPort: null,
                hubName: HUB,
                profile,
                registry,
            })
        }

        async function connect(
            created = Client.fromConnectionString(connectionString, Mqtt)
        ): Promise<Client> {
            client = created
            await client.setOptions({ ca: chain.root.pem })
            await client.open()
            return client
        }

        /** The gateway has let the device subscribe to such a filter. */
        const subscribed = (part: string) =>
            gateway.waitFor(
                "subscribed",
                ({ filter }) => filter.includes(part),
                WAIT_MS
            )

        test("telemetry arrives with its application and system properties, and is acknowledged", async () => {
            await connect()
            const message = new Message(JSON.stringify({ temperature: 21.5 }))
            message.messageId = "m-1"
            message.correlationId = "c-1"
            message.contentType = "application/json"
            message.contentEncoding = "utf-8"
            message.properties.add("alert", "yes & no = 50 %/ä")
            const arrived = gateway.waitFor("telemetry", undefined, WAIT_MS)
            await client.sendEvent(message)
            const { body, properties, systemProperties, qos } = await arrived
            assert.deepEqual(JSON.parse(body.toString()), { temperature: 21.5 })
            assert.deepEqual(properties, { alert: "yes & no = 50 %/ä" })
            assert.deepEqual(systemProperties, {
                messageId: "m-1",
                correlationId: "c-1",
                contentType: "application/json",
                contentEncoding: "utf-8",
            })
            assert.equal(qos, 1)
        })

        test("a message from the cloud comes with its properties, and is completed", async () => {
            await connect()
            const received: Message[] = []
            const listening = subscribed("devicebound")
            client.on("message", (message: Message) => {
                received.push(message)
                void client.complete(message)
            })
            await listening
            const sent = ["one", "two", "three"].map((body, i) =>
                gateway.cloudMessages.send(DEVICE, {
                    body,
                    messageId: `m-${i}`,
                    correlationId: "c",
                    properties: { unit: "°C & %", empty: "" },
                })
            )
            await Promise.all(sent.map(({ settled }) => settled))
            assert.deepEqual(
                sent.map(({ state }) => state),
                ["completed", "completed", "completed"]
            )
            assert.deepEqual(
                received.map(({ data, messageId }) => [
                    String(data),
                    messageId,
                ]),
                [
                    ["one", "m-0"],
                    ["two", "m-1"],
                    ["three", "m-2"],
                ]
            )
            assert.equal(received[0].correlationId, "c")
            assert.equal(received[0].properties.getValue("unit"), "°C & %")
            assert.equal(received[0].properties.getValue("empty"), "")
        })

        test("direct methods are answered with status and payload", async () => {
            await connect()
            const listening = subscribed("methods")
            client.onDeviceMethod(
                "reboot",
                (
                    request: DeviceMethodRequest,
                    response: DeviceMethodResponse
                ) => {
                    const { delay } = request.payload as { delay: number }
                    void response.send(202, { after: delay })
                }
            )
            await listening
            assert.deepEqual(
                await gateway.methods.invoke(DEVICE, "reboot", { delay: 5 }),
                { status: 202, payload: { after: 5 } }
            )
        })

        test("the twin is read, patched from both sides, and a deleted property is null", async () => {
            gateway.twins.replaceDesired(DEVICE, { interval: 60, old: true })
            await connect()
            const twin: Twin = await client.getTwin()
            assert.equal(twin.properties.desired.interval, 60)
            const listening = subscribed("desired")
            const changed = new EventEmitter()
            // The SDK tells the whole document first, and then each change.
            twin.on("properties.desired", (patch: Record<string, unknown>) =>
                changed.emit("patch", patch)
            )
            await listening
            await new Promise<void>((resolve, reject) =>
                twin.properties.reported.update(
                    { firmware: "1.2", nested: { a: [1, "b"] } },
                    (error: Error | null) => (error ? reject(error) : resolve())
                )
            )
            const { reported } = gateway.twins.get(DEVICE)
            assert.equal(reported.firmware, "1.2")
            assert.deepEqual(reported.nested, { a: [1, "b"] })
            const told = once(changed, "patch")
            const version = gateway.twins.patchDesired(DEVICE, {
                interval: 5,
                old: null,
            })
            assert.deepEqual(await told, [
                { interval: 5, old: null, $version: version },
            ])
            assert.equal(twin.properties.desired.interval, 5)
            assert.equal("old" in twin.properties.desired, false)
        })

        test("its token is renewed before it expires, and nothing is lost", async () => {
            const tokens: number[] = []
            const stop = gateway.on("authenticated", ({ tokenExpirySec }) =>
                tokens.push(tokenExpirySec)
            )
            // Tokens for 6 s, renewed 3 s before their end.
            await connect(
                Client.fromAuthenticationProvider(
                    SharedAccessKeyAuthenticationProvider.fromConnectionString(
                        connectionString,
                        6,
                        3
                    ),
                    Mqtt
                )
            )
            const renewed = gateway.waitFor("authenticated", undefined, WAIT_MS)
            const ids: string[] = []
            const send = async (id: string) => {
                const message = new Message("x")
                message.messageId = id
                await client.sendEvent(message)
                ids.push(id)
            }
            const before = gateway.messages.length
            await send("before")
            await renewed
            await send("after")
            stop()
            assert.equal(tokens.length, 2)
            assert.ok(tokens[1] > tokens[0], "the second token lives longer")
            assert.deepEqual(
                gateway.messages
                    .slice(before)
                    .map(message => message.systemProperties.messageId),
                ids
            )
        })

        test("it comes back after a restart of the gateway, with its subscriptions", async () => {
            await connect()
            const received = new EventEmitter()
            let listening = subscribed("devicebound")
            client.on("message", (message: Message) => {
                void client.complete(message)
                received.emit("body", String(message.data))
            })
            await listening
            await gateway.close()
            await open()
            listening = subscribed("devicebound")
            // What is sent while it is away goes out when it is back.
            await client.sendEvent(new Message("back"))
            assert.deepEqual(
                gateway.messages.map(({ body }) => String(body)),
                ["back"]
            )
            await listening
            const told = once(received, "body")
            const sent = gateway.cloudMessages.send(DEVICE, { body: "hello" })
            assert.deepEqual(await told, ["hello"])
            await sent.settled
            assert.equal(sent.state, "completed")
        })
    })
