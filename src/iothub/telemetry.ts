/**
 * Device-to-cloud messages: the topic `devices/{id}/messages/events/{property bag}`.
 *
 * System properties (`$.mid`, `$.cid`, `$.ct`, `$.ce`) come first, then the application's own, each `name=value` with both
 * sides percent-encoded. A hub closes the connection on a bad topic, a gateway drops the message and acknowledges it all the
 * same: so everything that could make a topic bad is refused here, before sending.
 *
 * Not checked here: the service's 256 KB for a message. The outbox accepts far less.
 */
import { ErrorCode, fail, failIf } from "../errors"
import { checkMessageId } from "./identifier"
import { encodeComponent } from "./percent"
import { FIELDS } from "./systemproperties"

/** In bytes. MQTT would allow 65,535, but a topic stands on the heap beside the body, and again in the packet. */
export const MAX_TOPIC_LENGTH = 1024

/** Anything else, such as a reading that is `undefined`, would go out as the text that the VM makes of it. */
const VALUE_TYPES = ["string", "number", "boolean"]

export interface TelemetryProperties {
    /** Up to 128 characters that IoT Hub allows; unique, so that consumers can drop what was delivered twice. */
    messageId?: string
    correlationId?: string
    /** `application/json`, together with `contentEncoding`, lets the hub route by the body. */
    contentType?: string
    /** `utf-8`, `utf-16` or `utf-32`. */
    contentEncoding?: string
    /** Application properties: texts, numbers or booleans. Names are not empty and do not start with `$`. */
    properties?: Record<string, any>
}

/** What the topics of all messages of a device begin with. */
export function telemetryTopicStart(deviceId: string): string {
    return `devices/${deviceId}/messages/events/`
}

/**
 * The topic of one message.
 *
 * @throws LeafError InvalidMessageId, InvalidPropertyName, InvalidPropertyValue, TopicTooLong, TextTooLong
 */
export function createTelemetryTopic(
    deviceId: string,
    message: TelemetryProperties
): string {
    const start = telemetryTopicStart(deviceId)
    let topic = start
    const fields: any = message
    for (let i = 0; i < FIELDS.length; i += 2) {
        const value = fields[FIELDS[i + 1]]
        if (value) {
            if (i < 4) checkMessageId(value)
            topic = append(topic, FIELDS[i], value)
        }
    }
    if (message.properties !== undefined)
        for (const name of Object.keys(message.properties)) {
            // `$` would make it a system property.
            failIf(
                !name || name[0] === "$",
                ErrorCode.InvalidPropertyName,
                "iothub: the name of a property is empty or starts with $"
            )
            const value = message.properties[name]
            failIf(
                VALUE_TYPES.indexOf(typeof value) < 0,
                ErrorCode.InvalidPropertyValue,
                "iothub: the value of a property is no text, number or boolean"
            )
            topic = append(topic, name, `${value}`)
        }
    // The first property needs no separator.
    return start + topic.slice(start.length + 1)
}

/** Adds a property, and looks at the length after each: that also bounds the time until the next pause. */
function append(topic: string, name: string, value: string): string {
    topic += `&${encodeComponent(name)}=${encodeComponent(value)}`
    // All is ASCII: characters are bytes. One is the separator that goes.
    if (topic.length > MAX_TOPIC_LENGTH + 1)
        fail(
            ErrorCode.TopicTooLong,
            `iothub: the properties of a message need a topic over ${MAX_TOPIC_LENGTH} bytes`
        )
    return topic
}
