/**
 * The gateway's HTTPS port, as far as a device without a clock needs it: any GET is answered with a `Date` header. If there is a token
 * service (`tokenservice.ts`), its paths are its own.
 *
 * A real gateway serves 443 through Kestrel, which gives a TLS handshake 10 s and answers an unknown path with 404; the header
 * is there in any case, and it is all that is looked at.
 */
import { createServer, type Server } from "node:http"
import type { Clock } from "./clock"
import type { EventHub } from "./events"
import type { Link } from "./link"
import { TOKEN_SERVICE, type TokenService } from "./tokenservice"

/** Kestrel's limit from TCP accept to the end of the handshake. */
export const HANDSHAKE_TIMEOUT_MS = 10_000
/** From there to the end of the connection: a slow client needs seconds, nobody needs more. */
const REQUEST_TIMEOUT_MS = 30_000
/** A request that a device sends is below 300 bytes. */
const MAX_HEADER_BYTES = 4096

export class TimeServer {
    private readonly http: Server
    private readonly links = new WeakMap<object, Link>()

    constructor(
        private readonly clock: Clock,
        private readonly events: EventHub,
        tokens?: TokenService
    ) {
        this.http = createServer(
            { maxHeaderSize: MAX_HEADER_BYTES },
            (request, response) => {
                const link = this.links.get(request.socket)
                if (link) {
                    link.inHand = () => !response.closed
                    response.on("close", () => link.drained())
                    if (tokens && request.url?.startsWith(TOKEN_SERVICE))
                        return void tokens.handle(request, response, link)
                }
                const date = new Date(this.clock.now()).toUTCString()
                const allowed = ["GET", "HEAD"].includes(request.method ?? "")
                // The header is of this gateway's clock, not of this machine's.
                response.sendDate = false
                response.writeHead(allowed ? 200 : 405, {
                    date,
                    "content-type": "text/plain",
                    connection: "close",
                    ...(allowed ? {} : { allow: "GET, HEAD" }),
                })
                response.end(allowed ? `${date}\n` : "GET only\n")
                response.on("finish", () => {
                    if (!link || link.closed) return
                    if (allowed)
                        this.events.emit("timeServed", {
                            connection: link.id,
                            remote: link.remote,
                            date,
                        })
                    link.close("client-done", "it was answered")
                })
            }
        )
        this.http.on("clientError", (_error, socket) => {
            this.links
                .get(socket)
                ?.close("malformed", "it sent no HTTP request", true)
            socket.destroy()
        })
    }

    accepted(link: Link): void {
        link.deadline(
            HANDSHAKE_TIMEOUT_MS,
            "tls-failed",
            "no TLS handshake within 10 s"
        )
    }

    secured(link: Link): void {
        link.deadline(
            REQUEST_TIMEOUT_MS,
            "request-timeout",
            "no request within 30 s"
        )
        this.links.set(link.stream, link)
        this.http.emit("connection", link.stream)
    }
}
