/**
 * Edge Leaf: a leaf device behind an Azure IoT Edge gateway, in DeviceScript.
 *
 * A tour, in the order in which a firmware meets it (`main.ts` is a whole one):
 *
 * - `readSettings` gives what provisioning has left in flash: names, key, pinned CA, intervals.
 * - `new Leaf(settings, gatewayLink(rsaSet(), rememberIssuers, resumeSession), storeSetting)` is the device at the gateway; `start` runs
 *   it in the background. It connects, verifies each certificate of the gateway once, keeps the connection through renewals of tokens and failures of networks, and sends heartbeats when there is nothing to say.
 * - `leaf.send(body, options)` sends a message, or keeps it until there is a connection. QoS 1: the gateway has it, or it goes again.
 * - `const outbox = await keepOutbox(leaf)` keeps what waits in flash; `leaf.send(alarm, { alert: true })` and `await outbox.keep()`, and neither
 *   a panic nor a power cut loses the alarm.
 * - `leaf.onMessage(async message => …)` handles messages from the cloud: acknowledged when it returns, delivered again when it throws.
 * - `leaf.onMethod("reboot", async payload => ({ status: 200 }))` answers a direct method.
 * - `leaf.twin()` is the device twin: `onDesired(async (desired, isWhole) => …)` is told what the cloud wants, `await report(…)` tells the
 *   cloud what is, `await get()` reads both. `thermostat.ts` uses all of this.
 * - `allowFieldSettings(leaf)` lets the cloud change the device key, the pinned CA and the Wi-Fi network, each tried before the old one goes.
 * - `leaf.setWill(body)` is what the gateway says when the connection breaks.
 * - `leaf.configure({ lostMaxMs: 300000 })` changes the connection policy: docs/connection.md has all its numbers.
 * - `useTokenService(leaf)` has the tokens made by the gateway's token service, so that no device key is in flash: docs/tokens.md.
 * - `tellWifi(leaf, new ds.Wifi())` has the console say whether the Wi-Fi is away or the gateway.
 * - `await watchHealth(leaf)` is a watchdog, and safe mode after five starts that ended early: then leave out what is yours.
 * - `Sampler` reads a sensor that may not answer; `Sampling` reads several at their own rates, and sends what has changed: docs/sampling.md.
 * - `LeafError` is the one error; `errorCode` gives its number, which the documentation explains.
 *
 * What a firmware does not use is not in its image.
 */
export { LeafError, errorCode } from "./errors"
export {
    allowFieldSettings,
    finishReset,
    keepOutbox,
    readSettings,
    rememberIssuers,
    resumeSession,
    storeSetting,
    watchHealth,
} from "./app/flash"
export type { FlashOutbox } from "./app/flashoutbox"
export { type Health, reportHealth } from "./app/health"
export type { CloudMessageHandler } from "./app/cloudmessages"
export type { WifiRole } from "./app/fieldsettings"
export { gatewayLink } from "./app/gatewaylink"
export { Leaf, type OpenLink, type SendOptions } from "./app/leaf"
export type { MethodHandler, MethodResult } from "./app/methods"
export { Sampler, type Readable, roundReading } from "./app/sampler"
export type { Measurement, MeasurementOptions } from "./app/measurement"
export {
    type SampledMessage,
    Sampling,
    type SamplingOptions,
    type TimeSource,
} from "./app/sampling"
export type { Clock } from "./app/clock"
export type { Settings } from "./app/settings"
export { type WifiStrength, tellWifi } from "./app/wifi"
export type { Policy } from "./app/policy"
export { useTokenService } from "./app/tokenservice"
export type { DesiredHandler, Twin, TwinDocument } from "./app/twin"
export type { CloudMessage } from "./iothub/cloudmessage"
export {
    type ConnectionString,
    parseConnectionString,
} from "./iothub/connectionstring"
export type { Link } from "./net/link"
export { allSet, ecSet, rsaSet } from "./tls/sets"
export type { TlsParts } from "./tls/part"
