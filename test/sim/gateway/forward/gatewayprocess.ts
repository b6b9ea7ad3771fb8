/** A gateway in a process of its own, to be killed: options as JSON in the environment; it tells what happens, a line each. */
import { writeSync } from "node:fs"
import { startGateway } from "../../../../sim/gateway/gateway"
import type { GatewayOptions } from "../../../../sim/gateway/options"
import { Registry } from "../../../../sim/gateway/registry"

export interface ProcessOptions {
    options: GatewayOptions
    devices: { deviceId: string; primaryKey: string }[]
}

// Written at once: what was told is told, however the process ends.
const tell = (...words: unknown[]) => writeSync(1, `${words.join(" ")}\n`)

async function main(): Promise<void> {
    const { options, devices } = JSON.parse(
        process.env.GATEWAY_PROCESS ?? "{}"
    ) as ProcessOptions
    const registry = new Registry()
    for (const device of devices) registry.add(device)
    const gateway = await startGateway({ ...options, registry })
    gateway.on("telemetry", ({ deviceId, systemProperties, duplicate }) =>
        tell("stored", deviceId, systemProperties.messageId, duplicate)
    )
    tell("ready", gateway.port)
}

void main()
