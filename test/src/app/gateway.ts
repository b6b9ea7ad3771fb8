/**
 * A gateway in memory for tests of the leaf: a `Transport` a connection that answers CONNECT, PUBLISH, PINGREQ and an HTTP
 * request for the date. It reads MQTT with code of its own, so that it does not share the session's mistakes.
 */
import { millis, sleep } from "@devicescript/core"
import { ErrorCode, fail } from "../../../src/errors"
import type { Link } from "../../../src/net/link"
import type { Transport } from "../../../src/transport"

export const MQTT_PORT = 8883
export const TIME_PORT = 443

/** 2026-09-21 14:13:20 UTC, and what the gateway says the time is, 100 s later. */
export const NOT_BEFORE = 1790000000
export const NOT_AFTER = NOT_BEFORE + 30 * 86400
export const DATE = NOT_BEFORE + 100
const HTTP_DATE = "Mon, 21 Sep 2026 14:15:00 GMT"

/** What a gateway has seen and how it behaves; connections come and go. */
export class TestGateway {
    /** Ports in the order in which they were opened. */
    readonly ports: number[] = []
    readonly clientIds: string[] = []
    readonly usernames: string[] = []
    readonly passwords: string[] = []
    readonly connectFlags: number[] = []
    /** `{DUP, when set }{topic} {body}` of each PUBLISH. */
    readonly published: string[] = []
    readonly subscribed: string[] = []
    /** Messages to the device that it has not acknowledged; all are delivered, with packet id 1, when it subscribes. */
    readonly cloudMessages: CloudMessage[] = []
    /** PUBACKs of the device. */
    acknowledged = 0
    disconnects = 0
    /** Called with topic and body of each PUBLISH. */
    onPublished: (topic: string, body: Buffer) => void = () => {}

    handshakeMs = 100
    /** Messages that get a PUBACK; later ones do not. */
    acknowledges = 1000
    connackCode = 0
    /** So many connections are refused by TCP first. */
    refusals = 0
    /** Whether the HTTPS port answers with a Date. */
    tellsTime = true

    /** The connection opened last. */
    connection: TestConnection

    async open(port: number): Promise<Link> {
        this.ports.push(port)
        if (this.refusals > 0) {
            this.refusals--
            fail(ErrorCode.ConnectFailed, "net: refused by the test")
        }
        this.connection = new TestConnection(this, port)
        return {
            transport: this.connection,
            notBeforeSec: NOT_BEFORE,
            notAfterSec: NOT_AFTER,
            handshakeMs: this.handshakeMs,
        }
    }

    /** Waits until `count` messages were published, at most ten seconds. */
    async waitForPublished(count: number): Promise<void> {
        const endMs = millis() + 10000
        while (this.published.length < count && millis() < endMs) await sleep(5)
    }

    /** A message for the device: kept until it acknowledges it, and delivered now if it has subscribed. */
    sendCloudMessage(topic: string, body: Buffer): void {
        const message = { topic, body }
        this.cloudMessages.push(message)
        if (this.connection !== undefined && this.connection.isOpen())
            this.connection.deliverCloudMessage(message)
    }

    /** Waits until `count` devices have connected, at most ten seconds. */
    async waitForConnects(count: number): Promise<void> {
        const endMs = millis() + 10000
        while (this.clientIds.length < count && millis() < endMs) await sleep(5)
    }
}

interface CloudMessage {
    topic: string
    body: Buffer
}

export class TestConnection implements Transport {
    private received = Buffer.alloc(0)
    private answers = Buffer.alloc(0)
    private woken = false
    private broken = false
    /** What an operation fails with after `reset`. */
    resetCode = ErrorCode.ConnectionReset
    isClosed = false

    constructor(
        private readonly gateway: TestGateway,
        private readonly port: number
    ) {}

    isOpen(): boolean {
        return !this.broken && !this.isClosed
    }

    /** Breaks the connection as a reset does. */
    reset(): void {
        this.broken = true
    }

    /** Sends a message with QoS 0. */
    deliver(topic: string, body: Buffer): void {
        this.deliverWith(hex`30`, topic, hex``, body)
    }

    /** Sends a message with QoS 1, and packet id 1 as edgeHub does. */
    deliverCloudMessage(message: CloudMessage): void {
        this.deliverWith(hex`32`, message.topic, hex`0001`, message.body)
    }

