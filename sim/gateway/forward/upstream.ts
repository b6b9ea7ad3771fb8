/**
 * The way up: forwards what the message log holds over one MQTT 3.1.1 connection for all devices, to a broker or to a hub.
 *
 * To a broker the topic is made from a template. To a hub (another gateway in the profile `hub`) the connection is that of the Edge device,
 * with its own token, and messages keep the topics of the devices, its children, as they sent them. Messages go out at QoS 1 in the log's order, a
 * window of them at a time, and leave the log at their PUBACK: after a lost connection the rest is sent again, from the oldest on.
 * Back-off is exponential with full jitter, without end; a server that says that it is busy (CONNACK 3) gets a longer pause.
 */
import { connect as connectTcp, type Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import { generate, type Packet } from "mqtt-packet"
import { realClock, type Clock } from "../clock"
import { GatewayError } from "../errors"
import type { EventHub } from "../events"
import { Framer, readPacket } from "../frames"
import type { Message } from "../store"
import { createToken } from "../token"
import type { Entry, MessageLog } from "./log"
import { forwardedTopic } from "./template"

export interface UpstreamOptions {
    host: string
    port: number
    /** TLS, with the CA's certificate as PEM and the name in the server's; plain TCP if it is missing. */
    tls?: { ca?: string; servername?: string }
    /** For a broker: `edge-gateway`. */
    clientId?: string
    username?: string
    password?: string
    /** For a hub: the identity of the Edge device, in place of the three above. */
    edge?: EdgeIdentity
    /** For a broker: `{topic}`, as the device sent it; `{deviceId}` and `{kind}` can be in it too. */
    topic?: string
    /** Messages that are sent and not acknowledged: 64. */
    window?: number
    /** Silence, after which a PINGREQ is sent: 60 s. */
    keepAliveSec?: number
    /** From connecting to CONNACK, from PINGREQ to an answer: 20 s. */
    answerMs?: number
    /** The first and the longest pause before connecting again: 1 s, 60 s. */
    backoff?: { minMs: number; maxMs: number }
    /** How long a server that refuses with this return code is left alone at least: 30 s for 3, server unavailable. */
    retryAfterMs?: (returnCode: number) => number
    /** Between 0 and 1, for the jitter. */
    random?: () => number
}

export interface EdgeIdentity {
    hubName: string
    deviceId: string
    /** Base64. */
    key: string
    /** A token's life: one hour. It is renewed after four fifths, with nothing in flight. */
    tokenLifeSec?: number
}

const SERVER_UNAVAILABLE = 3
const BUSY_MS = 30_000
/** A connection that stood so long was a good one: the back-off begins anew. */
const STEADY_MS = 60_000
const RENEW_AT = 0.8
/** What a server sends is acknowledgements; more than this is none. */
const PACKET_BYTES = 65_536
const MAX_PACKET_ID = 65_535

const DEFAULTS = {
    clientId: "edge-gateway",
    topic: "{topic}",
    window: 64,
    keepAliveSec: 60,
    answerMs: 20_000,
    backoff: { minMs: 1_000, maxMs: 60_000 },
    retryAfterMs: (returnCode: number): number =>
        returnCode === SERVER_UNAVAILABLE ? BUSY_MS : 0,
    random: Math.random,
}

export class Upstream {
    readonly counts = { connections: 0, forwarded: 0, resent: 0 }
    connected = false
    private readonly options: UpstreamOptions & typeof DEFAULTS
    private stream: Socket | undefined
    private readonly inFlight = new Map<number, Entry>()
    /** Messages up to here were sent on this connection. */
    private sentUpTo = 0
    /** Messages up to here were sent before: they go out marked. */
    private triedUpTo = 0
    private packetId = 0
    private failures = 0
    private filling = false
    private lookAgain = false
    private draining = false
    private closed = false
    private readonly timers = new Map<string, () => void>()

    constructor(
        private readonly log: MessageLog,
        private readonly events: Pick<EventHub, "emit">,
        options: UpstreamOptions,
        private readonly clock: Clock = realClock
    ) {
        this.options = { ...DEFAULTS, ...options }
        const { window, topic, edge } = this.options
        if (!(window >= 1 && window < MAX_PACKET_ID) || (edge && options.topic))
            throw new GatewayError(
                "bad-upstream",
                "gateway: upstream.window is 1 to 65,534, and a hub takes no template of topics: correct it"
            )
        if (/[+#]/.test(topic))
            throw new GatewayError(
                "bad-upstream",
                "gateway: upstream.topic has + or #, which no topic can have: take them out"
            )
    }

    /** Connects, and goes on until it is closed. */
    start(): void {
        this.connect()
    }

    /** There is something new in the log. */
    wake(): void {
        void this.fill()
    }

    /** Lets the connection go. What was not acknowledged stays in the log. */
    close(): void {
        this.closed = true
        this.stream?.write(generate({ cmd: "disconnect" }))
        this.lost("it was closed")
    }

    private connect(): void {
        const { host, port, tls, answerMs } = this.options
        const stream = tls
            ? connectTls({ host, port, ...tls })
            : connectTcp({ host, port })
        const framer = new Framer(PACKET_BYTES)
        this.stream = stream
        const mine = (what: () => void) => {
            if (this.stream === stream) what()
        }
        stream.on("error", (error: NodeJS.ErrnoException) =>
            mine(() => this.lost(error.code ?? error.message))
        )
        stream.on("close", () => mine(() => this.lost("it was closed by the other side"))) // prettier-ignore
        stream.on(tls ? "secureConnect" : "connect", () =>
            mine(() => stream.write(generate(this.connectPacket())))
        )
        stream.on("data", (bytes: Buffer) => {
            try {
                framer.push(bytes)
                for (let frame; (frame = framer.next());) {
                    const packet = readPacket(frame)
                    mine(() => this.handle(packet))
                }
            } catch (error) {
                mine(() => this.lost((error as Error).message))
            }
        })
        this.after("answer", answerMs, () => this.lost("no CONNACK came"))
    }

    private connectPacket(): Packet {
        const { clientId, username, password, edge, keepAliveSec } =
            this.options
        const common = {
            cmd: "connect",
            protocolId: "MQTT",
            protocolVersion: 4,
            clean: true,
            keepalive: keepAliveSec * 2,
        } as const
        if (!edge)
            return {
                ...common,
                clientId,
                username,
                password: password === undefined ? undefined : Buffer.from(password), // prettier-ignore
            }
        const { hubName, deviceId, key, tokenLifeSec = 3600 } = edge
        // Not rounded down: the renewal counts on the whole life.
        const expirySec = Math.ceil(this.clock.now() / 1000) + tokenLifeSec
        const resource = `${hubName}/devices/${deviceId}`
        this.after("renewal", tokenLifeSec * 1000 * RENEW_AT, () => {
            this.draining = true
            this.renewIfDrained()
        })
        return {
            ...common,
            clientId: deviceId,
            username: `${hubName}/${deviceId}/?api-version=2021-04-12`,
            password: Buffer.from(createToken({ resource, key, expirySec })),
        }
    }

    private handle(packet: Packet): void {
        this.cancel("answer")
        if (packet.cmd === "connack") {
            if (this.connected) return this.lost("a second CONNACK came")
            if (packet.returnCode) return this.refused(packet.returnCode)
            return this.accepted()
        }
        if (!this.connected) return this.lost("no CONNACK came first")
        if (this.inFlight.size && packet.cmd !== "puback") this.watch()
        else if (!this.inFlight.size) this.idle()
        if (packet.cmd === "puback") this.acknowledged(packet.messageId ?? 0)
    }

    private accepted(): void {
        this.connected = true
        this.counts.connections++
        this.after("steady", STEADY_MS, () => (this.failures = 0))
        this.events.emit("upstreamConnected", { waiting: this.log.size })
        this.idle()
        void this.fill()
    }

    private refused(returnCode: number): void {
        const waitMs = this.options.retryAfterMs(returnCode)
        this.lost(`it was refused with return code ${returnCode}`, waitMs)
    }

    /** After so much silence the other side is asked whether it is there. */
    private idle(): void {
        this.after("idle", this.options.keepAliveSec * 1000, () => {
            this.stream?.write(generate({ cmd: "pingreq" }))
            this.watch()
            this.idle()
        })
    }

    /** Something has to come in this time. */
    private watch(): void {
        if (this.timers.has("answer")) return
        this.after("answer", this.options.answerMs, () =>
            this.lost("no answer came")
        )
    }

    private async fill(): Promise<void> {
        // What came while the log was read may not be in what it gave.
        this.lookAgain = true
        if (this.filling) return
        this.filling = true
        try {
            while (this.connected && !this.draining) {
                const room = this.options.window - this.inFlight.size
                if (room <= 0) break
                this.lookAgain = false
                const { stream } = this
                const entries = await this.log.read(this.sentUpTo, room)
                if (!entries.length && !this.lookAgain) break
                // Another connection has begun meanwhile, at the oldest once more.
                if (this.stream !== stream) continue
                for (const entry of entries) this.send(entry)
            }
        } catch {
            // The log has told it already.
            this.lost("the message log could not be read")
        } finally {
            this.filling = false
        }
    }

    private send(entry: Entry): void {
        const { sequence, message } = entry
        do this.packetId = (this.packetId % MAX_PACKET_ID) + 1
        while (this.inFlight.has(this.packetId))
        this.sentUpTo = sequence
        const dup = sequence <= this.triedUpTo
        if (dup) this.counts.resent++
        this.triedUpTo = Math.max(this.triedUpTo, sequence)
        this.inFlight.set(this.packetId, entry)
        this.stream?.write(
            generate({
                cmd: "publish",
                topic: this.topicOf(message),
                payload: message.body,
                qos: 1,
                messageId: this.packetId,
                dup,
                retain: false,
            })
        )
        this.watch()
    }

    private topicOf(message: Message): string {
        const { edge, topic } = this.options
        return forwardedTopic(edge ? "{topic}" : topic, message)
    }

    private acknowledged(packetId: number): void {
        const entry = this.inFlight.get(packetId)
        if (!entry) return
        this.inFlight.delete(packetId)
        const { sequence, message } = entry
        this.log.remove(sequence)
        this.counts.forwarded++
        this.events.emit("forwarded", { deviceId: message.deviceId, sequence })
        if (this.inFlight.size) this.watch()
        if (this.draining) this.renewIfDrained()
        else void this.fill()
    }

    private renewIfDrained(): void {
        if (this.inFlight.size || !this.connected) return
        this.stream?.write(generate({ cmd: "disconnect" }))
        this.drop("the token is renewed")
        this.connect()
    }

    /** The connection is over: there will be another one, after a pause. */
    private lost(reason: string, leastMs = 0): void {
        this.drop(reason)
        if (this.closed) return
        const { backoff, random } = this.options
        const { minMs, maxMs } = backoff
        const capMs = Math.min(maxMs, minMs * 2 ** this.failures)
        if (capMs < maxMs) this.failures++
        this.after("again", leastMs + random() * capMs, () => this.connect())
    }

    private drop(reason: string): void {
        const { stream, connected } = this
        this.stream = undefined
        this.connected = false
        this.draining = false
        this.inFlight.clear()
        this.sentUpTo = 0
        for (const name of [...this.timers.keys()]) this.cancel(name)
        // What was written, a DISCONNECT, may still go out; errors of a stream that is over concern nobody.
        stream?.destroySoon()
        if (connected)
            this.events.emit("upstreamDisconnected", {
                reason,
                waiting: this.log.size,
            })
    }

    private after(name: string, delayMs: number, callback: () => void): void {
        this.cancel(name)
        const cancel = this.clock.after(delayMs, () => {
            this.timers.delete(name)
            callback()
        })
        this.timers.set(name, cancel)
    }

    private cancel(name: string): void {
        this.timers.get(name)?.()
        this.timers.delete(name)
    }
}
