/**
 * The local gateway: what a leaf meets at an IoT Edge gateway (edgeHub), on one machine, without cloud or Docker.
 *
 * MQTT over TLS 1.2 and 1.3 on one port, and HTTPS on another, from whose `Date` a leaf takes the time. It checks what
 * edgeHub checks: client id, user name, token, one connection an id, deadlines, sizes, QoS; and it acknowledges a message
 * when it is stored. Cloud-to-device messages, methods and twins can be subscribed to, and are not routed yet.
 */
import https from "node:https"
import type { AddressInfo, Server, Socket } from "node:net"
import tls from "node:tls"
import { Clock, realClock } from "../vm/clock"
import { Connection, CONNECT_TIMEOUT_MS } from "./connection"
import { GatewayEmitter, Telemetry } from "./events"
import { DEFAULT_EXPECTED_SEC, HeartbeatMonitor } from "./monitor"
import { Registry } from "./registry"
import { MemoryStore, MessageStore } from "./store"

/** edgeHub's web server gives a TLS handshake so long. */
const HTTPS_HANDSHAKE_MS = 10000

/** edgeHub's own limit. */
const MAX_CLIENTS = 100

export interface GatewayOptions {
    /** PEM: the server's certificate and its issuers, without the root; and the private key. */
    certificate: string
    key: string
    /** Names that a token's scope may start with: the hub's, and the gateway's own. */
    hosts: string[]
    registry: Registry
    /** Default: 127.0.0.1. */
    address?: string
    /** 0, the default: any free port. */
    port?: number
    httpsPort?: number
    clock?: Clock
    store?: MessageStore
    maxClients?: number
    /** How long a TLS handshake may take on the HTTPS port. Default: 10 s, as edgeHub's web server has it. */
    httpsHandshakeMs?: number
    /** How long a device may be silent before a heartbeat of its own says otherwise. */
    expectedSec?: number
}

/** A gateway that cannot start. The message says what to do. */
export class GatewayError extends Error {
    constructor(
        readonly code: "port-in-use" | "port-forbidden" | "bad-certificate",
        message: string
    ) {
        super(message)
    }
}

export class Gateway extends GatewayEmitter {
    readonly registry: Registry
    readonly clock: Clock
    readonly hosts: string[]
    readonly store: MessageStore
    readonly monitor: HeartbeatMonitor
    readonly address: string
    private readonly maxClients: number
    private readonly server: tls.Server
    private readonly timeServer: https.Server
    private readonly connections = new Set<Connection>()
    private readonly sockets = new Set<Socket>()
    private readonly byDevice = new Map<string, Connection>()
    private readonly sessions = new Map<string, Map<string, number>>()
    private readonly acceptedAtMs = new Map<string, number>()
    private readonly secured = new Set<string>()

    constructor(options: GatewayOptions) {
        super()
        this.registry = options.registry
        this.clock = options.clock ?? realClock
        this.hosts = options.hosts
        this.store = options.store ?? new MemoryStore()
        this.address = options.address ?? "127.0.0.1"
        this.maxClients = options.maxClients ?? MAX_CLIENTS
        this.monitor = new HeartbeatMonitor(
            this.clock,
            this,
            options.expectedSec ?? DEFAULT_EXPECTED_SEC
        )
        const identity = { cert: options.certificate, key: options.key }
        try {
            this.server = tls.createServer({
                ...identity,
                minVersion: "TLSv1.2",
                // As edgeHub: a certificate is asked for, and none is fine.
                requestCert: true,
                rejectUnauthorized: false,
            })
            this.timeServer = https.createServer(
                {
                    ...identity,
                    minVersion: "TLSv1.2",
                    handshakeTimeout:
                        options.httpsHandshakeMs ?? HTTPS_HANDSHAKE_MS,
                },
                (request, response) => {
                    response.sendDate = false
                    response.setHeader(
                        "Date",
                        new Date(this.clock.now()).toUTCString()
                    )
                    response.end("Edge Leaf local gateway\n")
                    this.emit("timeRead", {
                        address: request.socket.remoteAddress ?? "",
                    })
                }
            )
        } catch (error) {
            throw new GatewayError(
                "bad-certificate",
                `The gateway's certificate or key cannot be used (${(error as Error).message}): make them anew.`
            )
        }
        this.listenToServer()
    }

    private listenToServer() {
        for (const server of [this.server, this.timeServer])
            server.on("connection", socket => {
                this.sockets.add(socket)
                socket.once("close", () => this.sockets.delete(socket))
            })
        this.server.on("connection", socket => {
            const peer = peerOf(socket)
            this.acceptedAtMs.set(peer, this.clock.now())
            // From the handshake's end on, the connection has its own deadline.
            const timer = this.clock.setTimeout(() => {
                if (this.secured.has(peer)) return
                this.emit("unsecured", {
                    address: peer,
                    reason: "no TLS handshake in 60 s",
                })
                socket.destroy()
            }, CONNECT_TIMEOUT_MS)
            socket.once("close", () => {
                this.clock.clearTimeout(timer)
                this.acceptedAtMs.delete(peer)
                this.secured.delete(peer)
            })
        })
        this.server.on("secureConnection", socket => this.onSecured(socket))
        for (const server of [this.server, this.timeServer])
            server.on("tlsClientError", (error: Error, socket: tls.TLSSocket) =>
                this.emit("unsecured", {
                    address: peerOf(socket),
                    reason: reasonOf(error),
                })
            )
    }

