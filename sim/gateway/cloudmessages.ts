/**
 * Cloud-to-device messages: the queue that IoT Hub keeps for each device, and the life of a message in it.
 *
 * enqueued → in flight (a hub calls it invisible) → completed by the device's PUBACK; or back to enqueued when the connection ends
 * without one, and delivered again, in order, after the device has subscribed or has come back to a kept session. A message ends as
 * dead-lettered after too many deliveries, when it is rejected (`Profile.rejectsOlderByMs`) or purged; and as expired if its time
 * ends while it is not in flight.
 *
 * Unlike a hub it delivers nothing again while the connection stands (a hub's lock ends after a minute), and tells feedback at once,
 * not in batches.
 */
import type { Clock } from "./clock"
import {
    newEntry,
    type CloudMessage,
    type CloudMessageRequest,
    type CloudMessageState,
    type DeadLetterReason,
    type Entry,
    type Feedback,
} from "./cloudmessage"
import { GatewayError } from "./errors"
import type { EventHub } from "./events"
import type { Outgoing } from "./outbox"
import type { Profile } from "./profiles"
import type { Registry } from "./registry"
import type { Subscription } from "./sessions"

/** Where a device's messages go: its connection. */
export interface Receiver {
    readonly deviceId: string
    /** It takes more now; else it says so later, with `deliver`. */
    readonly hasRoom: boolean
    match(topic: string): Subscription | undefined
    publish(message: Outgoing): void
}

interface Queue {
    /** Those that have not come to their end, in the order in which they were sent. */
    entries: Entry[]
    lastSequence: number
}

export class CloudMessages {
    private readonly queues = new Map<string, Queue>()
    /** Where the messages are that are in flight. */
    private readonly receivers = new Map<Entry, Receiver>()

    constructor(
        private readonly clock: Clock,
        private readonly events: EventHub,
        private readonly registry: Registry,
        private readonly profile: Profile,
        private readonly connected: (deviceId: string) => Receiver | undefined
    ) {}

    /**
     * Puts a message into the device's queue, and delivers it if it can. Throws `unknown-identity`, `queue-full`, `bad-message` or
     * `message-too-large`.
     */
    send(deviceId: string, request: CloudMessageRequest = {}): CloudMessage {
        if (!this.registry.get(deviceId))
            throw new GatewayError(
                "unknown-identity",
                `gateway: there is no device ${deviceId}: add it first`
            )
        const { cloudMessages } = this.profile.limits
        const queue = this.queues.get(deviceId) ?? {
            entries: [],
            lastSequence: 0,
        }
        if (queue.entries.length >= cloudMessages)
            throw new GatewayError(
                "queue-full",
                `gateway: ${cloudMessages} messages wait for ${deviceId}: have it take them first, or purge them`
            )
        const { profile, clock } = this
        const sequence = queue.lastSequence + 1
        const now = clock.now()
        const entry = newEntry(deviceId, sequence, request, profile, now)
        entry.cancelExpiry = clock.after(entry.expiresAtMs - now, () => {
            if (entry.state === "enqueued") this.end(entry, "expired")
        })
        queue.lastSequence = sequence
        queue.entries.push(entry)
        this.queues.set(deviceId, queue)
        this.become(entry, "enqueued")
        this.deliver(deviceId)
        return entry
    }

    /** The messages of a device that have not come to their end, oldest first. */
    pending(deviceId: string): readonly CloudMessage[] {
        return this.entries(deviceId)
    }

    /** Gives up the messages of a device that are not in flight; gives their number. */
    purge(deviceId: string): number {
        const waiting = this.entries(deviceId).filter(isWaiting)
        for (const entry of waiting) this.end(entry, "dead-lettered", "purged")
        return waiting.length
    }

    /** For a device that is removed: all its messages are given up, without feedback, as a hub does. */
    forget(deviceId: string): void {
        for (const entry of this.entries(deviceId))
            this.end(entry, "dead-lettered", "purged", false)
        this.queues.delete(deviceId)
    }

