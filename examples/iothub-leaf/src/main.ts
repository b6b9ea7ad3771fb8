/**
 * A leaf of IoT Hub behind an IoT Edge gateway: telemetry from a thermometer on the board's Jacdac bus, a direct method, and what the
 * cloud sends. Its settings are in flash: connection string, pinned CA.
 */
import * as ds from "@devicescript/core"
import {
    Leaf,
    Sampler,
    errorCode,
    gatewayLink,
    readSettings,
    rememberIssuers,
    resumeSession,
    roundReading,
    rsaSet,
    storeSetting,
} from "devicescript-edge-leaf"

const SENSOR_TIMEOUT_MS = 2000
const STATUS_MS = 60000

const temperature = new Sampler(new ds.Temperature().reading)

async function createLeaf(): Promise<Leaf> {
    while (true) {
        try {
            return new Leaf(
                await readSettings(),
                gatewayLink(rsaSet(), rememberIssuers, resumeSession),
                storeSetting
            )
        } catch (e: any) {
            console.log(`example: ${e.message} (${errorCode(e)})`)
        }
        await ds.sleep(STATUS_MS)
    }
    return undefined
}

async function main(): Promise<void> {
    const leaf = await createLeaf()
    leaf.onMethod("identify", async payload => {
        console.log("example: here I am")
        return { status: 200, payload }
    })
    leaf.start()
    while (true) {
        const celsius = await temperature.sample(SENSOR_TIMEOUT_MS)
        // Without a reading there is nothing to tell: the heartbeat says that the device is alive.
        if (celsius !== undefined)
            leaf.send({ temperature: roundReading(celsius) })
        await ds.sleep(leaf.settings.telemetrySec * 1000)
    }
}

main.start()
