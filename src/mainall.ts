/**
 * Plain telemetry with all TLS parts: for a gateway whose chain may be RSA or P-256, or change from one to the other.
 *
 * Both kinds of arithmetic leave no room for the whole leaf of `firmware.ts`. This one connects, sends a reading at each
 * interval, and connects again when that fails, with jittered waits. It keeps nothing while the gateway is away, sends no
 * heartbeat and never asks for the time: its tokens end with the gateway's certificate, whose end it notices by being
 * disconnected. It also shows how to use the layers below the leaf by themselves.
 */
import * as ds from "@devicescript/core"
import {
    readSettings,
    rememberIssuers,
    resumeSession,
    storeSetting,
} from "./app/flash"
import { Sampler, roundReading } from "./app/sampler"
import { type Settings } from "./app/settings"
import { errorCode } from "./errors"
import { createToken } from "./iothub/sas"
import { createTelemetryTopic } from "./iothub/telemetry"
import { createUsername } from "./iothub/username"
import { Session } from "./mqtt/session"
import {
    Backoff,
    FIRST_RANGE_MS,
    MAX_RANGE_MS,
    STABLE_MS,
    hardwareRandom,
} from "./net/backoff"
import { type Link, openLink } from "./net/link"
import { allSet } from "./tls/sets"
import { readTrustAnchor } from "./x509/path"

/** Gateways close at 1.5 times this; the session pings earlier by itself. */
const KEEP_ALIVE_SEC = 120
/** A gateway may take its time when many connect at once. */
const CONNACK_TIMEOUT_MS = 30000
/** edgeHub 1.6.0 and 1.6.1 lose a CONNECT that arrives together with the end of the handshake. */
const CONNECT_GAP_MS = 50
/** How long the sensor may take to answer. */
const SENSOR_TIMEOUT_MS = 2000

const temperature = new Sampler(new ds.Temperature().reading)

async function main(): Promise<void> {
    let settings: Settings
    try {
        settings = await readSettings()
    } catch (e: any) {
        // Trying again would not change what is in flash.
        console.log(`main: ${e.message} (${errorCode(e)})`)
        return
    }
    const boot = settings.boots + 1
    await storeSetting("boots", boot)
    const backoff = new Backoff(hardwareRandom)
    while (true) {
        try {
            await report(settings, boot, backoff)
        } catch (e: any) {
            console.log(`main: ${e.message} (${errorCode(e)})`)
        }
        backoff.lostAt(ds.millis(), STABLE_MS)
        await ds.sleep(backoff.nextMs(FIRST_RANGE_MS, MAX_RANGE_MS))
    }
}

/** Sends readings over one connection, until it breaks. */
async function report(
    settings: Settings,
    boot: number,
    backoff: Backoff
): Promise<void> {
    const { deviceId, hubHost } = settings
    const link = await open(settings)
    try {
        await ds.sleep(CONNECT_GAP_MS)
        const session = new Session(link.transport, {
            acknowledged: () => {},
            // It has subscribed nothing: what comes all the same is of an earlier firmware.
            received: message => {
                message.isHandled = true
            },
        })
        await session.connect({
            clientId: deviceId,
            username: createUsername(hubHost, deviceId, "", ""),
            password: createToken(
                hubHost,
                deviceId,
                settings.deviceKey,
                link.notAfterSec
            ),
            keepAliveSec: KEEP_ALIVE_SEC,
            cleanSession: true,
            will: hex``,
            connackTimeoutMs: CONNACK_TIMEOUT_MS,
        })
        backoff.connectedMs = ds.millis()
        console.log(`main: connected to ${settings.gateway}`)
        while (true) {
            await publish(session, deviceId, `${boot}-${ds.millis()}`)
            const nextMs = ds.millis() + settings.telemetrySec * 1000
            while (ds.millis() < nextMs)
                await session.poll(nextMs - ds.millis())
        }
    } finally {
        await link.transport.close()
    }
}

/** Publishes a reading, if there is one and the gateway has acknowledged most of those before. */
async function publish(
    session: Session,
    deviceId: string,
    messageId: string
): Promise<void> {
    const temperatureC = await temperature.sample(SENSOR_TIMEOUT_MS)
    if (temperatureC === undefined)
        console.log("main: the temperature sensor does not answer")
    else if (session.windowRoom() > 0)
        await session.publish({
            topic: createTelemetryTopic(deviceId, {
                messageId,
                contentType: "application/json",
                contentEncoding: "utf-8",
            }),
            payload: Buffer.from(
                JSON.stringify({
                    deviceId,
                    messageId,
                    temperature: roundReading(temperatureC),
                })
            ),
            qos: 1,
            packetId: 0,
            sent: false,
        })
}

async function open(settings: Settings): Promise<Link> {
    return await openLink({
        parts: allSet(),
        anchors: settings.anchors.map(readTrustAnchor),
        address: settings.gatewayAddress,
        port: settings.mqttPort,
        host: settings.gateway,
        nowSec: -1,
        floorSec: Math.max(settings.provisionedSec, settings.floorSec),
        issuers: await rememberIssuers(settings.anchors),
        resumption: resumeSession(1),
    })
}

main.start()
