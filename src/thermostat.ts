/**
 * The firmware with all that IoT Hub knows about a device: telemetry as in `firmware.ts`, and
 *
 * - desired properties `telemetrySec` (1 to 86,400) and `alertC` (-273 to 2,000); what is missing or deleted is as it was
 *   provisioned, what is out of bounds changes nothing. What counts is reported under the same names
 * - the method `setInterval`, with the seconds as its payload: until the next change of the desired properties or the next start
 * - messages from the cloud, shown on the console
 * - a last will: when the connection breaks, the gateway says so in the device's name
 *
 * `mainthermostat.ts` runs it with the TLS parts for RSA chains, `mainthermostatec.ts` with those for EC chains.
 */
import * as ds from "@devicescript/core"
import { createLeaf, report } from "./firmware"
import { type Leaf, type MethodResult, type TlsParts } from "./index"

const MIN_INTERVAL_SEC = 1
const MAX_INTERVAL_SEC = 86400
const MIN_ALERT_C = -273
const MAX_ALERT_C = 2000

/** How soon a new interval counts. */
const CHECK_MS = 1000

function isWithin(value: any, lowest: number, highest: number): boolean {
    return typeof value === "number" && value >= lowest && value <= highest
}

/** What counts, after a desired value: that one if it is good, `provisioned` if it was deleted, else `now`. */
function choose(
    desired: any,
    provisioned: number,
    now: number,
    lowest: number,
    highest: number
): number {
    if (desired === null) return provisioned
    if (isWithin(desired, lowest, highest)) return desired
    if (desired !== undefined)
        console.log("main: a desired property is out of bounds")
    return now
}

/** Tells the cloud what counts. */
async function reportState(leaf: Leaf): Promise<void> {
    const settings = leaf.settings
    await leaf.twin().report({
        telemetrySec: settings.telemetrySec,
        alertC: settings.alertC,
    })
}

async function setInterval(leaf: Leaf, seconds: any): Promise<MethodResult> {
    if (!isWithin(seconds, MIN_INTERVAL_SEC, MAX_INTERVAL_SEC))
        return { status: 400, payload: "seconds, from 1 to 86400" }
    leaf.settings.telemetrySec = seconds
    await reportState(leaf)
    return { status: 200, payload: seconds }
}

/** What the leaf does when the cloud says something. */
export function setUp(leaf: Leaf): void {
    const settings = leaf.settings
    const telemetrySec = settings.telemetrySec
    const alertC = settings.alertC
    leaf.twin().onDesired(async (desired, isWhole) => {
        settings.telemetrySec = choose(
            desired.telemetrySec,
            telemetrySec,
            isWhole ? telemetrySec : settings.telemetrySec,
            MIN_INTERVAL_SEC,
            MAX_INTERVAL_SEC
        )
        settings.alertC = choose(
            desired.alertC,
            alertC,
            isWhole ? alertC : settings.alertC,
            MIN_ALERT_C,
            MAX_ALERT_C
        )
        await reportState(leaf)
    })
    leaf.onMethod(
        "setInterval",
        async payload => await setInterval(leaf, payload)
    )
    leaf.onMessage(async message => {
        console.log(`main: message: ${message.body.toString()}`)
    })
    leaf.setWill({ deviceId: settings.deviceId, connection: "lost" })
}

/** Starts the leaf, and reports for ever. @param parts what TLS may use */
export async function runThermostat(parts: TlsParts): Promise<void> {
    const leaf = await createLeaf(parts)
    if (leaf === undefined) return
    setUp(leaf)
    leaf.start()
    while (true) {
        await report(leaf)
        const startMs = ds.millis()
        while (ds.millis() - startMs < leaf.settings.telemetrySec * 1000)
            await ds.sleep(CHECK_MS)
    }
}
