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
 * What stands here is lost with the power. `flashoutbox.ts` is the part that keeps it, if the firmware has it: it moves records to
 * flash, and what is there goes out before what is left here.
 *
 * RAM: `MAX_BYTES` always, and each message that is in flight once more.
 */
import { removeAt, writeUint16 } from "../bytes"
import { ErrorCode, fail } from "../errors"
import type { OutgoingMessage } from "../mqtt/session"
import { log } from "./log"

/** What may wait, in bytes: a quarter of an hour of telemetry at one a minute, and little enough beside a TLS handshake. */
export const MAX_BYTES = 2560

/** Of a record, up to its topic. */
const HEADER_LENGTH = 7

/** Flags of a record. */
const QOS1 = 1
const SENT = 2
const ALERT = 4
/** On its way to flash: neither sent nor dropped. */
const MOVING = 8
/** Flash does not take it. */
const UNFIT = 16

/** Messages that are kept elsewhere, all older than those of the outbox that were never sent. */
export interface OlderMessages {
    isEmpty(): boolean
    isUnacknowledged(): boolean
    /** The next one to publish; `undefined` when there is none for now. */
    next(): OutgoingMessage
    /** @returns whether it is one of these */
    acknowledge(message: OutgoingMessage): boolean
    rewind(): void
}

/** A message that `startMove` gives. */
export interface MovingMessage {
    /** Without its start. */
    topic: string
    payload: Buffer
    isAlert: boolean
}

export class Outbox {
    /** Messages that were lost for want of room since the start, alerts among them. */
    dropped = 0
    droppedAlerts = 0

    /** Set by the part that keeps messages in flash. */
    older: OlderMessages

    private readonly records = Buffer.alloc(MAX_BYTES)
    private used = 0
    /** What `take` has given on this connection and is not acknowledged: the first records, which end at `nextAt`. */
    private readonly inFlight: OutgoingMessage[] = []
    private nextAt = 0

    /** @param start of the topics of all messages, not kept with each */
    constructor(readonly start: string) {}

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
                this.lost(1, isAlert ? 1 : 0)
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
        if (this.used !== 0) return false
        return this.older === undefined || this.older.isEmpty()
    }

    /** Whether a message has gone out on this connection and is not acknowledged. */
    isUnacknowledged(): boolean {
        if (this.inFlight.length > 0) return true
        return this.older !== undefined && this.older.isUnacknowledged()
    }

    /**
     * The next message to publish, or `undefined`. One with QoS 1 stays until it is acknowledged; one with QoS 0 is forgotten here.
     */
    take(): OutgoingMessage {
        const at = this.nextAt
        const records = this.records
        let flags = 0
        if (at < this.used) flags = records[at + 2]
        const older = this.older
        if (older !== undefined)
            if ((flags & SENT) === 0) {
                if (!older.isEmpty()) return older.next()
                // An alert goes to flash before it goes anywhere else.
                if (flags === (QOS1 | ALERT)) return undefined
                if ((flags & MOVING) !== 0) return undefined
            }
        if (at === this.used) return undefined
        const end = at + this.lengthAt(at)
        const message: OutgoingMessage = {
            topic: this.start + this.topicAt(at),
            payload: this.payloadAt(at),
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
        if (this.older !== undefined)
            if (this.older.acknowledge(message)) return
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
        if (this.older !== undefined) this.older.rewind()
    }

    /** Counts messages as lost. @param count of all, @param alerts among them */
    lost(count: number, alerts: number): void {
        this.dropped += count
        this.droppedAlerts += alerts
        log(
            `outbox full, ${this.dropped} messages dropped so far, ${this.droppedAlerts} of them alerts`
        )
    }

    /** Bytes of what could move to flash; `MAX_BYTES` and more when an alert is among it. */
    movableBytes(): number {
        let bytes = 0
        for (let at = this.nextAt; at < this.used; at += this.lengthAt(at)) {
            const flags = this.records[at + 2]
            if ((flags & ~ALERT) === QOS1) bytes += this.lengthAt(at)
            if (flags === (QOS1 | ALERT)) bytes += MAX_BYTES
        }
        return bytes
    }

    /**
     * The oldest message that was never sent, to be moved to flash: with QoS 1, and nothing that flash has refused. It stays here, and
     * neither it nor a later one goes out, until `endMove` or `cancelMove`.
     */
    startMove(): MovingMessage {
        for (let at = this.nextAt; at < this.used; at += this.lengthAt(at)) {
            const flags = this.records[at + 2]
            if ((flags & ~ALERT) === QOS1) {
                this.records[at + 2] = flags | MOVING
                return {
                    topic: this.topicAt(at),
                    payload: this.payloadAt(at),
                    isAlert: (flags & ALERT) !== 0,
                }
            }
        }
        return undefined
    }

    /** What `startMove` gave last does not move now, and never if it is unfit. */
    cancelMove(isUnfit: boolean): void {
        let last = 0
        for (let at = 0; at < this.used; at += this.lengthAt(at))
            if ((this.records[at + 2] & MOVING) !== 0) last = at
        let flags = this.records[last + 2] & ~MOVING
        if (isUnfit) flags = flags | UNFIT
        this.records[last + 2] = flags
    }

    /** All that `startMove` gave is in flash, or flash has refused it. */
    endMove(isMoved: boolean): void {
        let at = 0
        while (at < this.used) {
            const flags = this.records[at + 2]
            const isMoving = (flags & MOVING) !== 0
            if (isMoving && isMoved) {
                this.remove(at)
                continue
            }
            if (isMoving) this.records[at + 2] = (flags & ~MOVING) | UNFIT
            at += this.lengthAt(at)
        }
    }

    /** Removes the oldest message that was on no connection yet, telemetry first and an alert only for an alert. */
    private dropOldest(forAlert: boolean): boolean {
        let alertAt = -1
        for (let at = this.nextAt; at < this.used; at += this.lengthAt(at)) {
            const flags = this.records[at + 2]
            if ((flags & (SENT | MOVING)) !== 0) continue
            if ((flags & ALERT) === 0) {
                this.remove(at)
                this.lost(1, 0)
                return true
            }
            if (alertAt < 0) alertAt = at
        }
        if (alertAt < 0 || !forAlert) return false
        this.remove(alertAt)
        this.lost(1, 1)
        return true
    }

    private topicAt(at: number): string {
        const from = at + HEADER_LENGTH
        return this.records.slice(from, this.bodyAt(at)).toString()
    }

    private payloadAt(at: number): Buffer {
        return this.records.slice(this.bodyAt(at), at + this.lengthAt(at))
    }

    private bodyAt(at: number): number {
        return at + HEADER_LENGTH + this.records.readUInt16BE(at + 5)
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
