/**
 * One client's MQTT 3.1.1 connection, from the end of its TLS handshake on: CONNECT, telemetry, subscriptions, keep-alive, end.
 *
 * Rules are those of its profile where they differ from the standard. Packets are handled one after another; messages are stored
 * several at a time and acknowledged in the order in which they came (4.6). Memory: one packet, plus `pendingMessages` messages,
 * plus what the client does not read (`outbox.ts`).
 */
import type {
    IConnectPacket,
    IPublishPacket,
    ISubscribePacket,
    Packet,
} from "mqtt-packet"
import type { Admission, Credentials, Refusal } from "./authenticate"
import { callAt } from "./clock"
import type { Receiver } from "./cloudmessages"
import type { CloseReason } from "./events"
import { readConnect } from "./connect"
import { breaks, readOccasion } from "./faults"
import type { FaultOptions } from "./faultoptions"
import { FrameError, Framer, readPacket } from "./frames"
import { Inbox } from "./inbox"
import { KeepAlive, silenceLimitMs } from "./keepalive"
import type { Link } from "./link"
import { Outbox, type Outgoing } from "./outbox"
import { ReturnCode } from "./profiles"
import type { ConnectionServices } from "./services"
import type { Session, Subscription } from "./sessions"
import { isDeviceFilter } from "./topics"

const QOS_2 = 2

/** Topics that begin so are requests and answers, and no telemetry. */
const OPERATIONS = "$iothub/"

const SUBSCRIBE_REFUSED = 0x80

export class Connection implements Receiver {
    private readonly framer: Framer
    private readonly inbox: Inbox
    private readonly outbox: Outbox
    private credentials: Credentials | undefined
    private session: Session | undefined
    private will: IConnectPacket["will"]
    private keepAlive: KeepAlive | undefined
    /** There may be packets that wait until the store has taken what came before them. */
    private waiting = false
    private cancelExpiry: () => void = () => undefined
    /** A fault: messages from the cloud come before the device has subscribed to them. */
    private isEarly = false

    constructor(
        readonly link: Link,
        private readonly services: ConnectionServices
    ) {
        this.framer = new Framer(services.limits.packetBytes)
        this.inbox = new Inbox(link, services, id => this.stored(id))
        this.outbox = new Outbox(
            link,
            services.profile,
            services.faults,
            services.clock
        )
        link.inHand = () => this.waiting
        link.onClose = reason => this.ended(reason)
        link.stream.on("data", bytes => this.received(bytes))
        link.stream.on("drain", () => this.deliverCloudMessages())
    }

    /** The device, once its CONNECT was accepted. */
    get deviceId(): string {
        return this.link.deviceId ?? ""
    }

    /** Closes the connection if the device, by what it sent at its CONNECT, would not be let in any more. */
    recheck(): void {
        if (!this.credentials || this.link.closed) return
        const verdict = this.services.authenticator.check(this.credentials)
        if (verdict.ok) return
        this.link.close(
            verdict.reason === "expired-token" ||
                verdict.reason === "expired-certificate"
                ? "token-expired"
                : "identity-changed",
            verdict.message
        )
    }

    /** What the device has subscribed to that this topic fits; nothing once the connection is over. */
    match(topic: string): Subscription | undefined {
        if (this.link.closed) return undefined
        const subscription = this.session?.match(topic)
        return !subscription && this.isEarly && !topic.startsWith(OPERATIONS)
            ? { qos: 1, sinceMs: this.services.clock.now() }
            : subscription
    }

    /** See `Outbox.hasRoom`. */
    get hasRoom(): boolean {
        return this.outbox.hasRoom
    }

    publish(message: Outgoing): void {
        this.outbox.publish(message)
    }

    /**
     * Sends a method's request, or a message of the twin, at the QoS that the profile has for it and the device was granted. False,
     * and nothing is sent, if the device has not subscribed to the topic or the connection is over.
     */
    deliver(topic: string, payload: Buffer | string): boolean {
        const subscription = this.match(topic)
        if (!subscription) return false
        const { operationsQos } = this.services.profile
        const qos = subscription.qos === 0 ? 0 : operationsQos
        this.publish({ topic, payload, qos })
        return true
    }

