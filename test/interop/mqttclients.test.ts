/**
 * MQTT clients that know nothing of IoT Hub, at our gateway in both profiles: MQTT.js, `mosquitto_pub` and `mosquitto_sub`, with
 * a token that Microsoft's library has made. Whoever debugs a fleet has these at hand.
 */
import assert from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { after, before, describe, test } from "node:test"
import { SharedAccessSignature } from "azure-iot-common"
import mqtt from "mqtt"
import type { Gateway } from "../../sim/gateway/gateway"
import type { ProfileName } from "../../sim/gateway/profiles"
import { findPeer, needsPeer } from "../peers"
import { DEVICE_ID, HUB_NAME, Site } from "../site"

const WAIT_MS = 20_000
const HOUR_SEC = 3600
/** The site's certificate is for a name; these clients connect to an address that it is for, too. */
const ADDRESS = "127.0.0.1"

for (const profile of ["edgehub", "hub"] as ProfileName[])
    describe(`plain MQTT clients at a gateway of the profile ${profile}`, () => {
        let site: Site
        let gateway: Gateway
        let password: string
        const username = `${HUB_NAME}/${DEVICE_ID}/?api-version=2021-04-12`
        const telemetry = `devices/${DEVICE_ID}/messages/events/`
        const devicebound = `devices/${DEVICE_ID}/messages/devicebound/`

        before(async () => {
            site = await Site.create(2048, "ec", [ADDRESS])
            gateway = await site.startGateway({ profile })
            password = SharedAccessSignature.create(
                `${HUB_NAME}/devices/${DEVICE_ID}`,
                "",
                site.deviceKey,
                Math.floor(Date.now() / 1000) + HOUR_SEC
            )
                .toString()
                // The library puts an empty policy's name into it, which a device's token has not.
                .replace(/&skn=$/, "")
        })
        after(() => site.close())

        test("MQTT.js publishes, and completes a message from the cloud", async () => {
            const client = await mqtt.connectAsync({
                protocol: "mqtts",
                host: ADDRESS,
                port: gateway.port,
                protocolVersion: 4,
                clientId: DEVICE_ID,
                username,
                password,
                clean: false,
                ca: site.chain.root.pem,
            })
            try {
                const arrived = gateway.waitFor("telemetry", undefined, WAIT_MS)
                await client.publishAsync(`${telemetry}a=1`, "21", { qos: 1 })
                const { body, properties } = await arrived
                assert.equal(String(body), "21")
                assert.deepEqual(properties, { a: "1" })

                const received = new Promise<[string, Buffer]>(resolve =>
                    client.once("message", (topic, payload) =>
                        resolve([topic, payload])
                    )
                )
                await client.subscribeAsync(`${devicebound}#`, { qos: 1 })
                const sent = gateway.cloudMessages.send(DEVICE_ID, {
                    body: "on",
                    properties: { b: "2" },
                })
                const [topic, payload] = await received
                assert.match(topic, /devicebound\/.*b=2/)
                assert.equal(String(payload), "on")
                await sent.settled
                assert.equal(sent.state, "completed")
            } finally {
                await client.endAsync()
            }
        })

        /** What each of mosquitto's clients needs to be let in. */
        const access = () => [
            ...["-h", ADDRESS, "-p", String(gateway.port)],
            ...["--cafile", site.file("root.pem"), "-V", "mqttv311"],
            ...["-i", DEVICE_ID, "-u", username, "-P", password],
        ]

        test(
            "mosquitto_pub publishes with QoS 1, and ends when it is acknowledged",
            needsPeer("mosquitto_pub"),
            async () => {
                const arrived = gateway.waitFor("telemetry", undefined, WAIT_MS)
                const publisher = start("mosquitto_pub", [
                    ...access(),
                    ...["-t", `${telemetry}%24.mid=m-1&a=b%20c`],
                    ...["-q", "1", "-m", "hello"],
                ])
                assert.equal(await publisher.exitCode, 0, publisher.output())
                const { body, properties, systemProperties } = await arrived
                assert.equal(String(body), "hello")
                assert.deepEqual(properties, { a: "b c" })
                assert.deepEqual(systemProperties, { messageId: "m-1" })
            }
        )

        test(
            "mosquitto_sub shows messages from the cloud, which are completed by it",
            needsPeer("mosquitto_sub"),
            async () => {
                const listening = gateway.waitFor(
                    "subscribed",
                    undefined,
                    WAIT_MS
                )
                const subscriber = start("mosquitto_sub", [
                    ...access(),
                    ...["-t", `${devicebound}#`, "-q", "1", "-C", "3", "-v"],
                ])
                await listening
                const sent = ["one", "two"].map(body =>
                    gateway.cloudMessages.send(DEVICE_ID, { body })
                )
                await Promise.all(sent.map(({ settled }) => settled))
                assert.deepEqual(
                    sent.map(({ state }) => state),
                    ["completed", "completed"]
                )
                // With the last one it leaves, sometimes before it has acknowledged it.
                gateway.cloudMessages.send(DEVICE_ID, { body: "three" })
                assert.equal(await subscriber.exitCode, 0, subscriber.output())
                assert.match(subscriber.output(), /devicebound.* one\n.* two\n/)
            }
        )

        test(
            "mosquitto_pub with a wrong token is told so",
            needsPeer("mosquitto_pub"),
            async () => {
                const args = access()
                args[args.length - 1] = password.replace("sig=", "sig=A")
                const publisher = start("mosquitto_pub", [
                    ...args,
                    ...["-t", telemetry, "-q", "1", "-m", "x"],
                ])
                assert.notEqual(await publisher.exitCode, 0)
                assert.match(publisher.output(), /not authori[sz]ed/i)
            }
        )
    })

/** Runs a program to its end. */
function start(name: string, args: string[]) {
    const program = findPeer(name)
    assert.ok(program, `${name} is not installed`)
    const child: ChildProcess = spawn(program, args, {
        stdio: ["ignore", "pipe", "pipe"],
    })
    let text = ""
    for (const stream of [child.stdout, child.stderr])
        stream?.on("data", data => (text += String(data)))
    return {
        exitCode: once(child, "close").then(([code]) => code as number),
        output: () => text,
    }
}
