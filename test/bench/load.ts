/**
 * `npm run bench:load`: messages a second at QoS 1 with the PUBACK after storing, of the local gateway beside mosquitto and aedes, in one run
 * with the same clients over TLS; and 200 devices in the VM at one gateway.
 *
 * Rounds of the servers take turns, so that what else the machine does meets all of them; of several rounds the median counts. Processor time is
 * that of the server's process, for each message. What they promise differs: the gateway on disk has synced a message before it acknowledges it;
 * mosquitto, with persistence on and a subscriber that is away, writes its queue to disk later; aedes keeps it in memory.
 * `CLIENTS=100 MESSAGES=200 ROUNDS=5 DEVICES=200` are the defaults.
 */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createToken } from "../../sim/gateway/token"
import { findPeer, freePort, Peer } from "../peers"
import { GATEWAY_NAME, HUB_NAME, Site } from "../site"
import { LoadClient } from "./loadclient"
import type { LoadServerOptions } from "./loadserver"
import { median } from "./measure"

const setting = (name: string, usual: number) =>
    Number(process.env[name] ?? usual)
const CLIENTS = setting("CLIENTS", 100)
const MESSAGES = setting("MESSAGES", 200)
const ROUNDS = setting("ROUNDS", 5)
const DEVICES = setting("DEVICES", 200)
/** Unacknowledged messages of each client: what the device's session has. */
const WINDOW = 4
const PAYLOAD = Buffer.from(
    JSON.stringify({ temperature: 21.5, humidity: 45.25, pad: "x".repeat(60) })
)
/** Telemetry of each device in the VM, and how long it is counted. */
const TELEMETRY_SEC = 5
const COUNTED_SEC = 30
const PATIENCE_MS = 600_000
/** Ticks of a process's times in /proc: the same on all Linux machines. */
const TICKS_PER_SEC = 100

interface Usage {
    cpuSec: number
    /** Messages, if it counts them. */
    stored: number
}

interface Server {
    name: string
    port: number
    usage(): Promise<Usage>
    stop(): void
}

interface Round {
    perSec: number
    /** Microseconds of the server's process for a message. */
    cpuUs: number
    /** The wait for a PUBACK, ms. */
    waitMs: number
}

const devices = Array.from({ length: Math.max(CLIENTS, DEVICES) }, (_, i) => ({
    deviceId: `leaf-${i}`,
    primaryKey: Buffer.alloc(32, i).toString("base64"),
}))

/** Asks a process of ours, which answers with one message. */
async function ask<T>(child: ChildProcess, question?: object): Promise<T> {
    const answer = once(child, "message")
    if (question) child.send(question)
    return ((await answer) as [T])[0]
}

async function startOurs(
    name: string,
    site: Site,
    kind: LoadServerOptions["kind"],
    storeFolder?: string
): Promise<Server> {
    const options: LoadServerOptions = {
        kind,
        gateway: {
            ...site.serverFiles(),
            hubName: HUB_NAME,
            gatewayName: GATEWAY_NAME,
            port: 0,
            httpsPort: null,
            storeFolder,
            storeBounds: storeFolder ? { maxMessages: 10_000_000 } : undefined,
        },
        devices,
    }
    const child = fork(join(__dirname, "loadserver.js"), {
        env: { ...process.env, LOAD_SERVER: JSON.stringify(options) },
    })
    const { port } = await ask<{ port: number }>(child)
    return {
        name,
        port,
        usage: () => ask<Usage>(child, {}),
        stop: () => void child.kill("SIGKILL"),
    }
}

async function startMosquitto(site: Site): Promise<Server | undefined> {
    if (!findPeer("mosquitto")) return undefined
    const port = await freePort()
    const folder = site.file("mosquitto")
    mkdirSync(folder)
    writeFileSync(
        site.file("mosquitto.conf"),
        `listener ${port} 127.0.0.1
allow_anonymous true
cafile ${site.file("root.pem")}
certfile ${site.file("chain.pem")}
keyfile ${site.file("server.key")}
persistence true
persistence_location ${folder}/
max_queued_messages 0
max_inflight_messages 0
user ${process.env.USER ?? "root"}
`
    )
    const config = site.file("mosquitto.conf")
    const peer = await Peer.start("mosquitto", ["-c", config], port)
    return {
        name: "mosquitto, persistence on",
        port,
        usage: async () => {
            // Behind the name in brackets: fields 14 and 15 are the times in user and system mode (proc_pid_stat(5)).
            const stat = readFileSync(`/proc/${peer.pid}/stat`, "utf8")
            const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
            const ticks = Number(fields[11]) + Number(fields[12])
            return { cpuSec: ticks / TICKS_PER_SEC, stored: 0 }
        },
        stop: () => void peer.stop(),
    }
}

function openClient(
    site: Site,
    { port }: Server,
    { deviceId, primaryKey: key }: { deviceId: string; primaryKey: string },
    clean = true
): Promise<LoadClient> {
    return LoadClient.open({
        port,
        ca: site.chain.root.pem,
        servername: GATEWAY_NAME,
        clientId: deviceId,
        username: `${HUB_NAME}/${deviceId}/?api-version=2021-04-12`,
        password: createToken({
            resource: `${HUB_NAME}/devices/${deviceId}`,
            key,
            expirySec: Math.floor(Date.now() / 1000) + 3600,
        }),
        clean,
    })
}

