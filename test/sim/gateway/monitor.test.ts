/** The heartbeat monitor, with a clock that is moved by hand. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { ManualClock } from "../../../sim/gateway/clock"
import { EventHub, type EventName } from "../../../sim/gateway/events"
import {
    HeartbeatMonitor,
    type MonitorOptions,
    readHeartbeat,
} from "../../../sim/gateway/monitor"
import type { Message } from "../../../sim/gateway/store"

function rig(
    options: Partial<MonitorOptions> = { intervalMs: 300_000, graceMs: 100_000 }
) {
    const clock = new ManualClock(1_000_000)
    const events = new EventHub(() => clock.now())
    const monitor = new HeartbeatMonitor(clock, events, options)
    const told: [EventName, number, object][] = []
    events.onAny((name, { atMs, ...event }) => told.push([name, atMs, event]))
    const message = (
        kind: Message["kind"],
        properties = {},
        deviceId = "a"
    ): Message => ({
        kind,
        deviceId,
        connection: 1,
        topic: "",
        properties,
        systemProperties: {},
        body: Buffer.alloc(0),
        qos: 1,
        duplicate: false,
        receivedAtMs: clock.now(),
    })
    return { clock, monitor, told, message }
}

describe("the heartbeat monitor", () => {
    test("tells a late device once, and its return once", () => {
        const { clock, monitor, told, message } = rig()
        monitor.message(message("heartbeat"))
        clock.advance(399_999)
        assert.deepEqual(told, [])
        clock.advance(1)
        clock.advance(1_000_000)
        monitor.message(message("heartbeat"))
        monitor.message(message("heartbeat"))
        assert.deepEqual(told, [
            [
                "late",
                1_400_000,
                {
                    deviceId: "a",
                    lastSeenMs: 1_000_000,
                    expectedIntervalMs: 300_000,
                },
            ],
            ["alive", 2_400_000, { deviceId: "a", silentMs: 1_400_000 }],
        ])
    })

    test("tells it again after a return", () => {
        const { clock, monitor, told, message } = rig()
        for (let i = 0; i < 3; i++) {
            monitor.message(message("heartbeat"))
            monitor.message(message("heartbeat"))
            clock.advance(400_000)
        }
        assert.deepEqual(
            told.map(([name]) => name),
            ["late", "alive", "late", "alive", "late"]
        )
    })

    test("tells once that a late device is lost, and its return", () => {
        const { clock, monitor, told, message } = rig()
        monitor.message(message("heartbeat"))
        clock.advance(1_599_999)
        assert.equal(monitor.status("a")?.state, "late")
        clock.advance(1)
        clock.advance(10_000_000)
        assert.deepEqual(told.at(-1), [
            "lost",
            2_600_000,
            {
                deviceId: "a",
                lastSeenMs: 1_000_000,
                expectedIntervalMs: 300_000,
            },
        ])
        assert.deepEqual(
            monitor.list("lost").map(({ deviceId }) => deviceId),
            ["a"]
        )
        assert.deepEqual(monitor.list("alive"), [])
        monitor.message(message("telemetry"))
        assert.equal(monitor.status("a")?.state, "lost")
        clock.advance(300_000)
        monitor.message(message("telemetry"))
        assert.deepEqual(told.slice(2), [
            ["alive", 12_900_000, { deviceId: "a", silentMs: 11_900_000 }],
        ])
        assert.equal(monitor.status("a")?.sinceMs, 12_900_000)
    })

    test("does not take a device for alive that goes on to be too slow", () => {
        const { clock, monitor, told, message } = rig()
        for (let i = 0; i < 20; i++) {
            monitor.message(message("heartbeat"))
            clock.advance(400_000)
        }
        assert.deepEqual(
            told.map(([name]) => name),
            ["late"]
        )
    })

    test("takes a device for alive again whose heartbeats come a little after its interval, as they do", () => {
        const { clock, monitor, told, message } = rig()
        monitor.message(message("heartbeat", { heartbeat: "300" }))
        clock.advance(10_000_000)
        for (let i = 0; i < 5; i++) {
            monitor.message(message("heartbeat", { heartbeat: "300" }))
            clock.advance(300_050)
        }
        assert.deepEqual(
            told.map(([name]) => name),
            ["late", "lost", "alive"]
        )
        assert.equal(monitor.status("a")?.state, "alive")
    })

    test("takes no message for a return that came after more than half the grace", () => {
        const returns = (gapMs: number) => {
            const { clock, monitor, told, message } = rig()
            monitor.message(message("heartbeat"))
            clock.advance(400_000)
            monitor.message(message("heartbeat"))
            clock.advance(gapMs)
            monitor.message(message("heartbeat"))
            return told.some(([name]) => name === "alive")
        }
        assert.equal(returns(350_000), true)
        assert.equal(returns(350_001), false)
    })

    test("takes one message for a return if the operator wants it so", () => {
        const { clock, monitor, told, message } = rig({
            intervalMs: 300_000,
            graceMs: 100_000,
            returnMessages: 1,
            lostIntervals: 1,
        })
        monitor.message(message("heartbeat"))
        clock.advance(400_000)
        clock.advance(0)
        monitor.message(message("heartbeat"))
        assert.deepEqual(
            told.map(([name]) => name),
            ["late", "lost", "alive"]
        )
    })

    test("takes telemetry for a sign of life, and no heartbeat for it", () => {
        const { clock, monitor, told, message } = rig()
        monitor.message(message("heartbeat", { heartbeat: "300" }))
        for (let i = 0; i < 10; i++) {
            clock.advance(399_999)
            assert.equal(monitor.message(message("telemetry")), undefined)
        }
        assert.deepEqual(told, [])
        assert.equal(monitor.status("a")?.lastHeartbeat?.intervalSec, 300)
        assert.equal(monitor.status("a")?.lastSeenMs, clock.now())
    })

    test("watches a device that connected and never sent anything", () => {
        const { clock, monitor, told } = rig()
        monitor.watch("a")
        clock.advance(200_000)
        // A second connection is no sign of life.
        monitor.watch("a")
        clock.advance(200_000)
        assert.equal(told.length, 1)
        assert.equal(monitor.status("a")?.state, "late")
    })

    test("knows devices with intervals of their own, set before or while they are watched", () => {
        const { clock, monitor, told } = rig()
        monitor.watch("slow", { intervalMs: 1_000_000 })
        monitor.watch("a")
        clock.advance(400_000)
        assert.deepEqual(
            told.map(([, , event]) => event),
            [{ deviceId: "a", lastSeenMs: 1e6, expectedIntervalMs: 300_000 }]
        )
        monitor.watch("slow", { intervalMs: 400_000, graceMs: 0 })
        clock.advance(0)
        assert.equal(monitor.status("slow")?.state, "late")
    })

    test("keeps its devices apart", () => {
        const { clock, monitor, told, message } = rig()
        monitor.message(message("heartbeat", {}, "a"))
        clock.advance(200_000)
        monitor.message(message("heartbeat", {}, "b"))
        clock.advance(200_000)
        assert.equal(monitor.status("a")?.state, "late")
        assert.equal(monitor.status("b")?.state, "alive")
        assert.equal(told.length, 1)
        assert.deepEqual(monitor.devices, ["a", "b"])
    })

    test("forgets a device, and leaves no timer when it is closed", () => {
        const { clock, monitor, told, message } = rig()
        for (const id of ["a", "b"])
            monitor.message(message("heartbeat", {}, id))
        monitor.forget("a")
        assert.equal(monitor.status("a"), undefined)
        assert.equal(clock.pending, 1)
        monitor.close()
        assert.equal(clock.pending, 0)
        clock.advance(1e9)
        assert.deepEqual(told, [])
    })

    test("reads the numbers of a heartbeat, and nothing that is none", () => {
        const { message } = rig()
        const beat = readHeartbeat(
            message("heartbeat", {
                heartbeat: "007",
                uptime: "86400",
                boots: "-1",
                dropped: "1e3",
            })
        )
        assert.equal(beat.intervalSec, 7)
        assert.equal(beat.uptimeSec, 86400)
        assert.equal(beat.boots, undefined)
        assert.equal(beat.dropped, undefined)
        assert.equal(beat.reconnects, undefined)
    })
})

describe("the manual clock", () => {
    test("calls timers in their order and at their time, those set on the way included", () => {
        const clock = new ManualClock(0)
        const seen: [string, number][] = []
        const note = (name: string) => () => seen.push([name, clock.now()])
        clock.after(30, note("c"))
        clock.after(10, () => {
            note("a")()
            clock.after(10, note("b"))
            clock.after(1000, note("never"))
        })
        const cancel = clock.after(15, note("cancelled"))
        cancel()
        clock.advance(40)
        assert.deepEqual(seen, [
            ["a", 10],
            ["b", 20],
            ["c", 30],
        ])
        assert.equal(clock.now(), 40)
        assert.equal(clock.pending, 1)
    })
})
