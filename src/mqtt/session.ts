/**
 * One MQTT connection of a client: MQTT 3.1.1 chapter 4, from CONNECT to DISCONNECT.
 *
 * One fiber owns a session and calls its methods one after the other; everything that the session has to do on its own
 * (pings, deadlines, acknowledgements) happens in `poll`. Another fiber may only call `transport.wake()`.
 *
 * What is unacknowledged when a connection ends stays the caller's: the next session is given it again, with `sent`
 * set, and sends it as a duplicate. Packet ids are never used to recognise incoming messages: edgeHub gives every one
 * the id 1.
 */
import * as ds from "@devicescript/core"
import { ErrorCode, fail } from "../errors"
import { Transport } from "../transport"
import {
    ConnectFields,
    decodePublish,
    encodeConnect,
    encodeEmpty,
    encodePuback,
    encodePublish,
    encodeSubscribe,
    malformed,
    PacketType,
} from "./packet"
import { PacketReader } from "./packetreader"

/** Messages with QoS 1 that may be unacknowledged. edgeHub stops reading at 16. */
export const WINDOW = 4

/** A ping goes out when nothing has come in for this long; it finds a dead link long before the keep-alive does. */
const PING_AFTER_MS = 60000
/** And when no answer comes in this time, the link is dead. */
const PING_TIMEOUT_MS = 10000
/** A gateway that takes a message stores it at once; one that does not in this time has lost it. */
const PUBACK_TIMEOUT_MS = 30000
const SUBACK_TIMEOUT_MS = 30000

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
    /** A message came; its acknowledgement goes out when this returns. An error ends the session, without one. */
    received(topic: string, payload: Buffer): Promise<void>
}

export interface ConnectOptions extends ConnectFields {
    connackTimeoutMs: number
}

export class Session {
    /** Messages that were longer than MAX_PACKET: acknowledged and thrown away. */
    oversized = 0
    /** Acknowledgements of nothing that is in flight: repeated ones, after a repeated message. */
    strayAcknowledgements = 0

    private readonly reader: PacketReader
    private readonly inFlight: OutgoingMessage[] = []
    private lastPacketId = 0
    /** When something came in last, and when the ping that waits for an answer went out (-1: none does). */
    private heardMs = 0
    private pingMs = -1
    /** When the oldest unacknowledged message was sent, or the last acknowledgement came. */
    private windowMs = 0
    /** The subscription that waits for its answer, and the QoS that it was granted (-1: no answer yet). */
    private subscribeId = 0
    private grantedQos = -1

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
     * @throws LeafError MqttConnackTimeout; Mqtt…Refused by what the gateway says
     */
    async connect(options: ConnectOptions): Promise<boolean> {
        await this.transport.write(encodeConnect(options))
        const endMs = ds.millis() + options.connackTimeoutMs
        while (!(await this.reader.read(Math.max(0, endMs - ds.millis()))))
            if (ds.millis() >= endMs)
                fail(
                    ErrorCode.MqttConnackTimeout,
                    "mqtt: the gateway did not answer CONNECT"
                )
        const r = this.reader
        if (r.first !== PacketType.Connack << 4)
            malformed("the answer to CONNECT is another packet")
        if (r.body.length !== 2 || r.body[0] > 1)
            malformed("a CONNACK is malformed")
        checkReturnCode(r.body[1])
        this.heardMs = ds.millis()
        return r.body[0] === 1
    }

    /** How many more messages with QoS 1 `publish` takes now. */
    windowRoom(): number {
        return WINDOW - this.inFlight.length
    }

    /**
     * Sends a message.
     *
     * @throws LeafError MqttWindowFull with QoS 1 and no room
     */
    async publish(message: OutgoingMessage): Promise<void> {
        const duplicate = message.sent && message.qos > 0
        if (message.qos > 0) {
            if (this.windowRoom() === 0)
                fail(ErrorCode.MqttWindowFull, "mqtt: the window is full")
            if (
                message.packetId === 0 ||
                this.findInFlight(message.packetId) >= 0
            )
                message.packetId = this.nextPacketId()
            if (this.inFlight.length === 0) this.windowMs = ds.millis()
            this.inFlight.push(message)
        }
        message.sent = true
        await this.transport.write(
            encodePublish(
                message.topic,
                message.payload,
                message.qos,
                message.packetId,
                duplicate
            )
        )
    }

    /**
     * Subscribes to one filter and waits for the answer; what comes before it is handled.
     *
     * @throws LeafError MqttSubscribeRefused, MqttSubackTimeout
     */
    async subscribe(filter: string, qos: number): Promise<void> {
        this.grantedQos = -1
        this.subscribeId = this.nextPacketId()
        await this.transport.write(
            encodeSubscribe(this.subscribeId, filter, qos)
        )
        const endMs = ds.millis() + SUBACK_TIMEOUT_MS
        while (this.grantedQos < 0) {
            if (ds.millis() >= endMs)
                fail(
                    ErrorCode.MqttSubackTimeout,
                    "mqtt: the gateway did not answer SUBSCRIBE"
                )
            await this.poll(endMs - ds.millis())
        }
        if (this.grantedQos > 1)
            fail(
                ErrorCode.MqttSubscribeRefused,
                "mqtt: the gateway refuses to subscribe " + filter
            )
    }

