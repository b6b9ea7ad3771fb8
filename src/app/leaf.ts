/**
 * The leaf: keeps one connection to the gateway for ever, and sends what is given to it.
 *
 * One fiber owns the connection: it opens the link, makes the token, connects, publishes from the outbox within the
 * session's window, listens, sends heartbeats, renews the token before it expires, and after any error waits (jittered, longer
 * each time) and starts again. Other fibers only add to the outbox and wake it.
 *
 * MQTT 3.1.1 cannot renew a token inside a connection: the leaf lets what is in flight be acknowledged, disconnects and
 * connects anew. While the time is unknown, tokens end with the gateway's certificate, and are renewed every four hours all the same: the
 * time is read on the way.
 *
 * All deadlines and waits are in `policy`, see policy.ts and docs/connection.md.
 *
 * Every phase is one line on the console; the host's tools read them:
 *
 *     leaf: device {id}, boot {n}
 *     leaf: connecting to {gateway}:{port}
 *     leaf: connected to {gateway}, {new session|session kept}
 *     leaf: time is {Unix seconds}
 *     leaf: no time: {message} ({code})
 *     leaf: heartbeat
 *     leaf: outbox full, {n} messages dropped so far, {n} of them alerts
 *     leaf: message failed: {message} ({code})
 *     leaf: message given up
 *     leaf: message dropped: {message} ({code})
 *     leaf: method {name} {status}
 *     leaf: method {name} failed: {message} ({code})
 *     leaf: twin version {version}
 *     leaf: twin failed: {message} ({code})
 *     leaf: renewing the token
 *     leaf: token from the service
 *     leaf: token kept: {message} ({code})
 *     leaf: settings {kept|rolledBack}
 *     leaf: no connection: {message} ({code})[, Wi-Fi is away|, Wi-Fi {strength} dBm], next try in {seconds} s
 *     leaf: lost connection: {message} ({code})[…], next try in {seconds} s
 *     leaf: closed again and again: perhaps another device has this id
 *     leaf: safe mode
 *     leaf: restart: ({code})
 *     leaf: health is not reported: {message} ({code})
 *     leaf: stopped
 *
 * No line holds a key or a token.
 */
import * as ds from "@devicescript/core"
import { ErrorCode, errorCode, failIf } from "../errors"
import { collectGarbage } from "../heap"
import { encodeJson } from "../iothub/json"
import { createToken } from "../iothub/sas"
import {
    type TelemetryProperties,
    createTelemetryTopic,
    telemetryTopicStart,
} from "../iothub/telemetry"
import { createUsername } from "../iothub/username"
import { encodeWill, type IncomingPublish } from "../mqtt/packet"
import { type OutgoingMessage, Session } from "../mqtt/session"
import { Backoff, hardwareRandom } from "../net/backoff"
import { readHttpDate } from "../net/httpdate"
import type { Link } from "../net/link"
import { Clock, type StoreSetting } from "./clock"
import { type CloudMessageHandler, CloudMessages } from "./cloudmessages"
import type { Feature } from "./feature"
import { createHeartbeat } from "./heartbeat"
import { describe, log } from "./log"
import { type MethodHandler, Methods } from "./methods"
import { Outbox } from "./outbox"
import { type Policy, PolicyAt, changePolicy, defaultPolicy } from "./policy"
import { SETTLE_MS, type Settings } from "./settings"
import { Twin } from "./twin"

/** What the hub shows as the kind of client. */
const CLIENT_TYPE = "devicescript-edge-leaf/0.1.0"

/** Gateways close at 1.5 times this; the session pings by itself, after half of it at the latest. */
const KEEP_ALIVE_SEC = 120
/** edgeHub 1.6.0 and 1.6.1 lose a CONNECT that arrives together with the end of the handshake. */
const CONNECT_GAP_MS = 50
/** After a failed reading of the time, so many connections are made without trying, doubled each time up to the second. */
const FIRST_TIME_SKIPS = 1
const MAX_TIME_SKIPS = 64
/** The longest single wait for the network: a wake-up that came just before the wait began costs no more than this. */
const MAX_POLL_MS = 5000
/** And the shortest: a heartbeat that is due before a planned disconnect waits for the next connection. */
const MIN_POLL_MS = 100
/** After so long without a connection the time is read again: perhaps the gateway's was set meanwhile. */
const LONG_OUTAGE_MS = 3600000
/** So many connections in a row that the gateway closes soon are no accident. */
const MAX_KICKS = 5

