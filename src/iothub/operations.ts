/**
 * Topics of direct methods and of the twin. A request names itself by a `$rid`, and its answer carries the same:
 *
 *     to the device     $iothub/methods/POST/{name}/?$rid={rid}
 *     from the device   $iothub/methods/res/{status}/?$rid={rid}
 *     from the device   $iothub/twin/GET/?$rid={rid}
 *     from the device   $iothub/twin/PATCH/properties/reported/?$rid={rid}
 *     to the device     $iothub/twin/res/{status}/?$rid={rid}[&$version={n}]
 *     to the device     $iothub/twin/PATCH/properties/desired/?$version={n}
 *
 * All with QoS 0. A rid is opaque: a number from IoT Hub, a GUID from edgeHub; it goes back as it came. A method's name stands
 * in the topic as the caller wrote it: it is not percent-encoded, and IoT Hub does not keep a slash out of it. The version of a
 * change is also in its body, and is read there.
 */
import type { Session } from "../mqtt/session"
import { MAX_TOPIC_LENGTH } from "./telemetry"

export const METHODS = "$iothub/methods/POST/"
export const TWIN_ANSWERS = "$iothub/twin/res/"
export const DESIRED_CHANGES = "$iothub/twin/PATCH/properties/desired/"

const RID = "/?$rid="

/** A request to the device, or an answer. */
export interface Operation {
    /** Of a method its name, of an answer its status. */
    name: string
    rid: string
}

/**
 * Reads `{prefix}{name}/?$rid={rid}`; further parameters are not looked at.
 *
 * @returns `undefined` for another topic, and for one of more than MAX_TOPIC_LENGTH characters
 */
export function readOperation(topic: string, prefix: string): Operation {
    const from = prefix.length
    const at = topic.indexOf(RID, from)
    if (at < 0) return undefined
    if (topic.slice(0, from) !== prefix) return undefined
    if (topic.length > MAX_TOPIC_LENGTH) return undefined
    return {
        name: topic.slice(from, at),
        rid: topic.slice(at + RID.length, (topic + "&").indexOf("&", at)),
    }
}

/**
 * Sends a request, or an answer.
 *
 * @param operation the topic's middle, such as `twin/GET`
 * @throws LeafError when the connection broke
 */
export async function sendOperation(
    session: Session,
    operation: string,
    rid: string,
    payload: Buffer
): Promise<void> {
    await session.publish({
        topic: "$iothub/" + operation + RID + rid,
        payload,
        qos: 0,
        packetId: 0,
        sent: false,
    })
}
