/**
 * The proof of store and forward: a gateway is killed (SIGKILL) in the middle of a stream of QoS 1 messages of devices in the VM and of
 * Azure's SDK, and the hub behind it goes away and comes back.
 *
 * Every message is sent until its sender has seen its PUBACK. Then: each is at the hub, with its topic's properties and its body as sent; per
 * device the first arrivals are in order. A second arrival of a message (by device and message id) is excused if
 *  - its sender sent it more than once (PUBACK not seen): the SDK's caller counts, a device's copy is marked as a duplicate at the gateway; or
 *  - it was among the last arrivals of a connection between gateway and hub that has ended, two windows of them: the PUBACK of the last
 *    window may not have come to the gateway, and what was acknowledged before may not be off its disk yet (removing is not synced).
 * Any other is unexcused.
 */
import { spawn, type ChildProcess } from "node:child_process"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { Client, Message } from "azure-iot-device"
import { Mqtt } from "azure-iot-device-mqtt"
import { NoRetry } from "azure-iot-common"
import { startGateway } from "../../../../sim/gateway/gateway"
import { Registry } from "../../../../sim/gateway/registry"
import { ownAddress, MQTTS_PORT } from "../../../interop/azuresdk"
import type { Random } from "../../../random"
import { HUB_NAME, Site } from "../../../site"

const WINDOW = 32
const EDGE = "edge-1"

export interface Plan {
    /** Of the SDK, and in the VM. */
    sdkDevices: number
    vmDevices: number
    messagesEach: number
    kills: number
    outages: number
}

export interface Findings {
    sent: number
    arrived: number
    duplicates: number
    resentBySenders: number
    excusedByBreaks: number
    /** Sentences; none is right. */
    faults: string[]
}

interface Arrival {
    /** The hub's number of it. */
    connection: number
    deviceId: string
    n: number
}

const key = (deviceId: string, n: number | string) => `${deviceId} ${n}`

