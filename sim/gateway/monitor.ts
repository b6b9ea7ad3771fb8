/**
 * The heartbeat monitor: when each device was last heard of, and which one is overdue.
 *
 * Any message is a sign of life. A device says with its heartbeat how long it may be silent (`heartbeat` is the interval
 * in seconds); until then the gateway's own expectation counts. It is late after that time and half as much again, so
 * that a heartbeat that is merely delayed does not ring.
 */
import type { Clock } from "../vm/clock"
import type { GatewayEmitter } from "./events"

const TOLERANCE = 1.5

/** The longest time that Node's timers take; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** What the device's documentation says: 300 s without a word is the default interval. */
export const DEFAULT_EXPECTED_SEC = 300

export interface SignOfLife {
    deviceId: string
    /** Milliseconds since 1970. */
    lastHeardMs: number
    lastHeartbeatMs: number | undefined
    expectedSec: number
    late: boolean
}

export class HeartbeatMonitor {
    private readonly devices = new Map<
        string,
        SignOfLife & { timer: unknown }
    >()

    constructor(
        private readonly clock: Clock,
        private readonly events: GatewayEmitter,
        private readonly expectedSec = DEFAULT_EXPECTED_SEC
    ) {}

    /** A device sent something. @param intervalSec with a heartbeat: the interval that it names, or NaN */
    heard(deviceId: string, intervalSec?: number): void {
        const nowMs = this.clock.now()
        const before = this.devices.get(deviceId)
        this.clock.clearTimeout(before?.timer)
        const isHeartbeat = intervalSec !== undefined
        const expectedSec =
            isHeartbeat && intervalSec > 0 && Number.isFinite(intervalSec)
                ? intervalSec
                : (before?.expectedSec ?? this.expectedSec)
        if (before?.late)
            this.events.emit("alive", {
                deviceId,
                silentSec: Math.round((nowMs - before.lastHeardMs) / 1000),
            })
        this.devices.set(deviceId, {
            deviceId,
            lastHeardMs: nowMs,
            lastHeartbeatMs: isHeartbeat ? nowMs : before?.lastHeartbeatMs,
            expectedSec,
            late: false,
            timer: this.clock.setTimeout(
                () => this.onSilence(deviceId),
                Math.min(expectedSec * TOLERANCE * 1000, MAX_TIMER_MS)
            ),
        })
    }

    private onSilence(deviceId: string): void {
        const device = this.devices.get(deviceId)!
        device.late = true
        this.events.emit("late", {
            deviceId,
            silentSec: Math.round(
                (this.clock.now() - device.lastHeardMs) / 1000
            ),
            expectedSec: device.expectedSec,
        })
    }

    /** What is known of one device. */
    status(deviceId: string): SignOfLife | undefined {
        const device = this.devices.get(deviceId)
        if (!device) return undefined
        const { lastHeardMs, lastHeartbeatMs, expectedSec, late } = device
        return { deviceId, lastHeardMs, lastHeartbeatMs, expectedSec, late }
    }

    close(): void {
        for (const { timer } of this.devices.values())
            this.clock.clearTimeout(timer)
    }
}
