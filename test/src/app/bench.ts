/** What the tests of the leaf and its features share: a leaf at a gateway in memory. */
import { sleep } from "@devicescript/core"
import { Leaf } from "../../../src/app/leaf"
import { PolicyAt } from "../../../src/app/policy"
import { Backoff } from "../../../src/net/backoff"
import type { Settings } from "../../../src/app/settings"
import { MQTT_PORT, NOT_BEFORE, TIME_PORT, TestGateway } from "./gateway"

export function createSettings(): Settings {
    return {
        hubHost: "hub.example",
        deviceId: "sensor-1",
        deviceKey: Buffer.from("0123456789abcdef0123456789abcdef"),
        gateway: "gw.local",
        gatewayAddress: "127.0.0.1",
        mqttPort: MQTT_PORT,
        timePort: TIME_PORT,
        anchors: [],
        provisionedSec: NOT_BEFORE - 5,
        floorSec: 0,
        boots: 6,
        telemetrySec: 60,
        heartbeatSec: 300,
        alertC: 30,
    }
}

/** A leaf at a gateway in memory, and what it has written to flash. */
export class Bench {
    readonly gateway = new TestGateway()
    readonly settings = createSettings()
    readonly stored: string[] = []
    leaf: Leaf

    create(): Leaf {
        const gateway = this.gateway
        const stored = this.stored
        this.leaf = new Leaf(
            this.settings,
            async port => await gateway.open(port),
            async (name, value) => {
                stored.push(`${name}=${value}`)
            }
        )
        // The waits between connections are another test's.
        ;(this.leaf as any).backoff = new Backoff(() => 0)
        this.leaf.policy[PolicyAt.BootSpreadMs] = 0
        return this.leaf
    }

    start(): Leaf {
        this.create().start()
        return this.leaf
    }

    /** Breaks the connection, once the leaf knows that it stands, and waits for the next one. */
    async reconnect(): Promise<void> {
        for (let i = 0; i < 1000 && !this.leaf.connected; i++) await sleep(10)
        const count = this.gateway.clientIds.length
        this.gateway.connection.reset()
        await this.gateway.waitForConnects(count + 1)
    }
}
