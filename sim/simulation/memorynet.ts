/**
 * A network in memory, in the time of a clock: for devices and a gateway in one process and virtual time.
 *
 * The sockets are duplex streams that look like Node's, so that Node's TLS and HTTP run on them as they are. What one end
 * writes comes to the other after `latencyMs`, in order; ends and resets travel the same way. A host (a device's place in
 * the network) can be out of reach for a while, and come back: what was under way then arrives late, as with TCP's
 * retransmissions. Its power can be cut: then nobody is told of anything.
 *
 * Not modelled: bandwidth, windows, how long TCP goes on repeating (both ends here give up before it would), and the reset
 * that a host sends, once it is back, for a connection that it had before its power was cut: the other end finds out by silence.
 */
import { EventEmitter } from "node:events"
import type { AddressInfo } from "node:net"
import { Duplex } from "node:stream"
import type {
    AcceptedSocket,
    CreateServer,
    PortServer,
} from "../gateway/listener"
import type { Clock } from "../vm/clock"
import type { Address, ClientSocket, Connect } from "../vm/socket"
import type { Activity } from "../vm/virtualclock"

/** From one end to the other, in ms: Wi-Fi in the house, and a gateway in the next room. */
const LATENCY_MS = 3

const FIRST_FREE_PORT = 40_000

type Item = { data: Buffer } | "end" | "reset" | "refused" | "open"

/** What the network needs of its clock. */
export type NetClock = Pick<Clock, "now" | "setTimeout">

export class MemoryNet {
    private readonly servers = new Map<number, MemoryServer>()
    private lastPort = FIRST_FREE_PORT
    /** Told each connection that a host wants to open, when it arrives; `listening`: somebody is there. */
    onAttempt: (port: number, listening: boolean) => void = () => undefined

    constructor(
        readonly clock: NetClock,
        readonly activity: Activity,
        readonly latencyMs = LATENCY_MS
    ) {}

    /** For `GatewayOptions.createServer`. */
    readonly createServer: CreateServer = (_options, accept) =>
        new MemoryServer(this, accept)

    /** A place for a device. */
    host(address: string): MemoryHost {
        return new MemoryHost(this, address)
    }

    freePort(): number {
        return ++this.lastPort
    }

    bind(port: number, server: MemoryServer): void {
        this.servers.set(port, server)
    }

    release(port: number): void {
        this.servers.delete(port)
    }

    serverAt(port: number): MemoryServer | undefined {
        return this.servers.get(port)
    }
}

/** A device's place in the network. */
export class MemoryHost {
    private isAway = false
    /** What waits for the host to be in reach. */
    private readonly lines = new Set<Direction>()
    private readonly sockets = new Set<MemorySocket>()

    constructor(
        readonly net: MemoryNet,
        readonly address: string
    ) {}

    /** For `DeviceOptions.connect`. */
    readonly connect: Connect = address => this.open(address)

    /** Whether nothing gets through to the host or from it. */
    get away(): boolean {
        return this.isAway
    }

    set away(away: boolean) {
        this.isAway = away
        if (!away) for (const line of this.lines) line.arm()
    }

    /** The host is gone with all its connections, and nobody hears of it. */
    cutPower(): void {
        for (const socket of this.sockets) socket.vanish()
    }

    private open({ port }: Address): ClientSocket {
        const own = this.net.freePort()
        const client = new MemorySocket(this.address, own)
        const server = new MemorySocket(this.address, own)
        const toServer = new Direction(this, server)
        const toClient = new Direction(this, client)
        this.sockets.add(client)
        let ends = 2
        const closed = () => {
            if (--ends > 0) return
            this.sockets.delete(client)
            this.lines.delete(toServer)
            this.lines.delete(toClient)
        }
        client.once("close", closed)
        server.once("close", closed)
        this.lines.add(toServer).add(toClient)
        client.out = toServer
        client.what = `${this.address}:${port}`
        server.out = toClient
        server.connecting = false
        // The first way is the SYN's: who is there is found out at its end.
        server.opened = () => {
            // A host that has given up repeats nothing: so nothing has arrived.
            if (client.destroyed) return server.destroy()
            const listening = this.net.serverAt(port)
            this.net.onAttempt(port, listening !== undefined)
            if (!listening) {
                toClient.send("refused")
                return server.destroy()
            }
            toClient.send("open")
            listening.take(server)
        }
        toServer.send("open")
        return client
    }
}

