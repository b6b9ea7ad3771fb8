/** One cloud-to-device message: what its sender asks for, sees of it and is told; and how a request becomes one. */
import { randomUUID } from "node:crypto"
import { GatewayError } from "./errors"
import type { Profile } from "./profiles"
import {
    cloudTopic,
    propertyBytes,
    type SystemProperties,
    type TelemetryProperties,
} from "./topics"

/** A hub's default: an hour. */
const EXPIRY_MS = 3_600_000
/** What a hub allows at most: two days. */
const MAX_EXPIRY_MS = 172_800_000

/** MQTT's longest text (1.5.3). */
const TOPIC_BYTES = 65_535

export type CloudMessageState =
    "enqueued" | "in-flight" | "completed" | "expired" | "dead-lettered"

export type DeadLetterReason = "delivery-count-exceeded" | "rejected" | "purged"

/** What the sender wants to be told of: nothing, completion, failure, or either. */
export type Acknowledgement = "none" | "positive" | "negative" | "full"

export interface CloudMessageRequest {
    body?: Buffer | string
    /** Names are not empty and do not begin with `$`. */
    properties?: Record<string, string>
    /** Told to the device if it is given; else one is made up for the sender. */
    messageId?: string
    correlationId?: string
    userId?: string
    contentType?: string
    contentEncoding?: string
    /** `/devices/{id}/messages/devicebound` if it is missing, as a hub sets it; `null` for none. */
    to?: string | null
    /** From now on, up to two days; an hour if it is missing. Told to the device if it is given. */
    expiryMs?: number
    ack?: Acknowledgement
}

/** As in the feedback messages of a hub. */
export interface Feedback {
    deviceId: string
    originalMessageId: string
    statusCode:
        "Success" | "Expired" | "DeliveryCountExceeded" | "Rejected" | "Purged"
    description: string
    /** When the message came to its end, ISO 8601. */
    enqueuedTimeUtc: string
}

/** A message as its sender sees it. */
export interface CloudMessage {
    readonly deviceId: string
    readonly messageId: string
    /** Counts the messages of a device. */
    readonly sequence: number
    readonly enqueuedAtMs: number
    readonly expiresAtMs: number
    readonly state: CloudMessageState
    /** How often it was handed to the device. */
    readonly deliveryCount: number
    /** Of `dead-lettered`. */
    readonly reason?: DeadLetterReason
    /** Resolves with the last state; rejects if the gateway is closed before. */
    readonly settled: Promise<CloudMessageState>
}

/** A message on its way, as its queue sees it. */
export interface Entry extends CloudMessage {
    state: CloudMessageState
    deliveryCount: number
    reason?: DeadLetterReason
    readonly body: Buffer
    readonly topic: string
    readonly ack: Acknowledgement
    cancelExpiry: () => void
    /** Ends the wait for `settled`. */
    settle: (error?: GatewayError) => void
}

/** Checks a request and makes a message of it; throws `bad-message` or `message-too-large`. */
export function newEntry(
    deviceId: string,
    sequence: number,
    request: CloudMessageRequest,
    profile: Profile,
    nowMs: number
): Entry {
    const { expiryMs = EXPIRY_MS, ack = "none" } = request
    need(
        expiryMs > 0 && expiryMs <= MAX_EXPIRY_MS,
        "it expires after no time, or after more than two days"
    )
    const body = Buffer.from(request.body ?? "")
    const properties = messageProperties(deviceId, request, nowMs)
    const limit = profile.limits.cloudMessageBytes
    const size = body.length + propertyBytes(properties)
    const topic = encodeTopic(deviceId, properties, profile)
    if (size > limit || Buffer.byteLength(topic) > TOPIC_BYTES)
        throw new GatewayError(
            "message-too-large",
            `gateway: a message of ${size} bytes, with a topic of ${topic.length}: the limits are ${limit} and ${TOPIC_BYTES}`
        )
    let settle: Entry["settle"] = () => undefined
    const settled = new Promise<CloudMessageState>((resolve, reject) => {
        settle = error => (error ? reject(error) : resolve(entry.state))
    })
    // Whoever does not ask need not know.
    settled.catch(() => undefined)
    const entry: Entry = {
        deviceId,
        messageId: request.messageId ?? randomUUID(),
        sequence,
        enqueuedAtMs: nowMs,
        expiresAtMs: nowMs + expiryMs,
        state: "enqueued",
        deliveryCount: 0,
        body,
        topic,
        ack,
        settled,
        cancelExpiry: () => undefined,
        settle,
    }
    return entry
}

function messageProperties(
    deviceId: string,
    request: CloudMessageRequest,
    nowMs: number
): TelemetryProperties {
    const { properties = {}, ack, expiryMs } = request
    for (const name of Object.keys(properties))
        need(
            name !== "" && !name.startsWith("$") && name !== "iothub-ack",
            "a property has no name, or one that a hub uses itself"
        )
    const { messageId, correlationId, contentType } = request
    const { contentEncoding, userId } = request
    const { to = `/devices/${deviceId}/messages/devicebound` } = request
    const systemProperties: SystemProperties = {
        messageId,
        correlationId,
        contentType,
        contentEncoding,
        userId,
        to: to ?? undefined,
        expiryTimeUtc:
            expiryMs === undefined
                ? undefined
                : new Date(nowMs + expiryMs).toISOString(),
    }
    return {
        // A system property by its meaning, an application's by its name.
        properties: { ...(ack ? { "iothub-ack": ack } : {}), ...properties },
        systemProperties,
    }
}

function encodeTopic(
    deviceId: string,
    properties: TelemetryProperties,
    profile: Profile
): string {
    try {
        return cloudTopic(deviceId, properties, profile)
    } catch {
        throw badMessage("half of a surrogate pair is no text")
    }
}

function need(condition: boolean, message: string): void {
    if (!condition) throw badMessage(message)
}

function badMessage(message: string): GatewayError {
    return new GatewayError("bad-message", `gateway: a bad message: ${message}`)
}
