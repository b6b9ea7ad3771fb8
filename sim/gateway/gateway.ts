/**
 * A local IoT Edge gateway: what a leaf device sees of edgeHub, or of IoT Hub itself, on this machine, with an API for tests and
 * demonstrations.
 *
 * It checks what a real gateway checks and keeps its limits; it forwards nothing to a cloud, and stands in for the hub behind it, too:
 * `cloudMessages` is the queue of messages to devices, `twins` and `methods` are what a service does with theirs. See `profiles.ts`
 * for what edgeHub and hub differ in, `connection.ts` for MQTT, `operations.ts` for twins and methods, `authenticate.ts` and `token.ts`
 * for who is let in, `timeserver.ts` for the HTTPS port, `monitor.ts` for heartbeats.
 *
 *     const gateway = await startGateway({ cert, key, hubName, registry, profile: "edgehub", port: 0, httpsPort: 0 })
 *     const message = gateway.cloudMessages.send("leaf-1", { body: "hello", properties: { colour: "red" }, ack: "full" })
 *     await message.settled // "completed"
 */
import type { SecureContext } from "node:tls"
import { Authenticator, type Admission, type Refusal } from "./authenticate"
import { Authorities } from "./authorities"
import { realClock, type Clock } from "./clock"
import { CloudMessages } from "./cloudmessages"
import { Connection } from "./connection"
import { Enrolments } from "./enrolment"
import { GatewayError } from "./errors"
import { openForwarding, type Forwarding } from "./forward/forwarding"
import { EventHub, type EventName, type GatewayEvents } from "./events"
import { Listener } from "./listener"
import { Methods } from "./methods"
import { Faults } from "./faults"
import type { FaultOptions, UnfitName } from "./faultoptions"
import { HeartbeatMonitor } from "./monitor"
import { DeviceOperations } from "./operations"
import {
    serverContext,
    type GatewayOptions,
    type ServerCertificate,
} from "./options"
import { PeerChains } from "./peerchain"
import { Policies, type Access, type AccessVerdict } from "./policies"
import { PROFILES, type GatewayLimits, type Profile } from "./profiles"
import { Registry } from "./registry"
import type { ConnectionServices } from "./services"
import { Sessions } from "./sessions"
import { MemoryStore, type Message, type MessageStore } from "./store"
import { TimeServer } from "./timeserver"
import { TokenService } from "./tokenservice"
import { TwinRequests } from "./twinrequests"
import { Twins } from "./twins"

/** Sockets beyond the clients: those that are still shaking hands, and new ones of devices whose old one is not gone yet. */
const SPARE_LINKS = 50

