/** A virtual clock that goes on when nothing stirs, and clocks that drift. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { DriftingClock } from "../../../sim/simulation/drift"
import { Activity, VirtualClock } from "../../../sim/vm/virtualclock"

const DAY_MS = 86_400_000

/** Does something in so many turns of the event loop, of which each is told. */
async function work(activity: Activity, turns: number): Promise<void> {
    for (let i = 0; i < turns; i++) {
        await new Promise(resolve => setImmediate(resolve))
        activity.stir()
    }
}

test("time stands still while something stirs, however many turns that takes", async () => {
    const activity = new Activity()
    const clock = new VirtualClock(0, activity)
    const seen: string[] = []
    clock.setTimeout(() => {
        activity.stir()
        void work(activity, 100).then(() => seen.push(`done ${clock.now()}`))
    }, 10)
    clock.setTimeout(() => seen.push(`next ${clock.now()}`), 11)
    await clock.pass(20)
    assert.deepEqual(seen, ["done 10", "next 11"])
})

test("who waited for a time goes on at that time", async () => {
    const clock = new VirtualClock(0, new Activity())
    const tick = () => void clock.setTimeout(tick, 1)
    tick()
    await clock.pass(5)
    assert.equal(clock.now(), 5)
    await clock.pass(7)
    assert.equal(clock.now(), 12)
})

test("a clock that is 50 ppm fast is 4.32 s ahead after a day, and so are its timers", async () => {
    const base = new VirtualClock(DAY_MS, new Activity())
    const clock = new DriftingClock(base, 50)
    const fired: number[] = []
    clock.after(DAY_MS, () => fired.push(base.now() - DAY_MS))
    await base.pass(DAY_MS)
    assert.equal(Math.round(clock.now() - base.now()), 4320)
    assert.equal(Math.round(fired[0]), DAY_MS - 4320)
})

test("a drifting clock's timer can be ended", async () => {
    const base = new VirtualClock(0, new Activity())
    const clock = new DriftingClock(base, -50)
    const cancel = clock.after(10, () => assert.fail("it was ended"))
    const timer = clock.setTimeout(() => assert.fail("it was ended"), 10)
    cancel()
    clock.clearTimeout(timer)
    await base.pass(20)
})
