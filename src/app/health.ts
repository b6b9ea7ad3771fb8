/**
 * Watchdog and safe mode, for a firmware that asks for them: `watchHealth` in flash.ts.
 *
 * The watchdog restarts the program, with the reason kept in flash, when the fiber of the connection has done nothing for `stallMs` beyond the
 * largest wait between tries, when the firmware that has once called `alive` does not for as long, and when there was no gateway for
 * `offlineMs`: the runtime's Wi-Fi may be stuck. What was not sent by then is lost with the RAM that it was in.
 *
 * A start that does not reach HEALTHY_MS is an early end. After MAX_EARLY of them in a row, `isSafe` is true: five panics within ten minutes,
 * or within five times ten. The firmware then leaves out what is its own, and the leaf has long intervals. After SAFE_MS the whole firmware is
 * tried again. The runtime tells no panic from a power cut, so five power cuts in a row, each within ten minutes, lead there as well.
 *
 * An early end, a restart and safe mode are told by a message with the property `health` (`early`, `restarted`, `safe`) and the
 * body {"safe", "early", "reason"}: `early` counts all early ends, `reason` is the code of a restart or 0. Heartbeats have `early`, too.
 *
 * What it does not do: a fiber that never waits is stopped by the runtime itself (panic 60001), and a runtime that hangs has no watchdog.
 *
 * Flash: one setting, written at each start, when it reaches HEALTHY_MS, and before a restart.
 */
import * as ds from "@devicescript/core"
import { ErrorCode } from "../errors"
import type { StoreSetting } from "./clock"
import type { Feature } from "./feature"
import type { Leaf } from "./leaf"
import { describe, log } from "./log"
import { PolicyAt } from "./policy"
import { type ReadSetting, SETTLE_MS } from "./settings"

/** A start that reaches it is a good one. */
export const HEALTHY_MS = 600000
/** So many starts in a row that do not, and the next is in safe mode. */
export const MAX_EARLY = 5
/** How long safe mode lasts: an owner has the time to see it, and a cause that has gone does not stay for ever. */
export const SAFE_MS = 3600000
/** Seconds between signs of life in safe mode, and the waits between tries in milliseconds, from the first range to the largest. */
const SAFE_INTERVAL_SEC = 900
const SAFE_WAIT_MS = 60000
const SAFE_MAX_MS = 600000

/** Longer than a first contact of a Pico W, which is 98 s. */
const STALL_MS = 900000
const OFFLINE_MS = 172800000
const CHECK_MS = 10000
/** The flash has this long for the reason. */
const STORE_MS = 2000
/** A report to the twin that fails is tried again. */
const REPORT_MS = 60000

/** The setting, a list by `HealthField`. */
const NAME = "health"

const enum HealthField {
    /** Starts in a row that have not reached HEALTHY_MS, the present one among them. */
    Row = 0,
    /** Early ends in all. */
    Early = 1,
    /** Why the watchdog has restarted the program; 0: it has not. */
    Reason = 2,
}

export class Health implements Feature {
    readonly filters: string[] = []
    readonly qos = 0

    /** Whether the firmware should leave out what is its own. */
    isSafe = false
    /** The code that the watchdog has restarted the program for, before this start; 0: it has not. */
    reason = 0
    /** Deadlines, in milliseconds; to be changed before `start`. */
    stallMs = STALL_MS
    offlineMs = OFFLINE_MS

    private record = [0, 0, 0]
    /** A program that was restarted finds the milliseconds of the one before. */
    private readonly startMs = ds.millis()
    private progressMs = this.startMs
    private aliveMs = -1

    /** @param restart ends the program, which starts again */
    constructor(
        private readonly leaf: Leaf,
        private readonly read: ReadSetting,
        private readonly store: StoreSetting,
        private readonly restart: () => void
    ) {}

