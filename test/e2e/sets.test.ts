/** The firmwares for the three sets of TLS parts, each at gateways with chains that it is for. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { assertHeapBudget } from "../house/budgets"
import { DEVICE_ID, Site } from "../site"

const WAIT_MS = 60000

const CASES = [
    { entry: "src/main.ts", keyType: "rsa", version: "TLSv1.2" },
    { entry: "src/mainec.ts", keyType: "ec", version: "TLSv1.3" },
    { entry: "src/mainec.ts", keyType: "ec", version: "TLSv1.2" },
    { entry: "src/mainthermostatec.ts", keyType: "ec", version: "TLSv1.3" },
    { entry: "src/mainall.ts", keyType: "rsa", version: "TLSv1.3" },
    { entry: "src/mainall.ts", keyType: "ec", version: "TLSv1.3" },
    { entry: "src/mainall.ts", keyType: "ec", version: "TLSv1.2" },
] as const

describe("firmwares", () => {
    for (const { entry, keyType, version } of CASES)
        test(`${entry} sends telemetry to a gateway with ${keyType} keys and ${version}, and again after a lost connection`, async () => {
            const site = await Site.create(2048, keyType)
            try {
                const image = await site.compile(entry)
                const gateway = await site.startGateway({
                    tls: { minVersion: version, maxVersion: version },
                })
                const secured: string[] = []
                gateway.on("secured", ({ protocol }) => secured.push(protocol))
                const device = await site.startDevice(
                    image,
                    { mqttPort: gateway.port, timePort: gateway.httpsPort },
                    { telemetrySec: 1 }
                )
                const peak = device.watchHeap()
                await gateway.waitFor("telemetry", undefined, WAIT_MS)
                gateway.drop(DEVICE_ID)
                await gateway.waitFor("authenticated", undefined, WAIT_MS)
                await gateway.waitFor("telemetry", undefined, WAIT_MS)
                assert.deepEqual(device.panics, [])
                assertHeapBudget(peak)
                assert.ok(secured.length >= 2)
                assert.deepEqual([...new Set(secured)], [version])
                device.stop()
            } finally {
                await site.close()
            }
        })
})