/** Clients of one server, that stay connected over all rounds. */
async function openClients(site: Site, server: Server): Promise<LoadClient[]> {
    // Somebody for whom a broker has to keep the messages; the gateway keeps them anyway.
    if (!server.name.startsWith("gateway")) {
        const away = await openClient(
            site,
            server,
            { deviceId: "away", primaryKey: "" },
            false
        )
        await away.subscribe("devices/#")
        away.close()
    }
    return Promise.all(
        devices.slice(0, CLIENTS).map(one => openClient(site, server, one))
    )
}

async function playRound(
    server: Server,
    clients: LoadClient[]
): Promise<Round> {
    const { cpuSec } = await server.usage()
    const startMs = performance.now()
    const waits = await Promise.all(
        clients.map(client => client.publish(MESSAGES, WINDOW, PAYLOAD))
    )
    const seconds = (performance.now() - startMs) / 1000
    const count = CLIENTS * MESSAGES
    return {
        perSec: count / seconds,
        cpuUs: (((await server.usage()).cpuSec - cpuSec) / count) * 1e6,
        waitMs: median(waits.flat()),
    }
}

async function compareServers(site: Site): Promise<void> {
    const servers = [
        await startOurs("gateway, on disk", site, "gateway", site.file("log")),
        await startOurs("gateway, in memory", site, "gateway"),
        await startMosquitto(site),
        await startOurs("aedes, in memory", site, "aedes"),
    ].filter(server => server !== undefined)
    const clients = new Map<Server, LoadClient[]>()
    for (const server of servers)
        clients.set(server, await openClients(site, server))
    const rounds = new Map<Server, Round[]>()
    // The first round warms up.
    for (let i = 0; i <= ROUNDS; i++)
        for (const server of servers) {
            const round = await playRound(server, clients.get(server)!)
            if (i > 0)
                rounds.set(server, [...(rounds.get(server) ?? []), round])
        }
    console.log(
        `${CLIENTS} clients over TLS, each ${MESSAGES} messages of ${PAYLOAD.length} bytes at QoS 1, ${WINDOW} unacknowledged; median of ${ROUNDS} rounds`
    )
    const [own] = servers
    const medianOf = (server: Server, what: keyof Round) =>
        median(rounds.get(server)!.map(round => round[what]))
    for (const server of servers)
        console.log(
            [
                server.name.padEnd(26),
                `${medianOf(server, "perSec").toFixed(0)} messages/s`.padStart(
                    16
                ),
                `${(medianOf(server, "perSec") / medianOf(own, "perSec")).toFixed(2)} x`.padStart(
                    8
                ),
                `${medianOf(server, "cpuUs").toFixed(0)} us of its process each`.padStart(
                    26
                ),
                `PUBACK after ${medianOf(server, "waitMs").toFixed(1)} ms`,
            ].join("  ")
        )
    for (const server of servers) server.stop()
    for (const client of [...clients.values()].flat()) client.close()
}

/** As many devices in the VM as are wanted, in this process, at one gateway with its store on disk. */
async function runDevices(site: Site): Promise<void> {
    const image = await site.compile("src/main.ts")
    const server = await startOurs(
        "gateway",
        site,
        "gateway",
        site.file("devices")
    )
    const startMs = performance.now()
    const lines: Promise<unknown>[] = []
    for (const { deviceId, primaryKey } of devices.slice(0, DEVICES)) {
        const device = await site.startDevice(
            image,
            { mqttPort: server.port },
            {
                deviceId,
                deviceKey: primaryKey,
                telemetrySec: TELEMETRY_SEC,
            }
        )
        device.once("panic", ({ name }) => {
            throw new Error(`${deviceId}: ${name}`)
        })
        lines.push(
            device.until(
                ({ text }) => text.startsWith("leaf: connected"),
                PATIENCE_MS
            )
        )
    }
    await Promise.all(lines)
    const connectedSec = (performance.now() - startMs) / 1000
    const own = process.cpuUsage()
    const before = await server.usage()
    await new Promise(resolve => setTimeout(resolve, COUNTED_SEC * 1000))
    const after = await server.usage()
    const { user, system } = process.cpuUsage(own)
    const percent = (cpuSec: number) =>
        `${((cpuSec / COUNTED_SEC) * 100).toFixed(0)} % of a core`
    console.log(
        `${DEVICES} devices in the VM: all connected after ${connectedSec.toFixed(0)} s; ` +
            `then ${((after.stored - before.stored) / COUNTED_SEC).toFixed(1)} messages/s, of ${DEVICES / TELEMETRY_SEC} that are due; ` +
            `devices take ${percent((user + system) / 1e6)}, the gateway ${percent(after.cpuSec - before.cpuSec)}`
    )
    server.stop()
}

async function main(): Promise<void> {
    const site = await Site.create()
    try {
        await compareServers(site)
        await runDevices(site)
    } finally {
        await site.close()
    }
}

void main()
