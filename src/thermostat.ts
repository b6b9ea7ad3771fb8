/**
 * The firmware with all that IoT Hub knows about a device: telemetry as in `firmware.ts`, and
 *
 * - desired properties `telemetrySec` (1 to 86,400) and `alertC` (-273 to 2,000); what is missing, deleted or out of bounds is as
 *   it was provisioned. What counts is reported under the same names
 * - the method `setInterval`, with the seconds as its payload: until the next change of the desired properties or the next start
 * - messages from the cloud, shown on the console
 * - a last will: when the connection breaks, the gateway says so in the device's name
 *
 * `mainthermostat.ts` runs it with the TLS parts for RSA chains, `mainthermostatec.ts` with those for EC chains.
 */
import * as ds from "@devicescript/core"
import { createLeaf, report } from "./firmware"
import type { Leaf, TlsParts } from "./index"

const MIN_INTERVAL_SEC = 1
const MAX_INTERVAL_SEC = 86400
const MIN_ALERT_C = -273
const MAX_ALERT_C = 2000

/** How soon a new interval counts. */
const CHECK_MS = 1000

/** A value from the cloud if it is good, or else another one. */
function choose(
    value: any,
    lowest: number,
    highest: number,
    otherwise: number
): number {
    if (typeof value !== "number") return otherwise
    return value < lowest || value > highest ? otherwise : value
}

/** Tells the cloud what counts. */
async function reportState(leaf: Leaf): Promise<void> {
    await leaf.twin().report({
        telemetrySec: leaf.settings.telemetrySec,
        alertC: leaf.settings.alertC,
    })
}

/** What the leaf does when the cloud says something. */
export function setUp(leaf: Leaf): void {
    const settings = leaf.settings
    // As provisioned.
    const telemetrySec = settings.telemetrySec
    const alertC = settings.alertC

    leaf.twin().onDesired(async (desired, isWhole) => {
        // A change does not say what stays as it is.
        if (isWhole || desired.telemetrySec !== undefined)
            settings.telemetrySec = choose(
                desired.telemetrySec,
                MIN_INTERVAL_SEC,
                MAX_INTERVAL_SEC,
                telemetrySec
            )
        if (isWhole || desired.alertC !== undefined)
            settings.alertC = choose(
                desired.alertC,
                MIN_ALERT_C,
                MAX_ALERT_C,
                alertC
            )
        await reportState(leaf)
    })

    leaf.onMethod("setInterval", async payload => {
        const seconds = choose(payload, MIN_INTERVAL_SEC, MAX_INTERVAL_SEC, 0)
        if (seconds === 0)
            return { status: 400, payload: "seconds, from 1 to 86400" }
        settings.telemetrySec = seconds
        await reportState(leaf)
        return { status: 200, payload: seconds }
    })

    leaf.onMessage(async message => {
        console.log(`main: message: ${message.body.toString()}`)
    })

    leaf.setWill({ deviceId: settings.deviceId, connection: "lost" })
}

/** Starts the leaf, and reports for ever. @param parts what TLS may use */
export async function runThermostat(parts: TlsParts): Promise<void> {
    const leaf = await createLeaf(parts)
    setUp(leaf)
    leaf.start()
    while (true) {
        await report(leaf)
        const startMs = ds.millis()
        while (ds.millis() - startMs < leaf.settings.telemetrySec * 1000)
            await ds.sleep(CHECK_MS)
    }
}
