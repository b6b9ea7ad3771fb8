/**
 * What the gateway tells its operator, as typed events.
 *
 * Every connection is told as `opened` … `disconnected`, whatever happened between. No event holds a token, a key or a password:
 * what a client got wrong is named, not quoted. Texts that come from clients (device ids, topics, properties) are not escaped.
 */
import type {
    CloudMessageState,
    DeadLetterReason,
    Feedback,
} from "./cloudmessage"
import { GatewayError, type GatewayErrorCode } from "./errors"
import type { FaultName, Occasion } from "./faultoptions"
import type { LossReason } from "./forward/log"
import type { Message } from "./store"
import type { Json, JsonObject } from "./twin"

/** `mqtt`: telemetry, 8883 on a real gateway. `time`: HTTPS, 443 on a real gateway. */
export type PortName = "mqtt" | "time"

/** Why a CONNECT was refused; the client itself only gets the return code. */
export type RefusalReason =
    | "protocol"
    | "bad-username"
    | "bad-client-id"
    | "client-id-mismatch"
    | "module-identity"
    | "unknown-device"
    | "disabled-device"
    | "not-a-child"
    | "no-token"
    /** A token, and the device is known by its certificate. */
    | "wrong-authentication"
    /** No client certificate, and the device is known by one. */
    | "no-certificate"
    | "wrong-thumbprint"
    /** It leads to no registered and verified CA, or is not fit for a device. */
    | "untrusted-certificate"
    /** It has expired, or is not valid yet. */
    | "expired-certificate"
    /** Its CN is not the device id. */
    | "wrong-common-name"
    | "bad-token"
    /** A token names a shared access policy that there is not. */
    | "unknown-policy"
    /** Its policy does not permit what is asked for. */
    | "not-permitted"
    | "wrong-audience"
    | "wrong-signature"
    | "expired-token"
    | "too-many-clients"
    /** A fault that was asked for. */
    | "fault"

/** Why a connection ended. */
export type CloseReason =
    /** MQTT DISCONNECT, or an HTTPS client that was done. */
    | "client-done"
    /** The client closed the connection without DISCONNECT. */
    | "client-gone"
    | "reset"
    | "tls-failed"
    | "tls-error"
    | "refused"
    | "connect-timeout"
    | "request-timeout"
    | "keep-alive"
    | "malformed"
    | "too-large"
    | "protocol-error"
    | "bad-topic"
    | "qos-2"
    | "taken-over"
    | "token-expired"
    | "identity-changed"
    | "store-failed"
    | "slow-reader"
    | "dropped"
    /** The gateway has forgotten it, and told nobody: a fault that was asked for. */
    | "half-open"
    | "gateway-closed"

interface OfConnection {
    /** Counts connections since the start. */
    connection: number
}

interface OfDevice {
    deviceId: string
}

/** A direct method's call. */
interface OfMethod extends OfConnection, OfDevice {
    name: string
    /** The request id. */
    rid: string
}

export interface Heartbeat extends OfDevice {
    receivedAtMs: number
    /** The value of the `heartbeat` property: the device's interval. This and the others if they are whole numbers. */
    intervalSec?: number
    uptimeSec?: number
    boots?: number
    dropped?: number
    reconnects?: number
}

