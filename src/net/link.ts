/** A link: TCP, and TLS to the gateway over it. */
import * as ds from "@devicescript/core"
import { onOperation } from "../crypto/operation"
import { Handshake, HandshakeObserver } from "../tls/handshake"
import { KeyShare, TlsParts } from "../tls/part"
import type { Resumption } from "../tls/session"
import { Transport } from "../transport"
import type { VerifiedIssuers } from "../x509/issuers"
import { TrustAnchor } from "../x509/path"
import { openTcp, TcpTransport } from "./tcp"

/** How long a gateway may take to accept a connection, name resolution included. */
const CONNECT_TIMEOUT_MS = 15000

export interface LinkOptions {
    parts: TlsParts
    anchors: TrustAnchor[]
    /** Name or address to connect to. */
    address: string
    port: number
    /** The name that the gateway's certificate must have; not always the one to connect to. */
    host: string
    /** Unix seconds, or -1 while the time is unknown; then certificates must not end before `floorSec`. */
    nowSec: number
    floorSec: number
    /** As in `TlsOptions`. */
    issuers?: VerifiedIssuers
    resumption?: Resumption
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
 * and one with the handshake's phases and what each took.
 *
 * The key share is made before the connection, which the gateway gives 60 s up to MQTT's CONNECT.
 *
 * @throws LeafError with a code of net, tls, x509 or crypto
 */
export async function openLink(options: LinkOptions): Promise<Link> {
    onOperation(showOperation)
    const stopwatch = new Stopwatch()
    const handshake = new Handshake({
        parts: options.parts,
        anchors: options.anchors,
        host: options.host,
        port: options.port,
        nowSec: options.nowSec,
        floorSec: options.floorSec,
        issuers: options.issuers,
        resumption: options.resumption,
        observer: stopwatch,
    })
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
    const connection = await handshake.connect(tcp)
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
