/**
 * Messages on their way out, in the order in which they were added.
 *
 * The first `inFlight` of them are out on the present connection. An acknowledgement removes a message; a new connection
 * starts again at the first one, so that what was not acknowledged goes out again before anything newer (the session marks
 * it DUP). When the outbox is full, the oldest message that was never sent makes room, and is counted.
 *
 * RAM: `MAX_BYTES` at most, whatever the interval of the telemetry. The outbox owns the messages given to it.
 */
import { removeAt } from "../bytes"
import { ErrorCode, fail } from "../errors"
import type { OutgoingMessage } from "../mqtt/session"

/** What may wait, in bytes: a quarter of an hour of telemetry at one a minute, and little enough beside a TLS handshake. */
export const MAX_BYTES = 4096

/** What a message costs beside topic and payload: the object, two block headers, its place in the list. */
const OVERHEAD_BYTES = 64

export class Outbox {
    /** Messages that were lost for want of room since the start. */
    dropped = 0

    private readonly messages: OutgoingMessage[] = []
    private inFlight = 0
    private bytes = 0

    /**
     * Adds a message at the end; older ones may have to go for it. When only messages that were already sent stand in the
     * way, the new one is the one that is dropped.
     *
     * @throws LeafError MessageTooLarge when it would not fit an empty outbox
     */
    add(message: OutgoingMessage): void {
        const length = lengthOf(message)
        if (length > MAX_BYTES)
            fail(
                ErrorCode.MessageTooLarge,
                `app: a message of ${length} bytes is larger than the outbox, which has ${MAX_BYTES}`
            )
        while (this.bytes + length > MAX_BYTES) {
            this.dropped++
            const oldest = this.findUnsent()
            if (oldest < 0) return
            this.remove(oldest)
        }
        this.messages.push(message)
        this.bytes += length
    }

    /** Whether nothing waits, neither for the network nor for an acknowledgement. */
    isEmpty(): boolean {
        return this.messages.length === 0
    }

    /** Whether a message has gone out on this connection and is not acknowledged. */
    isUnacknowledged(): boolean {
        return this.inFlight > 0
    }

    /**
     * The next message to publish, or `undefined`. One with QoS 1 stays until it is acknowledged; one with QoS 0 is the
     * caller's and is forgotten here.
     */
    take(): OutgoingMessage {
        const message = this.messages[this.inFlight]
        if (message === undefined) return undefined
        if (message.qos === 0) this.remove(this.inFlight)
        else this.inFlight++
        return message
    }

    /** The peer has the message. */
    acknowledge(message: OutgoingMessage): void {
        const index = this.messages.indexOf(message)
        if (index < 0) return
        this.remove(index)
        this.inFlight--
    }

    /** A new connection: everything goes out again, in order. */
    rewind(): void {
        this.inFlight = 0
    }

    /** Index of the oldest message that was on no connection yet, or -1. */
    private findUnsent(): number {
        for (let i = this.inFlight; i < this.messages.length; i++)
            if (!this.messages[i].sent) return i
        return -1
    }

    private remove(index: number): void {
        this.bytes -= lengthOf(this.messages[index])
        removeAt(this.messages, index)
    }
}

function lengthOf(message: OutgoingMessage): number {
    return message.topic.length + message.payload.length + OVERHEAD_BYTES
}
