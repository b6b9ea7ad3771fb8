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
    type Settings,
    errorCode,
    gatewayLink,
    readSettings,
    rememberIssuers,
    resumeSession,
    roundReading,
    storeSetting,
    type TlsParts,
} from "./index"

/** How long a sensor may take to answer, in milliseconds. */
const SENSOR_TIMEOUT_MS = 2000

const thermometer = new ds.Temperature()
const hygrometer = new ds.Humidity()
const temperature = new Sampler(thermometer.reading)
const humidity = new Sampler(hygrometer.reading)

/** Reads the sensors and sends one message. A sensor that does not answer is reported as `null` and on the console. */
async function report(leaf: Leaf): Promise<void> {
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
        { messageId, properties: { temperatureAlert: isAlert } }
    )
}

/** Reads the settings, starts the leaf, and reports for ever. @param parts what TLS may use */
export async function runFirmware(parts: TlsParts): Promise<void> {
    let settings: Settings
    try {
        settings = await readSettings()
    } catch (e: any) {
        // Trying again would not change what is in flash.
        console.log(`main: ${e.message} (${errorCode(e)})`)
        return
    }
    const link = gatewayLink(parts, rememberIssuers, resumeSession)
    const leaf = new Leaf(settings, link, storeSetting)
    leaf.start()
    while (true) {
        await report(leaf)
        await ds.sleep(settings.telemetrySec * 1000)
    }
}