export async function runPlan(plan: Plan, random: Random): Promise<Findings> {
    const host = ownAddress()
    const site = await Site.create(2048, "rsa", [host])
    const faults: string[] = []
    const arrivals: Arrival[] = []
    /** Copies that senders made themselves. */
    const resent = new Map<string, number>()
    const count = (id: string) => resent.set(id, (resent.get(id) ?? 0) + 1)

    const total = (plan.sdkDevices + plan.vmDevices) * plan.messagesEach
    const hubRegistry = new Registry("hub")
    const edge = hubRegistry.add({ deviceId: EDGE, parent: null })
    const devices = Array.from(
        { length: plan.sdkDevices + plan.vmDevices },
        (_, i) => ({
            deviceId: `${i < plan.sdkDevices ? "sdk" : "vm"}-${i}`,
            primaryKey: edge.secondaryKey,
        })
    )
    for (const { deviceId } of devices)
        hubRegistry.add({ deviceId, parent: EDGE })
    const hub = await startGateway({
        ...site.serverFiles(),
        hubName: HUB_NAME,
        profile: "hub",
        port: 0,
        httpsPort: null,
        registry: hubRegistry,
    })
    let child: ChildProcess | undefined
    let over = false
    const breaks = new Map<number, "kill" | "outage">()
    for (let i = 0; i < plan.kills + plan.outages; i++)
        breaks.set(
            Math.floor(
                ((i + 0.2 + random.below(600) / 1000) * total) /
                    (plan.kills + plan.outages)
            ),
            i % 2 === 0 && i / 2 < plan.kills ? "kill" : "outage"
        )
    let done: () => void
    const allArrived = new Promise<void>(resolve => (done = resolve))
    const firsts = new Set<string>()
    const payload = (deviceId: string, n: number) =>
        deviceId.startsWith("sdk") ? `reading ${n} of ${deviceId} ü` : `{"n":${n}}` // prettier-ignore
    hub.on("telemetry", message => {
        const { connection, deviceId, systemProperties } = message
        const { properties, body } = message
        const n = Number(systemProperties.messageId)
        if (String(body) !== payload(deviceId, n))
            faults.push(`${key(deviceId, n)}: not the body that was sent`)
        if (deviceId.startsWith("sdk") && properties["a&b"] !== `ß=${n}`)
            faults.push(`${key(deviceId, n)}: not the properties`)
        arrivals.push({ connection, deviceId, n })
        firsts.add(key(deviceId, n))
        const kind = breaks.get(firsts.size)
        breaks.delete(firsts.size)
        if (kind === "kill") {
            child?.kill("SIGKILL")
        } else if (kind === "outage") {
            void hub.restart(100 + random.below(400))
        }
        if (firsts.size === total) done()
    })
    const startChild = () =>
        new Promise<void>((resolve, reject) => {
            const started = spawn(
                process.execPath,
                [join(__dirname, "gatewayprocess.js")],
                {
                    stdio: ["ignore", "pipe", "inherit"],
                    env: {
                        ...process.env,
                        NODE_TEST_CONTEXT: "",
                        GATEWAY_PROCESS: JSON.stringify({
                            devices,
                            options: {
                                ...site.serverFiles(),
                                hubName: HUB_NAME,
                                host,
                                port: MQTTS_PORT,
                                httpsPort: null,
                                storeFolder: site.file("log"),
                                upstream: {
                                    host: "127.0.0.1",
                                    port: hub.port,
                                    window: WINDOW,
                                    tls: {
                                        ca: site.chain.root.pem,
                                        servername: "gateway.test",
                                    },
                                    edge: {
                                        hubName: HUB_NAME,
                                        deviceId: EDGE,
                                        key: edge.primaryKey,
                                    },
                                    backoff: { minMs: 20, maxMs: 200 },
                                },
                            },
                        }),
                    },
                }
            )
            child = started
            createInterface(started.stdout).on("line", line => {
                const [what, deviceId, n, duplicate] = line.split(" ")
                if (what === "ready") resolve()
                if (what === "stored" && duplicate === "true")
                    count(key(deviceId, n))
            })
            started.once("error", reject)
            started.once("exit", (code, signal) => {
                if (over) return
                if (signal !== "SIGKILL") {
                    faults.push(`the gateway ended by itself: ${code}`)
                    done()
                }
                startChild().catch(reject)
            })
        })
    try {
        await startChild()
        const image = await site.compile("test/firmware/stream.ts")
        const sdk = async (deviceId: string, primaryKey: string) => {
            const text = `HostName=${HUB_NAME};DeviceId=${deviceId};SharedAccessKey=${primaryKey};GatewayHostName=${host}`
            const open = async () => {
                const client = Client.fromConnectionString(text, Mqtt)
                client.setRetryPolicy(new NoRetry())
                client.on("error", () => undefined)
                await client.setOptions({ ca: site.chain.root.pem })
                return client
            }
            let client = await open()
            for (let n = 1; n <= plan.messagesEach;) {
                const message = new Message(payload(deviceId, n))
                message.messageId = String(n)
                message.properties.add("a&b", `ß=${n}`)
                try {
                    await client.sendEvent(message)
                    n++
                } catch {
                    count(key(deviceId, n))
                    await client.close().catch(() => undefined)
                    await new Promise(resolve => setTimeout(resolve, 50))
                    client = await open()
                }
            }
            await client.close()
        }
        const vm = async (deviceId: string, deviceKey: string) => {
            const device = await site.startDevice(
                image,
                { mqttPort: MQTTS_PORT },
                {
                    deviceId,
                    deviceKey,
                    gatewayAddress: host,
                    telemetrySec: plan.messagesEach,
                }
            )
            await new Promise<void>(resolve =>
                device.on("line", ({ text }) => {
                    if (!text.includes("done, dropped")) return
                    if (!/dropped 0/.test(text))
                        faults.push(`${deviceId} has dropped messages`)
                    resolve()
                })
            )
        }
        await Promise.all([
            allArrived,
            ...devices.map(({ deviceId, primaryKey }, i) =>
                i < plan.sdkDevices
                    ? sdk(deviceId, primaryKey)
                    : vm(deviceId, primaryKey)
            ),
        ])
    } finally {
        over = true
        child?.kill("SIGKILL")
        await hub.close()
        await site.close()
    }
    const exposed = exposedBy(arrivals)
    const last = new Map<string, number>()
    const seen = new Map<string, number>()
    let resentBySenders = 0
    let excusedByBreaks = 0
    for (const { deviceId, n } of arrivals) {
        const id = key(deviceId, n)
        const times = (seen.get(id) ?? 0) + 1
        seen.set(id, times)
        if (times === 1) {
            const before = last.get(deviceId) ?? 0
            if (n !== before + 1) faults.push(`${id} came after ${before}`)
            last.set(deviceId, n)
        } else if (times - 1 <= (resent.get(id) ?? 0)) resentBySenders++
        else if (exposed.has(id)) excusedByBreaks++
        else faults.push(`${id} came ${times} times, without an excuse`)
    }
    if (breaks.size) faults.push(`${breaks.size} breaks did not happen`)
    return {
        sent: total,
        arrived: firsts.size,
        duplicates: arrivals.length - firsts.size,
        resentBySenders,
        excusedByBreaks,
        faults,
    }
}

/** What may come once more, as the connection that it came on ended soon after. */
function exposedBy(arrivals: Arrival[]): Set<string> {
    const byConnection = new Map<number, string[]>()
    for (const { connection, deviceId, n } of arrivals)
        byConnection.set(connection, [
            ...(byConnection.get(connection) ?? []),
            key(deviceId, n),
        ])
    const ended = [...byConnection.values()].slice(0, -1)
    return new Set(ended.flatMap(keys => keys.slice(-2 * WINDOW)))
}
