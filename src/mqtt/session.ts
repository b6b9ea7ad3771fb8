/**
 * One MQTT connection of a client: MQTT 3.1.1 chapter 4, from CONNECT to DISCONNECT.
 *
 * One fiber owns a session and calls its methods one after the other; everything that the session has to do on its own
 * (pings, deadlines, acknowledgements) happens in `poll`. Another fiber may only call `transport.wake()`.
 *
 * What is unacknowledged when a connection ends stays the caller's: the next session is given it again, with `sent`
 * set, and sends it as a duplicate. Packet ids are never used to recognise incoming messages: edgeHub gives every one
 * the id 1, so that only the order says which message an acknowledgement is for [MQTT-4.6.0-2].
 */
import * as ds from "@devicescript/core"
import { removeAt } from "../bytes"
import { ErrorCode, fail, failIf } from "../errors"
import { Transport } from "../transport"
import {
    ConnectFields,
    decodePublish,
    encodeConnect,
    encodeEmpty,
    encodePuback,
    encodePublish,
    encodeSubscribe,
    IncomingPublish,
    malformed,
    PacketType,
    unexpected,
} from "./packet"
import { PacketReader, Reading } from "./packetreader"

/** Messages with QoS 1 that may be unacknowledged. edgeHub stops reading at 16. */
export const WINDOW = 4

/**
 * Messages that came and may wait to be handled: IoT Hub keeps no more than 50 for a device, and a gateway as many. How many
 * bytes of them are kept is for whoever handles them.
 */
export const MAX_OWED = 64

/** A ping goes out when nothing has come in for this long; it finds a dead link long before the keep-alive does. */
export const PING_AFTER_MS = 60000
/** And when nothing comes in for this time after it, the link is dead. */
export const PING_TIMEOUT_MS = 10000
/** A gateway that takes a message or a subscription says so at once; one that does not in this time has lost it. */
export const ANSWER_TIMEOUT_MS = 30000

/** In a SUBACK, table 3.9.3. */
const SUBSCRIBE_FAILURE = 0x80

/** A message on its way out. The session sets `packetId` and `sent`. */
export interface OutgoingMessage {
    topic: string
    payload: Buffer
    qos: number
    /** 0: none yet. */
    packetId: number
    /** Whether it was sent before, on any connection: then it goes out as a duplicate. */
    sent: boolean
}

export interface SessionHandlers {
    /** The gateway has the message. */
    acknowledged(message: OutgoingMessage): void
    /**
     * A message came. Its acknowledgement goes out in the first `poll` after `isHandled` was set, here or later by any
     * fiber, and after those of all messages before it. An error ends the session, without one.
     */
    received(message: IncomingPublish): void
}

export interface ConnectOptions extends ConnectFields {
    connackTimeoutMs: number
}

export class Session {
    /** Messages that were longer than MAX_PACKET_BYTES; see `isCut` of a message. */
    oversized = 0
    /**
     * Acknowledgements of nothing that is in flight. They are no reason to end the connection: a message that was sent on
     * two connections may be acknowledged twice.
     */
    strayAcknowledgements = 0

    /** Deadlines, in milliseconds. Tests shorten them. */
    pingAfterMs = PING_AFTER_MS
    pingTimeoutMs = PING_TIMEOUT_MS
    answerTimeoutMs = ANSWER_TIMEOUT_MS

    private readonly reader: PacketReader
    private readonly inFlight: OutgoingMessage[] = []
    /** Messages with QoS 1 that came and are not acknowledged, in their order. */
    private readonly owed: IncomingPublish[] = []
    private lastPacketId = 0
    /** When a packet went out last, and when a ping did: one later than `reader.heardMs` is unanswered. */
    private sentMs = 0
    private pingMs = -1
    /** When the oldest unacknowledged message was sent, or became the oldest. */
    private windowMs = 0
    /** The subscription that waits for its answer (0: none does), and what was granted (-1: no answer yet). */
    private subscribeId = 0
    private granted = -1

    constructor(
        private readonly transport: Transport,
        private readonly handlers: SessionHandlers
    ) {
        this.reader = new PacketReader(transport)
    }

