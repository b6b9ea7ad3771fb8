/**
 * A gateway that does what MQTT and IoT Hub ask of it, until a test has it send something else: without TLS, or with the TLS
 * of `sim/faults`. What the device sends is read by `mqtt-packet`, and judged: a packet or a topic that no device sends is
 * noted as a fault.
 */
import { once } from "node:events"
import { AddressInfo, Server, Socket, createServer } from "node:net"
import { type Packet, parser } from "mqtt-packet"
import type { CommonFaults, HostileServer } from "../sim/faults/hostile"
import type { VirtualClock } from "../sim/vm/virtualclock"

/** Of a leaf with messages, methods and the twin. */
const FILTERS = 4

/** A status is 0 to 1023: see `MethodResult`. */
const METHOD_ANSWER =
    /^\$iothub\/methods\/res\/(\d{1,3}|10[01]\d|102[0-3])\/\?\$rid=(.*)$/s
const TWIN_REQUEST =
    /^\$iothub\/twin\/(GET|PATCH\/properties\/reported)\/\?\$rid=(\d+-\d+)$/
const TELEMETRY = /^devices\/[^/]+\/messages\/events\/[^/#+]*$/

/** How long a method's answer, or what the twin's handler reports, may take in the device's time: a handler may be slow. */
const ANSWER_MS = 300_000
/** How often it is called again meanwhile: calls that are too many get another answer, or none. */
const AGAIN_MS = 500

/** What a connection does otherwise than a good gateway. */
export interface Behaviour {
    /** Instead of CONNACK. */
    connack?: Buffer
    /** Instead of a SUBACK. */
    suback?: (packetId: number) => Buffer
    /** Instead of an answer to a request to the twin. */
    twin?: (rid: string, isGet: boolean) => Buffer
    /** When the device has subscribed, or instead of all that when there is a `connack`. */
    attack?: (visit: Visit) => Promise<void>
}

/** PUBLISH with QoS 0 or, with a packet id, 1. The topic may be no text at all. */
export function publish(
    topic: string | Buffer,
    payload: string | Buffer = "",
    packetId?: number
): Buffer {
    const name = Buffer.from(topic as string)
    const id = packetId === undefined ? "" : uint16(packetId)
    return packet(
        packetId === undefined ? 0x30 : 0x32,
        Buffer.concat([uint16(name.length), name, Buffer.from(id)]),
        Buffer.from(payload as string)
    )
}

/** A control packet; the length is right. */
export function packet(first: number, ...parts: Buffer[]): Buffer {
    const body = Buffer.concat(parts)
    return Buffer.concat([Buffer.from([first]), length(body.length), body])
}

/** A remaining length. */
export function length(value: number): Buffer {
    const bytes: number[] = []
    do {
        bytes.push((value % 128) | (value >= 128 ? 128 : 0))
        value = Math.floor(value / 128)
    } while (value > 0)
    return Buffer.from(bytes)
}

export function uint16(value: number): Buffer {
    return Buffer.from([value >> 8, value & 255])
}

/** One connection. */
export class Visit {
    /** What the device did wrong. */
    readonly faults: string[] = []
    /** Statuses of the methods' answers, by rid. */
    readonly answers = new Map<string, number>()
    /** Reports to the twin, as they came. */
    readonly reports: string[] = []
    /** PUBACKs, and messages with QoS 1 from the device. */
    acknowledged = 0
    telemetry = 0
    readonly closed: Promise<void>
    isClosed = false
    private isHushed = false
    private subscribed = 0
    private calls = 0
    private readonly input = parser({ protocolVersion: 4 })

    /** @param write has bytes go out on the socket, as they are or in records */
    constructor(
        private readonly socket: Socket,
        private readonly write: (bytes: Buffer) => void,
        readonly clock: VirtualClock,
        readonly behaviour: Behaviour,
        readonly version: number
    ) {
        socket.setNoDelay()
        // The device leaves in any way it likes.
        socket.on("error", () => undefined)
        this.closed = new Promise(resolve =>
            socket.once("close", () => {
                this.isClosed = true
                resolve()
            })
        )
        this.input.on("packet", received => this.receive(received))
        this.input.on("error", error => this.faults.push(error.message))
        socket.on("end", () => socket.end())
    }

    /** Bytes from the device. */
    hear(bytes: Buffer): void {
        this.input.parse(bytes)
    }

    send(bytes: Buffer): void {
        if (this.socket.writable && !this.isHushed) this.write(bytes)
    }

    /** Says nothing any more: it is for the device to notice. */
    hush(): void {
        this.isHushed = true
    }

    /** Sends what comes, as fast as the device takes it, until it leaves. */
    async stream(pieces: Iterable<Buffer>): Promise<void> {
        for (const piece of pieces) {
            if (this.isClosed || !this.socket.writable) return
            this.write(piece)
            if (this.socket.writableNeedDrain)
                await Promise.race([this.drained(), this.closed])
        }
    }

    private drained(): Promise<void> {
        return new Promise(resolve => this.socket.once("drain", resolve))
    }

    end(): void {
        this.socket.end()
    }

    reset(): void {
        this.socket.resetAndDestroy()
    }

    pass(ms: number): Promise<void> {
        return this.clock.pass(ms)
    }

    private receive(received: Packet): void {
        switch (received.cmd) {
            case "connect": {
                const { connack, attack } = this.behaviour
                this.send(connack ?? CONNACK)
                if (connack) this.begin(attack)
                return
            }
            case "subscribe": {
                const id = received.messageId!
                const { suback, attack } = this.behaviour
                const granted = received.subscriptions[0].qos
                this.send(
                    suback?.(id) ??
                        packet(0x90, uint16(id), Buffer.from([granted]))
                )
                if (++this.subscribed === FILTERS) this.begin(attack)
                return
            }
            case "publish": {
                const topic = received.topic
                if (received.qos === 1) {
                    if (!TELEMETRY.test(topic)) this.faults.push(topic)
                    this.telemetry++
                    this.send(packet(0x40, uint16(received.messageId!)))
                } else this.operation(topic, received.payload as Buffer)
                return
            }
            case "puback":
                this.acknowledged++
                return
            case "pingreq":
                this.send(PINGRESP)
                return
            case "disconnect":
                return
            default:
                this.faults.push(`a ${received.cmd}`)
        }
    }

    private begin(attack: Behaviour["attack"]): void {
        void attack?.(this)
    }

    private operation(topic: string, payload: Buffer): void {
        const answer = METHOD_ANSWER.exec(topic)
        if (answer) {
            const [, status, rid] = answer
            this.answers.set(rid, Number(status))
            if (payload.length > 0) this.readJson(payload)
            return
        }
        const request = TWIN_REQUEST.exec(topic)
        if (!request) return void this.faults.push(topic)
        const [, name, rid] = request
        if (name !== "GET") {
            this.readJson(payload)
            this.reports.push(payload.toString())
        }
        this.send(
            this.behaviour.twin?.(rid, name === "GET") ??
                (name === "GET"
                    ? twinAnswer("200", rid, twinDocument(this.version))
                    : twinAnswer("204", rid, ""))
        )
    }

    private readJson(payload: Buffer): void {
        try {
            JSON.parse(
                new TextDecoder("utf-8", { fatal: true }).decode(payload)
            )
        } catch (error) {
            this.faults.push(`${error as Error}: ${payload.toString()}`)
        }
    }

    /** Calls a method until it is answered with 200. */
    async probe(): Promise<void> {
        const endMs = this.clock.now() + ANSWER_MS
        while (!this.isClosed) {
            const rid = `probe-${++this.calls}`
            this.send(call("echo", rid, '{"a":[1,"ä"]}'))
            await this.pass(AGAIN_MS)
            if ([...this.answers].some(([id, s]) => isProbe(id) && s === 200))
                return
            if (this.clock.now() > endMs) {
                this.faults.push(`no answer to ${this.calls} calls`)
                return
            }
        }
        this.faults.push("the device left, and had no reason to")
    }

    /** Has the device do each of the things it is there for. */
    async prove(): Promise<void> {
        await this.probe()
        const { acknowledged, telemetry } = this
        this.send(publish(`${DEVICE_BOUND}/a=1`, "hello", 1))
        const seen = JSON.stringify({ seen: this.version })
        const endMs = this.clock.now() + ANSWER_MS
        while (!this.isClosed) {
            const missing = [
                this.acknowledged > acknowledged || "an acknowledgement",
                this.telemetry > telemetry || "telemetry",
                this.reports.includes(seen) || "a report",
            ].filter(item => item !== true)
            if (!missing.length) return
            if (this.clock.now() > endMs) {
                this.faults.push(`${missing.join(" and ")} did not come`)
                return
            }
            await this.pass(AGAIN_MS)
        }
        this.faults.push("the device left a good gateway")
    }
}

function isProbe(rid: string): boolean {
    return rid.startsWith("probe-")
}

export const CONNACK = packet(0x20, Buffer.from([0, 0]))
export const PINGRESP = packet(0xd0)
export const DEVICE_BOUND = "devices/leaf-1/messages/devicebound"
export const DESIRED = "$iothub/twin/PATCH/properties/desired/"

export function call(name: string, rid: string, body: string | Buffer): Buffer {
    return publish(`$iothub/methods/POST/${name}/?$rid=${rid}`, body)
}

export function twinAnswer(
    status: string,
    rid: string,
    body: string | Buffer
): Buffer {
    return publish(`$iothub/twin/res/${status}/?$rid=${rid}`, body)
}

export function twinDocument(version: number): string {
    return JSON.stringify({
        desired: { limit: 20, $version: version },
        reported: { $version: 1 },
    })
}

/** Makes the TLS of a connection, with these faults. */
export type MakeTls = (
    faults: CommonFaults,
    output: (bytes: Buffer) => void
) => HostileServer

/** The most content of a record, RFC 8446 5.1. */
const RECORD_BYTES = 16384

/** Listens on a free port; each connection has a behaviour of its own, by its number. */
export class ScriptedGateway {
    readonly visits: Visit[] = []

    private constructor(
        private readonly server: Server,
        private readonly clock: VirtualClock,
        private readonly behave: (round: number) => Behaviour,
        private readonly makeTls?: MakeTls,
        private readonly recordBytes = RECORD_BYTES
    ) {
        server.on("connection", socket => this.visits.push(this.open(socket)))
    }

    /**
     * @param makeTls default: no TLS
     * @param recordBytes the most content of a record
     */
    static async start(
        clock: VirtualClock,
        behave: (round: number) => Behaviour,
        makeTls?: MakeTls,
        recordBytes?: number
    ): Promise<ScriptedGateway> {
        const server = createServer({ allowHalfOpen: true })
        const gateway = new ScriptedGateway(
            server,
            clock,
            behave,
            makeTls,
            recordBytes
        )
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        return gateway
    }

    private open(socket: Socket): Visit {
        const round = this.visits.length
        const output = (bytes: Buffer) => {
            if (socket.writable) socket.write(bytes)
        }
        const tls = this.makeTls?.(
            { onData: bytes => visit.hear(bytes) },
            output
        )
        const seal = (bytes: Buffer) => {
            for (let at = 0; at < bytes.length; at += this.recordBytes)
                tls!.sendData(bytes.subarray(at, at + this.recordBytes))
        }
        // The twin has changed at each connection: so there is always something to see.
        const visit = new Visit(
            socket,
            tls ? seal : output,
            this.clock,
            this.behave(round),
            round + 1
        )
        socket.on("data", bytes =>
            tls ? tls.receive(bytes) : visit.hear(bytes)
        )
        return visit
    }

    get port(): number {
        return (this.server.address() as AddressInfo).port
    }

    close(): void {
        for (const visit of this.visits) visit.reset()
        this.server.close()
    }
}
