/**
 * A BME280 on the board's I2C bus, logged to any MQTT broker with QoS 1. The session stands on a `Transport`: here TCP; the TLS
 * client's, from `openLink`, fits as well. No TLS and no IoT Hub are in its image.
 */
import * as ds from "@devicescript/core"
import { Bme280 } from "devicescript-edge-leaf/src/drivers/bme280"
import { errorCode } from "devicescript-edge-leaf/src/errors"
import {
    type OutgoingMessage,
    Session,
} from "devicescript-edge-leaf/src/mqtt/session"
import { openTcp } from "devicescript-edge-leaf/src/net/tcp"
import {
    ADDRESS,
    CLIENT_ID,
    INTERVAL_MS,
    PASSWORD,
    PORT,
    TOPIC,
    USERNAME,
} from "./config"

const CONNECT_TIMEOUT_MS = 10000
const RECONNECT_MS = 5000
const KEEP_ALIVE_SEC = 60

/** One measurement that the broker does not have yet; null: it has all. */
let pending: OutgoingMessage = null

async function measure(sensor: Bme280): Promise<void> {
    try {
        // Each time anew: a part that lost its supply, or was not there at the start, is found again.
        await sensor.start()
        pending = {
            topic: TOPIC,
            payload: Buffer.from(JSON.stringify(await sensor.read())),
            qos: 1,
            packetId: 0,
            sent: false,
        }
    } catch (e: any) {
        console.log(`logger: ${e.message} (${errorCode(e)})`)
    }
}

/** Publishes until the connection is at its end. */
async function serve(sensor: Bme280): Promise<void> {
    const transport = await openTcp(ADDRESS, PORT, CONNECT_TIMEOUT_MS)
    try {
        const session = new Session(transport, {
            acknowledged: () => {
                pending = null
            },
            received: () => {},
        })
        await session.connect({
            clientId: CLIENT_ID,
            username: USERNAME,
            password: PASSWORD,
            keepAliveSec: KEEP_ALIVE_SEC,
            cleanSession: true,
            will: Buffer.alloc(0),
            connackTimeoutMs: CONNECT_TIMEOUT_MS,
        })
        console.log("logger: connected")
        // What the connection before did not bring to its end.
        if (pending !== null) await session.publish(pending)
        let nextMs = ds.millis()
        while (true) {
            const waitMs = nextMs - ds.millis()
            if (waitMs <= 0 && pending === null) {
                nextMs = ds.millis() + INTERVAL_MS
                await measure(sensor)
                if (pending !== null) await session.publish(pending)
            }
            await session.poll(waitMs > 0 ? waitMs : 1000)
        }
    } finally {
        await transport.close()
    }
}

/** Logs for ever. */
export async function runLogger(): Promise<void> {
    const sensor = new Bme280({})
    while (true) {
        try {
            await serve(sensor)
        } catch (e: any) {
            console.log(`logger: ${e.message} (${errorCode(e)})`)
        }
        await ds.sleep(RECONNECT_MS)
    }
}