    /**
     * Connects.
     *
     * @returns whether the gateway has kept the session of an earlier connection
     * @throws LeafError MqttConnackTimeout; by what the gateway says MqttProtocolVersion, MqttIdentifierRejected,
     * MqttServerUnavailable, MqttBadCredentials, MqttNotAuthorized, MqttReturnCode
     */
    async connect(options: ConnectOptions): Promise<boolean> {
        // [MQTT-3.1.2-23]: some packet goes out within the keep-alive, whatever comes in.
        if (options.keepAliveSec > 0)
            this.pingAfterMs = Math.min(
                this.pingAfterMs,
                options.keepAliveSec * 500
            )
        const endMs = ds.millis() + options.connackTimeoutMs
        await this.send(encodeConnect(options))
        const r = this.reader
        for (;;) {
            const leftMs = Math.max(0, endMs - ds.millis())
            if ((await r.read(leftMs)) === Reading.Packet) break
            failIf(
                leftMs === 0,
                ErrorCode.MqttConnackTimeout,
                "mqtt: the gateway did not answer CONNECT"
            )
        }
        if (r.first >> 4 !== PacketType.Connack) unexpected(r.first >> 4)
        // Section 3.2.2.1: seven reserved bits.
        failIf(
            r.body[0] > 1,
            ErrorCode.MqttFlags,
            "mqtt: a CONNACK has wrong flags"
        )
        checkReturnCode(r.body[1])
        return r.body[0] === 1
    }

    /** Whether a message is not handled, or handled and not acknowledged. */
    isOwing(): boolean {
        return this.owed.length > 0
    }

    /** How many more messages with QoS 1 `publish` takes now. */
    windowRoom(): number {
        return WINDOW - this.inFlight.length
    }

    /**
     * Sends a message. With QoS 1 the handler `acknowledged` gets it back; until then it is unacknowledged, also after an
     * error here.
     *
     * @throws LeafError MqttWindowFull with QoS 1 and no room; MqttTopic: then it was not sent
     */
    async publish(message: OutgoingMessage): Promise<void> {
        const isCounted = message.qos > 0
        if (isCounted) {
            failIf(
                this.windowRoom() === 0,
                ErrorCode.MqttWindowFull,
                "mqtt: the window is full"
            )
            // [MQTT-4.4.0-1]: again with the same id, unless this session has given it to another.
            if (
                message.packetId === 0 ||
                this.findInFlight(message.packetId) >= 0
            )
                message.packetId = this.nextPacketId()
        }
        const packet = encodePublish(
            message.topic,
            message.payload,
            message.qos,
            message.packetId,
            message.sent && isCounted
        )
        if (isCounted) {
            if (this.inFlight.length === 0) this.windowMs = ds.millis()
            this.inFlight.push(message)
        }
        message.sent = true
        await this.send(packet)
    }

    /**
     * Subscribes to one filter and waits for the answer; what comes before it is handled. A gateway may grant a lower QoS.
     *
     * @throws LeafError MqttSubscribeRefused, MqttSubackTimeout, MqttMalformed for a grant that was not asked for
     */
    async subscribe(filter: string, qos: number): Promise<void> {
        this.granted = -1
        this.subscribeId = this.nextPacketId()
        const endMs = ds.millis() + this.answerTimeoutMs
        await this.send(encodeSubscribe(this.subscribeId, filter, qos))
        for (;;) {
            const leftMs = Math.max(0, endMs - ds.millis())
            await this.poll(leftMs)
            if (this.granted >= 0) break
            failIf(
                leftMs === 0,
                ErrorCode.MqttSubackTimeout,
                "mqtt: the gateway did not answer SUBSCRIBE"
            )
        }
        if (this.granted === SUBSCRIBE_FAILURE)
            fail(
                ErrorCode.MqttSubscribeRefused,
                "mqtt: the gateway refuses to subscribe " + filter
            )
        if (this.granted > qos) malformed("a SUBACK grants a wrong QoS")
    }

    /**
     * Waits for a packet and handles it; sends a ping when it is time; notices what did not come in time.
     *
     * @param maxWaitMs returns after this time at the latest, at the next deadline, when part of a packet came, or when
     * the transport is woken
     * @throws LeafError when the connection is at its end; what the handler `received` throws
     */
    async poll(maxWaitMs: number): Promise<void> {
        const waitMs = Math.min(maxWaitMs, this.nextDeadlineMs() - ds.millis())
        const reading = await this.reader.read(Math.max(0, waitMs))
        if (reading === Reading.Packet) this.handle()
        await this.acknowledge()
        await this.checkDeadlines(reading === Reading.Nothing)
    }

    /** Acknowledges the messages that were handled, up to the first that was not. */
    async acknowledge(): Promise<void> {
        while (this.owed.length > 0) {
            const oldest = this.owed[0]
            if (!oldest.isHandled) break
            removeAt(this.owed, 0)
            await this.send(encodePuback(oldest.packetId))
        }
    }

    /** Whether nothing has come in since the last ping. */
    private isPinging(): boolean {
        return this.pingMs > this.reader.heardMs
    }

