/**
 * A gateway that Azure's Node SDK for devices dials, and clients of that SDK, as they come from the registry.
 *
 * The SDK takes port 8883 of the connection string's GatewayHostName. Tests run in parallel, so each gateway listens there on a
 * loopback address of its own, which its certificate names: all of 127.0.0.0/8 is this machine's on Linux. Where only 127.0.0.1 is,
 * these tests take that, one file at a time.
 */
import { randomInt } from "node:crypto"
import type { TestContext } from "node:test"
import { ExponentialBackOffWithJitter } from "azure-iot-common"
import { Client, type Twin } from "azure-iot-device"
import { Mqtt } from "azure-iot-device-mqtt"
import type { EventName, GatewayEvents } from "../../sim/gateway/events"
import { startGateway, type Gateway } from "../../sim/gateway/gateway"
import type { GatewayOptions } from "../../sim/gateway/options"
import { Registry } from "../../sim/gateway/registry"
import { makeChain } from "../../sim/pki/chain"
import { pool } from "../sim/pki/keys"

export const HUB = "hub.azure-devices.net"
export const DEVICE_ID = "leaf-1"
export const MQTTS_PORT = 8883

/** This one and no other test's, within this machine. */
export function ownAddress(): string {
    if (process.platform !== "linux") return "127.0.0.1"
    return `127.${randomInt(64, 192)}.${randomInt(256)}.${randomInt(1, 255)}`
}

/** The SDK's own policy, until the client is closed: what waits for its next try then would go on for four minutes. */
class RetriesUntilClosed extends ExponentialBackOffWithJitter {
    closed = false

    override shouldRetry(error: Error): boolean {
        return !this.closed && super.shouldRetry(error)
    }
}

export interface SdkSite {
    gateway: Gateway
    /** Where it listens. */
    host: string
    /** PEM of the CA that devices trust. */
    root: string
    /** `name` is what the device calls the gateway. */
    connectionString(change?: { name?: string; key?: string }): string
    /** A client that trusts the root, not open yet; the test's end closes it. */
    client(from?: string | Client): Promise<Client>
    /** All events so far of this name. */
    told<K extends EventName>(name: K): GatewayEvents[K][]
}

export async function sdkSite(
    t: TestContext,
    options: Partial<GatewayOptions> = {}
): Promise<SdkSite> {
    const host = options.host ?? ownAddress()
    const chain = await makeChain({
        names: ["localhost", host],
        caBits: 2048,
        keys: pool,
    })
    const registry = new Registry()
    const { primaryKey } = registry.add({ deviceId: DEVICE_ID })
    const gateway = await startGateway({
        cert: chain.chainPem,
        key: chain.keyPem,
        hubName: HUB,
        registry,
        host,
        port: MQTTS_PORT,
        httpsPort: null,
        ...options,
    })
    const events: { name: EventName; event: unknown }[] = []
    gateway.events.onAny((name, event) => events.push({ name, event }))
    const clients: Client[] = []
    const retries = new RetriesUntilClosed()
    t.after(async () => {
        retries.closed = true
        for (const client of clients) await client.close()
        await gateway.close()
    })
    const self: SdkSite = {
        gateway,
        host,
        root: chain.root.pem,
        connectionString: ({ name = host, key = primaryKey } = {}) =>
            `HostName=${HUB};DeviceId=${DEVICE_ID};SharedAccessKey=${key};GatewayHostName=${name}`,
        async client(from = self.connectionString()) {
            const client =
                typeof from === "string"
                    ? Client.fromConnectionString(from, Mqtt)
                    : from
            clients.push(client)
            client.setRetryPolicy(retries)
            await client.setOptions({ ca: self.root })
            return client
        },
        told: <K extends EventName>(wanted: K) =>
            events
                .filter(({ name }) => name === wanted)
                .map(({ event }) => event as GatewayEvents[K]),
    }
    return self
}

/** Reports properties, and resolves when the SDK takes that for done. */
export function report(twin: Twin, patch: object): Promise<void> {
    return new Promise((resolve, reject) => {
        const { update } = twin.properties.reported as {
            update(patch: object, done: (error?: Error) => void): void
        }
        update(patch, error => (error ? reject(error) : resolve()))
    })
}
