/**
 * Messages on their way out, in the order in which they were added.
 *
 * They stand as records in one buffer that is made at the start: heap blocks never move, and messages that came and went one by
 * one would leave the room that a TLS handshake needs in pieces. What `take` gives is made from its record, and is the caller's.
 *
 *     record  length (2), flags (1), packet id (2), length of the topic (2), topic without its start, payload
 *
 * The first records are out on the present connection. An acknowledgement removes a message; a new connection starts again at the
 * first one, so that what was not acknowledged goes out again before anything newer (the session marks it DUP). When the outbox is
 * full, the oldest message that was never sent makes room, alerts only for alerts, and is counted.
 *
 * RAM: `MAX_BYTES` always, and each message that is in flight once more.
 */
import { removeAt, writeUint16 } from "../bytes"
import { ErrorCode, fail } from "../errors"
import type { OutgoingMessage } from "../mqtt/session"

/** What may wait, in bytes: a quarter of an hour of telemetry at one a minute, and little enough beside a TLS handshake. */
export const MAX_BYTES = 2560

/** Of a record, up to its topic. */
const HEADER_LENGTH = 7

/** Flags of a record. */
const QOS1 = 1
const SENT = 2
const ALERT = 4

export class Outbox {
    /** Messages that were lost for want of room since the start, alerts among them. */
    dropped = 0
    droppedAlerts = 0

    private readonly records = Buffer.alloc(MAX_BYTES)
    private used = 0
    /** What `take` has given on this connection and is not acknowledged: the first records, which end at `nextAt`. */
    private readonly inFlight: OutgoingMessage[] = []
    private nextAt = 0

    /** @param start of the topics of all messages, not kept with each */
    constructor(private readonly start: string) {}

    /**
     * Adds a message at the end; older ones may have to go for it. When only messages stand in the way that were already sent, or
     * alerts in that of one which is none, the new one is the one that is dropped.
     *
     * @throws LeafError MessageTooLarge when it would not fit an empty outbox
     */
    add(message: OutgoingMessage, isAlert: boolean = false): void {
        const topic = message.topic.slice(this.start.length)
        const payload = message.payload
        const bodyAt = HEADER_LENGTH + topic.length
        const length = bodyAt + payload.length
        if (length > MAX_BYTES)
            fail(
                ErrorCode.MessageTooLarge,
                `app: a message of ${length} bytes is larger than the outbox, which has ${MAX_BYTES}`
            )
        while (this.used + length > MAX_BYTES)
            if (!this.dropOldest(isAlert)) {
                this.count(isAlert)
                return
            }
        const records = this.records
        const at = this.used
        writeUint16(records, at, length)
        let flags = message.qos
        if (isAlert) flags = flags | ALERT
        records[at + 2] = flags
        writeUint16(records, at + 3, 0)
        writeUint16(records, at + 5, topic.length)
        records.blitAt(at + HEADER_LENGTH, Buffer.from(topic), 0, topic.length)
        records.blitAt(at + bodyAt, payload, 0, payload.length)
        this.used = at + length
    }

    /** Whether nothing waits, neither for the network nor for an acknowledgement. */
    isEmpty(): boolean {
        return this.used === 0
    }

    /** Whether a message has gone out on this connection and is not acknowledged. */
    isUnacknowledged(): boolean {
        return this.inFlight.length > 0
    }

    /**
     * The next message to publish, or `undefined`. One with QoS 1 stays until it is acknowledged; one with QoS 0 is forgotten here.
     */
    take(): OutgoingMessage {
        const at = this.nextAt
        if (at === this.used) return undefined
        const records = this.records
        const flags = records[at + 2]
        const topicAt = at + HEADER_LENGTH
        const bodyAt = topicAt + records.readUInt16BE(at + 5)
        const end = at + this.lengthAt(at)
        const message: OutgoingMessage = {
            topic: this.start + records.slice(topicAt, bodyAt).toString(),
            payload: records.slice(bodyAt, end),
            qos: flags & QOS1,
            packetId: records.readUInt16BE(at + 3),
            sent: (flags & SENT) !== 0,
        }
        if (message.qos === 0) this.remove(at)
        else {
            this.inFlight.push(message)
            this.nextAt = end
        }
        return message
    }

    /** The peer has the message, which `take` gave. */
    acknowledge(message: OutgoingMessage): void {
        const index = this.inFlight.indexOf(message)
        if (index < 0) return
        let at = 0
        for (let i = 0; i < index; i++) at += this.lengthAt(at)
        this.nextAt -= this.lengthAt(at)
        this.remove(at)
        removeAt(this.inFlight, index)
    }

    /** A new connection: everything goes out again, in order. */
    rewind(): void {
        let at = 0
        for (const message of this.inFlight) {
            if (message.sent) this.records[at + 2] = this.records[at + 2] | SENT
            writeUint16(this.records, at + 3, message.packetId)
            at += this.lengthAt(at)
        }
        while (this.inFlight.length > 0) this.inFlight.pop()
        this.nextAt = 0
    }

    /** Removes the oldest message that was on no connection yet, telemetry first and an alert only for an alert. */
    private dropOldest(forAlert: boolean): boolean {
        let alertAt = -1
        for (let at = this.nextAt; at < this.used; at += this.lengthAt(at)) {
            const flags = this.records[at + 2]
            if ((flags & SENT) !== 0) continue
            if ((flags & ALERT) === 0) {
                this.remove(at)
                this.count(false)
                return true
            }
            if (alertAt < 0) alertAt = at
        }
        if (alertAt < 0 || !forAlert) return false
        this.remove(alertAt)
        this.count(true)
        return true
    }

    private count(isAlert: boolean): void {
        this.dropped++
        if (isAlert) this.droppedAlerts++
    }

    private lengthAt(at: number): number {
        return this.records.readUInt16BE(at)
    }

    private remove(at: number): void {
        const next = at + this.lengthAt(at)
        // Downwards: what is copied is not written before.
        this.records.blitAt(at, this.records, next, this.used - next)
        this.used -= next - at
    }
}