/**
 * The waits after an error, by its code: their places in the policy, `PolicyAt.LostWaitMs` for all others. JSON, as texts are no code.
 *
 * BusyWaitMs: ReceiveOverflow, MqttServerUnavailable; the token service's 429, 500 and 503. RefusedWaitMs: MqttIdentifierRejected,
 * MqttBadCredentials, MqttNotAuthorized; the token service's 403.
 * A gateway closes the connection of a device when another one comes with its id: ConnectionReset, ConnectionClosed, WriteFailed,
 * TlsTruncated, with KickedWaitMs when they come again and again.
 */
const WAITS = `{
    "1007": 11, "5013": 11, "6429": 11, "6500": 11, "6503": 11,
    "5012": 13, "5014": 13, "5015": 13, "6403": 13,
    "1003": 15, "1004": 15, "1006": 15, "2101": 15
}`

/** Opens a validated TLS connection to a port of the gateway; the firmware chooses the TLS parts. */
export type OpenLink = (
    port: number,
    settings: Settings,
    clock: Clock
) => Promise<Link>

/** How to send a message; everything is optional. */
export interface SendOptions extends TelemetryProperties {
    /** 1 (default): kept until the gateway has acknowledged it. 0: sent once at most. */
    qos?: number
    /** Whether telemetry goes first when there is no room for all. */
    alert?: boolean
}

export class Leaf {
    readonly clock: Clock
    readonly outbox: Outbox
    /** Whether messages can go out now. */
    connected = false
    /** Whether a method is still to be answered on this connection: a planned disconnect waits for it. */
    isBusy = false
    /** Whether the connection is to be ended in order, and a new one made: for features. Each connection begins without. */
    isRenewing: boolean
    /** Connections that were lost and made again since the start; renewals of the token are not among them. */
    reconnects = 0
    /** Starts of the firmware, this one included. */
    readonly boot: number
    /** When the gateway was there last, as `ds.millis()` counts; 0: not since the start. */
    onlineMs = 0
    /** What heartbeats say; parts of the firmware may add to it. */
    readonly vitals: any = {}
    /** Says what is known of the network, as the end of a line: `tellWifi` sets it. */
    describeNetwork: () => Promise<string>
    /** Makes the password of a connection: a token of the device's own key; see tokenservice.ts for another way. */
    createPassword = createToken
    /** See policy.ts; `configure` changes it. */
    readonly policy = defaultPolicy()
    /** The IoT Plug and Play model that the device implements, such as `dtmi:com:example:Thermostat;1`. To be set before `start`. */
    modelId = ""

    private readonly features: Feature[] = []
    private cloudMessages: CloudMessages
    private methods: Methods
    private deviceTwin: Twin
    private readonly backoff = new Backoff(hardwareRandom)
    private will: Buffer = hex``
    private link: Link
    private stopping = false
    private wasLost = false
    /** Connections in a row that the gateway closed soon. */
    private kicks = 0
    private sequence = 0
    private lastSentMs = 0
    private timeSkips = 0
    private nextTimeSkips = FIRST_TIME_SKIPS

    /**
     * @param open see `OpenLink`
     * @param store writes the time floor and the boot counter to flash: `storeSetting`
     */
    constructor(
        readonly settings: Settings,
        private readonly open: OpenLink,
        private readonly store: StoreSetting
    ) {
        this.clock = new Clock(
            settings.provisionedSec,
            settings.floorSec,
            store
        )
        this.outbox = new Outbox(telemetryTopicStart(settings.deviceId))
        this.boot = settings.boots + 1
    }

    /**
     * Changes the connection policy. To be called before `start`.
     *
     * @throws LeafError PolicyOutOfBounds; then nothing has changed
     * @devsWhenUsed
     */
    configure(changes: Partial<Policy>): void {
        changePolicy(this.policy, changes)
        this.clock.tokenLifeSec = this.policy[PolicyAt.TokenLifeSec]
    }

    /** Starts the leaf in a fiber of its own. */
    start(): void {
        const self = this
        const run = async () => {
            await self.run()
        }
        run.start()
    }