    private deliverWith(
        first: Buffer,
        topic: string,
        id: Buffer,
        body: Buffer
    ): void {
        const text = Buffer.from(topic)
        const length = 2 + text.length + id.length + body.length
        const head = Buffer.alloc(5)
        head[0] = (length & 127) | 128
        head[1] = ((length >> 7) & 127) | 128
        head[2] = length >> 14
        head[3] = text.length >> 8
        head[4] = text.length
        this.answers = Buffer.concat(this.answers, first, head, text, id, body)
    }

    /** Sends a PUBACK. */
    acknowledge(packetId: number): void {
        this.answer(0x40, packetId >> 8, packetId)
    }

    async read(timeoutMs: number): Promise<Buffer> {
        const endMs = millis() + timeoutMs
        while (true) {
            this.checkOpen()
            if (this.answers.length > 0) {
                const answer = this.answers
                this.answers = Buffer.alloc(0)
                return answer
            }
            if (this.woken || millis() >= endMs) {
                this.woken = false
                return undefined
            }
            await sleep(1)
        }
    }

    async write(data: Buffer): Promise<void> {
        this.checkOpen()
        this.received = Buffer.concat(this.received, data)
        if (this.port === MQTT_PORT) this.takePackets()
        else if (this.gateway.tellsTime)
            this.answers = Buffer.from(
                `HTTP/1.1 404 Not Found\r\nDate: ${HTTP_DATE}\r\nContent-Length: 0\r\n\r\n`
            )
        else this.reset()
    }

    wake(): void {
        this.woken = true
    }

    async close(): Promise<void> {
        this.isClosed = true
    }

    private checkOpen(): void {
        if (this.broken) fail(this.resetCode, "net: reset by the test")
        if (this.isClosed) throw new Error("used after close")
    }

    private takePackets(): void {
        const data = this.received
        let at = 0
        while (at + 2 <= data.length) {
            let length = data[at + 1] & 127
            let head = 2
            if (data[at + 1] > 127) {
                length += data[at + 2] << 7
                head = 3
            }
            if (at + head + length > data.length) break
            this.answerPacket(
                data[at],
                data.slice(at + head, at + head + length)
            )
            at += head + length
        }
        this.received = data.slice(at)
    }

    private answerPacket(first: number, body: Buffer): void {
        const gateway = this.gateway
        switch (first >> 4) {
            case 1: {
                gateway.connectFlags.push(body[7])
                const id = readText(body, 10)
                gateway.clientIds.push(id)
                const name = readText(body, 12 + id.length)
                gateway.usernames.push(name)
                gateway.passwords.push(
                    readText(body, 14 + id.length + name.length)
                )
                this.answer(0x20, 0, gateway.connackCode)
                break
            }
            case 3: {
                const topic = readText(body, 0)
                const qos = (first >> 1) & 3
                const start = 2 + topic.length + (qos > 0 ? 2 : 0)
                gateway.published.push(
                    `${(first & 8) !== 0 ? "DUP " : ""}${topic} ${body.slice(start).toString()}`
                )
                gateway.onPublished(topic, body.slice(start))
                if (qos > 0 && gateway.acknowledges > 0) {
                    gateway.acknowledges--
                    this.answer(0x40, body[start - 2], body[start - 1])
                }
                break
            }
            case 8: {
                const filter = readText(body, 2)
                gateway.subscribed.push(filter)
                const granted = Buffer.alloc(5)
                granted[0] = 0x90
                granted[1] = 3
                granted[2] = body[0]
                granted[3] = body[1]
                granted[4] = body[body.length - 1]
                this.answers = Buffer.concat(this.answers, granted)
                if (filter.endsWith("/devicebound/#"))
                    for (const message of gateway.cloudMessages)
                        this.deliverCloudMessage(message)
                break
            }
            case 4:
                gateway.acknowledged++
                if (gateway.cloudMessages.shift() === undefined)
                    throw new Error("a PUBACK too much")
                break
            case 12: {
                const pong = Buffer.alloc(2)
                pong[0] = 0xd0
                this.answers = Buffer.concat(this.answers, pong)
                break
            }
            case 14:
                gateway.disconnects++
                break
            default:
                throw new Error(`unexpected packet ${first}`)
        }
    }

    private answer(type: number, third: number, fourth: number): void {
        const packet = Buffer.alloc(4)
        packet[0] = type
        packet[1] = 2
        packet[2] = third
        packet[3] = fourth & 0xff
        this.answers = Buffer.concat(this.answers, packet)
    }
}

/** A text with a length of two bytes before it. */
function readText(from: Buffer, at: number): string {
    return from.slice(at + 2, at + 2 + from.readUInt16BE(at)).toString()
}
