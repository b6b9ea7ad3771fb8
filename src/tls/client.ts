/**
 * A TLS client (RFC 8446, RFC 5246) over any Transport, for one server with a certificate up to a pinned anchor.
 *
 * What is checked stands at each line with its id from SECURITY.md. Heap while the handshake runs: the server's
 * Certificate message (4.6 KB for a chain of Microsoft's scripts), once, and up to 9 KB for one RSA-4096 signature.
 */
import { Transport } from "../transport"
import { TlsConnection } from "./connection"
import { Handshake, TlsOptions } from "./handshake"

/**
 * Goes through the handshake. On any error the server is told by an alert and the transport closed.
 *
 * On boards making a key takes seconds: `Handshake` lets that be done before the connection (see `net/link.ts`).
 *
 * @param transport open, and given away
 * @throws LeafError what was refused; codes of net, tls, x509 and crypto
 */
export async function connectTls(
    transport: Transport,
    options: TlsOptions
): Promise<TlsConnection> {
    let handshake: Handshake
    try {
        handshake = new Handshake(options)
        await handshake.prepare()
    } catch (e: any) {
        await transport.close()
        throw e
    }
    return await handshake.connect(transport)
}
