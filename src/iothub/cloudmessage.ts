/**
 * Cloud-to-device messages: what their topic says, `devices/{id}/messages/devicebound/{property bag}`.
 *
 * A bag is `name=value&name=value…`, both sides percent-encoded (see percent.ts). A name without `=` has an empty value, a value
 * without a name is left out; of two with the same name the last one counts. A topic without a bag ends with or without its slash: edgeHub leaves it off.
 * IoT Hub allows 64 KB for a message with its properties; what is read here is bounded by far less.
 *
 * RAM: the topic twice, and the properties.
 */
import { ErrorCode, failIf } from "../errors"
import { decodeComponent } from "./percent"
import { FIELDS } from "./systemproperties"
import { MAX_TOPIC_LENGTH } from "./telemetry"

/** Properties of a message, with those of the system. Each takes some 50 bytes of heap. */
export const MAX_PROPERTIES = 32

/** A message from the cloud. */
export interface CloudMessage {
    body: Buffer
    /** `undefined` when the sender has given none, as the three below. */
    messageId?: string
    correlationId?: string
    contentType?: string
    contentEncoding?: string
    /**
     * The application's properties; and the other ones of the system with the names that they have in topics, such as `$.to`,
     * `$.exp` (expiry), `$.uid` (user id) and `iothub-ack`.
     */
    properties: Record<string, string>
}

/** The topic's part before the property bag, without a slash at its end. */
export function cloudMessageTopic(deviceId: string): string {
    return `devices/${deviceId}/messages/devicebound`
}

/**
 * Reads the properties of a message.
 *
 * @param prefix what `cloudMessageTopic` gives, with which the topic begins
 * @throws LeafError PropertiesTooLarge, InvalidPercentEncoding
 */
export function readCloudMessage(
    topic: string,
    prefix: string,
    body: Buffer
): CloudMessage {
    const properties: any = {}
    const message: any = { body, properties }
    const bytes = Buffer.from(topic)
    let from = Buffer.from(prefix).length + 1
    failIf(
        bytes.length > from + MAX_TOPIC_LENGTH,
        ErrorCode.PropertiesTooLarge,
        "iothub: the properties of a message are too long"
    )
    let count = 0
    while (from < bytes.length) {
        count = count + 1
        failIf(
            count > MAX_PROPERTIES,
            ErrorCode.PropertiesTooLarge,
            "iothub: a message has too many properties"
        )
        const to = find(bytes, 0x26, from, bytes.length)
        const nameEnd = find(bytes, 0x3d, from, to)
        const name = decodeComponent(bytes, from, nameEnd)
        const value = decodeComponent(bytes, nameEnd + 1, to)
        const field = FIELDS.indexOf(name)
        if (field >= 0 && (field & 1) === 0) message[FIELDS[field + 1]] = value
        else if (name) properties[name] = value
        from = to + 1
    }
    return message
}

/** The index of a byte, or `to` if it is not between. */
function find(bytes: Buffer, byte: number, from: number, to: number): number {
    const at = bytes.indexOf(byte, from)
    return at < 0 ? to : Math.min(at, to)
}
