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
import { digest } from "@devicescript/crypto"
import { removeAt } from "../bytes"
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
export const MAX_WAITING_BYTES = 6144
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
    private waiting: IncomingPublish[] = []
    /** Whether a message was not kept. */
    private isFull = false
    private isWorking = false
    /** Whether the oldest one that waits is to be delivered again. */
    private hasFailed = false
    /** The message that the handler failed on last, by its digest, and how often it did. */
    private failedDigest = ""
    private failures = 0

    constructor(private readonly leaf: Leaf) {
        this.prefix = cloudMessageTopic(leaf.settings.deviceId)
        this.filters = [this.prefix + "/#"]
    }

    begin(): void {
        this.waiting = []
        this.isFull = false
        this.hasFailed = false
    }

    take(message: IncomingPublish): boolean {
        const rest = message.topic.slice(this.prefix.length)
        if (
            message.topic !== this.prefix + rest ||
            (rest !== "" && rest[0] !== "/")
        )
            return false
        // Of a long message there is but the beginning.
        if (message.isCut) message.payload = hex``
        let bytes = lengthOf(message)
        for (const other of this.waiting) bytes += lengthOf(other)
        if (
            this.isFull ||
            (this.waiting.length > 0 && bytes > MAX_WAITING_BYTES)
        ) {
            this.isFull = true
            // It waits for its turn in the session, and no acknowledgement needs either.
            message.topic = message.payload = null
            return true
        }
        this.waiting.push(message)
        if (!this.isWorking) {
            const self = this
            self.isWorking = true
            const work = async () => {
                await self.work()
            }
            work.start()
        }
        return true
    }

    async serve(session: Session): Promise<void> {
        const isDone = this.isFull && this.waiting.length === 0
        if (!this.hasFailed && !isDone) return
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

    /** Handles what waits until nothing does, or a message fails. */
    private async work(): Promise<void> {
        while (this.waiting.length > 0 && !this.hasFailed) {
            const message = this.waiting[0]
            message.isHandled = await this.handle(message)
            // If not, there is a new connection, and the message comes again there.
            if (this.waiting[0] === message)
                if (message.isHandled) removeAt(this.waiting, 0)
                else this.hasFailed = true
            this.leaf.wake()
        }
        this.isWorking = false
    }

    /** @returns whether the message is done */
    private async handle(message: IncomingPublish): Promise<boolean> {
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
            return true
        } catch (e: any) {
            log(`message failed: ${describe(e)}`)
        }
        const id = digest("sha256", message.topic, message.payload)
        if (id.toString("hex") !== this.failedDigest) this.failures = 0
        this.failedDigest = id.toString("hex")
        this.failures++
        if (this.failures < MAX_DELIVERIES) return false
        this.failures = 0
        this.dropped++
        log("message given up")
        return true
    }
}

function lengthOf(message: IncomingPublish): number {
    return message.topic.length + message.payload.length + OVERHEAD_BYTES
}
