/** Puts a hostile server behind a TCP port: a new one for each connection. */
import net from "node:net"
import type { HostileServer } from "./hostile"

export interface Listener {
    port: number
    /** The server of each connection, in their order. */
    servers: HostileServer[]
    close(): Promise<void>
}

/**
 * @param create makes the server of a connection; `output` takes its bytes, `end` ends the stream
 */
export async function listen(
    create: (output: (bytes: Buffer) => void, end: () => void) => HostileServer
): Promise<Listener> {
    const servers: HostileServer[] = []
    const sockets = new Set<net.Socket>()
    const listener = net.createServer(socket => {
        sockets.add(socket)
        socket.setNoDelay()
        const server = create(
            bytes => {
                if (socket.writable) socket.write(bytes)
            },
            () => socket.end()
        )
        servers.push(server)
        socket.on("data", bytes => server.receive(bytes))
        // Clients that refuse a server leave in any way they like.
        socket.on("error", () => undefined)
        socket.on("close", () => sockets.delete(socket))
    })
    await new Promise<void>(resolve => listener.listen(0, "127.0.0.1", resolve))
    return {
        port: (listener.address() as net.AddressInfo).port,
        servers,
        close: () =>
            new Promise(resolve => {
                listener.close(() => resolve())
                for (const socket of sockets) socket.destroy()
            }),
    }
}
