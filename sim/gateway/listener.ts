/**
 * A TCP port with TLS on it: accepts, shakes hands, tells how that went, and hands over a `Link`.
 *
 * The TLS server is Node's (OpenSSL). It asks for a client certificate, as edgeHub does, and takes none for an answer.
 */
import type { EventEmitter } from "node:events"
import { createServer, type AddressInfo, type Socket } from "node:net"
import { TLSSocket, type SecureContext } from "node:tls"
import type { Clock } from "./clock"
import { GatewayError } from "./errors"
import type { CloseReason, EventHub, PortName } from "./events"
import { breaks, type Faults } from "./faults"
import type { UnfitName } from "./faultoptions"
import { BadLine, reset, type LineSocket } from "./line"
import { Link } from "./link"

/** A connection that was accepted: Node's socket, or one in memory. */
export type AcceptedSocket = LineSocket

/** An open port, as far as it is used here: Node's server, or one in memory. */
export interface PortServer extends EventEmitter {
    readonly listening: boolean
    listen(port: number, host: string, listening: () => void): unknown
    address(): string | AddressInfo | null
    close(closed: () => void): unknown
}

export type CreateServer = (
    options: { allowHalfOpen: boolean },
    accept: (socket: AcceptedSocket) => void
) => PortServer

export interface ListenerOptions {
    port: PortName
    clock: Clock
    /** TCP's if it is missing. */
    createServer?: CreateServer
    events: EventHub
    context: SecureContext
    /** The number of links at a time; more are closed at once. */
    maxLinks: number
    nextId: () => number
    faults: Faults
    /** What the fault `certificate` serves. */
    unfitContext: (name: UnfitName) => SecureContext
    /** Sets the first deadline: the handshake has not begun. */
    accepted: (link: Link) => void
    /** The handshake is done. */
    secured: (link: Link) => void
}

export class Listener {
    private readonly server: PortServer
    private readonly links = new Set<Link>()
    private context: SecureContext

    constructor(private readonly options: ListenerOptions) {
        this.context = options.context
        // A client that has closed its side can still be answered what it asked before.
        const open: CreateServer = options.createServer ?? createServer
        this.server = open({ allowHalfOpen: true }, socket =>
            this.accept(socket)
        )
    }

    /** Opens the port and gives its number, which the system chooses for 0. */
    listen(host: string, port: number): Promise<number> {
        return new Promise((resolve, reject) => {
            this.server.once("error", (error: NodeJS.ErrnoException) =>
                reject(listenError(error, host, port))
            )
            this.server.listen(port, host, () => {
                this.server.removeAllListeners("error")
                // A connection that the system could not accept (no more descriptors) is its client's to try again.
                this.server.on("error", () => undefined)
                resolve((this.server.address() as AddressInfo).port)
            })
        })
    }

    /** Handshakes from now on use this certificate and key. */
    use(context: SecureContext): void {
        this.context = context
    }

    /** Closes every link at once. */
    closeLinks(reason: CloseReason, message: string): void {
        for (const link of [...this.links]) link.close(reason, message, true)
    }

    /** Closes the port and every link; resolves when the system has them back. */
    async close(): Promise<void> {
        const closed = new Promise<void>(resolve => {
            if (this.server.listening) this.server.close(() => resolve())
            else resolve()
        })
        this.closeLinks("gateway-closed", "the gateway is closing")
        // Links that were ending already are in nobody's hands any more but theirs.
        for (const link of this.links) link.stream.destroy()
        await closed
    }

    private accept(socket: AcceptedSocket): void {
        const { port, clock, events, faults, maxLinks, nextId } = this.options
        const remote = `${socket.remoteAddress}:${socket.remotePort}`
        if (this.links.size >= maxLinks) {
            socket.on("error", () => undefined)
            socket.destroy()
            return events.emit("turnedAway", { port, remote, limit: maxLinks })
        }
        // A PUBACK is four bytes: it must not wait for the acknowledgement of the one before.
        socket.setNoDelay(true)
        const id = nextId()
        const fault = faults.next("accepted", { id, port, deviceId: undefined })
        const line =
            fault?.do === "half-open"
                ? ({ cutAfterBytes: 0, cut: "silence" } as const)
                : fault?.line
        const wire: LineSocket = line
            ? new BadLine(socket, line, clock)
            : socket
        // It takes any duplex stream, whatever its type says.
        const stream = new TLSSocket(wire as Socket, {
            isServer: true,
            secureContext: fault?.certificate
                ? this.options.unfitContext(fault.certificate)
                : this.context,
            requestCert: true,
            rejectUnauthorized: false,
        })
        const link = new Link(id, port, remote, stream, clock, events)
        link.resetPeer = () => reset(wire)
        this.links.add(link)
        stream.once("close", () => this.links.delete(link))
        events.emit("opened", { connection: link.id, port, remote })
        this.options.accepted(link)
        if (fault && breaks(fault)) faults.breakLink(fault, link)
        // Emitted for servers too, before the first byte of data.
        stream.once("secure", () => this.secure(link))
    }

    private secure(link: Link): void {
        if (link.closed) return
        link.secured = true
        const { stream } = link
        this.options.events.emit("secured", {
            connection: link.id,
            port: link.port,
            protocol: stream.getProtocol() ?? "",
            cipher: stream.getCipher().standardName,
            serverName: serverName(stream),
            resumed: stream.isSessionReused(),
            durationMs: link.ageMs,
        })
        this.options.faults.strike("secured", link)
        if (link.closed) return
        this.options.secured(link)
    }
}

/** The name that the client asked for (SNI), or null. */
function serverName(stream: TLSSocket): string | null {
    const { servername } = stream as { servername?: string | false | null }
    return servername || null
}

export function listenError(
    error: NodeJS.ErrnoException,
    host: string,
    port: number
): GatewayError {
    const where = `port ${port} on ${host}`
    if (error.code === "EADDRINUSE")
        return new GatewayError(
            "port-in-use",
            `gateway: ${where} is in use: end the program that listens there, or choose another port`
        )
    if (error.code === "EACCES")
        return new GatewayError(
            "port-forbidden",
            `gateway: ${where} needs more rights than this user has: choose a port above 1023`
        )
    return new GatewayError(
        "bad-address",
        `gateway: ${where} cannot be opened (${error.code ?? error.message}): give an address of this machine, and a port of 0-65535`
    )
}
