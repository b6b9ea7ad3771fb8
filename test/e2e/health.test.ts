/** Watchdog and safe mode over hours, in virtual time: panics, restarts, and what is in flash and in the twin afterwards. */
import assert from "node:assert/strict"
import { after, afterEach, before, describe, test } from "node:test"
import type { Image } from "../../sim/vm/compiler"
import type { Device } from "../../sim/vm/host"
import { VirtualClock } from "../../sim/vm/virtualclock"
import { longTicks } from "../longticks"
import { ScriptedGateway } from "../scriptedgateway"
import { Site } from "../site"

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Real time: how long a line may take that comes in hours of virtual time. */
const WAIT_MS = 60_000

describe("a firmware with watchdog and safe mode", () => {
    let site: Site
    let image: Image
    let clock: VirtualClock
    let gateway: ScriptedGateway
    let device: Device
    before(async () => {
        site = await Site.create()
        image = await site.compile("test/firmware/frailleaf.ts")
    })
    afterEach(async () => {
        device.stop()
        gateway.close()
        await site.stop()
    })
    after(() => site.close())

    /** @param telemetrySec after which it ends */
    async function start(telemetrySec: number, alertC?: number): Promise<void> {
        clock = new VirtualClock()
        gateway = await ScriptedGateway.start(clock, () => ({}))
        device = await site.startDevice(
            image,
            { mqttPort: gateway.port },
            { telemetrySec, heartbeatSec: 3600, alertC },
            { clock: longTicks(clock) }
        )
    }

    /** What was reported to the twin, in the order of the connections. */
    function reports(): unknown[] {
        return gateway.visits.flatMap(visit =>
            visit.reports.map(
                text => (JSON.parse(text) as { health: unknown }).health
            )
        )
    }

    test("that panics a minute after each start is in safe mode at the sixth, for an hour, and then tries again", async () => {
        await start(60)
        await clock.run(device.until("leaf: safe mode", WAIT_MS))
        assert.equal(device.panics.length, 5)
        assert.ok(device.panics.every(({ code }) => code === 60005))
        await clock.pass(30 * MINUTE_MS)
        assert.equal(device.panics.length, 5)
        assert.deepEqual(device.settings().health, [6, 5, 0])
        assert.deepEqual(reports().at(-1), {
            safe: true,
            early: 5,
            reason: 0,
        })
        await clock.run(device.until("leaf: restart: (7023)", WAIT_MS))
        await clock.run(device.until("leaf: connected", WAIT_MS))
        await clock.pass(20_000)
        assert.equal(device.panics.at(-1)!.code, 0)
        assert.deepEqual(device.settings().health, [1, 5, 0])
        assert.deepEqual(reports().at(-1), {
            safe: false,
            early: 5,
            reason: 7023,
        })
    })

    test("that panics after eleven minutes, again and again, is never in safe mode: such starts are good ones", async () => {
        await start(11 * 60)
        await clock.pass(90 * MINUTE_MS)
        assert.ok(device.panics.length >= 6, `${device.panics.length} panics`)
        assert.ok(!device.lines.some(({ text }) => text.includes("safe mode")))
        assert.equal((device.settings().health as number[])[1], 0)
    })

    test("whose own loop stands still is restarted within half an hour, and says why", async () => {
        await start(60, 1)
        const startMs = clock.now()
        await clock.run(device.until("leaf: restart: (7021)", WAIT_MS))
        const minutes = (clock.now() - startMs) / MINUTE_MS
        assert.ok(minutes > 24 && minutes < 27, `${minutes} minutes`)
        await clock.run(device.until("leaf: connected", WAIT_MS))
        await clock.pass(20_000)
        assert.deepEqual(reports().at(-1), {
            safe: false,
            early: 0,
            reason: 7021,
        })
        assert.ok(clock.now() - startMs < HOUR_MS)
    })
})