    /** Runs the leaf in the caller's fiber; returns after `stop`. Never throws for the network's sake. */
    async run(): Promise<void> {
        log(`device ${this.settings.deviceId}, boot ${this.boot}`)
        await ds.sleep(SETTLE_MS)
        await this.store("boots", this.boot)
        if (this.boot > 1)
            await ds.sleep(
                hardwareRandom() * this.policy[PolicyAt.BootSpreadMs]
            )
        this.lastSentMs = ds.millis()
        while (!this.stopping) await this.runConnection()
        log("stopped")
    }

    /**
     * Ends after what is in flight was acknowledged, or a deadline. What was not sent stays in the outbox.
     *
     * @devsWhenUsed
     */
    stop(): void {
        this.stopping = true
        this.wake()
    }

    /** An id for a message, unique for this device: boot and number. */
    createMessageId(): string {
        return `${this.boot}-${++this.sequence}`
    }

    /**
     * Sends a message, now or when there is a connection again.
     *
     * @param body bytes or text as they are; anything else goes as JSON, with content type and encoding set
     * @throws LeafError for properties that cannot be sent, and MessageTooLarge
     */
    send(body: any, options: SendOptions = {}): void {
        const message = this.createMessage(
            body,
            options,
            options.messageId || this.createMessageId()
        )
        this.outbox.add(message, options.alert)
        this.wake()
    }

    /**
     * Sets what the gateway sends in the device's name when its connection breaks without a goodbye: telemetry with the property
     * `iothub-MessageType`=`Will`. It counts from the next connection on.
     *
     * @param body as for `send`
     * @throws LeafError as `send`
     * @devsWhenUsed
     */
    setWill(body: any, options: SendOptions = {}): void {
        // The same will may come many times: it has no id of its own.
        const message = this.createMessage(body, options, options.messageId)
        this.will = encodeWill(message.topic, message.payload)
    }

    /**
     * Has messages from the cloud handled: one after the other, in their order, each at least once. To be called before `start`,
     * or while there is no connection.
     *
     * @param handler a message is acknowledged when it has returned, and delivered again when it throws; the newest one counts
     * @throws LeafError FeatureTooLate for the first handler while there is a connection
     * @devsWhenUsed
     */
    onMessage(handler: CloudMessageHandler): void {
        if (this.cloudMessages === undefined)
            this.cloudMessages = this.addFeature(new CloudMessages(this))
        this.cloudMessages.handler = handler
    }

    /**
     * Has a direct method answered. To be called before `start`, or while there is no connection.
     *
     * @param handler a name's first handler stays; what happens when it fails or takes too long is in methods.ts
     * @throws LeafError FeatureTooLate for the first method while there is a connection
     * @devsWhenUsed
     */
    onMethod(name: string, handler: MethodHandler): void {
        if (this.methods === undefined)
            this.methods = this.addFeature(new Methods(this))
        this.methods.handle(name, handler)
    }

    /**
     * The device's twin. The first call has to come before `start`, or while there is no connection.
     *
     * @throws LeafError FeatureTooLate for the first call while there is a connection
     * @devsWhenUsed
     */
    twin(): Twin {
        if (this.deviceTwin === undefined)
            this.deviceTwin = this.addFeature(new Twin(this))
        return this.deviceTwin
    }

    /**
     * Adds a feature that is none of the leaf's own. To be called before `start`, or while there is no connection.
     *
     * @throws LeafError FeatureTooLate
     * @devsWhenUsed
     */
    addFeature<T extends Feature>(feature: T): T {
        failIf(
            this.connected,
            ErrorCode.FeatureTooLate,
            "app: messages, methods and the twin are for before start"
        )
        this.features.push(feature)
        return feature
    }

    private createMessage(
        body: any,
        options: SendOptions,
        messageId: string
    ): OutgoingMessage {
        let payload: Buffer
        let contentType = options.contentType
        let contentEncoding = options.contentEncoding
        if (body instanceof Buffer) payload = body
        else if (typeof body === "string") payload = Buffer.from(body)
        else {
            payload = encodeJson(body)
            contentType = contentType || "application/json"
            contentEncoding = contentEncoding || "utf-8"
        }
        return {
            topic: createTelemetryTopic(this.settings.deviceId, {
                messageId,
                correlationId: options.correlationId,
                contentType,
                contentEncoding,
                properties: options.properties,
            }),
            payload,
            qos: options.qos === 0 ? 0 : 1,
            packetId: 0,
            sent: false,
        }
    }