export interface EventBodies {
    opened: OfConnection & { port: PortName; remote: string }
    /** The TLS handshake is done. `durationMs` counts from the TCP accept. */
    secured: OfConnection & {
        port: PortName
        protocol: string
        cipher: string
        serverName: string | null
        /** Whether it goes on with an earlier session. */
        resumed: boolean
        durationMs: number
    }
    /** `alert`: the alert that the client sent, by its name in RFC 8446 6.2, e.g. `unknown_ca`. */
    tlsFailed: OfConnection & {
        port: PortName
        remote: string
        reason: string
        alert?: string
        durationMs: number
    }
    authenticated: OfConnection &
        OfDevice & {
            keepAliveSec: number
            cleanSession: boolean
            sessionPresent: boolean
            /** Of a device with a certificate: the first second in which it is not good any more. */
            tokenExpirySec: number
            clientType: string
        }
    refused: OfConnection & {
        deviceId?: string
        /** `null`: closed without a CONNACK. */
        returnCode: number | null
        reason: RefusalReason
        message: string
    }
    subscribed: OfConnection & OfDevice & { filter: string; granted: number }
    /** A stored message that is neither a heartbeat nor a will. */
    telemetry: Message
    heartbeat: Heartbeat & { message: Message }
    will: Message
    /** A message that was thrown away for its topic: edgeHub acknowledges it all the same, a hub closes the connection. */
    dropped: OfConnection & OfDevice & { topic: string; reason: string }
    /** A cloud-to-device message has come to this state; `in-flight`: it was delivered, for the `deliveryCount`th time. */
    cloudMessage: OfDevice & {
        messageId: string
        state: CloudMessageState
        deliveryCount: number
        /** Of `dead-lettered`. */
        reason?: DeadLetterReason
    }
    /** What the sender of a cloud-to-device message had asked to be told. */
    feedback: Feedback
    /** A PUBACK for which no message is in flight; it is ignored. */
    strayAcknowledgement: OfConnection & OfDevice & { packetId: number }
    /**
     * A device has asked for its twin. `status`: of the answer; `null` if it is to get none. `answered` is false, too, if it has not
     * subscribed to answers.
     */
    twinRead: OfConnection &
        OfDevice & { status: number | null; answered: boolean }
    /** A device's patch has made its reported properties this version. */
    reported: OfConnection &
        OfDevice & { version: number; patch: JsonObject; answered: boolean }
    /** A device's patch was not taken; `status` and `answered` as in `twinRead`. */
    reportRefused: OfConnection &
        OfDevice & { status: number | null; reason: string; answered: boolean }
    /** A device was told of its desired properties' new version. */
    desiredSent: OfConnection &
        OfDevice & { version: number; patch: JsonObject }
    /** `payload` is `null`, too, if the request has none. */
    methodCalled: OfMethod & { payload: Json }
    /** `payload` is `null`, too, if the device gave none. */
    methodAnswered: OfMethod & {
        status: number
        payload: Json
        durationMs: number
    }
    /** A call that was sent has come to no answer. */
    methodFailed: OfMethod & { code: GatewayErrorCode; message: string }
    /** An answer to a call that there is not, or no more; it is ignored. */
    strayMethodReply: OfConnection & OfDevice & { rid: string }
    /** Nothing came from the device for too long, and then for much too long. Once, until it is back: see `monitor.ts`. */
    late: OfDevice & { lastSeenMs: number; expectedIntervalMs: number }
    lost: OfDevice & { lastSeenMs: number; expectedIntervalMs: number }
    /** It is back. `silentMs`: since the last message before it was late. */
    alive: OfDevice & { silentMs: number }
    disconnected: OfConnection & {
        port: PortName
        remote: string
        deviceId?: string
        reason: CloseReason
        message: string
        durationMs: number
    }
    /** A fault that was asked for has happened, for the `count`th time. */
    fault: OfConnection & {
        deviceId?: string
        fault: FaultName
        at: Occasion
        count: number
    }
    /** A message that was acknowledged, and stored, goes without having been forwarded. */
    messageLost: OfDevice & { sequence: number; reason: LossReason }
    /** The store cannot take a message: it is full, or its disk fails. The device's connection ends without a PUBACK. */
    storeFailed: { message: string }
    /** `waiting`: messages that are stored and not forwarded. */
    upstreamConnected: { waiting: number }
    upstreamDisconnected: { reason: string; waiting: number }
    /** Upstream has acknowledged a message. */
    forwarded: OfDevice & { sequence: number }
    timeServed: OfConnection & { remote: string; date: string }
    /** The token service has given a device a token, signed with this policy's key. */
    tokenIssued: OfConnection &
        OfDevice & { policy: string; lifetimeSec: number; expirySec: number }
    /** It has not; `status` is HTTP's, and `message` tells more than the device was told. */
    tokenRefused: OfConnection & {
        deviceId?: string
        status: number
        message: string
    }
    /** The port holds as many connections as it may: this one was closed at once. */
    turnedAway: { port: PortName; remote: string; limit: number }
}

/** Each event also says when it happened: milliseconds since 1970 on the gateway's clock. */
export type GatewayEvents = {
    [K in keyof EventBodies]: EventBodies[K] & { atMs: number }
}

export type EventName = keyof EventBodies

interface Listener {
    name: EventName | undefined
    call(name: EventName, event: GatewayEvents[EventName]): void
}

export class EventHub {
    private listeners: Listener[] = []
    private readonly waits = new Set<(error: Error) => void>()

    constructor(private readonly now: () => number) {}

    /** Calls the handler at each event of this name; the result stops that. */
    on<K extends EventName>(
        name: K,
        handler: (event: GatewayEvents[K]) => void
    ): () => void {
        return this.listen({
            name,
            call: (_name, event) => handler(event as GatewayEvents[K]),
        })
    }

    /** Calls the handler at every event. */
    onAny(
        handler: (name: EventName, event: GatewayEvents[EventName]) => void
    ): () => void {
        return this.listen({ name: undefined, call: handler })
    }

    emit<K extends EventName>(name: K, body: EventBodies[K]): void {
        const event = { ...body, atMs: this.now() } as GatewayEvents[K]
        for (const listener of this.listeners) {
            if (listener.name !== undefined && listener.name !== name) continue
            try {
                listener.call(name, event)
            } catch (error) {
                // A handler's mistake is its owner's: it surfaces there, and no connection suffers from it.
                queueMicrotask(() => {
                    throw error
                })
            }
        }
    }

    /**
     * The next event of this name that fits. Events of the past do not count: ask first, then do what causes it.
     * The timeout is in real time, whatever the gateway's clock says.
     */
    waitFor<K extends EventName>(
        name: K,
        predicate: (event: GatewayEvents[K]) => boolean = () => true,
        timeoutMs = 10_000
    ): Promise<GatewayEvents[K]> {
        const promise = new Promise<GatewayEvents[K]>((resolve, reject) => {
            const end = () => {
                clearTimeout(timer)
                this.waits.delete(giveUp)
                stop()
            }
            const giveUp = (error: Error) => {
                end()
                reject(error)
            }
            const timer = setTimeout(
                () =>
                    giveUp(
                        new GatewayError(
                            "wait-timeout",
                            `gateway: no such ${name} event within ${timeoutMs} ms: look at the events before it, or wait longer`
                        )
                    ),
                timeoutMs
            )
            const stop = this.on(name, event => {
                if (!predicate(event)) return
                end()
                resolve(event)
            })
            this.waits.add(giveUp)
        })
        // A test that failed before it awaited this one has told its reason already.
        promise.catch(() => undefined)
        return promise
    }

    /** Ends all waits; handlers hear nothing more. */
    close(): void {
        for (const giveUp of [...this.waits])
            giveUp(
                new GatewayError(
                    "closed",
                    "gateway: it was closed while an event was waited for: close it after the wait"
                )
            )
        this.listeners = []
    }

    private listen(listener: Listener): () => void {
        // A new array each time: emit walks the one that it began with.
        this.listeners = [...this.listeners, listener]
        return () => {
            this.listeners = this.listeners.filter(other => other !== listener)
        }
    }
}
