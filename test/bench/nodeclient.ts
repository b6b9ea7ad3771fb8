/** A TLS server for the bench, and node's own client at it. */
import { once } from "node:events"
import { AddressInfo } from "node:net"
import { connect, createServer, Server, TLSSocket } from "node:tls"
import { ServerCertificate } from "../../sim/gateway/options"

/** What both clients use, so that they do the same. */
export const TLS = {
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    ciphers: "TLS_CHACHA20_POLY1305_SHA256",
    ecdhCurve: "X25519",
} as const

/** Answers what it gets. */
export async function startServer(
    certificate: ServerCertificate
): Promise<{ server: Server; port: number }> {
    const server = createServer({ ...certificate, ...TLS }, socket => {
        socket.on("error", () => undefined)
        socket.on("data", data => socket.write(data))
    })
    server.on("tlsClientError", () => undefined)
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    return { server, port: (server.address() as AddressInfo).port }
}

/**
 * One connection of node's client: real milliseconds up to the end of the handshake, and a session for the next. A resumed
 * one gets no new session.
 */
export async function nodeHandshake(
    port: number,
    servername: string,
    ca: string,
    session: Buffer | undefined
): Promise<{ ms: number; session: Buffer }> {
    const startMs = performance.now()
    const socket: TLSSocket = connect({
        ...TLS,
        host: "127.0.0.1",
        port,
        servername,
        ca,
        session,
    })
    let ticket = session
    socket.on("session", (next: Buffer) => (ticket = next))
    await once(socket, "secureConnect")
    const ms = performance.now() - startMs
    if (socket.isSessionReused() !== (session !== undefined))
        throw new Error("node's client did not do what was asked for")
    socket.write("hello")
    await once(socket, "data")
    socket.destroy()
    if (!ticket) throw new Error("node's server sent no session")
    return { ms, session: ticket }
}
