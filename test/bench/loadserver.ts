/**
 * A broker under load, in a process of its own: the local gateway with its store on disk or in memory, or aedes. Options come as JSON in the
 * environment; it tells its port and, whenever it is asked, its processor time and how
 * many messages it has stored.
 */
import { createServer } from "node:tls"
import type { AddressInfo } from "node:net"
import { startGateway } from "../../sim/gateway/gateway"
import type { GatewayOptions } from "../../sim/gateway/options"
import { Registry } from "../../sim/gateway/registry"

export interface LoadServerOptions {
    kind: "gateway" | "aedes"
    gateway: GatewayOptions
    devices: { deviceId: string; primaryKey: string }[]
}

let stored = 0

async function startOwn({
    gateway,
    devices,
}: LoadServerOptions): Promise<number> {
    const registry = new Registry()
    for (const device of devices) registry.add(device)
    const limits = { clients: devices.length + 1 }
    const started = await startGateway({ ...gateway, limits, registry })
    started.on("telemetry", () => stored++)
    return started.port
}

async function startAedes({ gateway }: LoadServerOptions): Promise<number> {
    const { Aedes } = await import("aedes")
    const broker = await Aedes.createBroker({ queueLimit: 1_000_000 })
    const server = createServer(
        { cert: gateway.cert, key: gateway.key },
        socket => broker.handle(socket)
    )
    await new Promise<void>(resolve =>
        server.listen(0, "127.0.0.1", () => resolve())
    )
    return (server.address() as AddressInfo).port
}

async function main(): Promise<void> {
    const options = JSON.parse(
        process.env.LOAD_SERVER ?? "{}"
    ) as LoadServerOptions
    const start = options.kind === "aedes" ? startAedes : startOwn
    process.send!({ port: await start(options) })
    process.on("message", () => {
        const { user, system } = process.cpuUsage()
        process.send!({ cpuSec: (user + system) / 1e6, stored })
    })
}

void main()