/** One way of a connection. */
class Direction {
    private readonly items: { dueMs: number; item: Item }[] = []
    private armed = false

    constructor(
        private readonly host: MemoryHost,
        readonly end: MemorySocket
    ) {}

    send(item: Item): void {
        const { net } = this.host
        this.items.push({ dueMs: net.clock.now() + net.latencyMs, item })
        this.arm()
    }

    /** Has the first item arrive in its time. */
    arm(): void {
        const first = this.items[0]
        if (!first || this.armed || this.host.away) return
        const { clock } = this.host.net
        this.armed = true
        clock.setTimeout(
            () => this.deliver(),
            Math.max(0, first.dueMs - clock.now())
        )
    }

    private deliver(): void {
        this.armed = false
        if (this.host.away) return
        const { item } = this.items.shift()!
        this.arm()
        this.host.net.activity.stir()
        this.end.receive(item)
    }
}

/** One end of a connection; `connecting`, `setNoDelay`, `destroySoon` as Node's sockets have them. */
class MemorySocket extends Duplex implements ClientSocket, AcceptedSocket {
    connecting = true
    /** Who was called, for messages. */
    what = ""
    out!: Direction
    /** The connection is open, as far as the network goes. */
    opened = () => {
        this.connecting = false
        this.emit("connect")
    }
    private isMute = false
    private hasEnded = false
    private wasReset = false

    constructor(
        readonly remoteAddress: string,
        readonly remotePort: number
    ) {
        super({ allowHalfOpen: true })
    }

    setNoDelay(): this {
        return this
    }

    destroySoon(): void {
        if (this.writable) this.end()
        if (this.writableFinished) this.destroy()
        else this.once("finish", () => this.destroy())
    }

    resetAndDestroy(): this {
        this.send("reset")
        this.hasEnded = true
        return this.destroy()
    }

    /** Neither sends nor hears anything more. */
    vanish(): void {
        this.isMute = true
    }

    receive(item: Item): void {
        if (this.isMute) return
        if (this.destroyed) {
            // Nobody is here any more who could take it.
            if (typeof item === "object") this.send("reset")
            return
        }
        if (item === "open") this.opened()
        else if (item === "refused")
            this.fail(`connect ECONNREFUSED ${this.what}`, "ECONNREFUSED")
        else if (item === "reset") this.fail("read ECONNRESET", "ECONNRESET")
        else this.push(item === "end" ? null : item.data)
    }

    override _read(): void {}

    override _write(
        chunk: Buffer,
        _encoding: BufferEncoding,
        done: () => void
    ): void {
        this.send({ data: Buffer.from(chunk) })
        done()
    }

    override _final(done: () => void): void {
        this.sendEnd()
        done()
    }

    override _destroy(
        error: Error | null,
        done: (error: Error | null) => void
    ): void {
        this.sendEnd()
        done(error)
    }

    private sendEnd(): void {
        if (this.hasEnded || this.wasReset) return
        this.hasEnded = true
        this.send("end")
    }

    private send(item: Item): void {
        if (!this.isMute) this.out.send(item)
    }

    private fail(message: string, code: string): void {
        this.wasReset = true
        this.destroy(Object.assign(new Error(message), { code }))
    }
}

/** An open port. */
class MemoryServer extends EventEmitter implements PortServer {
    listening = false
    private port = 0

    constructor(
        private readonly net: MemoryNet,
        private readonly accept: (socket: AcceptedSocket) => void
    ) {
        super()
    }

    listen(port: number, _host: string, listening: () => void): this {
        this.port = port || this.net.freePort()
        this.net.bind(this.port, this)
        this.listening = true
        setImmediate(listening)
        return this
    }

    address(): AddressInfo {
        return { address: "memory", family: "IPv4", port: this.port }
    }

    /** Unlike Node's, it does not wait for the connections to end: its user has ended them. */
    close(closed: () => void): this {
        this.listening = false
        this.net.release(this.port)
        setImmediate(closed)
        return this
    }

    take(socket: AcceptedSocket): void {
        this.accept(socket)
    }
}
