/** What the demonstration shows: one event a line, as text or as JSON. */
import type {
    CloudMessageState,
    DeadLetterReason,
} from "../gateway/cloudmessage"
import type { FaultName, Occasion } from "../gateway/faultoptions"
import type { ProfileName } from "../gateway/profiles"
import type { Json, JsonObject } from "../gateway/twin"

export type ShownEvent =
    | {
          type: "gateway"
          address: string
          port: number
          httpsPort: number
          host: string
          /** What it behaves as. */
          profile: ProfileName
          /** The URL of the control API. */
          control?: string
      }
    | {
          type: "firmware"
          codeBytes: number
          imageBytes: number
          deviceId: string
      }
    /** The device verified the gateway; phases in the order in which they ran, in milliseconds. */
    | {
          type: "handshake"
          totalMs: number
          phases: { name: string; ms: number }[]
      }
    | {
          type: "connected"
          deviceId: string
          protocol: string
          tokenExpiry: string
      }
    | {
          type: "telemetry"
          count: number
          deviceId: string
          body: string
          properties: Record<string, string>
          systemProperties: Record<string, string>
          duplicate: boolean
      }
    | {
          type: "heartbeat"
          deviceId: string
          properties: Record<string, string>
      }
    /** A fault that the gateway was told to have has happened, for the `count`th time. */
    | {
          type: "fault"
          deviceId?: string
          fault: FaultName
          at: Occasion
          count: number
      }
    /** A message to the device has come to this state, after so many deliveries. */
    | {
          type: "cloudMessage"
          deviceId: string
          messageId: string
          state: CloudMessageState
          deliveryCount: number
          reason?: DeadLetterReason
      }
    /** A device has reported properties, or a patch that was refused (then without a version). */
    | {
          type: "reported"
          deviceId: string
          version?: number
          patch?: JsonObject
          failure?: string
      }
    /** A device was told of its desired properties. */
    | {
          type: "desired"
          deviceId: string
          version: number
          patch: JsonObject
      }
    /** A direct method was called (no status), answered (a status), or came to nothing (a failure). */
    | {
          type: "method"
          deviceId: string
          name: string
          status?: number
          payload?: Json
          failure?: string
      }
    /** A message of the device that the gateway threw away. */
    | { type: "dropped"; deviceId: string; topic: string; reason: string }
    /** No sign of life for longer than the gateway expects. */
    | {
          type: "overdue"
          deviceId: string
          silentSec: number
          expectedSec: number
      }
    /** Silent for so long that the gateway has given it up. */
    | { type: "lost"; deviceId: string; silentSec: number }
    | { type: "alive"; deviceId: string }
    | { type: "refused"; deviceId: string; reason: string }
    | { type: "disconnected"; deviceId: string; reason: string }
    /** What the demonstration does to the device next. */
    | { type: "scene"; text: string }
    /** A line of the firmware's console. */
    | { type: "device"; level: string; text: string }
    | { type: "panic"; code: number; name: string }
    | { type: "end"; accepted: number }

/** Shows events to whoever watches. */
export interface Display {
    show(event: ShownEvent): void
}
