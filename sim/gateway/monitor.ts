/**
 * Watches that devices stay alive: keeps the last heartbeat of each, and tells once when one is overdue and once when it is back.
 *
 * A device sends a heartbeat only if nothing else went out in the interval, so any message is a sign of life. A device is
 * watched from its first successful CONNECT on, which starts its interval but is no sign of life itself. A heartbeat names the
 * interval of its device, which counts from then on, unless the operator has set one for this device.
 */
import type { Clock } from "./clock"
import type { EventHub, Heartbeat } from "./events"
import type { Message } from "./store"

export interface MonitorOptions {
    /** The interval within which each device is expected to send something: 300 s. */
    intervalMs: number
    /** What comes on top before a device is late, for a reconnect on the way: half the interval. */
    graceMs: number
}

const DEFAULT_INTERVAL_MS = 300_000

/** A day, the longest interval that a device can be provisioned with; what is beyond is not believed. */
const MAX_INTERVAL_SEC = 86_400

export interface DeviceStatus {
    deviceId: string
    late: boolean
    /** When the last message came, or when the watch began. */
    lastSeenMs: number
    lastHeartbeat?: Heartbeat
}

interface Watch extends DeviceStatus, MonitorOptions {
    /** The operator has set the interval. */
    fixed: boolean
    cancel: () => void
}

export class HeartbeatMonitor {
    private readonly watches = new Map<string, Watch>()
    private readonly defaults: MonitorOptions

    constructor(
        private readonly clock: Clock,
        private readonly events: EventHub,
        options: Partial<MonitorOptions> = {}
    ) {
        const intervalMs = options.intervalMs ?? DEFAULT_INTERVAL_MS
        this.defaults = {
            intervalMs,
            graceMs: options.graceMs ?? intervalMs / 2,
        }
    }

    /** Begins to watch a device, if it is not watched yet; `options` set an interval of its own, now or later. */
    watch(deviceId: string, options?: Partial<MonitorOptions>): void {
        const old = this.watches.get(deviceId)
        if (old && !options) return
        old?.cancel()
        const intervalMs = options?.intervalMs ?? this.defaults.intervalMs
        const watch: Watch = {
            deviceId,
            late: old?.late ?? false,
            lastSeenMs: old?.lastSeenMs ?? this.clock.now(),
            lastHeartbeat: old?.lastHeartbeat,
            intervalMs,
            graceMs:
                options?.graceMs ??
                (options?.intervalMs !== undefined
                    ? intervalMs / 2
                    : this.defaults.graceMs),
            fixed: options !== undefined,
            cancel: () => undefined,
        }
        this.watches.set(deviceId, watch)
        if (!watch.late) this.arm(watch)
    }

    /** Takes note of a stored message; gives the heartbeat that it is, if it is one. */
    message(message: Message): Heartbeat | undefined {
        const { deviceId, receivedAtMs } = message
        this.watch(deviceId)
        const watch = this.watches.get(deviceId) as Watch
        const silentMs = receivedAtMs - watch.lastSeenMs
        watch.lastSeenMs = receivedAtMs
        const heartbeat =
            message.kind === "heartbeat" ? readHeartbeat(message) : undefined
        if (heartbeat) this.heartbeat(watch, heartbeat)
        if (watch.late) {
            watch.late = false
            this.arm(watch)
            this.events.emit("alive", { deviceId, silentMs })
        }
        return heartbeat
    }

    private heartbeat(watch: Watch, heartbeat: Heartbeat): void {
        watch.lastHeartbeat = heartbeat
        const { intervalSec = 0 } = heartbeat
        if (watch.fixed || intervalSec < 1 || intervalSec > MAX_INTERVAL_SEC)
            return
        const intervalMs = intervalSec * 1000
        if (watch.intervalMs === intervalMs) return
        watch.intervalMs = intervalMs
        watch.graceMs = intervalMs / 2
        // The timer stands for the old interval, which may be longer.
        watch.cancel()
        if (!watch.late) this.arm(watch)
    }

    /** What is known of a device, or nothing. */
    status(deviceId: string): DeviceStatus | undefined {
        const watch = this.watches.get(deviceId)
        return (
            watch && {
                deviceId,
                late: watch.late,
                lastSeenMs: watch.lastSeenMs,
                lastHeartbeat: watch.lastHeartbeat,
            }
        )
    }

    /** All watched devices, in the order of their first contact. */
    get devices(): string[] {
        return [...this.watches.keys()]
    }

    forget(deviceId: string): void {
        this.watches.get(deviceId)?.cancel()
        this.watches.delete(deviceId)
    }

    close(): void {
        for (const deviceId of this.devices) this.forget(deviceId)
    }

    // One timer a device, which looks again when it comes due: a message costs no new timer.
    private arm(watch: Watch): void {
        const dueMs = watch.lastSeenMs + watch.intervalMs + watch.graceMs
        watch.cancel = this.clock.after(
            Math.max(dueMs - this.clock.now(), 0),
            () => this.look(watch)
        )
    }

    private look(watch: Watch): void {
        const silentMs = this.clock.now() - watch.lastSeenMs
        if (silentMs < watch.intervalMs + watch.graceMs) return this.arm(watch)
        watch.late = true
        this.events.emit("late", {
            deviceId: watch.deviceId,
            lastSeenMs: watch.lastSeenMs,
            expectedIntervalMs: watch.intervalMs,
        })
    }
}

/** The numbers in a heartbeat's properties; what is no whole number is left out. */
export function readHeartbeat(message: Message): Heartbeat {
    const number = (name: string) => {
        const text = Object.hasOwn(message.properties, name)
            ? message.properties[name]
            : ""
        return /^\d{1,15}$/.test(text) ? Number(text) : undefined
    }
    return {
        deviceId: message.deviceId,
        receivedAtMs: message.receivedAtMs,
        intervalSec: number("heartbeat"),
        uptimeSec: number("uptime"),
        boots: number("boots"),
        dropped: number("dropped"),
        reconnects: number("reconnects"),
    }
}