    /** Counts this start. Before the leaf starts, and before anything that may fail. */
    async start(): Promise<void> {
        const leaf = this.leaf
        const kept = await this.read(NAME)
        if (kept) this.record = kept
        const record = this.record
        const row = record[HealthField.Row]
        this.isSafe = row >= MAX_EARLY
        this.reason = record[HealthField.Reason]
        if (row > 0) record[HealthField.Early]++
        record[HealthField.Row] = row + 1
        record[HealthField.Reason] = 0
        await ds.sleep(SETTLE_MS)
        await this.store(NAME, record)
        leaf.vitals.early = record[HealthField.Early]
        let told = ""
        if (row > 0) told = "early"
        if (this.reason !== 0) told = "restarted"
        if (this.isSafe) {
            told = "safe"
            log("safe mode")
            leaf.settings.heartbeatSec = SAFE_INTERVAL_SEC
            leaf.settings.telemetrySec = SAFE_INTERVAL_SEC
            leaf.policy[PolicyAt.LostWaitMs] = SAFE_WAIT_MS
            leaf.policy[PolicyAt.LostWaitMs + 1] = SAFE_MAX_MS
        }
        if (told)
            leaf.send(this.status(), {
                // The numbers are for what the firmware sends.
                messageId: leaf.boot + "-health",
                properties: { health: told },
            })
        leaf.addFeature(this)
    }

    /** What is told of it, as telemetry and in the twin. */
    status(): any {
        return {
            safe: this.isSafe,
            early: this.record[HealthField.Early],
            reason: this.reason,
        }
    }

    /**
     * The firmware's own loop is alive. Who has called it once has to call it again and again.
     *
     * @devsWhenUsed
     */
    alive(): void {
        this.aliveMs = ds.millis()
    }

    begin(): void {
        this.progressMs = ds.millis()
    }

    take(): boolean {
        return false
    }

    async serve(): Promise<void> {
        this.progressMs = ds.millis()
    }

    /** One look. */
    async check(): Promise<void> {
        const nowMs = ds.millis()
        const upMs = nowMs - this.startMs
        const record = this.record
        let reason = 0
        if (this.isSafe) {
            if (upMs > SAFE_MS) {
                record[HealthField.Row] = 0
                reason = ErrorCode.SafeModeOver
            }
        } else if (upMs > HEALTHY_MS)
            if (record[HealthField.Row] > 0) {
                record[HealthField.Row] = 0
                await this.store(NAME, record)
            }
        const onlineMs = Math.max(this.startMs, this.leaf.onlineMs)
        if (nowMs - onlineMs > this.offlineMs) reason = ErrorCode.Offline
        let limitMs = 0
        for (
            let at = PolicyAt.LostWaitMs + 1;
            at <= PolicyAt.KickedMaxMs;
            at += 2
        )
            limitMs = Math.max(limitMs, this.leaf.policy[at])
        limitMs += this.stallMs
        if (nowMs - this.progressMs > limitMs) reason = ErrorCode.Stalled
        if (this.aliveMs >= 0)
            if (nowMs - this.aliveMs > limitMs) reason = ErrorCode.Stalled
        if (reason === 0) return
        log(`restart: (${reason})`)
        record[HealthField.Reason] = reason
        // A fiber of its own: what is stuck may be the flash.
        this.store.start(NAME, record)
        await ds.sleep(STORE_MS)
        this.restart()
    }
}

/** Looks for ever. */
export async function watch(health: Health): Promise<void> {
    for (;;) {
        await ds.sleep(CHECK_MS)
        await health.check()
    }
}

/**
 * Reports `health` to the twin, once a start: `health.status()`. To be called before `leaf.start()`.
 *
 * @param health what `watchHealth` gives
 */
export function reportHealth(leaf: Leaf, health: Health): void {
    const twin = leaf.twin()
    const run = async () => {
        for (;;)
            try {
                await twin.report({ health: health.status() })
                return
            } catch (e: any) {
                log(`health is not reported: ${describe(e)}`)
                await ds.sleep(REPORT_MS)
            }
    }
    run.start()
}