    /** When a ping is due: after silence from there, or from here for the keep-alive's sake. */
    private nextPingMs(): number {
        return Math.min(this.reader.heardMs, this.sentMs) + this.pingAfterMs
    }

    private nextDeadlineMs(): number {
        const pingMs = this.isPinging()
            ? this.pingMs + this.pingTimeoutMs
            : this.nextPingMs()
        return this.inFlight.length === 0
            ? pingMs
            : Math.min(pingMs, this.windowMs + this.answerTimeoutMs)
    }

    /** @param isQuiet whether there is nothing to read at the moment */
    private async checkDeadlines(isQuiet: boolean): Promise<void> {
        const nowMs = ds.millis()
        // After a long computation much may wait to be read, the acknowledgement behind it; but not for ever.
        const patience = isQuiet ? 1 : 2
        failIf(
            this.inFlight.length > 0 &&
                nowMs - this.windowMs >= patience * this.answerTimeoutMs,
            ErrorCode.MqttPubackTimeout,
            "mqtt: the gateway did not acknowledge a message"
        )
        if (this.isPinging()) {
            failIf(
                isQuiet && nowMs - this.pingMs >= this.pingTimeoutMs,
                ErrorCode.MqttPingTimeout,
                "mqtt: the gateway does not answer a ping: the link is dead"
            )
        } else if (nowMs >= this.nextPingMs()) {
            this.pingMs = nowMs
            await this.send(encodeEmpty(PacketType.Pingreq))
        }
    }

    private async send(packet: Buffer): Promise<void> {
        this.sentMs = ds.millis()
        await this.transport.write(packet)
    }

    /** Handles the packet that was just read. */
    private handle(): void {
        const r = this.reader
        const type: PacketType = r.first >> 4
        if (type === PacketType.Publish) this.handlePublish()
        else if (type === PacketType.Puback) this.handlePuback(r.body)
        else if (type === PacketType.Suback) this.handleSuback(r.body)
        else if (type !== PacketType.Pingresp) unexpected(type)
    }

    private handlePublish(): void {
        const r = this.reader
        const message = decodePublish(r.first & 15, r.body, r.isCut)
        // The handler has the payload: it need not be on the heap twice.
        r.body = null
        if (message.packetId > 0) {
            failIf(
                this.owed.length === MAX_OWED,
                ErrorCode.MqttTooManyMessages,
                "mqtt: too many messages wait to be handled"
            )
            this.owed.push(message)
        }
        if (r.isCut) this.oversized++
        this.handlers.received(message)
    }

    private handlePuback(body: Buffer): void {
        const index = this.findInFlight(body.readUInt16BE(0))
        if (index < 0) {
            this.strayAcknowledgements++
            return
        }
        const message = this.inFlight[index]
        removeAt(this.inFlight, index)
        // An acknowledgement of a later message says nothing of the oldest, which a gateway may have lost.
        if (index === 0) this.windowMs = ds.millis()
        this.handlers.acknowledged(message)
    }

    private handleSuback(body: Buffer): void {
        if (this.subscribeId === 0) unexpected(PacketType.Suback)
        if (body.readUInt16BE(0) !== this.subscribeId)
            malformed("a SUBACK has a wrong packet id")
        this.subscribeId = 0
        this.granted = body[2]
    }

    private findInFlight(packetId: number): number {
        for (let i = 0; i < this.inFlight.length; i++)
            if (this.inFlight[i].packetId === packetId) return i
        return -1
    }

    /** 1 to 65,535, round and round, without those in flight. */
    private nextPacketId(): number {
        for (;;) {
            const last = this.lastPacketId
            this.lastPacketId = last === 65535 ? 1 : last + 1
            if (this.findInFlight(this.lastPacketId) < 0)
                return this.lastPacketId
        }
    }

    /** Says goodbye; the transport stays the caller's to close. */
    async disconnect(): Promise<void> {
        await this.send(encodeEmpty(PacketType.Disconnect))
    }
}

/** What a gateway says with the return codes 1 to 5, table 3.1. Their errors have codes in the same order. */
function checkReturnCode(code: number): void {
    if (code === 0) return
    const reasons = [
        "mqtt: the gateway does not speak MQTT 3.1.1",
        "mqtt: the gateway does not accept the client id",
        "mqtt: the gateway is not available, or does not accept the user name",
        "mqtt: bad user name or password",
        "mqtt: not authorised: check the clock, the device key, and that the device is enabled and a child of this gateway",
    ]
    failIf(
        code > reasons.length,
        ErrorCode.MqttReturnCode,
        "mqtt: the gateway refuses for an unknown reason"
    )
    fail(ErrorCode.MqttProtocolVersion + code - 1, reasons[code - 1])
}
