/**
 * A TLS client (RFC 8446) over any Transport, for one server with a certificate up to a pinned anchor.
 *
 * What is checked stands at each line with its id from SECURITY.md. Heap while the handshake runs: the server's
 * Certificate message (4.6 KB for a chain of Microsoft's scripts), once, and up to 12 KB for one RSA-4096 signature.
 */
import { Transport } from "../transport"
import { VerifiedIssuers } from "../x509/issuers"
import { referenceAddress } from "../x509/names"
import { TrustAnchor } from "../x509/path"
import { TlsConnection } from "./connection"
import { Handshake, HandshakeObserver } from "./handshake"
import { TlsParts } from "./part"

export interface TlsOptions {
    parts: TlsParts
    anchors: TrustAnchor[]
    /** The name, or IPv4 address, that the server's certificate must be for; also sent as SNI if it is a name. */
    host: string
    /** Unix seconds, or -1 while the time is unknown. */
    nowSec: number
    /** While the time is unknown, certificates must not end before this. */
    floorSec: number
    /** Certificates that were verified before; null or left out: none. */
    issuers?: VerifiedIssuers
    observer?: HandshakeObserver
}

/**
 * Goes through the handshake. On any error the server is told by an alert and the transport closed.
 *
 * @param transport open, and given away
 * @throws LeafError what was refused; codes of net, tls, x509 and crypto
 */
export async function connectTls(
    transport: Transport,
    options: TlsOptions
): Promise<TlsConnection> {
    let handshake: Handshake = null
    try {
        referenceAddress(options.host) // I1: before anything is sent
        handshake = new Handshake(
            transport,
            options.parts,
            {
                anchors: options.anchors,
                schemes: options.parts.schemes,
                host: options.host,
                nowSec: options.nowSec,
                floorSec: options.floorSec,
                issuers: options.issuers,
            },
            options.observer !== undefined ? options.observer : null
        )
        return await handshake.run()
    } catch (e: any) {
        if (handshake !== null) await handshake.abort(e)
        else await transport.close()
        throw e
    }
}
