/** A clock for devices that have hours to go in virtual time, most of them idle. */
import type { Clock } from "../sim/vm/clock"
import type { VirtualClock } from "../sim/vm/virtualclock"

/** What the runtime waits for at most, and what it does here: it notices what came so much later. */
const IDLE_TICK_MS = 10
const LONG_TICK_MS = 250

export function longTicks(clock: VirtualClock): Clock {
    return {
        now: () => clock.now(),
        setTimeout: (callback, delayMs) =>
            clock.setTimeout(
                callback,
                delayMs === IDLE_TICK_MS ? LONG_TICK_MS : delayMs
            ),
        clearTimeout: timer => clock.clearTimeout(timer),
    }
}
