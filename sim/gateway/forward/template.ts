/**
 * The topic under which a message goes on.
 *
 * `{topic}` is the device's own, byte for byte. What a hub needs to know and the topic does not say is added to its property bag, as edgeHub
 * does: that a message is a last will, or was sent with RETAIN. That it was a repetition (DUP) concerns the way to this gateway only.
 */
import { encode } from "../percent"
import type { Message } from "../store"

const ADDED = ["mqtt-retain", "iothub-MessageType"]

/** Fills in `{topic}`, `{deviceId}` and `{kind}`. */
export function forwardedTopic(template: string, message: Message): string {
    const values: Record<string, string> = {
        topic: withAdded(message),
        deviceId: message.deviceId,
        kind: message.kind,
    }
    return template.replace(
        /\{(\w+)\}/g,
        (whole, name: string) => values[name] ?? whole
    )
}

function withAdded({ topic, properties }: Message): string {
    const added = ADDED.filter(
        name =>
            properties[name] !== undefined &&
            !new RegExp(`[/&]${name}=`).test(topic)
    ).map(name => `${name}=${encode(properties[name])}`)
    if (!added.length) return topic
    const bag = added.join("&")
    if (topic.endsWith("/messages/events")) return `${topic}/${bag}`
    if (topic.endsWith("/")) {
        const rest = topic.slice(0, -1)
        return rest.endsWith("/messages/events")
            ? topic + bag
            : `${rest}&${bag}`
    }
    return `${topic}&${bag}`
}
