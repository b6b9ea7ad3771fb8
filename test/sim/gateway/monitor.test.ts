/** The heartbeat monitor on a clock that tests move, alone and in the gateway. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { GatewayEmitter } from "../../../sim/gateway/events"
import { HeartbeatMonitor } from "../../../sim/gateway/monitor"
import { DEVICE_ID, TestGateway } from "./client"
import { FakeClock } from "./fakeclock"

function monitor(expectedSec?: number) {
    const clock = new FakeClock()
    const events = new GatewayEmitter()
    const seen: [string, object][] = []
    events.on("late", event => seen.push(["late", event]))
    events.on("alive", event => seen.push(["alive", event]))
    return {
        clock,
        seen,
        monitor: new HeartbeatMonitor(clock, events, expectedSec),
    }
}

test("a silent device is late once, half as long again after what was expected", () => {
    const { clock, seen, monitor: m } = monitor(100)
    m.heard("a")
    clock.advance(149999)
    assert.deepEqual(seen, [])
    clock.advance(1)
    const late = { deviceId: "a", silentSec: 150, expectedSec: 100 }
    assert.deepEqual(seen, [["late", late]])
    assert.equal(m.status("a")?.late, true)
    clock.advance(1e7)
    assert.equal(seen.length, 1)
})

test("a late device that is heard again is alive once, and may be late again", () => {
    const { clock, seen, monitor: m } = monitor(100)
    m.heard("a")
    clock.advance(200000)
    m.heard("a")
    assert.deepEqual(seen[1], ["alive", { deviceId: "a", silentSec: 200 }])
    assert.equal(m.status("a")?.late, false)
    m.heard("a")
    assert.equal(seen.length, 2)
    clock.advance(150000)
    assert.deepEqual(
        seen.map(([kind]) => kind),
        ["late", "alive", "late"]
    )
})

test("a heartbeat says how long the silence may be, and other messages keep that", () => {
    const { clock, seen, monitor: m } = monitor(100)
    m.heard("a", 10)
    m.heard("a")
    assert.equal(m.status("a")?.expectedSec, 10)
    clock.advance(14999)
    assert.equal(seen.length, 0)
    clock.advance(1)
    assert.equal(seen.length, 1)
})

test("an interval that is no positive number is not taken", () => {
    for (const interval of [NaN, 0, -5, Infinity]) {
        const { clock, seen, monitor: m } = monitor(100)
        m.heard("a", interval)
        assert.equal(m.status("a")?.expectedSec, 100)
        assert.equal(m.status("a")?.lastHeartbeatMs, clock.now())
        clock.advance(150000)
        assert.equal(seen.length, 1)
    }
})

test("no interval is longer than Node's timers can be, which would then ring at once", () => {
    const delays: number[] = []
    const clock = new FakeClock()
    const setTimeout = clock.setTimeout.bind(clock)
    clock.setTimeout = (callback, delayMs) => {
        delays.push(delayMs)
        return setTimeout(callback, delayMs)
    }
    new HeartbeatMonitor(clock, new GatewayEmitter()).heard("a", 1e9)
    assert.deepEqual(delays, [2 ** 31 - 1])
})

test("devices are watched one by one, and none of them after the end", () => {
    const { clock, seen, monitor: m } = monitor(100)
    m.heard("a")
    clock.advance(100000)
    m.heard("b")
    clock.advance(50000)
    assert.deepEqual(
        seen.map(([, event]) => (event as { deviceId: string }).deviceId),
        ["a"]
    )
    m.close()
    assert.equal(clock.pending, 0)
    assert.equal(m.status("c"), undefined)
})

test("in the gateway, telemetry is a sign of life and a heartbeat names its interval", async () => {
    const clock = new FakeClock()
    const site = await TestGateway.start({ clock, expectedSec: 100 })
    try {
        const client = await site.connect({ keepalive: 400 })
        const send = async (bag: string) => {
            client.publish({
                topic: `devices/${DEVICE_ID}/messages/events/${bag}`,
            })
            assert.equal((await client.next())?.cmd, "puback")
        }
        await send("a=1")
        assert.equal(site.events("telemetry").length, 1)
        clock.advance(150000)
        assert.equal(site.events("late").length, 1)
        await send("heartbeat=20")
        assert.equal(site.events("heartbeat").length, 1)
        assert.equal(site.events("telemetry").length, 1)
        assert.deepEqual(site.events("alive"), [
            { deviceId: DEVICE_ID, silentSec: 150 },
        ])
        clock.advance(29000)
        await send("a=1")
        clock.advance(29999)
        assert.equal(site.events("late").length, 1)
        clock.advance(1)
        assert.deepEqual(site.events("late")[1], {
            deviceId: DEVICE_ID,
            silentSec: 30,
            expectedSec: 20,
        })
    } finally {
        await site.stop()
    }
})
