/**
 * The connection policy over hours, in virtual time: docs/connection.md says what it is, and this that a device keeps to it.
 *
 * Where the gateway only has to be silent, it is a scripted one, over plain TCP; where a token, a session or an id counts, it is the local
 * gateway with its TLS.
 */
import assert from "node:assert/strict"
import { type AddressInfo, type Server, createServer } from "node:net"
import { after, afterEach, before, describe, test } from "node:test"
import type { Gateway } from "../../sim/gateway/gateway"
import type { Image } from "../../sim/vm/compiler"
import type { Device, DeviceOptions } from "../../sim/vm/host"
import { VirtualClock } from "../../sim/vm/virtualclock"
import { longTicks } from "../longticks"
import {
    type Behaviour,
    CONNACK,
    ScriptedGateway,
    publish,
} from "../scriptedgateway"
import { Site } from "../site"

const HOUR_MS = 3_600_000

/** Real time: how long a line may take that comes in hours of virtual time. */
const WAIT_MS = 60_000

/** `leaf: no connection: …, next try in … s` and the like. */
const ENDED = /^leaf: (no|lost) connection: (.*), next try in ([\d.]+) s$/

const SILENT: Behaviour = { connack: CONNACK, attack: async v => v.hush() }

let site: Site
let quiet: Image
let whole: Image
before(async () => {
    site = await Site.create()
    quiet = await site.compile("test/firmware/quietleaf.ts")
    whole = await site.compile("src/main.ts")
})
after(() => site.close())

/** Times of a device's lines. */
class Watch {
    readonly lines: { atMs: number; text: string }[] = []

    constructor(
        readonly device: Device,
        clock: VirtualClock
    ) {
        device.on("line", ({ text }) =>
            this.lines.push({ atMs: clock.now(), text })
        )
    }

    /** The reasons of the ends of connections, the waits after them in seconds. */
    ends(): { reason: string; waitSec: number; atMs: number }[] {
        return this.lines.flatMap(({ atMs, text }) => {
            const match = ENDED.exec(text)
            return match
                ? [{ reason: match[2], waitSec: Number(match[3]), atMs }]
                : []
        })
    }

    /** From the latest line that begins with `from` before the first one that matches `to`, to that, in ms. */
    between(from: string, to: RegExp): number {
        const end = this.lines.findIndex(({ text }) => to.test(text))
        const start = this.lines
            .slice(0, end)
            .reverse()
            .find(({ text }) => text.startsWith(from))
        assert.ok(end >= 0 && start, `${from} … ${to}`)
        return this.lines[end].atMs - start.atMs
    }
}

describe("deadlines", () => {
    let clock: VirtualClock
    let gateway: ScriptedGateway | undefined
    let server: Server | undefined
    let device: Device
    afterEach(async () => {
        device.stop()
        gateway?.close()
        server?.close()
        gateway = server = undefined
        await site.stop()
    })

    /** A quiet device at a gateway that behaves like this at its first connection, and well later on. */
    async function start(
        behaviour: Behaviour,
        telemetrySec = 86_400,
        options: Partial<DeviceOptions> = {}
    ): Promise<Watch> {
        clock = new VirtualClock()
        gateway = await ScriptedGateway.start(clock, round =>
            round === 0 ? behaviour : {}
        )
        device = await site.startDevice(
            quiet,
            { mqttPort: gateway.port },
            { telemetrySec, heartbeatSec: 86_400 },
            { clock, ...options }
        )
        return new Watch(device, clock)
    }

    function isAbout(ms: number, wantedSec: number): void {
        assert.ok(
            ms >= wantedSec * 1000 - 20 && ms < wantedSec * 1000 + 1000,
            `${ms} ms instead of ${wantedSec} s`
        )
    }

    test("a link on which nothing comes in is dead 10 s after the ping that goes out after 60 s", async () => {
        const watch = await start(SILENT)
        await clock.run(device.until(ENDED, WAIT_MS))
        isAbout(watch.between("leaf: connected", ENDED), 70)
        assert.equal(
            watch.ends()[0].reason,
            "mqtt: the gateway does not answer a ping: the link is dead (5023)"
        )
        await clock.run(device.until("leaf: connected", WAIT_MS))
    })

    test("a message that is not acknowledged within 30 s ends the connection, and goes again on the next", async () => {
        const watch = await start(SILENT, 20)
        await clock.run(device.until(ENDED, WAIT_MS))
        // The first message goes out 20 s after the start, or at once when the connection comes later.
        const sent = watch.between("leaf: connected", ENDED)
        assert.ok(sent > 30_000 && sent < 60_000, `${sent} ms`)
        assert.equal(
            watch.ends()[0].reason,
            "mqtt: the gateway did not acknowledge a message (5022)"
        )
        await clock.run(device.until("leaf: connected", WAIT_MS))
        await clock.pass(1000)
        assert.ok(gateway!.visits[1].telemetry >= 1)
    })

    test("a CONNECT that is not answered within 30 s is given up", async () => {
        const watch = await start({ connack: Buffer.alloc(0) })
        await clock.run(device.until(ENDED, WAIT_MS))
        isAbout(watch.between("leaf: connecting", ENDED), 30)
        assert.equal(
            watch.ends()[0].reason,
            "mqtt: the gateway did not answer CONNECT (5010)"
        )
        await clock.run(device.until("leaf: connected", WAIT_MS))
    })

    test("a TLS server that says nothing is given up after 20 s, and the console says in which step", async () => {
        clock = new VirtualClock()
        const open = new Set<{ destroy(): void }>()
        server = createServer(socket => {
            open.add(socket.on("error", () => undefined))
        })
        await new Promise<void>(resolve =>
            server!.listen(0, "127.0.0.1", resolve)
        )
        device = await site.startDevice(
            whole,
            { mqttPort: (server.address() as AddressInfo).port },
            {},
            { clock }
        )
        const watch = new Watch(device, clock)
        await clock.run(device.until(ENDED, WAIT_MS))
        for (const socket of open) socket.destroy()
        isAbout(watch.between("leaf: connecting", ENDED), 20)
        assert.equal(
            watch.ends()[0].reason,
            "tls: the server did not answer in time (2103)"
        )
        assert.ok(
            watch.lines.some(({ text }) =>
                /^tls: failed in the last of: key share \d+ ms, hello 20\d{3} ms$/.test(
                    text
                )
            )
        )
    })

    test("after 25 days of uptime, when milliseconds are no 32-bit integers, all deadlines are as before", async () => {
        const watch = await start(SILENT, 86_400, {
            uptimeMs: 2 ** 31 - 40_000,
        })
        await clock.run(device.until(ENDED, WAIT_MS))
        isAbout(watch.between("leaf: connected", ENDED), 70)
        await clock.run(device.until("leaf: connected", WAIT_MS))
        await clock.pass(HOUR_MS / 20)
        assert.equal(watch.ends().length, 1)
        assert.deepEqual(device.panics, [])
    })

    test("a gateway that hangs up at once, over and over, is taken for one with another device of this id", async () => {
        clock = new VirtualClock()
        gateway = await ScriptedGateway.start(clock, () => ({
            connack: CONNACK,
            attack: async v => {
                v.send(publish("devices/leaf-1/messages/devicebound/a=1", "x"))
                v.end()
            },
        }))
        device = await site.startDevice(
            quiet,
            { mqttPort: gateway.port },
            // Sometimes a write fails before the end is read.
            { telemetrySec: 600 },
            { clock: longTicks(clock) }
        )
        const watch = new Watch(device, clock)
        await clock.pass(3 * HOUR_MS)
        const waits = watch.ends().map(end => end.waitSec)
        assert.ok(waits[0] <= 1 && waits[1] <= 2, waits.join())
        // Full jitter up to ten minutes: 36 tries on average.
        assert.ok(waits.length > 15 && waits.length < 80, `${waits.length}`)
        assert.ok(Math.max(...waits) <= 600)
        assert.ok(Math.max(...waits) > 120)
    })
})

