/**
 * The messages of one connection on their way into the store.
 *
 * Several are stored at a time; each is told and acknowledged when it and all before it are safe, in the order in which they came
 * (MQTT 3.1.1, 4.6). A message that was read is stored even if its connection ends meanwhile.
 */
import type { IPublishPacket } from "mqtt-packet"
import type { Link } from "./link"
import type { ConnectionServices } from "./services"
import type { Message } from "./store"
import { decode } from "./percent"
import { propertyBytes, readTelemetryTopic } from "./topics"

export class Inbox {
    /** Messages that were taken and are not acknowledged yet. */
    pending = 0
    private settled: Promise<void> = Promise.resolve()

    constructor(
        private readonly link: Link,
        private readonly services: ConnectionServices,
        /** Called for each message in its turn, unless the connection has ended; without a packet id at QoS 0. */
        private readonly acknowledge: (packetId: number | undefined) => void
    ) {}

    /**
     * Takes what a device published, or its last will. A bad topic is told, and the message dropped; then it is acknowledged, or the
     * connection ends.
     */
    take(packet: IPublishPacket, will = false): void {
        const { profile, limits } = this.services
        const message = this.message(packet, will)
        // One child that is gone does not hold up what an Edge device sends for the others.
        if (!message && profile.closesOnBadTopic && !this.isForOthers(packet))
            return this.link.close("bad-topic", "a message on a bad topic")
        const size = message ? message.body.length + propertyBytes(message) : 0
        if (size > limits.messageBytes)
            return this.link.close(
                "too-large",
                `a message of ${size} bytes: the limit is ${limits.messageBytes}`
            )
        this.queue(packet, message)
    }

    /** Acknowledges in its turn what was handled already. */
    pass(packet: IPublishPacket): void {
        this.queue(packet, undefined)
    }

    private queue(packet: IPublishPacket, message: Message | undefined): void {
        const storing = this.store(message)
        this.pending++
        this.settled = this.settled.then(async () => {
            const failure = await storing
            this.pending--
            if (failure) return this.link.close("store-failed", failure)
            if (message) this.services.stored(message)
            if (!this.link.closed)
                this.acknowledge(packet.qos > 0 ? packet.messageId : undefined)
        })
    }

    /** Gives the reason of a failure. */
    private async store(
        message: Message | undefined
    ): Promise<string | undefined> {
        try {
            if (message) await this.services.store.store(message)
            return undefined
        } catch (error) {
            return `the message could not be stored: ${String(error)}`
        }
    }

    /** The device in the topic, if the client has the right to send for it or for others like it. */
    private isForOthers({ topic }: IPublishPacket): boolean {
        const sender = this.link.deviceId ?? ""
        return (
            this.services.sendsFor(sender, deviceOf(topic) ?? sender) !==
            undefined
        )
    }

    private message(
        packet: IPublishPacket,
        will: boolean
    ): Message | undefined {
        const { topic, payload, qos, retain, dup } = packet
        const sender = this.link.deviceId ?? ""
        const child = deviceOf(topic) ?? sender
        const deviceId = this.services.sendsFor(sender, child) ? child : sender
        const connection = this.link.id
        const read = readTelemetryTopic(topic, deviceId)
        if (!read.ok) {
            const { reason } = read
            const { events } = this.services
            events.emit("dropped", { connection, deviceId, topic, reason })
            return undefined
        }
        const heartbeat = Object.hasOwn(read.properties, "heartbeat")
        return {
            kind: will ? "will" : heartbeat ? "heartbeat" : "telemetry",
            deviceId,
            connection,
            topic,
            properties: {
                ...read.properties,
                ...(retain ? { "mqtt-retain": "true" } : {}),
                ...(dup ? { "mqtt-dup": "true" } : {}),
                ...(will ? { "iothub-MessageType": "Will" } : {}),
            },
            systemProperties: read.systemProperties,
            // A copy: the bytes are a piece of a larger buffer, which would live as long as the message.
            body: Buffer.from(payload as Buffer),
            qos,
            duplicate: dup,
            receivedAtMs: this.services.clock.now(),
        }
    }
}

/** The device that a topic names. */
function deviceOf(topic: string): string | undefined {
    const [devices, id = ""] = topic.split("/")
    return devices === "devices" ? decode(id) : undefined
}
