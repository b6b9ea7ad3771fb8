/**
 * The topics of messages, `devices/{id}/messages/events/{property bag}` and `…/devicebound/{property bag}`: building and reading them;
 * and the filters of IoT Hub.
 *
 * A bag is `k1=v1&k2=v2` with keys and values percent-encoded. What edgeHub lets pass but IoT Hub closes a connection for (wrong
 * percent-encoding) is bad here too: a device should learn of it on the bench.
 */
import { decode, encode } from "./percent"

/** The system properties by their names on the wire. */
const SYSTEM_PROPERTIES = {
    "$.mid": "messageId",
    "$.cid": "correlationId",
    "$.ct": "contentType",
    "$.ce": "contentEncoding",
    "$.uid": "userId",
    "$.ctime": "creationTimeUtc",
    "$.exp": "expiryTimeUtc",
    "$.to": "to",
    "$.on": "outputName",
    "$.sub": "componentName",
} as const

export type SystemProperty =
    (typeof SYSTEM_PROPERTIES)[keyof typeof SYSTEM_PROPERTIES]
export type SystemProperties = Partial<Record<SystemProperty, string>>

export interface TelemetryProperties {
    properties: Record<string, string>
    systemProperties: SystemProperties
}

export type TelemetryTopic =
    ({ ok: true } & TelemetryProperties) | { ok: false; reason: string }

/** Reads a topic that the device `deviceId` published to. */
export function readTelemetryTopic(
    topic: string,
    deviceId: string
): TelemetryTopic {
    const segments = topic.split("/")
    // The last slash may be there or not, with a bag and without.
    if (segments[segments.length - 1] === "") segments.pop()
    const [devices, id, messages, events, bag, ...more] = segments
    if (
        devices !== "devices" ||
        messages !== "messages" ||
        events !== "events" ||
        more.length
    )
        return { ok: false, reason: "no telemetry topic" }
    if (id !== deviceId && decode(id) !== deviceId)
        return { ok: false, reason: "the topic of another device" }
    if (bag === undefined)
        return { ok: true, properties: {}, systemProperties: {} }
    const pairs = readPropertyBag(bag)
    if (!pairs) return { ok: false, reason: "no property bag" }
    return { ok: true, ...sortProperties(pairs) }
}

/** The keys and values of a bag, decoded; nothing if it is wrong. A key without `=` has an empty value; the last of two wins. */
export function readPropertyBag(bag: string): Map<string, string> | undefined {
    const pairs = new Map<string, string>()
    for (const pair of bag.split("&")) {
        const [key, value = "", ...more] = pair.split("=")
        const name = decode(key)
        const text = decode(value)
        if (!name || text === undefined || more.length) return undefined
        pairs.set(name, text)
    }
    return pairs
}

function sortProperties(pairs: Map<string, string>): TelemetryProperties {
    const properties: [string, string][] = []
    const system: [string, string][] = []
    for (const [key, value] of pairs)
        if (Object.hasOwn(SYSTEM_PROPERTIES, key))
            system.push([
                SYSTEM_PROPERTIES[key as keyof typeof SYSTEM_PROPERTIES],
                value,
            ])
        else properties.push([key, value])
    // fromEntries defines, and never sets: a key `__proto__` is a key as others are.
    return {
        properties: Object.fromEntries(properties),
        systemProperties: Object.fromEntries(system),
    }
}

/** Builds the topic for a message of `deviceId`. */
export function telemetryTopic(
    deviceId: string,
    { properties, systemProperties }: Partial<TelemetryProperties> = {}
): string {
    const bag = propertyBag({ properties, systemProperties }, false)
    return `devices/${deviceId}/messages/events/${bag}`
}

/** Builds the topic of a message to `deviceId`: without properties, with a slash at its end or without. */
export function cloudTopic(
    deviceId: string,
    properties: Partial<TelemetryProperties>,
    form: { systemPropertiesFirst: boolean; slashOnBareTopic: boolean }
): string {
    const bag = propertyBag(properties, form.systemPropertiesFirst)
    const topic = `devices/${deviceId}/messages/devicebound`
    return bag || form.slashOnBareTopic ? `${topic}/${bag}` : topic
}

function propertyBag(
    { properties, systemProperties }: Partial<TelemetryProperties>,
    systemFirst: boolean
): string {
    const own = Object.entries(properties ?? {})
    const system: [string, string][] = []
    for (const [wire, name] of Object.entries(SYSTEM_PROPERTIES)) {
        const value = systemProperties?.[name]
        if (value !== undefined) system.push([wire, value])
    }
    const pairs = systemFirst ? [...system, ...own] : [...own, ...system]
    return pairs
        .map(([key, value]) => `${encode(key)}=${encode(value)}`)
        .join("&")
}

/** The bytes of all names and values, as a hub counts them: decoded, system properties by their names on the wire. */
export function propertyBytes({
    properties,
    systemProperties,
}: Partial<TelemetryProperties>): number {
    let bytes = 0
    for (const text of Object.entries(properties ?? {}).flat())
        bytes += Buffer.byteLength(text)
    for (const [wire, name] of Object.entries(SYSTEM_PROPERTIES)) {
        const value = systemProperties?.[name]
        if (value !== undefined) bytes += wire.length + Buffer.byteLength(value)
    }
    return bytes
}

/** The filters that a device may subscribe to: C2D messages, direct methods, twin. */
export function isDeviceFilter(filter: string, deviceId: string): boolean {
    return (
        filter === `devices/${deviceId}/messages/devicebound/#` ||
        // Microsoft's samples for mosquitto subscribe to this.
        filter === `devices/${deviceId}/messages/#` ||
        filter === "$iothub/methods/POST/#" ||
        filter === "$iothub/twin/res/#" ||
        filter === "$iothub/twin/PATCH/properties/desired/#"
    )
}