describe("hours", () => {
    let clock: VirtualClock
    afterEach(() => site.stop())

    async function startWhole(
        gateway: Gateway,
        more: { deviceKey?: string } = {},
        options: Partial<DeviceOptions> = {}
    ): Promise<Watch> {
        const device = await site.startDevice(
            whole,
            { mqttPort: gateway.port, timePort: gateway.httpsPort },
            { telemetrySec: 600, ...more },
            { clock: longTicks(clock), ...options }
        )
        return new Watch(device, clock)
    }

    test("a device with a wrong key goes on trying, ever more rarely, and says what to check", async () => {
        clock = new VirtualClock()
        const gateway = await site.startGateway({ clock })
        const watch = await startWhole(gateway, {
            deviceKey: Buffer.alloc(32, 1).toString("base64"),
        })
        await clock.pass(HOUR_MS)
        const ends = watch.ends()
        // Full jitter up to five minutes: 24 an hour, and some more at the start.
        assert.ok(ends.length > 12 && ends.length < 60, `${ends.length}`)
        for (const { reason } of ends)
            assert.equal(
                reason,
                "mqtt: not authorised: check the clock, the device key, and that the device is enabled and a child of this gateway (5015)"
            )
        assert.ok(ends[0].waitSec <= 10)
        assert.ok(Math.max(...ends.map(end => end.waitSec)) <= 300)
        assert.ok(ends.at(-1)!.atMs > clock.now() - 400_000)
    })

    test("two devices with one id take turns of minutes, instead of throwing each other out every second", async () => {
        clock = new VirtualClock()
        const gateway = await site.startGateway({ clock })
        const connects: number[] = []
        gateway.on("authenticated", ({ atMs }) => connects.push(atMs))
        const watches = [
            await startWhole(gateway),
            await startWhole(gateway, {}, { deviceId: "ed6e1eaf00000002" }),
        ]
        await clock.pass(HOUR_MS / 2)
        connects.length = 0
        await clock.pass(HOUR_MS)
        // One waits 0 to 10 minutes and then throws the other out: 12 on
        // average with a standard deviation of 2, and never fewer than 5.
        assert.ok(
            connects.length >= 5 && connects.length < 24,
            `${connects.length} connections in the second hour`
        )
        for (const watch of watches)
            assert.ok(
                watch.lines.some(({ text }) =>
                    text.includes("perhaps another device has this id")
                )
            )
    })

    test("after an outage of hours a device is back within a minute and a few seconds, and has read the time first", async () => {
        clock = new VirtualClock()
        const gateway = await site.startGateway({ clock })
        const watch = await startWhole(gateway)
        const { device } = watch
        const { port, httpsPort } = gateway
        await clock.run(device.until("leaf: connected", WAIT_MS))
        gateway.drop()
        await clock.run(device.until("leaf: time is", WAIT_MS))
        await clock.run(device.until("leaf: connected", WAIT_MS))
        await clock.run(gateway.close())
        await clock.pass(3 * HOUR_MS)
        const waits = watch.ends().map(end => end.waitSec)
        assert.ok(waits.length > 200, `${waits.length} tries`)
        assert.ok(Math.max(...waits) <= 60)
        const back = await site.startGateway({ clock, port, httpsPort })
        const startMs = clock.now()
        await clock.run(device.until("leaf: time is", WAIT_MS))
        await clock.run(device.until("leaf: connected", WAIT_MS))
        assert.ok(clock.now() - startMs < 63_000)
        assert.equal(back.port, port)
    })
})
