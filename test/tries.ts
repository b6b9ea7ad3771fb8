/** What a device's tries to connect come to: how long each took and which public-key operations it did. */
import { Gateway } from "../sim/gateway/gateway"
import { Device } from "../sim/vm/host"

export interface Try {
    /** From TCP accept to CONNECT, or to the end of the connection, in the gateway's seconds. */
    seconds: number
    /** Whether the gateway accepted the CONNECT. */
    connected: boolean
    /** Why it ended without. */
    reason: string
    /** Operations from the connection before to this one's end, those ahead of the connection first. */
    ahead: string[]
    operations: string[]
}

/** Follows a device's MQTT connections at a gateway. */
export class Tries {
    readonly all: Try[] = []
    private ahead: string[] = []
    private current: { connection: number; openedMs: number } | undefined
    private operations: string[] = []

    constructor(gateway: Gateway) {
        gateway.on("opened", ({ connection, port, atMs }) => {
            if (port !== "mqtt") return
            this.current = { connection, openedMs: atMs }
        })
        gateway.on("authenticated", ({ connection, atMs }) =>
            this.end(connection, atMs, true, "")
        )
        gateway.on("disconnected", ({ connection, reason, atMs }) =>
            this.end(connection, atMs, false, reason)
        )
    }

    watch(device: Device): void {
        device.on("operation", ({ name }) => {
            if (this.current) this.operations.push(name)
            else this.ahead.push(name)
        })
    }

    private end(
        connection: number,
        atMs: number,
        connected: boolean,
        reason: string
    ): void {
        if (this.current?.connection !== connection) return
        this.all.push({
            seconds: (atMs - this.current.openedMs) / 1000,
            connected,
            reason,
            ahead: this.ahead,
            operations: this.operations,
        })
        this.current = undefined
        this.ahead = []
        this.operations = []
    }

    /** Tries up to and including the next one that is connected, or `most`. */
    async next(gateway: Gateway, most: number): Promise<Try[]> {
        const from = this.all.length
        const timeoutMs = 120_000
        for (;;) {
            const done = this.all.length - from
            if (done >= most || (done > 0 && this.all.at(-1)!.connected)) break
            await new Promise<void>((resolve, reject) => {
                const stops = [
                    gateway.on("authenticated", () => settle(resolve)),
                    gateway.on("disconnected", () => settle(resolve)),
                ]
                const timer = setTimeout(
                    () =>
                        settle(() =>
                            reject(new Error(`no try in ${timeoutMs} ms`))
                        ),
                    timeoutMs
                )
                const settle = (then: () => void) => {
                    clearTimeout(timer)
                    for (const stop of stops) stop()
                    then()
                }
            })
        }
        return this.all.slice(from)
    }
}

/** Names with how often each stands in a row of operations: "2 X25519, 4 RSA-4096". */
export function countOperations(operations: string[]): string {
    const counts = new Map<string, number>()
    for (const name of operations) counts.set(name, (counts.get(name) ?? 0) + 1)
    return [...counts].map(([name, count]) => `${count} ${name}`).join(", ")
}
