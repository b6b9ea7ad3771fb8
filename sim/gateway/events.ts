/** What a gateway tells of: typed events, with the true reasons. No event holds a token, a key or a password. */
import { EventEmitter } from "node:events"

export interface Telemetry {
    deviceId: string
    topic: string
    /** The application's own. */
    properties: Record<string, string>
    /** By their short names, such as `mid`, `ct`, `ce`. */
    systemProperties: Record<string, string>
    body: Buffer
    /** Milliseconds since 1970, by the gateway's clock. */
    receivedAtMs: number
    /** Sent with DUP: perhaps a repetition. */
    duplicate: boolean
}

export interface GatewayEvents {
    /** A handshake succeeded; the time counts from the accepted TCP connection. */
    secured: [
        { address: string; protocol: string; cipher: string; tookMs: number },
    ]
    /** A handshake failed; the reason names the alert, if the client sent one. */
    unsecured: [{ address: string; reason: string }]
    connected: [
        {
            deviceId: string
            protocol: string
            cipher: string
            tokenExpirySec: number
            sessionPresent: boolean
        },
    ]
    /** A CONNECT was answered with a return code; the device learns the code alone. */
    refused: [{ deviceId: string; returnCode: number; reason: string }]
    disconnected: [{ deviceId: string; reason: string }]
    telemetry: [Telemetry]
    heartbeat: [Telemetry]
    /** A message was acknowledged and thrown away, as edgeHub does with a bad topic. */
    dropped: [{ deviceId: string; topic: string; reason: string }]
    /** No sign of life for too long; once, until it is alive again. */
    late: [{ deviceId: string; silentSec: number; expectedSec: number }]
    alive: [{ deviceId: string; silentSec: number }]
    /** The time was asked for over HTTPS. */
    timeRead: [{ address: string }]
}

export class GatewayEmitter extends EventEmitter<GatewayEvents> {
    /**
     * The next event of a kind.
     *
     * @param accept only one for which this is true
     * @throws Error if it does not come in time
     */
    waitFor<K extends keyof GatewayEvents>(
        kind: K,
        accept: (event: GatewayEvents[K][0]) => boolean = () => true,
        timeoutMs = 10000
    ): Promise<GatewayEvents[K][0]> {
        return new Promise((resolve, reject) => {
            const listener = (event: GatewayEvents[K][0]) => {
                if (!accept(event)) return
                clearTimeout(timer)
                this.off(kind, listener as never)
                resolve(event)
            }
            const timer = setTimeout(() => {
                this.off(kind, listener as never)
                reject(
                    new Error(`the gateway saw no "${kind}" in ${timeoutMs} ms`)
                )
            }, timeoutMs)
            this.on(kind, listener as never)
        })
    }
}
