/**
 * A TCP proxy that lays a bad line between a device and a gateway, for gateways that have no such faults themselves, and to see
 * from outside what goes over the line.
 *
 * Each connection gets a line of its own (`gateway/line.ts`), chosen by its number. It notes where the TLS records that came from
 * either side end, so that a line can be cut there. Clock and address of the gateway are the caller's.
 */
import { once } from "node:events"
import { connect, createServer, type AddressInfo, type Server } from "node:net"
import type { Clock } from "../gateway/clock"
import { BadLine, type LineOptions, type LineSocket } from "../gateway/line"

/** RFC 8446 5.1: type, version, and a length of two bytes. */
const RECORD_HEADER = 5

/** Where TLS records end, counted in bytes from the beginning of a stream. */
export class RecordEnds {
    readonly ends: number[] = []
    private header = Buffer.alloc(0)
    private left = 0
    private total = 0

    push(bytes: Buffer): void {
        for (let at = 0; at < bytes.length;) {
            if (this.left > 0) {
                const taken = Math.min(this.left, bytes.length - at)
                at += taken
                this.left -= taken
                this.total += taken
                if (this.left === 0) this.ends.push(this.total)
                continue
            }
            const missing = RECORD_HEADER - this.header.length
            const part = bytes.subarray(at, at + missing)
            this.header = Buffer.concat([this.header, part])
            at += part.length
            this.total += part.length
            if (this.header.length < RECORD_HEADER) return
            this.left = this.header.readUInt16BE(3)
            this.header = Buffer.alloc(0)
        }
    }
}

/** One connection that went through the proxy. */
export interface Passage {
    /** Of what the gateway sent, before the line; and the device, after it. */
    down: RecordEnds
    up: RecordEnds
    /** Both sides are gone. */
    closed: Promise<void>
}

export interface ProxyOptions {
    /** The gateway's. */
    port: number
    clock: Clock
    /** The line of the `n`th connection, from 0; a good one if it is missing. */
    line?: (n: number) => LineOptions
}

export class LineProxy {
    readonly passages: Passage[] = []
    private readonly sockets = new Set<{ destroy(): unknown }>()

    private constructor(
        private readonly server: Server,
        private readonly options: ProxyOptions
    ) {}

    /** Listens on a free port of 127.0.0.1. */
    static async start(options: ProxyOptions): Promise<LineProxy> {
        const server = createServer({ allowHalfOpen: true })
        const proxy = new LineProxy(server, options)
        server.on("connection", socket => proxy.accept(socket))
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        return proxy
    }

    get port(): number {
        return (this.server.address() as AddressInfo).port
    }

    /** Breaks all connections and closes the port. */
    async close(): Promise<void> {
        const closed = once(this.server, "close")
        this.server.close()
        for (const socket of this.sockets) socket.destroy()
        await closed
    }

    private accept(socket: LineSocket): void {
        const { port, clock, line } = this.options
        const device = this.keep(
            new BadLine(socket, line?.(this.passages.length) ?? {}, clock)
        )
        const gateway = connect({
            host: "127.0.0.1",
            port,
            allowHalfOpen: true,
            noDelay: true,
        })
        this.keep(gateway)
        const down = new RecordEnds()
        const up = new RecordEnds()
        gateway.on("data", (bytes: Buffer) => down.push(bytes))
        device.on("data", (bytes: Buffer) => up.push(bytes))
        device.pipe(gateway)
        gateway.pipe(device)
        // Whoever ends without a goodbye takes the other along.
        gateway.once("error", () => device.resetAndDestroy())
        device.once("error", () => gateway.resetAndDestroy())
        gateway.once("close", () => {
            if (!gateway.readableEnded) device.resetAndDestroy()
        })
        device.once("close", () => gateway.destroySoon())
        const closed = Promise.all([
            new Promise(resolve => gateway.once("close", resolve)),
            new Promise(resolve => device.once("close", resolve)),
        ]).then(() => undefined)
        this.passages.push({ down, up, closed })
    }

    private keep<T extends LineSocket>(socket: T): T {
        this.sockets.add(socket)
        socket.once("close", () => this.sockets.delete(socket))
        return socket
    }
}
