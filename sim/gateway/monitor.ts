/**
 * Watches that devices stay alive: keeps the last heartbeat of each, and tells when one is late, when it is lost, and when it is back.
 *
 * A device sends a heartbeat only if nothing else went out in the interval, so any message is a sign of life. A device is
 * watched from its first successful CONNECT on, which starts its interval but is no sign of life itself. A heartbeat names the
 * interval of its device, which counts from then on, unless the operator has set one for this device.
 *
 *     alive   until nothing has come for its interval and a grace
 *     late    until nothing has come for some intervals
 *     lost    until it is back
 *
 * It is back, and alive, with the second message in a row that came within its interval and half the grace. So a device that sends
 * a little too seldom is late all the time, and does not go to and fro; one that sends what it has kept is back at once. Half the
 * grace, because a device sends its heartbeat when the interval is over: it never comes within the interval itself.
 */
import type { Clock } from "./clock"
import type { EventHub, Heartbeat } from "./events"
import type { Message } from "./store"

export interface MonitorOptions {
    /** The interval within which each device is expected to send something: 300 s. */
    intervalMs: number
    /** What comes on top before a device is late, for a reconnect on the way: half the interval. */
    graceMs: number
    /** After so many intervals without anything, and the grace, it is lost: 5. */
    lostIntervals: number
    /** So many messages in a row, each within the interval and half the grace, bring it back: 2. With 1 any message does. */
    returnMessages: number
}

const DEFAULT_LOST_INTERVALS = 5
const DEFAULT_RETURN_MESSAGES = 2

const DEFAULT_INTERVAL_MS = 300_000

/** A day, the longest interval that a device can be provisioned with; what is beyond is not believed. */
const MAX_INTERVAL_SEC = 86_400

export type LifeState = "alive" | "late" | "lost"

export interface DeviceStatus {
    deviceId: string
    state: LifeState
    /** Since when it is in this state; the watch began alive. */
    sinceMs: number
    /** Within this it is expected to send something. */
    intervalMs: number
    /** When the last message came, or when the watch began. */
    lastSeenMs: number
    lastHeartbeat?: Heartbeat
}

interface Watch extends DeviceStatus, MonitorOptions {
    /** The operator has set the interval. */
    fixed: boolean
    /** Messages in a row that came in time, since it is not alive. */
    returned: number
    /** The last message before it was late. */
    awayFromMs: number
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
            lostIntervals: options.lostIntervals ?? DEFAULT_LOST_INTERVALS,
            returnMessages: options.returnMessages ?? DEFAULT_RETURN_MESSAGES,
        }
    }

    /** Begins to watch a device, if it is not watched yet; `options` set an interval of its own, now or later. */
    watch(deviceId: string, options?: Partial<MonitorOptions>): void {
        const old = this.watches.get(deviceId)
        if (old && !options) return
        old?.cancel()
        const intervalMs = options?.intervalMs ?? this.defaults.intervalMs
        const nowMs = this.clock.now()
        const watch: Watch = {
            deviceId,
            state: old?.state ?? "alive",
            sinceMs: old?.sinceMs ?? nowMs,
            lastSeenMs: old?.lastSeenMs ?? nowMs,
            lastHeartbeat: old?.lastHeartbeat,
            ...this.defaults,
            ...options,
            intervalMs,
            graceMs:
                options?.graceMs ??
                (options?.intervalMs !== undefined
                    ? intervalMs / 2
                    : this.defaults.graceMs),
            fixed: options !== undefined,
            returned: old?.returned ?? 0,
            awayFromMs: old?.awayFromMs ?? nowMs,
            cancel: () => undefined,
        }
        this.watches.set(deviceId, watch)
        this.arm(watch)
    }

    /** Takes note of a stored message; gives the heartbeat that it is, if it is one. */
    message(message: Message): Heartbeat | undefined {
        const { deviceId, receivedAtMs } = message
        this.watch(deviceId)
        const watch = this.watches.get(deviceId) as Watch
        const isInTime = receivedAtMs - watch.lastSeenMs <= inTimeMs(watch)
        watch.lastSeenMs = receivedAtMs
        const heartbeat =
            message.kind === "heartbeat" ? readHeartbeat(message) : undefined
        if (heartbeat) this.heartbeat(watch, heartbeat)
        if (watch.state !== "alive") {
            watch.returned = isInTime ? watch.returned + 1 : 1
            if (watch.returned >= watch.returnMessages) this.back(watch)
        }
        return heartbeat
    }

    private back(watch: Watch): void {
        const { deviceId, lastSeenMs, awayFromMs } = watch
        this.become(watch, "alive")
        this.arm(watch)
        this.events.emit("alive", {
            deviceId,
            silentMs: lastSeenMs - awayFromMs,
        })
    }

    private become(watch: Watch, state: LifeState): void {
        watch.state = state
        watch.sinceMs = this.clock.now()
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
        this.arm(watch)
    }

    /** What is known of a device, or nothing. */
    status(deviceId: string): DeviceStatus | undefined {
        const watch = this.watches.get(deviceId)
        return (
            watch && {
                deviceId,
                state: watch.state,
                sinceMs: watch.sinceMs,
                intervalMs: watch.intervalMs,
                lastSeenMs: watch.lastSeenMs,
                lastHeartbeat: watch.lastHeartbeat,
            }
        )
    }

    /** All watched devices, or those in a state, in the order of their first contact. */
    list(state?: LifeState): DeviceStatus[] {
        return this.devices
            .map(deviceId => this.status(deviceId) as DeviceStatus)
            .filter(one => state === undefined || one.state === state)
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
        watch.cancel()
        if (watch.state === "lost") return
        const dueMs = watch.lastSeenMs + patienceMs(watch)
        watch.cancel = this.clock.after(
            Math.max(dueMs - this.clock.now(), 0),
            () => this.look(watch)
        )
    }

    private look(watch: Watch): void {
        const { deviceId, lastSeenMs, intervalMs, state } = watch
        if (this.clock.now() - lastSeenMs < patienceMs(watch))
            return this.arm(watch)
        if (state === "alive") {
            watch.awayFromMs = lastSeenMs
            watch.returned = 0
        }
        const next = state === "alive" ? "late" : "lost"
        this.become(watch, next)
        this.arm(watch)
        this.events.emit(next, {
            deviceId,
            lastSeenMs,
            expectedIntervalMs: intervalMs,
        })
    }
}

/** How long after the last message a device's state gets worse. */
function patienceMs(watch: Watch): number {
    const intervals = watch.state === "alive" ? 1 : watch.lostIntervals
    return Math.max(intervals, 1) * watch.intervalMs + watch.graceMs
}

/** How soon after the one before a message counts for a return: sooner than what makes a device late. */
function inTimeMs({ intervalMs, graceMs }: Watch): number {
    return intervalMs + graceMs / 2
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
