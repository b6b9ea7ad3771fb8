/**
 * One connection to a port of the gateway, from the TCP accept to its end: its deadline, why it ended, and the telling of it.
 *
 * Whoever ends a connection does so here; the first reason counts and is told once.
 */
import type { TLSSocket } from "node:tls"
import type { Clock } from "./clock"
import type { CloseReason, EventHub, PortName } from "./events"

/** How long a closing connection may take to send what is left, e.g. a CONNACK. */
const LINGER_MS = 5_000

/** One connection, from the TCP accept to its end. */
export class Link {
    deviceId: string | undefined
    /** Called once when the link has ended, whoever ended it. */
    onClose: (reason: CloseReason) => void = () => undefined
    /** Asked when the client has left: is there something that it sent before and that is yet to be read? Then `drained` follows. */
    inHand: () => boolean = () => false
    secured = false
    /** Has the peer get a reset, if the network knows what that is; whoever made the link sets it. */
    resetPeer: () => void = () => undefined
    private ended = false
    private left: { reason: CloseReason; message: string } | undefined
    private cancelTimer: () => void = () => undefined
    private readonly openedMs: number

    constructor(
        readonly id: number,
        readonly port: PortName,
        readonly remote: string,
        readonly stream: TLSSocket,
        private readonly clock: Clock,
        private readonly events: EventHub
    ) {
        this.openedMs = clock.now()
        stream.on("error", error => this.failed(error))
        stream.on("end", () => this.peerClosed())
        stream.on("close", () => this.peerClosed())
    }

    get closed(): boolean {
        return this.ended
    }

    get ageMs(): number {
        return this.clock.now() - this.openedMs
    }

    /** The one deadline of a link; a new one replaces the old. */
    deadline(afterMs: number, reason: CloseReason, message: string): void {
        this.cancelTimer()
        this.cancelTimer = this.clock.after(afterMs, () => {
            if (!this.secured) this.tellTlsFailed("timeout")
            this.close(reason, message, true)
        })
    }

    noDeadline(): void {
        this.cancelTimer()
    }

    /** Ends the link: sends what was written before, or, if `abrupt`, drops it. The first reason stays. */
    close(reason: CloseReason, message: string, abrupt = false): void {
        if (this.ended) return
        this.ended = true
        this.cancelTimer()
        if (abrupt) this.stream.destroy()
        else {
            this.stream.end()
            // Unread input would make the kernel reset the connection, and what was just written could get lost.
            this.stream.resume()
            const cancel = this.clock.after(LINGER_MS, () =>
                this.stream.destroy()
            )
            this.stream.once("close", cancel)
        }
        this.tellEnd(reason, message)
    }

    private tellEnd(reason: CloseReason, message: string): void {
        this.onClose(reason)
        this.events.emit("disconnected", {
            connection: this.id,
            port: this.port,
            remote: this.remote,
            deviceId: this.deviceId,
            reason,
            message,
            durationMs: this.ageMs,
        })
    }

    /** Ends the link with a reset. */
    reset(message: string): void {
        if (this.ended) return
        this.ended = true
        this.cancelTimer()
        // Not now: Node ends with a fault of its own when a TLS socket loses its handle in an event of that handle.
        setImmediate(() => {
            this.resetPeer()
            this.stream.destroy()
        })
        this.tellEnd("dropped", message)
    }

    /**
     * Ends the link for the gateway alone: the client hears nothing of it, and nothing any more. What it sends is thrown away, and
     * its connection stands until it leaves.
     */
    abandon(message: string): void {
        if (this.ended) return
        this.ended = true
        this.cancelTimer()
        this.stream.removeAllListeners("data")
        this.stream.resume()
        this.stream.once("end", () => this.stream.destroy())
        this.tellEnd("half-open", message)
    }

    /** All that the client sent is read: if it has left, that counts now. */
    drained(): void {
        if (this.left)
            this.close(
                this.left.reason,
                this.left.message,
                this.stream.destroyed
            )
    }

    // A DISCONNECT that arrived before the end of the connection is read before it, however slow the store is.
    private leave(reason: CloseReason, message: string): void {
        if (this.ended) return
        this.left ??= { reason, message }
        if (!this.inHand()) this.drained()
    }

    private peerClosed(): void {
        if (this.ended) return
        if (this.secured)
            return this.leave("client-gone", "it closed the connection")
        this.tellTlsFailed("the client closed the connection")
        this.close("tls-failed", "it closed the connection", true)
    }

    private failed(error: Error): void {
        if (this.ended) return
        const { code, reason, alert } = describeTlsError(error)
        if (!this.secured) {
            this.tellTlsFailed(reason, alert)
            this.close("tls-failed", reason, true)
        } else if (code === "ECONNRESET" || code === "EPIPE")
            this.leave("reset", "the connection was reset")
        else this.leave("tls-error", reason)
    }

    private tellTlsFailed(reason: string, alert?: string): void {
        this.events.emit("tlsFailed", {
            connection: this.id,
            port: this.port,
            remote: this.remote,
            reason,
            alert,
            durationMs: this.ageMs,
        })
    }
}

/** OpenSSL names the alerts that it received `…ALERT_<name>`, the later ones without that word. */
const RECEIVED_ALERT = /^ERR_SSL_(?:.+_ALERT|TLSV1|TLSV13)_(.+)$/

/** What went wrong in TLS, in OpenSSL's words, and the alert if it was the client that gave up. */
export function describeTlsError(
    error: Error & { code?: string; reason?: string }
) {
    const code = error.code ?? ""
    return {
        code,
        reason: error.reason ?? (code || error.message),
        alert: RECEIVED_ALERT.exec(code)?.[1].toLowerCase(),
    }
}
