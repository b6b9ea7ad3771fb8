/**
 * Direct methods: a service calls, a device answers within a time limit.
 *
 * A call goes to a device that is connected and has subscribed, and is lost with its connection: then it ends at once. edgeHub ends it
 * as if the time was up (504), a hub with 404104, DeviceConnectionClosedRemotely; here it is `device-disconnected`. Nothing is sent
 * again, and there is no order among calls. A hub's `connectTimeoutInSeconds`, to wait for a device that is away, is not here: wait
 * for the event `subscribed`.
 */
import { randomUUID } from "node:crypto"
import type { Clock } from "./clock"
import type { Connection } from "./connection"
import { GatewayError, type GatewayErrorCode } from "./errors"
import type { EventHub } from "./events"
import { methodTopic } from "./operationtopics"
import type { Profile } from "./profiles"
import type { Registry } from "./registry"
import { isWritable, readJson, type Json } from "./twin"

const TIMEOUT_MS = 30_000
/** What a hub takes. */
const MIN_TIMEOUT_MS = 5_000
const MAX_TIMEOUT_MS = 300_000

/** Of a request and of an answer, as JSON. */
const MAX_PAYLOAD_BYTES = 131_072

/** What a hub documents, without the characters that no topic can have: printable ASCII but for $()<>@,;:\"/[]?={} */
const METHOD_NAME = /^[A-Za-z0-9!%&'*\-.^_`|~]{1,128}$/

export interface MethodResult {
    /** The device's own. */
    status: number
    /** `null`, too, if the device gave none. */
    payload: Json
}

export interface MethodOptions {
    /** 5 to 300 s; 30 s if it is missing. */
    timeoutMs?: number
}

interface Call {
    name: string
    rid: string
    connection: Connection
    sentAtMs: number
    cancelTimeout: () => void
    resolve: (result: MethodResult) => void
    reject: (error: GatewayError) => void
}

export class Methods {
    /** Calls on their way, by connection and request id. */
    private readonly calls = new Map<Connection, Map<string, Call>>()
    private lastNumber = 0

    constructor(
        private readonly clock: Clock,
        private readonly events: EventHub,
        private readonly registry: Registry,
        private readonly profile: Profile,
        private readonly connected: (deviceId: string) => Connection | undefined
    ) {}

    /**
     * Calls a method; without a payload the request is empty. Rejects with `bad-method`, `unknown-identity`, `device-not-online`,
     * `device-disconnected`, `method-timeout`, `bad-method-reply` or `closed`.
     */
    invoke(
        deviceId: string,
        name: string,
        payload?: Json,
        { timeoutMs = TIMEOUT_MS }: MethodOptions = {}
    ): Promise<MethodResult> {
        const result = new Promise<MethodResult>((resolve, reject) => {
            const body = this.checked(deviceId, name, payload, timeoutMs)
            const connection = this.online(deviceId)
            const call: Call = {
                name,
                rid: this.newRid(),
                connection,
                sentAtMs: this.clock.now(),
                cancelTimeout: () => undefined,
                resolve,
                reject,
            }
            this.send(call, body, payload, timeoutMs)
        })
        // A test that failed before it awaited this one has told its reason already.
        result.catch(() => undefined)
        return result
    }

    /** A device's answer. */
    replied(
        connection: Connection,
        { rid, status }: { rid: string; status?: number },
        body: Buffer
    ): void {
        // edgeHub makes no difference between large and small letters.
        const call = this.calls.get(connection)?.get(rid.toLowerCase())
        if (!call)
            return this.events.emit("strayMethodReply", {
                connection: connection.link.id,
                deviceId: connection.deviceId,
                rid,
            })
        const payload = readJson(body)
        if (status === undefined)
            this.fail(
                call,
                "bad-method-reply",
                "answered without a status",
                "the topic is $iothub/methods/res/{status}/?$rid={rid}"
            )
        else if (body.length > MAX_PAYLOAD_BYTES)
            this.fail(
                call,
                "bad-method-reply",
                `answered with ${body.length} bytes`,
                `${MAX_PAYLOAD_BYTES} are allowed`
            )
        else if (payload === undefined)
            this.fail(
                call,
                "bad-method-reply",
                "answered with what is no JSON",
                "send JSON, or nothing"
            )
        else this.succeed(call, status, payload)
    }

    /** The connection is over, and with it the calls that it was to answer. */
    ended(connection: Connection): void {
        for (const call of this.pending(connection))
            this.fail(
                call,
                "device-disconnected",
                "disconnected before it answered",
                "call again when it is back"
            )
    }

    /** Ends all calls. */
    close(): void {
        for (const connection of [...this.calls.keys()])
            for (const call of this.pending(connection))
                this.fail(
                    call,
                    "closed",
                    "has not answered, and the gateway was closed",
                    "close it after the call"
                )
    }

    private pending(connection: Connection): Call[] {
        return [...(this.calls.get(connection)?.values() ?? [])]
    }

    /** The body of a request. */
    private checked(
        deviceId: string,
        name: string,
        payload: Json | undefined,
        timeoutMs: number
    ): string {
        if (!this.registry.get(deviceId))
            throw new GatewayError(
                "unknown-identity",
                `gateway: there is no device ${deviceId}: add it first`
            )
        const refuse = (text: string) => new GatewayError("bad-method", text)
        if (!METHOD_NAME.test(name))
            throw refuse(
                "gateway: a method's name has 1-128 characters, letters, digits or !%&'*-.^_`|~ : choose another one"
            )
        if (!(timeoutMs >= MIN_TIMEOUT_MS && timeoutMs <= MAX_TIMEOUT_MS))
            throw refuse(
                `gateway: a method cannot be given ${timeoutMs} ms: a hub allows ${MIN_TIMEOUT_MS / 1000} to ${MAX_TIMEOUT_MS / 1000} s`
            )
        if (payload === undefined) return ""
        if (!isWritable(payload))
            throw refuse(
                "gateway: a method's payload is not JSON: give null, booleans, finite numbers, texts, arrays and objects"
            )
        const body = JSON.stringify(payload)
        if (Buffer.byteLength(body) > MAX_PAYLOAD_BYTES)
            throw refuse(
                `gateway: a method's payload has more than ${MAX_PAYLOAD_BYTES} bytes: shorten it`
            )
        return body
    }

    private online(deviceId: string): Connection {
        const connection = this.connected(deviceId)
        if (connection?.match(methodTopic("any", ""))) return connection
        throw new GatewayError(
            "device-not-online",
            `gateway: ${deviceId} ${connection ? "has not subscribed to methods" : "is not connected"} (a hub answers 404103, DeviceNotOnline): wait for its event subscribed`
        )
    }

    private newRid(): string {
        return this.profile.requestIds === "guid"
            ? randomUUID()
            : (++this.lastNumber).toString(16)
    }

    private send(
        call: Call,
        body: string,
        payload: Json = null,
        timeoutMs: number
    ): void {
        const { connection, name, rid } = call
        const calls = this.calls.get(connection) ?? new Map<string, Call>()
        this.calls.set(connection, calls.set(rid, call))
        call.cancelTimeout = this.clock.after(timeoutMs, () =>
            this.fail(
                call,
                "method-timeout",
                `has not answered within ${timeoutMs / 1000} s (a hub answers 504101, GatewayTimeout)`,
                "look at its console, or give it more time"
            )
        )
        this.events.emit("methodCalled", { ...named(call), payload })
        connection.deliver(methodTopic(name, rid), body)
    }

    private succeed(call: Call, status: number, payload: Json): void {
        this.finish(call)
        const durationMs = this.clock.now() - call.sentAtMs
        this.events.emit("methodAnswered", {
            ...named(call),
            status,
            payload,
            durationMs,
        })
        call.resolve({ status, payload })
    }

    private fail(
        call: Call,
        code: GatewayErrorCode,
        what: string,
        wayOut: string
    ): void {
        this.finish(call)
        const { name, connection } = call
        const message = `gateway: ${connection.deviceId}, called for ${name}, ${what}: ${wayOut}`
        this.events.emit("methodFailed", { ...named(call), code, message })
        call.reject(new GatewayError(code, message))
    }

    private finish({ connection, rid, cancelTimeout }: Call): void {
        cancelTimeout()
        const calls = this.calls.get(connection)
        calls?.delete(rid)
        if (calls?.size === 0) this.calls.delete(connection)
    }
}

function named({ connection, name, rid }: Call) {
    const { link, deviceId } = connection
    return { connection: link.id, deviceId, name, rid }
}
