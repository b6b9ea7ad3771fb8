/**
 * The heartbeat: an empty message, sent when nothing else was for its interval, so that "alive with nothing to say" differs
 * from "gone". Application properties: `heartbeat` the interval in seconds (when to expect the next sign of life), `uptime`
 * seconds since the start, `boots` starts of the firmware, `dropped` messages lost for want of room, `reconnects`
 * connections that were lost and made again; and what parts of the firmware have put into `leaf.vitals`.
 */
import type { OutgoingMessage } from "../mqtt/session"
import { createTelemetryTopic } from "../iothub/telemetry"

export function createHeartbeat(
    deviceId: string,
    properties: Record<string, string | number | boolean>
): OutgoingMessage {
    return {
        topic: createTelemetryTopic(deviceId, { properties }),
        payload: Buffer.alloc(0),
        qos: 1,
        packetId: 0,
        sent: false,
    }
}