    private onSecured(socket: tls.TLSSocket) {
        const peer = peerOf(socket)
        const acceptedAtMs = this.acceptedAtMs.get(peer) ?? this.clock.now()
        this.secured.add(peer)
        const cipher = {
            protocol: socket.getProtocol() ?? "",
            cipher: socket.getCipher().name,
        }
        this.emit("secured", {
            address: peer,
            ...cipher,
            tookMs: this.clock.now() - acceptedAtMs,
        })
        if (this.connections.size >= this.maxClients) {
            socket.destroy()
            return
        }
        this.connections.add(new Connection(this, socket, cipher, acceptedAtMs))
    }

    /** The MQTT port. */
    get port(): number {
        return (this.server.address() as AddressInfo).port
    }

    get httpsPort(): number {
        return (this.timeServer.address() as AddressInfo).port
    }

    /** The subscriptions of a device's session: filter and granted QoS. */
    subscriptions(deviceId: string): Map<string, number> {
        let session = this.sessions.get(deviceId)
        if (!session) this.sessions.set(deviceId, (session = new Map()))
        return session
    }

    /**
     * A device has connected: an older connection of the same id is closed.
     *
     * @returns whether there was a session, and it is kept
     */
    takeOver(connection: Connection, deviceId: string): boolean {
        this.byDevice
            .get(deviceId)
            ?.close("the same device has connected again")
        this.byDevice.set(deviceId, connection)
        if (connection.cleanSession) this.sessions.delete(deviceId)
        const present = this.sessions.has(deviceId)
        this.subscriptions(deviceId)
        return present
    }

    /** A connection has ended. */
    forget(connection: Connection) {
        this.connections.delete(connection)
        const deviceId = connection.device?.deviceId
        if (!deviceId || this.byDevice.get(deviceId) !== connection) return
        this.byDevice.delete(deviceId)
        if (connection.cleanSession) this.sessions.delete(deviceId)
    }

    /** Whether a device is connected now. */
    isConnected(deviceId: string): boolean {
        return this.byDevice.has(deviceId)
    }

    /** Closes a device's connection. @returns whether there was one */
    disconnect(deviceId: string, reason = "the operator closed it"): boolean {
        const connection = this.byDevice.get(deviceId)
        connection?.close(reason)
        return connection !== undefined
    }

    /**
     * Stores a message; only then it is told of.
     *
     * @param isSignOfLife false for a will: it tells of the opposite
     */
    async accept(message: Telemetry, isSignOfLife = true): Promise<void> {
        await this.store.add(message)
        if (!isSignOfLife) {
            this.emit("telemetry", message)
            return
        }
        const interval = message.properties.heartbeat
        const isHeartbeat = interval !== undefined
        this.monitor.heard(
            message.deviceId,
            isHeartbeat ? Number(interval) : undefined
        )
        this.emit(isHeartbeat ? "heartbeat" : "telemetry", message)
    }

    /** A new certificate for the connections that come. */
    setCertificate(certificate: string, key: string) {
        this.server.setSecureContext({
            cert: certificate,
            key,
            minVersion: "TLSv1.2",
        })
        this.timeServer.setSecureContext({
            cert: certificate,
            key,
            minVersion: "TLSv1.2",
        })
    }

    async listen(port: number, httpsPort: number): Promise<void> {
        await listen(this.server, port, this.address)
        try {
            await listen(this.timeServer, httpsPort, this.address)
        } catch (error) {
            await this.close()
            throw error
        }
    }

    /** Stops: cuts all connections. */
    async close(): Promise<void> {
        this.monitor.close()
        for (const connection of this.connections) connection.destroy()
        const closed = [this.server, this.timeServer]
            .filter(server => server.listening)
            .map(server => new Promise(resolve => server.close(resolve)))
        for (const socket of this.sockets) socket.destroy()
        await Promise.all(closed)
    }
}

/** Starts a gateway. @throws GatewayError */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
    const gateway = new Gateway(options)
    await gateway.listen(options.port ?? 0, options.httpsPort ?? 0)
    return gateway
}

function listen(server: Server, port: number, address: string): Promise<void> {
    return new Promise((resolve, reject) => {
        server.once("error", (error: NodeJS.ErrnoException) => {
            if (error.code === "EADDRINUSE")
                reject(
                    new GatewayError(
                        "port-in-use",
                        `Port ${port} on ${address} is in use: end what uses it, or choose another port.`
                    )
                )
            else if (error.code === "EACCES")
                reject(
                    new GatewayError(
                        "port-forbidden",
                        `Port ${port} may not be opened by this user: choose a port from 1024 on.`
                    )
                )
            else reject(error)
        })
        server.listen(port, address, () => {
            server.removeAllListeners("error")
            resolve()
        })
    })
}

function peerOf(socket: Socket): string {
    return `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? "?"}`
}

/** What OpenSSL says of a failed handshake, such as `ssl/tls alert unknown ca`: the alert that the device sent. */
function reasonOf(error: Error): string {
    return (error as { reason?: string }).reason ?? error.message
}