    /** Has the connection's fiber look for what is to be done: for features. */
    wake(): void {
        if (this.connected) this.link.transport.wake()
    }

    /** One connection and the wait after it. */
    private async runConnection(): Promise<void> {
        try {
            this.isRenewing = false
            collectGarbage()
            // Now, not before CONNECT: the handshake needs the heap.
            for (const feature of this.features) await feature.begin()
            if (this.isTimeDue()) await this.readTime()
            await this.connect()
        } catch (e: any) {
            const waitMs = this.waitAfter(errorCode(e))
            const phase = this.connected ? "lost" : "no"
            this.connected = false
            let network = ""
            if (this.describeNetwork !== undefined)
                network = await this.describeNetwork()
            log(
                `${phase} connection: ${describe(e)}${network}, next try in ${seconds(waitMs)} s`
            )
            if (!this.stopping) await ds.sleep(waitMs)
        }
    }

    /** How long to wait after this error. */
    private waitAfter(code: number): number {
        const policy = this.policy
        const backoff = this.backoff
        const nowMs = ds.millis()
        let at: number = JSON.parse(WAITS)[code]
        if (at === undefined) at = PolicyAt.LostWaitMs
        if (at === PolicyAt.RefusedWaitMs) this.clock.doubt()
        if (this.connected) {
            this.wasLost = true
            this.kicks++
            if (at !== PolicyAt.KickedWaitMs) this.kicks = 0
            // An opponent does not wait for so long.
            if (
                nowMs - backoff.connectedMs >
                1.5 * policy[PolicyAt.KickedMaxMs]
            )
                this.kicks = 0
        } else if (nowMs - this.onlineMs > LONG_OUTAGE_MS) this.clock.doubt()
        if (at === PolicyAt.KickedWaitMs)
            if (this.kicks < MAX_KICKS) at = PolicyAt.LostWaitMs
        if (at === PolicyAt.KickedWaitMs)
            log("closed again and again: perhaps another device has this id")
        else backoff.lostAt(nowMs, policy[PolicyAt.StableMs])
        return backoff.nextMs(policy[at], policy[at + 1])
    }

    /** Opens a link, and learns from it: for features, before the connection. */
    async openLink(port: number): Promise<Link> {
        const link = await this.open(port, this.settings, this.clock)
        await this.clock.sawCertificate(link.notBeforeSec, link.notAfterSec)
        return link
    }

    /** Connects and serves until a planned disconnect; everything else throws. */
    private async connect(): Promise<void> {
        const settings = this.settings
        log(`connecting to ${settings.gateway}:${settings.mqttPort}`)
        const link = await this.openLink(settings.mqttPort)
        this.link = link
        try {
            await ds.sleep(CONNECT_GAP_MS)
            const self = this
            const session = new Session(link.transport, {
                acknowledged: message => self.outbox.acknowledge(message),
                received: message => self.receive(message),
            })
            session.pingAfterMs = this.policy[PolicyAt.PingAfterMs]
            session.pingTimeoutMs = this.policy[PolicyAt.PingTimeoutMs]
            session.answerTimeoutMs = this.policy[PolicyAt.AnswerMs]
            const kept = await session.connect({
                clientId: settings.deviceId,
                username: createUsername(
                    settings.hubHost,
                    settings.deviceId,
                    CLIENT_TYPE,
                    this.modelId
                ),
                password: this.createPassword(
                    settings.hubHost,
                    settings.deviceId,
                    settings.deviceKey,
                    this.clock.tokenExpirySec(link.notAfterSec)
                ),
                keepAliveSec: KEEP_ALIVE_SEC,
                cleanSession: false,
                will: this.will,
                connackTimeoutMs: this.policy[PolicyAt.ConnackMs],
            })
            this.backoff.connectedMs = ds.millis()
            this.connected = true
            if (this.wasLost) this.reconnects++
            this.wasLost = false
            log(
                `connected to ${settings.gateway}, ${kept ? "session kept" : "new session"}`
            )
            this.outbox.rewind()
            for (const feature of this.features)
                for (const filter of feature.filters)
                    await session.subscribe(filter, feature.qos)
            await this.serve(session)
            this.connected = false
            this.kicks = 0
            this.backoff.lostAt(ds.millis(), this.policy[PolicyAt.StableMs])
        } finally {
            await link.transport.close()
        }
    }