/** Opens the ports; throws a `GatewayError` that says what to do if it cannot. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
    const forwarding = await openForwarding(options)
    let gateway: Gateway
    try {
        gateway = new Gateway(options, forwarding)
    } catch (error) {
        await forwarding?.log.close()
        throw error
    }
    try {
        await gateway.open()
    } catch (error) {
        await gateway.close()
        throw error
    }
    return gateway
}

export class Gateway {
    port = 0
    /** 0 if there is none. */
    httpsPort = 0
    readonly events: EventHub
    readonly registry: Registry
    /** Shared access policies; a change counts for connections that stand, too. */
    readonly policies: Policies
    /** CAs of devices with certificates; a change counts for connections that stand, too. */
    readonly authorities: Authorities
    readonly monitor: HeartbeatMonitor
    readonly store: MessageStore
    /** Messages to devices. */
    readonly cloudMessages: CloudMessages
    /** Desired and reported properties of devices. */
    readonly twins: Twins
    /** Direct methods of devices. */
    readonly methods: Methods
    /** What goes wrong when it should. */
    readonly faults: Faults
    /** What it behaves as, with the limits that it has. */
    readonly profile: Profile
    private readonly clock: Clock
    private readonly sessions = new Sessions()
    private readonly peerChains = new PeerChains()
    private readonly clients = new Map<string, Connection>()
    private readonly mqtt: Listener
    private readonly time: Listener
    private readonly unfit = new Map<UnfitName, SecureContext>()
    private certificate: ServerCertificate
    private restarting: Promise<void> | undefined
    private cancelComeBack: () => void = () => undefined
    private readonly stopWatching: () => void
    private readonly stopWatchingPolicies: () => void
    private readonly stopWatchingAuthorities: () => void
    private cancelRecheck: () => void = () => undefined
    private lastId = 0
    private closing = false

    /** Use `startGateway`. */
    constructor(
        private readonly options: GatewayOptions,
        /** From `openForwarding`, if there is a folder. */
        private readonly forwarding?: Forwarding
    ) {
        const { clock = realClock } = options
        const store = forwarding?.log ?? options.store ?? new MemoryStore()
        this.registry = options.registry ?? new Registry()
        this.policies = options.policies ?? new Policies()
        this.authorities = options.authorities ?? new Authorities(clock)
        this.clock = clock
        this.store = store
        const profile = PROFILES[options.profile ?? "edgehub"]
        const limits = { ...profile.limits, ...options.limits }
        this.profile = { ...profile, limits }
        const events = new EventHub(() => clock.now())
        this.events = events
        this.monitor = new HeartbeatMonitor(clock, events, options.heartbeat)
        const { registry } = this
        const connected = (id: string) => this.clients.get(id)
        this.cloudMessages = new CloudMessages(
            clock,
            events,
            registry,
            this.profile,
            connected
        )
        this.twins = new Twins(events, registry, connected)
        this.methods = new Methods(
            clock,
            events,
            registry,
            this.profile,
            connected
        )
        this.certificate = options
        this.faults = new Faults(
            clock,
            events,
            fault => this.checkFault(fault),
            downMs => void this.restart(downMs)
        )
        const services = this.services()
        const { tokenService, hubName } = options
        const timeServer = new TimeServer(
            clock,
            events,
            tokenService &&
                new TokenService(tokenService, {
                    clock,
                    events,
                    policies: this.policies,
                    registry,
                    profile,
                    hubName,
                })
        )
        const common = {
            clock,
            createServer: options.createServer,
            events,
            context: serverContext(options, options.tls),
            nextId: () => ++this.lastId,
            faults: this.faults,
            unfitContext: (name: UnfitName) => this.unfit.get(name)!,
        }
        this.mqtt = new Listener({
            ...common,
            port: "mqtt",
            maxLinks: this.limits.clients + SPARE_LINKS,
            accepted: link =>
                link.deadline(
                    this.limits.connectTimeoutMs,
                    "connect-timeout",
                    `no CONNECT within ${this.limits.connectTimeoutMs / 1000} s`
                ),
            secured: link => void new Connection(link, services),
        })
        this.time = new Listener({
            ...common,
            port: "time",
            maxLinks: this.limits.clients,
            accepted: link => timeServer.accepted(link),
            secured: link => timeServer.secured(link),
        })
        this.stopWatching = this.registry.watch(id => this.changed(id))
        this.stopWatchingPolicies = this.policies.watch(() => this.recheck())
        this.stopWatchingAuthorities = this.authorities.watch(() =>
            this.recheck()
        )
        for (const fault of options.faults ?? []) this.faults.add(fault)
    }

    /**
     * Messages that were acknowledged and are still kept in memory, oldest first: heartbeats and wills among them. None if they are
     * stored elsewhere.
     */
    get messages(): readonly Message[] {
        return this.store instanceof MemoryStore ? this.store.messages : []
    }

    /** The message log and the way up, if there is a folder. */
    get forward(): Pick<Forwarding, "log" | "upstream"> | undefined {
        return this.forwarding
    }

    /** Devices that are connected now. */
    get connected(): string[] {
        return [...this.clients.keys()]
    }

    /** Milliseconds since 1970, on the gateway's clock. */
    now(): number {
        return this.clock.now()
    }

    /** The hub's host name, which tokens are for. */
    get hubName(): string {
        return this.options.hubName
    }

    /** The enrolment secrets of the token service, if it goes by them. */
    get enrolments(): Enrolments | undefined {
        const { authenticator } = this.options.tokenService ?? {}
        return authenticator instanceof Enrolments ? authenticator : undefined
    }

    /** The connection of a device, if it has one. */
    connection(deviceId: string): Connection | undefined {
        return this.clients.get(deviceId)
    }

    /** See `EventHub.waitFor`. */
    waitFor<K extends EventName>(
        name: K,
        predicate?: (event: GatewayEvents[K]) => boolean,
        timeoutMs?: number
    ): Promise<GatewayEvents[K]> {
        return this.events.waitFor(name, predicate, timeoutMs)
    }

    /** See `EventHub.on`. */
    on<K extends EventName>(
        name: K,
        handler: (event: GatewayEvents[K]) => void
    ): () => void {
        return this.events.on(name, handler)
    }

    /** Whether a service's token opens this; see `Policies.authorize`. */
    authorize(token: string, access: Access): AccessVerdict {
        return this.policies.authorize(token, access, {
            hosts: this.hosts,
            clock: this.clock,
            skewSec: this.profile.tokenSkewSec,
        })
    }

    /** Serves another certificate from the next handshake on. A real gateway restarts for that: `drop()` does the rest. */
    setCertificate(certificate: ServerCertificate): void {
        this.certificate = certificate
        const context = serverContext(certificate, this.options.tls)
        this.mqtt.use(context)
        this.time.use(context)
    }

    /** Breaks connections without a word, as a restart or a dead network does: that of one device, or all. */
    drop(deviceId?: string): void {
        for (const [id, connection] of [...this.clients])
            if (deviceId === undefined || id === deviceId)
                connection.link.close("dropped", "it was dropped by hand", true)
    }

    /**
     * The first half of a restart: the ports refuse, connections break without a word. What edgeHub and the hub keep stays: sessions,
     * queues, twins. `comeBack` is the other half.
     */
    async goDown(): Promise<void> {
        await Promise.all([this.mqtt.close(), this.time.close()])
    }

    /** Opens the ports once more, with the same numbers; throws a `GatewayError` if somebody else has taken them. */
    async comeBack(): Promise<void> {
        await this.listen(this.port, this.httpsPort)
    }

    /**
     * Goes down at once, and comes back after `downMs` without the TLS sessions that it knew; resolves then. The connections are
     * gone when this returns. One that is under way already goes on as it was asked for first.
     */
    restart(downMs: number): Promise<void> {
        this.restarting ??= this.downAndUp(downMs).finally(
            () => (this.restarting = undefined)
        )
        return this.restarting
    }

    private async downAndUp(downMs: number): Promise<void> {
        await this.goDown()
        await new Promise<void>(resolve => {
            const cancel = this.clock.after(downMs, resolve)
            this.cancelComeBack = () => {
                cancel()
                resolve()
            }
        })
        if (this.closing) return
        this.setCertificate(this.certificate)
        await this.comeBack()
        // It was closed meanwhile.
        if (this.closing) await this.goDown()
    }

    /** Ends all connections, timers and waits, and gives the ports back. */
    async close(): Promise<void> {
        this.closing = true
        this.cancelRecheck()
        this.cancelComeBack()
        this.stopWatching()
        this.stopWatchingPolicies()
        this.stopWatchingAuthorities()
        this.methods.close()
        this.faults.clear()
        await Promise.all([this.mqtt.close(), this.time.close()])
        this.monitor.close()
        this.cloudMessages.close()
        this.forwarding?.stop()
        await this.store.close?.()
        this.events.close()
    }

    /** Throws `bad-fault` for one that cannot happen here. */
    private checkFault({ certificate: name }: FaultOptions): void {
        if (name === undefined || this.unfit.has(name)) return
        const { unfitCertificates: served = {}, tls } = this.options
        const { [name]: certificate } = served
        if (!certificate)
            throw new GatewayError(
                "bad-fault",
                `gateway: there is no certificate that is ${name}: give it with unfitCertificates`
            )
        this.unfit.set(name, serverContext(certificate, tls))
    }

    private get limits(): GatewayLimits {
        return this.profile.limits
    }

    /** For `startGateway`. */
    async open(): Promise<void> {
        const { port = 8883, httpsPort } = this.options
        await this.listen(port, httpsPort ?? 8443)
        this.forwarding?.start(this.events)
        if (this.profile.closesAtExpiry) return
        const recheck = () => {
            this.recheck()
            this.cancelRecheck = this.clock.after(
                this.limits.recheckMs,
                recheck
            )
        }
        recheck()
    }

    private recheck(): void {
        for (const connection of [...this.clients.values()])
            connection.recheck()
    }

    private async listen(port: number, httpsPort: number): Promise<void> {
        const { host = "127.0.0.1" } = this.options
        this.port = await this.mqtt.listen(host, port)
        if (this.options.httpsPort !== null)
            this.httpsPort = await this.time.listen(host, httpsPort)
    }

    private get hosts(): string[] {
        const { hubName, gatewayName } = this.options
        return gatewayName === undefined ? [hubName] : [hubName, gatewayName]
    }

    private services(): ConnectionServices {
        return {
            clock: this.clock,
            events: this.events,
            profile: this.profile,
            limits: this.limits,
            authenticator: new Authenticator(
                this.registry,
                this.clock,
                this.hosts,
                this.profile,
                this.policies,
                this.authorities
            ),
            faults: this.faults,
            sessions: this.sessions,
            peerChains: this.peerChains,
            store: this.store,
            operations: new DeviceOperations(
                new TwinRequests(
                    this.clock,
                    this.events,
                    this.profile,
                    this.twins
                ),
                this.methods
            ),
            cloudMessages: this.cloudMessages,
            admit: (connection, admission) => this.admit(connection, admission),
            sendsFor: (deviceId, childId) => this.sendsFor(deviceId, childId),
            stored: message => this.stored(message),
            ended: connection => {
                if (this.clients.get(connection.deviceId) === connection)
                    this.clients.delete(connection.deviceId)
                this.cloudMessages.released(connection)
            },
        }
    }

    // A hub takes from an Edge device what its children sent to it, under their own topics.
    private sendsFor(edgeId: string, childId: string): boolean | undefined {
        const { registry } = this
        if (this.profile.name !== "hub" || edgeId === childId) return undefined
        const child = registry.get(childId)
        if (child?.parent === edgeId) return child.enabled
        const hasChildren = registry.deviceIds.some(
            id => registry.get(id)?.parent === edgeId
        )
        return hasChildren ? false : undefined
    }

    private admit(
        connection: Connection,
        { deviceId }: Admission
    ): Refusal | undefined {
        const older = this.clients.get(deviceId)
        if (!older && this.clients.size >= this.limits.clients)
            return {
                ok: false,
                reason: "too-many-clients",
                message: `${this.limits.clients} devices are connected: raise limits.clients`,
                deviceId,
            }
        older?.link.close("taken-over", "the device connected once more")
        this.clients.set(deviceId, connection)
        this.monitor.watch(deviceId)
        return undefined
    }

    private stored(message: Message): void {
        if (this.closing) return
        // A last will tells of a device, and not that it lives; a removed device is not watched any more.
        const heartbeat =
            message.kind !== "will" && this.registry.get(message.deviceId)
                ? this.monitor.message(message)
                : undefined
        if (heartbeat) this.events.emit("heartbeat", { ...heartbeat, message })
        else if (message.kind === "will") this.events.emit("will", message)
        else this.events.emit("telemetry", message)
    }

    private changed(deviceId: string): void {
        this.clients.get(deviceId)?.recheck()
        if (this.registry.get(deviceId)) return
        this.monitor.forget(deviceId)
        this.sessions.forget(deviceId)
        this.cloudMessages.forget(deviceId)
        this.twins.forget(deviceId)
    }
}