    /** Delivers what waits for a device, as far as it is connected, has subscribed and takes it. */
    deliver(deviceId: string): void {
        const receiver = this.connected(deviceId)
        if (!receiver) return
        for (const entry of this.entries(deviceId)) {
            // Whoever hears of the one before may have done anything.
            if (!isWaiting(entry)) continue
            const subscription = receiver.match(entry.topic)
            if (!subscription || !receiver.hasRoom) return
            if (this.isTooOld(entry, subscription))
                this.end(entry, "dead-lettered", "rejected")
            else if (this.inFlight(deviceId) < this.profile.limits.inFlight)
                this.handOver(entry, receiver, subscription.qos)
        }
    }

    /** The connection is over: what it has not acknowledged waits again, or was delivered often enough. */
    released(receiver: Receiver): void {
        for (const entry of this.entries(receiver.deviceId)) {
            if (this.receivers.get(entry) !== receiver) continue
            this.receivers.delete(entry)
            if (entry.deliveryCount >= this.profile.limits.deliveries)
                this.end(entry, "dead-lettered", "delivery-count-exceeded")
            else if (entry.expiresAtMs <= this.clock.now())
                this.end(entry, "expired")
            else this.become(entry, "enqueued")
        }
    }

    /** Ends timers and waits. */
    close(): void {
        const error = new GatewayError(
            "closed",
            "gateway: it was closed while a message was pending: close it after its end"
        )
        for (const { entries } of this.queues.values())
            for (const entry of entries) {
                entry.cancelExpiry()
                entry.settle(error)
            }
        this.queues.clear()
    }

    private handOver(entry: Entry, receiver: Receiver, qos: 0 | 1): void {
        entry.deliveryCount++
        this.receivers.set(entry, receiver)
        this.become(entry, "in-flight")
        const isHere = () => this.receivers.get(entry) === receiver
        const { topic, body, sequence, deliveryCount } = entry
        receiver.publish({
            topic,
            payload: body,
            qos,
            sequence,
            duplicate: this.profile.marksDuplicates && deliveryCount > 1,
            acknowledged: () => {
                if (!isHere()) return
                this.end(entry, "completed")
                this.deliver(entry.deviceId)
            },
        })
        // At QoS 0 nobody will say that it has arrived.
        if (qos === 0 && isHere()) this.end(entry, "completed")
    }

    private end(
        entry: Entry,
        state: CloudMessageState,
        reason?: DeadLetterReason,
        withFeedback = true
    ): void {
        const queue = this.queues.get(entry.deviceId)
        if (queue)
            queue.entries = queue.entries.filter(other => other !== entry)
        this.receivers.delete(entry)
        entry.cancelExpiry()
        entry.reason = reason
        this.become(entry, state)
        const wanted = state === "completed" ? "positive" : "negative"
        if (withFeedback && (entry.ack === wanted || entry.ack === "full"))
            this.events.emit("feedback", feedback(entry, this.clock.now()))
        entry.settle()
    }

    private become(entry: Entry, state: CloudMessageState): void {
        entry.state = state
        const { deviceId, messageId, deliveryCount, reason } = entry
        const told = { deviceId, messageId, state, deliveryCount }
        this.events.emit("cloudMessage", reason ? { ...told, reason } : told)
    }

    private entries(deviceId: string): Entry[] {
        return [...(this.queues.get(deviceId)?.entries ?? [])]
    }

    private inFlight(deviceId: string): number {
        return this.entries(deviceId).filter(entry => !isWaiting(entry)).length
    }

    private isTooOld(entry: Entry, { sinceMs }: Subscription): boolean {
        const { rejectsOlderByMs } = this.profile
        return (
            rejectsOlderByMs !== null &&
            entry.enqueuedAtMs + rejectsOlderByMs <= sinceMs
        )
    }
}

function isWaiting(entry: Entry): boolean {
    return entry.state === "enqueued"
}

const STATUS = {
    "delivery-count-exceeded": "DeliveryCountExceeded",
    rejected: "Rejected",
    purged: "Purged",
} as const

function feedback(entry: Entry, nowMs: number): Feedback {
    const { deviceId, messageId, state, reason } = entry
    const statusCode = reason
        ? STATUS[reason]
        : state === "expired"
          ? "Expired"
          : "Success"
    return {
        deviceId,
        originalMessageId: messageId,
        statusCode,
        description: statusCode,
        enqueuedTimeUtc: new Date(nowMs).toISOString(),
    }
}
