/**
 * The MQTT transport of Azure's SDK with nothing behind it: what it writes on topics, and what it reads from them, by its own code.
 */
import { EventEmitter } from "node:events"
import type { Message } from "azure-iot-common"
import { SharedAccessKeyAuthenticationProvider } from "azure-iot-device"
import { Mqtt } from "azure-iot-device-mqtt"

type Done = (error: null, result?: unknown) => void

/** In the place of the SDK's connection: takes everything. */
class NoConnection extends EventEmitter {
    readonly published: string[] = []

    connect(_config: object, done: Done): void {
        done(null)
    }

    disconnect(done: Done): void {
        done(null)
    }

    publish(topic: string, _body: unknown, _options: object, done: Done): void {
        this.published.push(topic)
        done(null)
    }

    subscribe(_topic: string, _options: object, done: Done): void {
        done(null)
    }
}

/** What the transport is asked here, beyond its public types. */
interface Transport extends EventEmitter {
    connect(done: Done): void
    disconnect(done: Done): void
    sendEvent(message: Message, done: Done): void
    getTwin(done: Done): void
}

export class SdkWire {
    private readonly line = new NoConnection()
    private readonly transport: Transport

    constructor(deviceId: string) {
        const key = Buffer.alloc(32).toString("base64")
        const provider =
            SharedAccessKeyAuthenticationProvider.fromConnectionString(
                `HostName=hub.example;DeviceId=${deviceId};SharedAccessKey=${key}`
            )
        const Constructor = Mqtt as unknown as new (
            provider: object,
            line: NoConnection
        ) => Transport
        this.transport = new Constructor(provider, this.line)
    }

    /** Needed once, before all else. */
    async open(): Promise<void> {
        await new Promise(resolve =>
            this.transport.connect((_error, result) => resolve(result))
        )
    }

    /** Its token timer ends. */
    close(): void {
        this.transport.disconnect(() => undefined)
    }

    /** The topic on which it sends a message. */
    telemetryTopic(message: Message): string {
        this.transport.sendEvent(message, () => undefined)
        return this.line.published.pop() ?? ""
    }

    /** The message that it makes of what comes on a topic; undefined if it takes that for no message. */
    cloudMessage(topic: string, body = "x"): Message | undefined {
        return this.hear<Message>("message", topic, body)
    }

    /** The id of a request for a method by this name; undefined if it does not hear of it. */
    methodRid(name: string, topic: string): string | undefined {
        return this.hear<{ requestId: string }>(`method_${name}`, topic, "{}")
            ?.requestId
    }

    /** The topic on which it asks for the twin, and whether what comes on `answer(topic)` is its answer. */
    twin(answer: (topic: string) => string): { topic: string; heard: boolean } {
        let heard = false
        this.transport.getTwin(() => (heard = true))
        const topic = this.line.published.pop() ?? ""
        this.line.emit("message", answer(topic), Buffer.from("{}"))
        return { topic, heard }
    }

    private hear<T>(event: string, topic: string, body: string): T | undefined {
        let heard: T | undefined
        const listener = (what: T) => (heard = what)
        this.transport.once(event, listener)
        this.line.emit("message", topic, Buffer.from(body))
        this.transport.off(event, listener)
        return heard
    }
}
