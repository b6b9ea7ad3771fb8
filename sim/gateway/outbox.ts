/**
 * What goes out on one connection: answers, and messages with those that are not acknowledged yet.
 *
 * An acknowledgement belongs to the oldest message with its packet id (MQTT 3.1.1, 4.6): edgeHub gives all of them the same one.
 * Memory: what the client does not read, up to `MAX_UNSENT_BYTES`. Cloud-to-device messages stop long before that (`hasRoom`).
 */
import { generate, type Packet } from "mqtt-packet"
import type { Clock } from "./clock"
import { breaks, sentOccasion, type Faults } from "./faults"
import type { FaultOptions } from "./faultoptions"
import type { Link } from "./link"
import type { Profile } from "./profiles"

/** What a client does not read piles up to this: a few of the largest requests and twins. Then it is let go. */
const MAX_UNSENT_BYTES = 524_288

/** Acknowledgements and answers to pings that it does not read; then it is let go, too. */
const MAX_UNREAD_ANSWERS = 65_536

/** Answers at QoS 1 that a client does not acknowledge; then it is let go. */
const MAX_UNACKNOWLEDGED = 1_000

/** Packet ids are made of 14 bits, as in the protocol gateway: from 1 on for a device's messages, from 32,768 on for the others. */
const ID_BITS = 0x3fff
const OTHER_IDS = 0x8000

export interface Outgoing {
    topic: string
    payload: Buffer | string
    qos: 0 | 1
    duplicate?: boolean
    /** Counts the messages of a device; its packet id is made of it, so that it has the same one when it is sent again. */
    sequence?: number
    /** At QoS 1: it was acknowledged. */
    acknowledged?: () => void
}

interface InFlight {
    packetId: number
    acknowledged?: () => void
}

export class Outbox {
    private readonly inFlight: InFlight[] = []
    private lastId = 0
    /** The bytes of such answers since the client has last read all. */
    private unreadAnswers = 0
    /** Packets that a fault delays, and all behind them. */
    private readonly held: { packet: Packet; dueMs: number }[] = []

    constructor(
        private readonly link: Link,
        private readonly profile: Profile,
        private readonly faults: Faults,
        private readonly clock: Clock
    ) {}

    /** The connection takes more: what was written before is on its way. Else a `drain` of its stream follows. */
    get hasRoom(): boolean {
        return !this.link.stream.writableNeedDrain
    }

    /** Gives the fault that has happened to it. */
    send(packet: Packet): Readonly<FaultOptions> | undefined {
        if (this.link.closed || !this.link.stream.writable) return undefined
        const at = sentOccasion(packet)
        const fault = at && this.faults.strike(at, this.link)
        if (fault && (breaks(fault) || fault.do === "drop")) return fault
        this.enqueue(packet, fault?.delayMs)
        if (fault?.do === "repeat")
            this.enqueue(
                packet.cmd === "publish" && packet.qos > 0
                    ? { ...packet, dup: true }
                    : packet
            )
        return fault
    }

    /** Writes a packet, after those that wait. */
    private enqueue(packet: Packet, delayMs = 0): void {
        if (delayMs === 0 && !this.held.length) return this.write(packet)
        const now = this.clock.now()
        const before = this.held.at(-1)?.dueMs ?? now
        const dueMs = Math.max(before, now + delayMs)
        this.held.push({ packet, dueMs })
        this.clock.after(dueMs - now, () => {
            const next = this.held.shift()
            if (next) this.write(next.packet)
        })
    }

    private write(packet: Packet): void {
        const { stream } = this.link
        if (this.link.closed || !stream.writable) return
        const bytes = generate(packet)
        if (this.hasRoom) this.unreadAnswers = 0
        else if (packet.cmd !== "publish") this.unreadAnswers += bytes.length
        stream.write(bytes)
        if (
            stream.writableLength > MAX_UNSENT_BYTES ||
            this.unreadAnswers > MAX_UNREAD_ANSWERS
        )
            this.link.close("slow-reader", "it does not read its answers", true)
    }

    publish(message: Outgoing): void {
        const { topic, payload, qos, duplicate = false } = message
        const messageId = qos === 0 ? undefined : this.packetId(message)
        if (messageId !== undefined)
            this.inFlight.push({
                packetId: messageId,
                acknowledged: message.acknowledged,
            })
        this.send({
            cmd: "publish",
            topic,
            payload,
            qos,
            messageId,
            dup: duplicate && qos > 0,
            retain: false,
        })
        if (this.inFlight.length > MAX_UNACKNOWLEDGED)
            this.link.close(
                "slow-reader",
                `it acknowledges none of ${MAX_UNACKNOWLEDGED} messages`,
                true
            )
    }

    /** Takes a PUBACK. False: there is no message that it could be for. */
    acknowledge(packetId: number): boolean {
        const at = this.inFlight.findIndex(sent => sent.packetId === packetId)
        if (at < 0) return false
        const [sent] = this.inFlight.splice(at, 1)
        sent.acknowledged?.()
        return true
    }

    private packetId({ sequence }: Outgoing): number {
        if (this.profile.onePacketId) return 1
        if (sequence !== undefined) return (sequence & ID_BITS) + 1
        this.lastId = (this.lastId + 1) & ID_BITS
        return OTHER_IDS + this.lastId
    }
}
