/**
 * The firmware: temperature and humidity, every minute, to the gateway. Copy it and make it yours.
 *
 * `main.ts` runs it with the TLS parts for RSA chains, `mainec.ts` with those for EC chains.
 * Sensors are DeviceScript roles: a driver, a Jacdac module or the simulator answers for them.
 */
import * as ds from "@devicescript/core"
import {
    Leaf,
    Sampler,
    errorCode,
    gatewayLink,
    keepOutbox,
    readSettings,
    rememberIssuers,
    resumeSession,
    roundReading,
    storeSetting,
    tellWifi,
    watchHealth,
    type TlsParts,
} from "./index"

/** How long a sensor may take to answer, in milliseconds. */
const SENSOR_TIMEOUT_MS = 2000

/** How often is said what is wrong with the settings. */
const STATUS_MS = 60000

const thermometer = new ds.Temperature()
const hygrometer = new ds.Humidity()
const temperature = new Sampler(thermometer.reading)
const humidity = new Sampler(hygrometer.reading)

/** Reads the sensors and sends one message. A sensor that does not answer is reported as `null` and on the console. */
export async function report(leaf: Leaf): Promise<void> {
    const settings = leaf.settings
    const temperatureC = await temperature.sample(SENSOR_TIMEOUT_MS)
    const humidityPercent = await humidity.sample(SENSOR_TIMEOUT_MS)
    if (temperatureC === undefined)
        console.log("main: the temperature sensor does not answer")
    if (humidityPercent === undefined)
        console.log("main: the humidity sensor does not answer")
    // Without any reading there is nothing to tell: the heartbeat says that the device is alive.
    if (temperatureC === undefined && humidityPercent === undefined) return

    const messageId = leaf.createMessageId()
    const isAlert =
        temperatureC !== undefined && temperatureC >= settings.alertC
    leaf.send(
        {
            deviceId: settings.deviceId,
            messageId,
            temperature: roundReading(temperatureC),
            humidity: roundReading(humidityPercent),
        },
        {
            messageId,
            properties: { temperatureAlert: isAlert },
            alert: isAlert,
        }
    )
}

/**
 * Reads the settings and makes the leaf of them. While they are missing or wrong it says so, again and again: a console may be opened long
 * after the start, and settings may come.
 *
 * @param parts what TLS may use
 * @param onTrouble called each time when it was said
 */
export async function createLeaf(
    parts: TlsParts,
    onTrouble: () => Promise<void> = undefined
): Promise<Leaf> {
    for (;;) {
        try {
            return new Leaf(
                await readSettings(),
                gatewayLink(parts, rememberIssuers, resumeSession),
                storeSetting
            )
        } catch (e: any) {
            console.log(`main: ${e.message} (${errorCode(e)})`)
        }
        if (onTrouble !== undefined) await onTrouble()
        await ds.sleep(STATUS_MS)
    }
}

/** Starts the leaf, and reports for ever. @param parts what TLS may use */
export async function runFirmware(parts: TlsParts): Promise<void> {
    const leaf = await createLeaf(parts)
    const health = await watchHealth(leaf)
    tellWifi(leaf, new ds.Wifi())
    const outbox = await keepOutbox(leaf)
    leaf.start()
    while (true) {
        // In safe mode the leaf alone says that it is alive: reading the sensors may be what ends the program.
        if (!health.isSafe) await report(leaf)
        health.alive()
        // An alert is in flash before it goes out, and telemetry if much of it waits.
        await outbox.keep()
        await ds.sleep(leaf.settings.telemetrySec * 1000)
    }
}
