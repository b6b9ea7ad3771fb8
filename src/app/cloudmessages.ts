/**
 * Cloud-to-device messages: the firmware's handler gets them one after the other, in their order.
 *
 * A message is acknowledged when the handler has returned, and never on another connection than the one that it came on. If the
 * handler throws, the message is not acknowledged and the connection ends, with the usual wait: so it is delivered again, and so
 * are those behind it. (edgeHub gives every message the packet id 1: a later acknowledgement would be taken for that of the failed
 * one.) After MAX_DELIVERIES failures it is acknowledged all the same, counted and told of, so that one bad message does not keep
 * the device busy for ever. A message that cannot be handled however often it comes (too long, bad properties) is acknowledged,
 * counted and told of at once.
 *
 * Delivered at least once: when the connection breaks while the handler runs, or before the acknowledgement has arrived, the
 * message comes again. A message's id tells.
 *
 * What comes faster than it is handled waits, up to MAX_WAITING_BYTES; what does not fit is not kept. When all that were kept are
 * done, the connection ends, and the rest comes again: each connection gets at least one message further.
 *
 * RAM: MAX_WAITING_BYTES, or the one longest message, and the properties of one.
 */
import * as ds from "@devicescript/core"
import { removeAt } from "../bytes"
import { digest } from "../crypto/hash"
import { ErrorCode, fail, failIf } from "../errors"
import {
    type CloudMessage,
    cloudMessageTopic,
    readCloudMessage,
} from "../iothub/cloudmessage"
import type { IncomingPublish } from "../mqtt/packet"
import type { Session } from "../mqtt/session"
import type { Feature } from "./feature"
import type { Leaf } from "./leaf"
import { describe, log } from "./log"

/** Topics and bodies of the messages that wait; one message may be longer if it is alone. */
export const MAX_WAITING_BYTES = 3072
/** What a message takes beside its topic and its body. */
const OVERHEAD_BYTES = 64

/** A message that the handler fails on so often is given up. */
export const MAX_DELIVERIES = 3

export type CloudMessageHandler = (message: CloudMessage) => Promise<void>

export class CloudMessages implements Feature {
    readonly filters: string[]
    readonly qos = 1
    handler: CloudMessageHandler
    /** Messages that were acknowledged and never handled: given up, too long, or with bad properties. */
    dropped = 0

    private readonly prefix: string
    /** What came on this connection and is not done, the oldest first. */
    waiting: IncomingPublish[]
    /** Whether a message was not kept. */
    private isFull: boolean
    isWorking = false
    /** Whether the oldest one that waits is to be delivered again. */
    hasFailed: boolean
    /** The message that the handler failed on last, by its digest, and how often it did. */
    private failedDigest = ""
    private failures = 0

    constructor(readonly leaf: Leaf) {
        this.prefix = cloudMessageTopic(leaf.settings.deviceId)
        this.filters = [this.prefix + "/#"]
    }

    begin(): void {
        this.waiting = []
        this.isFull = false
        this.hasFailed = false
    }

    take(message: IncomingPublish): boolean {
        // A topic goes on with a slash, or not at all.
        if ((message.topic + "/").indexOf(this.prefix + "/") !== 0) return false
        // Of a long message there is but the beginning.
        if (message.isCut) message.payload = hex``
        let bytes = lengthOf(message)
        for (const other of this.waiting) bytes += lengthOf(other)
        if (this.waiting.length > 0)
            if (bytes > MAX_WAITING_BYTES) this.isFull = true
        if (this.isFull) {
            // The session keeps its record until the end: dozens of topics would fill the heap.
            message.empty()
            return true
        }
        this.waiting.push(message)
        if (!this.isWorking) {
            this.isWorking = true
            work.start(this)
        }
        return true
    }

    async serve(session: Session): Promise<void> {
        if (!this.hasFailed) {
            if (!this.isFull) return
            if (this.waiting.length > 0) return
        }
        // What is handled is not to come again.
        await session.acknowledge()
        failIf(
            this.hasFailed,
            ErrorCode.MessageFailed,
            "app: a message was not handled, it will come again"
        )
        fail(
            ErrorCode.InboxFull,
            "app: more messages came than are kept, the rest will come again"
        )
    }

    /** @returns whether the message is done */
    async handle(message: IncomingPublish): Promise<boolean> {
        let read: CloudMessage
        try {
            failIf(
                message.isCut,
                ErrorCode.MqttPacketTooLong,
                "mqtt: a message is too long"
            )
            read = readCloudMessage(message.topic, this.prefix, message.payload)
        } catch (e: any) {
            this.dropped++
            log(`message dropped: ${describe(e)}`)
            return true
        }
        try {
            await this.handler(read)
            // The same may be sent again later, and fail for another reason.
            this.failures = 0
            return true
        } catch (e: any) {
            log(`message failed: ${describe(e)}`)
        }
        // What came of a message whose connection is over counts for nothing: it comes again.
        if (this.waiting[0] !== message) return false
        const id = digest(Buffer.from(message.topic), message.payload).toString(
            "hex"
        )
        if (id !== this.failedDigest) this.failures = 0
        this.failedDigest = id
        this.failures++
        // With QoS 0 there is no second delivery.
        if (message.packetId > 0 && this.failures < MAX_DELIVERIES) return false
        this.failures = 0
        this.dropped++
        log("message given up")
        return true
    }
}

function lengthOf(message: IncomingPublish): number {
    return message.topic.length + message.payload.length + OVERHEAD_BYTES
}

/** Handles what waits until nothing does, or a message fails; in a fiber of its own. */
async function work(messages: CloudMessages): Promise<void> {
    while (messages.waiting.length > 0 && !messages.hasFailed) {
        // Reading properties is slow, and a handler need not pause.
        await ds.sleep(0)
        const message = messages.waiting[0]
        if (message === undefined) break
        message.isHandled = await messages.handle(message)
        // If not, there is a new connection, and the message comes again there.
        if (messages.waiting[0] === message)
            if (message.isHandled) removeAt(messages.waiting, 0)
            else messages.hasFailed = true
        messages.leaf.wake()
    }
    messages.isWorking = false
}