    /** Publishes and listens until the token is to be renewed or the leaf is stopped; then drains and disconnects. */
    private async serve(session: Session): Promise<void> {
        const policy = this.policy
        let endMs = policy[PolicyAt.RenewUnknownMs]
        if (this.clock.known)
            endMs = this.clock.tokenLifeSec * policy[PolicyAt.RenewAt] * 1000
        endMs += ds.millis()
        let isEnding = false
        for (;;) {
            this.onlineMs = ds.millis()
            for (const feature of this.features) await feature.serve(session)
            const isOver = ds.millis() >= endMs
            if (isEnding) {
                if (isOver) break
                if (
                    !this.isBusy &&
                    !session.isOwing() &&
                    !this.outbox.isUnacknowledged()
                )
                    break
            } else if (this.stopping || isOver || this.isRenewing) {
                if (!this.stopping) log("renewing the token")
                isEnding = true
                endMs = ds.millis() + policy[PolicyAt.DrainMs]
                continue
            } else await this.publish(session)
            await session.poll(Math.min(endMs - ds.millis(), this.idleMs()))
        }
        await session.disconnect()
    }

    /** Gives a message to the feature that it is for. */
    private receive(message: IncomingPublish): void {
        for (const feature of this.features) if (feature.take(message)) return
        // Of a subscription that an earlier firmware made, and that the gateway has kept.
        message.empty()
        message.isHandled = true
    }

    /** Publishes what the window has room for, and a heartbeat when there was nothing for its interval. */
    private async publish(session: Session): Promise<void> {
        if (this.outbox.isEmpty() && ds.millis() >= this.heartbeatMs()) {
            log("heartbeat")
            const vitals = this.vitals
            vitals.heartbeat = this.settings.heartbeatSec
            vitals.uptime = Math.floor(ds.millis() / 1000)
            vitals.boots = this.boot
            vitals.dropped = this.outbox.dropped
            vitals.reconnects = this.reconnects
            this.outbox.add(createHeartbeat(this.settings.deviceId, vitals))
        }
        while (session.windowRoom() > 0) {
            const message = this.outbox.take()
            if (message === undefined) return
            await session.publish(message)
            this.lastSentMs = ds.millis()
        }
    }

    /** When a heartbeat is due if nothing is sent before. */
    private heartbeatMs(): number {
        return this.lastSentMs + this.settings.heartbeatSec * 1000
    }

    /** How long to listen when nothing else is to be done. */
    private idleMs(): number {
        if (!this.outbox.isEmpty()) return MAX_POLL_MS
        return Math.max(
            MIN_POLL_MS,
            Math.min(MAX_POLL_MS, this.heartbeatMs() - ds.millis())
        )
    }

    /**
     * Whether this connection should be preceded by a reading of the time: not the first one, which has issuers to verify.
     *
     * How long the last handshake took does not say how long this one will: edgeHub's HTTPS gives it 10 s, other front ends more, and a
     * session of that port makes it short. So it is tried, and a failure makes the next try rarer.
     */
    private isTimeDue(): boolean {
        if (this.onlineMs === 0) return false
        if (!this.clock.wantsReading()) return false
        if (this.timeSkips > 0) {
            this.timeSkips--
            return false
        }
        return true
    }

    /** Asks the gateway for the time. A failure is no reason not to connect. */
    private async readTime(): Promise<void> {
        try {
            const link = await this.openLink(this.settings.timePort)
            try {
                const dateSec = await readHttpDate(
                    link.transport,
                    this.settings.gateway
                )
                this.clock.accept(dateSec, link.notBeforeSec, link.notAfterSec)
            } finally {
                await link.transport.close()
            }
            this.nextTimeSkips = FIRST_TIME_SKIPS
            log(`time is ${Math.floor(this.clock.nowSec())}`)
        } catch (e: any) {
            // A refused connection costs nothing, and says nothing of the next time: perhaps the network is away.
            if (errorCode(e) !== ErrorCode.ConnectFailed) {
                this.timeSkips = this.nextTimeSkips
                this.nextTimeSkips = Math.min(
                    MAX_TIME_SKIPS,
                    2 * this.nextTimeSkips
                )
            }
            log(`no time: ${describe(e)}`)
        }
    }
}

/** Milliseconds as seconds with one decimal. */
function seconds(ms: number): number {
    return Math.round(ms / 100) / 10
}