    private received(bytes: Buffer): void {
        if (this.link.closed) return
        this.framer.push(bytes)
        this.process()
    }

    /** Handles packets until there are no more, or too many messages wait for the store. */
    private process(): void {
        const { limits } = this.services
        const { stream } = this.link
        try {
            while (this.inbox.pending < limits.pendingMessages) {
                const frame = this.link.closed ? undefined : this.framer.next()
                if (!frame) {
                    this.waiting = false
                    if (stream.isPaused()) stream.resume()
                    return this.link.drained()
                }
                this.keepAlive?.heard()
                if (this.credentials) this.handle(readPacket(frame))
                else this.connect(frame)
            }
            this.waiting = true
            stream.pause()
        } catch (error) {
            if (!(error instanceof FrameError)) throw error
            this.link.close(error.kind, error.message)
        }
    }

    /** A message, and all before it, is stored; at QoS 1 it has a packet id. There is room for another one. */
    private stored(messageId: number | undefined): void {
        if (messageId !== undefined)
            this.outbox.send({ cmd: "puback", messageId })
        this.process()
    }

    private connect(frame: Buffer): void {
        const { authenticator, admit, faults, peerChains } = this.services
        const read = readConnect(frame)
        const fault = faults.strike(
            "connect",
            this.link,
            read.ok ? read.credentials.clientId : undefined
        )
        if (fault && (breaks(fault) || fault.do === "lose")) return
        if (fault?.returnCode !== undefined)
            return this.refuse(
                {
                    ok: false,
                    reason: "fault",
                    message: "a fault was asked for",
                },
                fault.returnCode
            )
        if (!read.ok) return this.refuse(read)
        const certificates = peerChains.of(this.link.stream)
        const credentials = { ...read.credentials, certificates }
        const verdict = authenticator.check(credentials)
        if (!verdict.ok) return this.refuse(verdict)
        const objection = admit(this, verdict)
        if (objection) return this.refuse(objection)
        this.credentials = credentials
        peerChains.remember(certificates)
        this.accept(read.packet, verdict, fault)
    }

    private refuse(refusal: Refusal, wanted?: number): void {
        const { reason, message, deviceId } = refusal
        const { returnCodes } = this.services.profile
        const { [reason]: usual = returnCodes.otherwise } = returnCodes
        const returnCode = wanted ?? usual
        if (returnCode !== null)
            this.outbox.send({
                cmd: "connack",
                returnCode,
                sessionPresent: false,
            })
        this.services.events.emit("refused", {
            connection: this.link.id,
            deviceId,
            returnCode,
            reason,
            message,
        })
        this.link.close("refused", message)
    }

    private accept(
        packet: IConnectPacket,
        admission: Admission,
        fault?: Readonly<FaultOptions>
    ): void {
        const { clock, events, limits, profile, sessions } = this.services
        const { deviceId, clientType } = admission
        const { lifeSec = Infinity } = fault ?? {}
        const shortSec = Math.floor(clock.now() / 1000) + lifeSec
        const tokenExpirySec = Math.min(admission.tokenExpirySec, shortSec)
        const cleanSession = packet.clean === true
        const keepAliveSec = packet.keepalive ?? 0
        const { session, present } = sessions.open(deviceId, cleanSession)
        this.link.noDeadline()
        this.link.deviceId = deviceId
        this.session = session
        this.will = packet.will
        this.keepAlive = new KeepAlive(
            clock,
            silenceLimitMs(keepAliveSec, limits.keepAliveCapMs),
            () => this.link.stream.isPaused(),
            silentMs =>
                this.link.close(
                    "keep-alive",
                    `no packet for ${silentMs / 1000} s`
                )
        )
        if (tokenExpirySec < admission.tokenExpirySec)
            this.cancelExpiry = callAt(clock, tokenExpirySec * 1000, () =>
                this.link.close("token-expired", "a fault has cut it short")
            )
        else if (profile.closesAtExpiry)
            this.cancelExpiry = callAt(
                clock,
                (tokenExpirySec + profile.tokenSkewSec) * 1000,
                () => this.recheck()
            )
        const atConnack = this.outbox.send({
            cmd: "connack",
            returnCode: ReturnCode.Accepted,
            sessionPresent: present,
        })
        if (this.link.closed) return
        this.isEarly = atConnack?.do === "early-messages"
        events.emit("authenticated", {
            connection: this.link.id,
            deviceId,
            keepAliveSec,
            cleanSession,
            sessionPresent: present,
            tokenExpirySec,
            clientType,
        })
        this.deliverCloudMessages()
    }

