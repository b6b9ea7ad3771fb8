/** The firmware with all of IoT Hub's features, in the VM, over real sockets, at the local gateway in both of its profiles. */
import assert from "node:assert/strict"
import { after, afterEach, before, describe, test } from "node:test"
import type { GatewayEvents } from "../../sim/gateway/events"
import { Gateway } from "../../sim/gateway/gateway"
import type { ProfileName } from "../../sim/gateway/profiles"
import { Image } from "../../sim/vm/compiler"
import { Device } from "../../sim/vm/host"
import { DEVICE_ID, Site } from "../site"

const WAIT_MS = 30_000
/** As provisioned. */
const TELEMETRY_SEC = 1
const ALERT_C = 30

describe("the thermostat", () => {
    let site: Site
    let image: Image
    let renewals: Image

    before(async () => {
        site = await Site.create()
        image = await site.compile("src/mainthermostat.ts")
        renewals = await site.compile("test/firmware/renewals.ts")
    })
    afterEach(() => site.stop())
    after(() => site.close())

    /** A device and its gateway. `desired`: what the cloud wants before the device is first switched on. */
    async function start(
        profile: ProfileName,
        desired: Record<string, number> = {},
        program = image
    ): Promise<{ gateway: Gateway; device: Device }> {
        const gateway = await site.startGateway({ profile })
        gateway.twins.patchDesired(DEVICE_ID, desired)
        const reported = gateway.waitFor("reported", undefined, WAIT_MS)
        const device = await site.startDevice(
            program,
            { mqttPort: gateway.port, timePort: gateway.httpsPort },
            { telemetrySec: TELEMETRY_SEC, alertC: ALERT_C, heartbeatSec: 60 }
        )
        await reported
        return { gateway, device }
    }

    /** Does what has the device report, and gives what it has reported in all. */
    async function reportedAfter(
        gateway: Gateway,
        act: () => unknown
    ): Promise<Record<string, unknown>> {
        const reported = gateway.waitFor("reported", undefined, WAIT_MS)
        await act()
        await reported
        const { $version, ...rest } = gateway.twins.get(DEVICE_ID).reported
        assert.ok($version > 1)
        return rest
    }

    /** Breaks the connection and, before the device can be back, does something. */
    function whileAway(gateway: Gateway, act: () => void): void {
        gateway.drop(DEVICE_ID)
        assert.equal(gateway.connection(DEVICE_ID), undefined)
        act()
    }

    function nextTelemetry(
        gateway: Gateway,
        fits: (message: GatewayEvents["telemetry"]) => boolean = () => true
    ) {
        return gateway.waitFor("telemetry", fits, WAIT_MS)
    }

    for (const profile of ["edgehub", "hub"] as const)
        describe(`at a gateway that behaves as ${profile}`, () => {
            test("does what the cloud desires, within its bounds, and reports what counts", async () => {
                const { gateway, device } = await start(profile, {
                    telemetrySec: 2,
                    alertC: 21,
                })
                await nextTelemetry(
                    gateway,
                    ({ properties }) => properties.temperatureAlert === "true"
                )
                const desire = (
                    patch: Record<string, string | number | null>
                ) =>
                    reportedAfter(gateway, () =>
                        gateway.twins.patchDesired(DEVICE_ID, patch)
                    )
                assert.deepEqual(await desire({ alertC: 25 }), {
                    telemetrySec: 2,
                    alertC: 25,
                })
                await nextTelemetry(
                    gateway,
                    ({ properties }) => properties.temperatureAlert === "false"
                )
                assert.deepEqual(await desire({ telemetrySec: 0 }), {
                    telemetrySec: TELEMETRY_SEC,
                    alertC: 25,
                })
                assert.deepEqual(
                    await desire({ telemetrySec: 86400, alertC: null }),
                    { telemetrySec: 86400, alertC: ALERT_C }
                )
                await device.until("leaf: twin version 5")
            })

            test("finds out what was desired while it was away", async () => {
                const { gateway, device } = await start(profile)
                const pushed: number[] = []
                gateway.on("desiredSent", ({ version }) => pushed.push(version))
                const reported = await reportedAfter(gateway, () =>
                    whileAway(gateway, () => {
                        gateway.twins.patchDesired(DEVICE_ID, { alertC: 5 })
                        gateway.twins.patchDesired(DEVICE_ID, { alertC: 6 })
                    })
                )
                assert.deepEqual(reported, {
                    telemetrySec: TELEMETRY_SEC,
                    alertC: 6,
                })
                assert.deepEqual(pushed, [], "nobody was told")
                await device.until("leaf: twin version 4")
                assert.deepEqual(
                    await reportedAfter(gateway, () =>
                        gateway.twins.patchDesired(DEVICE_ID, { alertC: 7 })
                    ),
                    { telemetrySec: TELEMETRY_SEC, alertC: 7 }
                )
                assert.deepEqual(pushed, [5])
            })

            test("answers methods, with what it does as with what it cannot do", async () => {
                const { gateway, device } = await start(profile)
                const invoke = (name: string, payload?: string | number) =>
                    gateway.methods.invoke(DEVICE_ID, name, payload)
                assert.deepEqual(await invoke("setInterval", 2), {
                    status: 200,
                    payload: 2,
                })
                const { telemetrySec } = gateway.twins.get(DEVICE_ID).reported
                assert.equal(telemetrySec, 2, "reported before it answered")
                assert.deepEqual(await invoke("setInterval", 0), {
                    status: 400,
                    payload: "seconds, from 1 to 86400",
                })
                assert.equal((await invoke("setInterval")).status, 400)
                assert.deepEqual(await invoke("setAlert", 1), {
                    status: 404,
                    payload: { message: "there is no such method" },
                })
                assert.deepEqual(
                    await invoke("setInterval", "x".repeat(5000)),
                    {
                        status: 413,
                        payload: { message: "iothub: a JSON text is too long" },
                    }
                )
                // The twin refuses what the handler reports.
                gateway.twins.failNext(DEVICE_ID, 400)
                assert.deepEqual(await invoke("setInterval", 3), {
                    status: 500,
                    payload: { message: "the method failed" },
                })
                await device.until(
                    "leaf: method setInterval failed: app: a request to the twin was refused with status 400 (7400)"
                )
                // No gateway sends what is no JSON; this one is made to.
                const stray = gateway.waitFor("strayMethodReply")
                gateway
                    .connection(DEVICE_ID)!
                    .deliver("$iothub/methods/POST/setInterval/?$rid=x-1", "{")
                assert.equal((await stray).rid, "x-1")
                await device.until("leaf: method setInterval 400")
                const answers = await Promise.all([
                    invoke("setInterval", 4),
                    invoke("setInterval", 4),
                ])
                assert.deepEqual(
                    answers.map(({ status }) => status),
                    [200, 200]
                )
            })

            test("tries again what the twin answers with 429 or 5xx, to read it as to report", async () => {
                const { gateway } = await start(profile)
                const refused: (number | null)[] = []
                gateway.on("reportRefused", ({ status }) =>
                    refused.push(status)
                )
                gateway.on("twinRead", ({ status }) => refused.push(status))
                for (const status of [429, 503])
                    gateway.twins.failNext(DEVICE_ID, status)
                const reported = await reportedAfter(gateway, () =>
                    gateway.twins.patchDesired(DEVICE_ID, { alertC: 8 })
                )
                assert.equal(reported.alertC, 8)
                assert.deepEqual(refused, [429, 503])
                const again = await reportedAfter(gateway, () =>
                    whileAway(gateway, () => {
                        gateway.twins.failNext(DEVICE_ID, 500)
                        gateway.twins.patchDesired(DEVICE_ID, { alertC: 9 })
                    })
                )
                assert.equal(again.alertC, 9)
                assert.deepEqual(refused, [429, 503, 500, 200])
            })

            test("shows messages from the cloud, those from when it was away too, each once and in order", async () => {
                const { gateway, device } = await start(profile)
                const send = (body: string) =>
                    gateway.cloudMessages.send(DEVICE_ID, { body })
                /** Sends a message, and waits until it and all before it are done. */
                const sendAndWait = async (body: string) => {
                    const { messageId } = send(body)
                    await gateway.waitFor(
                        "cloudMessage",
                        event =>
                            event.state === "completed" &&
                            event.messageId === messageId,
                        WAIT_MS
                    )
                }
                send("one")
                send("zwei, grün")
                await sendAndWait("three")
                let done: Promise<void> | undefined
                whileAway(gateway, () => {
                    send("four")
                    done = sendAndWait("five")
                })
                await done
                assert.deepEqual(
                    device.lines
                        .map(({ text }) => text)
                        .filter(text => text.startsWith("main: message"))
                        .map(text => text.slice(15)),
                    ["one", "zwei, grün", "three", "four", "five"]
                )
                assert.deepEqual(gateway.cloudMessages.pending(DEVICE_ID), [])
            })

            test("has the gateway say that its connection broke", async () => {
                const { gateway } = await start(profile)
                const lost = gateway.waitFor("will")
                gateway.drop(DEVICE_ID)
                const will = await lost
                assert.deepEqual(JSON.parse(will.body.toString()), {
                    deviceId: DEVICE_ID,
                    connection: "lost",
                })
                assert.equal(will.properties["iothub-MessageType"], "Will")
                assert.deepEqual(will.systemProperties, {
                    contentType: "application/json",
                    contentEncoding: "utf-8",
                })
                await nextTelemetry(gateway)
            })

            test("misses nothing while its token is renewed again and again", async () => {
                const { gateway, device } = await start(profile, {}, renewals)
                const wills: unknown[] = []
                // The time, and with it the life of tokens, is known from the second connection on.
                gateway.drop(DEVICE_ID)
                await gateway.waitFor("timeServed", undefined, WAIT_MS)
                gateway.on("will", will => wills.push(will))
                for (let i = 1; i <= 3; i++) {
                    if (i > 1)
                        await device.until("leaf: renewing the token", WAIT_MS)
                    await gateway.waitFor("authenticated", undefined, WAIT_MS)
                    // At once: the device may not have subscribed anew, or be away again.
                    gateway.cloudMessages.send(DEVICE_ID, { body: `no. ${i}` })
                    assert.equal(
                        (
                            await reportedAfter(gateway, () =>
                                gateway.twins.patchDesired(DEVICE_ID, {
                                    alertC: i,
                                })
                            )
                        ).alertC,
                        i
                    )
                    await device.until(`main: message: no. ${i}`)
                    const { status } = await gateway.methods.invoke(
                        DEVICE_ID,
                        "setInterval",
                        i
                    )
                    assert.equal(status, 200)
                }
                assert.deepEqual(wills, [], "each goodbye was said")
                // The connection that was dropped may have had one under way: then it came with DUP only.
                const ids = gateway.messages
                    .map(({ systemProperties }) => systemProperties.messageId)
                    .filter(id => id !== undefined)
                assert.deepEqual(
                    [...new Set(ids)],
                    ids.map((_, i) => `1-${i + 1}`).slice(0, new Set(ids).size)
                )
            })
        })
})