    /**
     * Waits for a packet and handles it; sends a ping when it is time; notices what did not come in time.
     *
     * @param maxWaitMs returns after this time at the latest, or when the transport is woken
     * @throws LeafError when the connection is at its end
     */
    async poll(maxWaitMs: number): Promise<void> {
        const nowMs = ds.millis()
        let waitMs = Math.min(maxWaitMs, this.heardMs + PING_AFTER_MS - nowMs)
        if (this.pingMs >= 0)
            waitMs = Math.min(maxWaitMs, this.pingMs + PING_TIMEOUT_MS - nowMs)
        if (this.inFlight.length > 0)
            waitMs = Math.min(waitMs, this.windowMs + PUBACK_TIMEOUT_MS - nowMs)
        if (await this.reader.read(Math.max(0, waitMs))) {
            this.heardMs = ds.millis()
            this.pingMs = -1
            await this.handle()
        } else await this.checkDeadlines()
    }

    private async checkDeadlines(): Promise<void> {
        const nowMs = ds.millis()
        if (
            this.inFlight.length > 0 &&
            nowMs - this.windowMs >= PUBACK_TIMEOUT_MS
        )
            fail(
                ErrorCode.MqttPubackTimeout,
                "mqtt: the gateway did not acknowledge a message"
            )
        if (this.pingMs >= 0) {
            if (nowMs - this.pingMs >= PING_TIMEOUT_MS)
                fail(ErrorCode.MqttPingTimeout, "mqtt: the link is dead")
        } else if (nowMs - this.heardMs >= PING_AFTER_MS) {
            this.pingMs = nowMs
            await this.transport.write(encodeEmpty(PacketType.Pingreq))
        }
    }

    /** Handles the packet that was just read. */
    private async handle(): Promise<void> {
        const r = this.reader
        const type = r.first >> 4
        if (type === PacketType.Publish) {
            await this.handlePublish()
            return
        }
        // [MQTT-2.2.2-2]: the flags of all others are 0, and none of them is long.
        if ((r.first & 15) !== 0 || r.isCut) malformed("a packet is malformed")
        if (type === PacketType.Puback) this.handlePuback(r.body)
        else if (type === PacketType.Suback) this.handleSuback(r.body)
        else if (type !== PacketType.Pingresp || r.body.length !== 0)
            malformed("packet " + type + " was not expected")
    }

    private async handlePublish(): Promise<void> {
        const r = this.reader
        const p = decodePublish(r.first & 15, r.body)
        if (r.isCut) this.oversized++
        else await this.handlers.received(p.topic, p.payload)
        if (p.qos > 0) await this.transport.write(encodePuback(p.packetId))
    }

    private handlePuback(body: Buffer): void {
        if (body.length !== 2) malformed("a PUBACK is malformed")
        const index = this.findInFlight(body.readUInt16BE(0))
        if (index < 0) {
            this.strayAcknowledgements++
            return
        }
        const message = this.inFlight[index]
        for (let i = index; i + 1 < this.inFlight.length; i++)
            this.inFlight[i] = this.inFlight[i + 1]
        this.inFlight.pop()
        this.windowMs = ds.millis()
        this.handlers.acknowledged(message)
    }

    private handleSuback(body: Buffer): void {
        if (
            body.length !== 3 ||
            this.subscribeId === 0 ||
            body.readUInt16BE(0) !== this.subscribeId
        )
            malformed("a SUBACK is malformed")
        this.subscribeId = 0
        this.grantedQos = body[2]
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
        await this.transport.write(encodeEmpty(PacketType.Disconnect))
    }
}

/** CONNACK, table 3.1. */
function checkReturnCode(code: number): void {
    if (code === 0) return
    if (code === 5)
        fail(
            ErrorCode.MqttNotAuthorized,
            "mqtt: not authorised: check the clock, the device key, and that the device is enabled and a child of this gateway"
        )
    if (code === 4)
        fail(ErrorCode.MqttBadCredentials, "mqtt: bad user name or password")
    if (code === 3)
        fail(
            ErrorCode.MqttServerUnavailable,
            "mqtt: the gateway is not available, or does not accept the user name"
        )
    if (code === 2)
        fail(
            ErrorCode.MqttIdentifierRejected,
            "mqtt: the gateway does not accept the client id"
        )
    if (code === 1)
        fail(
            ErrorCode.MqttProtocolVersion,
            "mqtt: the gateway does not speak MQTT 3.1.1"
        )
    malformed("a CONNACK has an unknown return code")
}
