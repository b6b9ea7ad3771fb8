/**
 * Control packets of MQTT 3.1.1 (OASIS, chapters 2 and 3), as far as a leaf sends and receives them.
 *
 * Encoding gives one buffer a packet. That a text has at most 65,535 bytes (section 1.5.3) is not checked: no buffer of the
 * runtime is as long. Not here: QoS 2, retained messages, UNSUBSCRIBE; nobody on an IoT Hub uses them.
 */
import { ErrorCode, fail, failIf } from "../errors"
import { WireWriter } from "../wirewriter"

export const enum PacketType {
    Connect = 1,
    Connack = 2,
    Publish = 3,
    Puback = 4,
    Subscribe = 8,
    Suback = 9,
    Pingreq = 12,
    Pingresp = 13,
    Disconnect = 14,
}

/**
 * The longest message that is read, or read past: edgeHub's limit of a packet; a cloud-to-device message of IoT Hub has a
 * quarter of it. Whoever announces more is no gateway, and would keep the device reading.
 */
export const MAX_MESSAGE_BYTES = 262144

/**
 * Begins a packet of known length: a buffer for all of it, its fixed header written.
 *
 * @param first type and flags
 */
function beginPacket(first: number, remaining: number): WireWriter {
    let lengthBytes = 1
    for (let rest = remaining >> 7; rest > 0; rest = rest >> 7) lengthBytes++
    const w = new WireWriter(Buffer.alloc(1 + lengthBytes + remaining))
    w.writeUint8(first)
    let rest = remaining
    for (let i = 1; i <= lengthBytes; i++) {
        w.writeUint8((rest & 127) | (i < lengthBytes ? 128 : 0))
        rest = rest >> 7
    }
    return w
}

/** A text with its length before it. */
function writeText(w: WireWriter, text: Buffer): void {
    w.writeUint16(text.length)
    w.writeBytes(text)
}

export interface ConnectFields {
    clientId: string
    username: string
    password: string
    keepAliveSec: number
    cleanSession: boolean
    /** What the gateway publishes when the connection breaks, from `encodeWill`; empty: nothing. */
    will: Buffer
}

/**
 * Topic and message of a last will as they stand in CONNECT, sections 3.1.3.2 and 3.1.3.3. It goes out with QoS 1 and is not
 * retained.
 *
 * @throws LeafError MqttTopic
 */
export function encodeWill(topic: string, payload: Buffer): Buffer {
    const topicBytes = Buffer.from(topic)
    checkTopic(topicBytes)
    const w = new WireWriter(
        Buffer.alloc(4 + topicBytes.length + payload.length)
    )
    writeText(w, topicBytes)
    writeText(w, payload)
    return w.bytes
}

/** CONNECT, section 3.1. */
export function encodeConnect(fields: ConnectFields): Buffer {
    const clientId = Buffer.from(fields.clientId)
    const username = Buffer.from(fields.username)
    const password = Buffer.from(fields.password)
    const w = beginPacket(
        PacketType.Connect << 4,
        16 +
            clientId.length +
            fields.will.length +
            username.length +
            password.length
    )
    writeText(w, hex`4d515454`) // "MQTT"
    w.writeUint8(4) // protocol level
    // User name, password; a will with QoS 1, and clean session, if asked for.
    w.writeUint8(
        0xc0 |
            (fields.will.length > 0 ? 0x0c : 0) |
            (fields.cleanSession ? 2 : 0)
    )
    w.writeUint16(fields.keepAliveSec)
    writeText(w, clientId)
    w.writeBytes(fields.will)
    writeText(w, username)
    writeText(w, password)
    return w.bytes
}

/**
 * PUBLISH, section 3.3.
 *
 * @param packetId with QoS 1; not looked at with QoS 0
 * @throws LeafError MqttTopic: a hub closes the connection for a wrong topic, and edgeHub drops the message
 */
export function encodePublish(
    topic: string,
    payload: Buffer,
    qos: number,
    packetId: number,
    duplicate: boolean
): Buffer {
    const topicBytes = Buffer.from(topic)
    checkTopic(topicBytes)
    const idLength = qos > 0 ? 2 : 0
    const w = beginPacket(
        (PacketType.Publish << 4) | (duplicate ? 8 : 0) | (qos << 1),
        2 + topicBytes.length + idLength + payload.length
    )
    writeText(w, topicBytes)
    if (qos > 0) w.writeUint16(packetId)
    w.writeBytes(payload)
    return w.bytes
}

/** PUBACK, section 3.4. */
export function encodePuback(packetId: number): Buffer {
    const w = beginPacket(PacketType.Puback << 4, 2)
    w.writeUint16(packetId)
    return w.bytes
}

/** SUBSCRIBE with one filter, section 3.8. */
export function encodeSubscribe(
    packetId: number,
    filter: string,
    qos: number
): Buffer {
    const text = Buffer.from(filter)
    const w = beginPacket((PacketType.Subscribe << 4) | 2, 5 + text.length)
    w.writeUint16(packetId)
    writeText(w, text)
    w.writeUint8(qos)
    return w.bytes
}

