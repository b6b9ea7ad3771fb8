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
    readSettings,
    rememberIssuers,
    resumeSession,
    roundReading,
    storeSetting,
    tellWifi,
    type TlsParts,
} from "./index"

/** How long a sensor may take to answer, in milliseconds. */
const SENSOR_TIMEOUT_MS = 2000

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
 * Reads the settings and makes the leaf of them.
 *
 * @param parts what TLS may use
 * @returns `undefined` when they are wrong, which is on the console then: trying again would not change what is in flash
 */
export async function createLeaf(parts: TlsParts): Promise<Leaf> {
    try {
        return new Leaf(
            await readSettings(),
            gatewayLink(parts, rememberIssuers, resumeSession),
            storeSetting
        )
    } catch (e: any) {
        console.log(`main: ${e.message} (${errorCode(e)})`)
        return undefined
    }
}

/** Starts the leaf, and reports for ever. @param parts what TLS may use */
export async function runFirmware(parts: TlsParts): Promise<void> {
    const leaf = await createLeaf(parts)
    if (leaf === undefined) return
    tellWifi(leaf, new ds.Wifi())
    leaf.start()
    while (true) {
        await report(leaf)
        await ds.sleep(leaf.settings.telemetrySec * 1000)
    }
}