    private deliverCloudMessages(): void {
        this.services.cloudMessages.deliver(this.deviceId)
    }

    private handle(packet: Packet): void {
        const at = readOccasion(packet)
        const fault = at && this.services.faults.strike(at, this.link)
        if (fault && (breaks(fault) || fault.do === "lose")) return
        switch (packet.cmd) {
            case "publish":
                return this.published(packet, fault?.status)
            case "subscribe":
                return this.subscribe(packet)
            case "unsubscribe":
                for (const filter of packet.unsubscriptions)
                    this.session?.unsubscribe(filter)
                return void this.outbox.send({
                    cmd: "unsuback",
                    messageId: packet.messageId,
                    granted: [],
                })
            case "pingreq":
                return void this.outbox.send({ cmd: "pingresp" })
            case "puback":
                return this.acknowledged(packet.messageId ?? 0)
            case "disconnect":
                return this.link.close("client-done", "it sent DISCONNECT")
            default:
                return this.link.close(
                    "protocol-error",
                    `${packet.cmd.toUpperCase()} has no place here`
                )
        }
    }

    private acknowledged(packetId: number): void {
        if (this.outbox.acknowledge(packetId)) return
        // A client may acknowledge what an earlier connection brought; edgeHub logs a warning.
        this.services.events.emit("strayAcknowledgement", {
            connection: this.link.id,
            deviceId: this.deviceId,
            packetId,
        })
    }

    private subscribe(packet: ISubscribePacket): void {
        const { clock, events, limits, operations } = this.services
        const { subscriptions, messageId } = packet
        if (subscriptions.length > limits.filtersPerSubscribe)
            return this.link.close(
                "protocol-error",
                `a SUBSCRIBE with more than ${limits.filtersPerSubscribe} filters`
            )
        const { deviceId } = this
        const granted = subscriptions.map(({ topic: filter, qos }) => {
            const isKnown = isDeviceFilter(filter, deviceId)
            if (isKnown)
                this.session?.subscribe(filter, qos > 0 ? 1 : 0, clock.now())
            const code = isKnown ? Math.min(qos, 1) : SUBSCRIBE_REFUSED
            const connection = this.link.id
            events.emit("subscribed", {
                connection,
                deviceId,
                filter,
                granted: code,
            })
            return code
        })
        this.outbox.send({ cmd: "suback", messageId, granted })
        subscriptions.forEach(({ topic }, i) => {
            if (granted[i] !== SUBSCRIBE_REFUSED)
                operations.subscribed?.(this, topic)
        })
        this.deliverCloudMessages()
    }

    /** @param failWith the status that a request about the twin gets, whatever it says */
    private published(packet: IPublishPacket, failWith?: number): void {
        if (packet.qos === QOS_2)
            return this.link.close("qos-2", "a message at QoS 2: 0 and 1 work")
        const { operations } = this.services
        if (
            packet.topic.startsWith(OPERATIONS) &&
            operations.handle(this, packet, failWith)
        )
            this.inbox.pass(packet)
        else this.inbox.take(packet)
    }

    private ended(reason: CloseReason): void {
        this.keepAlive?.stop()
        this.cancelExpiry()
        if (!this.credentials) return
        const { will } = this
        // A gateway that closes down is not a client that vanished.
        if (will && reason !== "client-done" && reason !== "gateway-closed") {
            const packet: IPublishPacket = {
                cmd: "publish",
                dup: false,
                topic: will.topic,
                payload: will.payload,
                qos: will.qos ?? 0,
                retain: will.retain ?? false,
            }
            if (packet.qos < QOS_2) this.inbox.take(packet, true)
        }
        this.services.operations.ended?.(this)
        this.services.ended(this)
    }
}