/** PINGREQ or DISCONNECT: no content, sections 3.12 and 3.14. */
export function encodeEmpty(type: PacketType): Buffer {
    return beginPacket(type << 4, 0).bytes
}

/**
 * Looks at a fixed header as soon as it is there, before anything of its packet is kept or read past: type and flags as
 * [MQTT-2.2.2-2] wants them, and the length that this type has.
 *
 * @param first type and flags
 * @param remaining how many bytes follow
 * @throws LeafError MqttUnexpectedPacket, MqttFlags, MqttQos2, MqttPacketTooLong, MqttMalformed
 */
export function checkHeader(first: number, remaining: number): void {
    const type: PacketType = first >> 4
    const flags = first & 15
    if (type === PacketType.Publish) {
        const qos = (flags >> 1) & 3
        failIf(qos === 2, ErrorCode.MqttQos2, "mqtt: a message has QoS 2")
        // [MQTT-3.3.1-4], and [MQTT-3.3.1-2]: DUP is 0 with QoS 0.
        if (qos === 3 || (qos === 0 && flags >= 8)) wrongFlags()
        if (remaining > MAX_MESSAGE_BYTES) tooLong()
        return
    }
    const length = answerLength(type)
    if (flags !== 0) wrongFlags()
    if (remaining !== length) malformed("an answer has a wrong length")
}

/** The remaining length of the answers that a client gets; a SUBACK answers one filter. */
function answerLength(type: PacketType): number {
    if (type === PacketType.Connack || type === PacketType.Puback) return 2
    if (type === PacketType.Suback) return 3
    if (type === PacketType.Pingresp) return 0
    unexpected(type)
}

export class IncomingPublish {
    topic: string
    /** 0 with QoS 0. */
    packetId = 0
    payload: Buffer
    /** Whether the message was too long to be kept: then the payload is only its beginning, and good for nothing. */
    isCut: boolean
    /** Whoever handles the message sets it when that is done; it is acknowledged then. */
    isHandled = false

    /** Lets go of what takes room; what is left says what is to be acknowledged. */
    empty(): void {
        this.topic = null
        this.payload = null
    }
}

/**
 * Reads a PUBLISH, section 3.3, whose header `checkHeader` has passed. DUP and RETAIN are not looked at: the one must
 * not be relied on (3.3.1.1), the other says nothing on an IoT Hub.
 *
 * @param flags the low four bits of the first byte
 * @param body what follows the remaining length; of a cut packet its beginning
 * @throws LeafError MqttMalformed, MqttTopic; MqttPacketTooLong when the topic of a cut packet is not whole
 */
export function decodePublish(
    flags: number,
    body: Buffer,
    isCut: boolean
): IncomingPublish {
    const p = new IncomingPublish()
    p.isCut = isCut
    const hasId = (flags & 6) !== 0
    // Where there are no two bytes, it reads 0.
    const topicEnd = 2 + body.readUInt16BE(0)
    const payloadAt = topicEnd + (hasId ? 2 : 0)
    if (body.length < payloadAt) {
        if (isCut) tooLong()
        malformed("a message is cut short")
    }
    const topic = body.slice(2, topicEnd)
    checkTopic(topic)
    p.topic = topic.toString()
    // [MQTT-1.5.3-1]: what is no UTF-8 became U+FFFD. A topic that was sent with one was damaged before.
    if (p.topic.indexOf("\ufffd") >= 0) wrongTopic()
    if (hasId) {
        p.packetId = body.readUInt16BE(topicEnd)
        // [MQTT-2.3.1-1]
        if (p.packetId === 0) malformed("a packet id is 0")
    }
    p.payload = body.slice(payloadAt)
    return p
}

/**
 * [MQTT-4.7.3-1], [MQTT-4.7.3-2] and [MQTT-3.3.2-2]: not empty, no NUL, no wildcards. By the runtime's own search: a loop over
 * the longest topic would come near its limit of steps without a pause.
 *
 * @throws LeafError MqttTopic
 */
function checkTopic(topic: Buffer): void {
    if (
        topic.length === 0 ||
        topic.indexOf(0) >= 0 ||
        topic.indexOf(0x2b) >= 0 ||
        topic.indexOf(0x23) >= 0
    )
        wrongTopic()
}

function wrongTopic(): never {
    fail(ErrorCode.MqttTopic, "mqtt: a topic is empty or has a wrong character")
}

function wrongFlags(): never {
    fail(ErrorCode.MqttFlags, "mqtt: a packet has wrong flags")
}

function tooLong(): never {
    fail(ErrorCode.MqttPacketTooLong, "mqtt: a message is too long")
}

/** Throws MqttMalformed: the peer does not keep to the protocol. */
export function malformed(what: string): never {
    fail(ErrorCode.MqttMalformed, "mqtt: " + what)
}

/** Throws MqttUnexpectedPacket. */
export function unexpected(type: PacketType): never {
    fail(
        ErrorCode.MqttUnexpectedPacket,
        `mqtt: a packet of type ${type} was not expected`
    )
}
