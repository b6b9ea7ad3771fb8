/** A link: TCP, and TLS to the gateway over it. */
import * as ds from "@devicescript/core"
import { onOperation } from "../crypto/operation"
import type { TlsConnection } from "../tls/connection"
import { Handshake, HandshakeObserver, TlsOptions } from "../tls/handshake"
import { KeyShare } from "../tls/part"
import { Transport } from "../transport"
import { openTcp, TcpTransport } from "./tcp"

/** How long a gateway may take to accept a connection, name resolution included. */
const CONNECT_TIMEOUT_MS = 15000

/** As for the handshake; `openLink` sets the observer. The host is not always the name to connect to. */
export interface LinkOptions extends TlsOptions {
    /** Name or address to connect to. */
    address: string
}

/** An open, verified connection to the gateway. */
export interface Link {
    transport: Transport
    /** The validity of the gateway's certificate, Unix seconds. */
    notBeforeSec: number
    notAfterSec: number
    /** From the open socket to the end of the handshake. */
    handshakeMs: number
}

/** A key share that was made for a connection which then did not come about: never sent, so good for the next one. */
let spareShare: KeyShare = null

/**
 * Connects to the gateway and verifies it. Logs a line before each public-key operation, as it takes seconds on a board,
 * and one with the handshake's phases and what each took; when it fails, the last of them is the one that it failed in.
 *
 * The key share is made before the connection, which the gateway gives 60 s up to MQTT's CONNECT.
 *
 * @throws LeafError with a code of net, tls, x509 or crypto
 */
export async function openLink(options: LinkOptions): Promise<Link> {
    onOperation(showOperation)
    const stopwatch = new Stopwatch()
    options.observer = stopwatch
    const handshake = new Handshake(options)
    handshake.share = spareShare
    spareShare = null
    await handshake.prepare()
    let tcp: TcpTransport
    try {
        tcp = await openTcp(options.address, options.port, CONNECT_TIMEOUT_MS)
    } catch (e: any) {
        spareShare = handshake.share
        throw e
    }
    const startMs = ds.millis()
    let connection: TlsConnection
    try {
        connection = await handshake.connect(tcp)
    } catch (e: any) {
        console.log("tls: failed in the last of: " + stopwatch.finish())
        throw e
    }
    const handshakeMs = ds.millis() - startMs
    console.log(
        `tls: verified ${options.host} in ${handshakeMs} ms: ${stopwatch.finish()}`
    )
    return {
        transport: connection,
        notBeforeSec: connection.notBeforeSec,
        notAfterSec: connection.notAfterSec,
        handshakeMs,
    }
}

function showOperation(name: string): void {
    console.log("crypto: " + name)
}

/** Notes how long each phase of a handshake takes. */
class Stopwatch implements HandshakeObserver {
    private text = ""
    private name = ""
    private sinceMs = 0

    phase(name: string): void {
        const nowMs = ds.millis()
        if (this.name) {
            if (this.text) this.text += ", "
            this.text += `${this.name} ${nowMs - this.sinceMs} ms`
        }
        this.name = name
        this.sinceMs = nowMs
    }

    finish(): string {
        this.phase("")
        return this.text
    }
}
