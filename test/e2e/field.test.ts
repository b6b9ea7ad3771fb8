/**
 * Settings changed in the field, in the VM, over real sockets and in virtual time, at the local gateway: keys, anchors, factory
 * reset, flash of an older firmware; and the power cut after each write to flash.
 */
import assert from "node:assert/strict"
import { after, afterEach, before, describe, test } from "node:test"
import { Gateway } from "../../sim/gateway/gateway"
import { randomKey } from "../../sim/gateway/registry"
import { Chain, makeChain } from "../../sim/pki/chain"
import { anchorText } from "../../sim/provisioning/provision"
import { Image } from "../../sim/vm/compiler"
import { FlashImage } from "../../sim/vm/flash"
import { Device, startDevice } from "../../sim/vm/host"
import { simulatedSensors, SimulatedWifi } from "../../sim/vm/sensors"
import { constant } from "../../sim/vm/signals"
import { VirtualClock } from "../../sim/vm/virtualclock"
import { assertHeapBudget } from "../house/budgets"
import { DEVICE_ID, GATEWAY_NAME, Site } from "../site"

const WAIT_MS = 60_000
/** Of a trial, in the device's time. */
const WITHIN_SEC = 60

/** Between two tries, the largest when the gateway does not let the device in: policy.ts. */
const MAX_WAIT_SEC = 300

/** Nobody listens there: a reading of the time before each try would take as long as the try. */
const DISCARD_PORT = 9

/** A flash that remembers what it held after each write. */
class RecordingFlash extends FlashImage {
    readonly images: Buffer[] = []

    override replace(bytes: Uint8Array): void {
        super.replace(bytes)
        if (!this.images.at(-1)?.equals(this.bytes))
            this.images.push(this.bytes)
    }
}

/** Settings that the leaf writes by itself, at each connection. */
const OWN = /^(boots|floor|issuers|sess\w+)$/

/** Whether two flash images differ in what is changed in the field. */
function differ(one: Buffer, other: Buffer): boolean {
    const [a, b] = [one, other].map(bytes =>
        JSON.stringify(
            Object.entries(new FlashImage(bytes).settings())
                .filter(([name]) => !OWN.test(name))
                .sort()
        )
    )
    return a !== b
}

describe("a device whose settings are changed in the field", () => {
    let site: Site
    let image: Image
    /** Of another owner, for the same name. */
    let other: Chain
    let clock: VirtualClock
    let gateway: Gateway

    before(async () => {
        site = await Site.create()
        image = await site.compile("src/mainfield.ts")
        other = await makeChain({ names: [GATEWAY_NAME], caBits: 2048 })
    })
    afterEach(() => site.stop())
    after(() => site.close())

    async function startGateway(): Promise<void> {
        clock = new VirtualClock()
        // Tries to connect are many here, and cost least with a session of TLS 1.2.
        gateway = await site.startGateway({
            clock,
            tls: { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" },
        })
        site.registry.change(DEVICE_ID, {
            primaryKey: site.deviceKey,
            secondaryKey: randomKey(),
        })
    }

    /** A device that is connected to a new gateway. */
    async function start(
        settings: Record<string, unknown> = {},
        wifi?: SimulatedWifi
    ): Promise<{ device: Device; flash: RecordingFlash }> {
        await startGateway()
        const provisioned = await site.flash(
            { mqttPort: gateway.port, timePort: DISCARD_PORT },
            { telemetrySec: 600, settings }
        )
        const flash = new RecordingFlash(provisioned.bytes)
        const device = await power(flash, wifi)
        await ready()
        return { device, flash }
    }

    async function power(
        flash: FlashImage,
        wifi?: SimulatedWifi
    ): Promise<Device> {
        const bus = simulatedSensors({
            temperatureC: constant(21.5),
            humidityPercent: constant(45.25),
            clock,
            wifi,
            intervalMs: 10_000,
        })
        return site.keep(await startDevice({ image, flash, clock, bus }))
    }

    /** The device has subscribed. */
    async function ready(): Promise<void> {
        await clock.run(gateway.waitFor("subscribed", undefined, WAIT_MS))
    }

    function invoke(name: string, payload?: unknown) {
        return clock.run(
            gateway.methods.invoke(DEVICE_ID, `leaf.${name}`, payload as never)
        )
    }

    async function state(): Promise<Record<string, unknown>> {
        const { status, payload } = await invoke("settingsStatus")
        assert.equal(status, 200)
        return payload as Record<string, unknown>
    }

    /** Has settings changed, and waits for what comes of it. */
    async function change(payload: object): Promise<string> {
        const { status } = await invoke("changeSettings", {
            withinSec: WITHIN_SEC,
            ...payload,
        })
        assert.equal(status, 202)
        const told = await clock.run(
            gateway.waitFor(
                "telemetry",
                ({ properties }) => properties.settings !== undefined,
                WAIT_MS
            )
        )
        const body = JSON.parse(told.body.toString()) as { state: string }
        assert.equal(body.state, told.properties.settings)
        assert.deepEqual(body, await state())
        return body.state
    }

    /** What must be in no line, no message and, once it is not used, no setting. */
    function assertNotTold(device: Device, secret: string): void {
        for (const { text } of device.lines) assert.ok(!text.includes(secret))
        for (const { body } of gateway.messages)
            assert.ok(!body.includes(secret))
    }

    test("a new key that the gateway takes is kept, also when the old one is taken away and the device switched off", async () => {
        const { device, flash } = await start()
        const key = randomKey()
        site.registry.change(DEVICE_ID, { secondaryKey: key })
        assert.equal(await change({ key }), "kept")
        site.registry.change(DEVICE_ID, { primaryKey: randomKey() })
        assert.ok(gateway.connection(DEVICE_ID), "it stays")
        await device.powerCycle()
        await ready()
        assert.equal((await state()).key, 2)
        assert.ok(!JSON.stringify(flash.settings()).includes(site.deviceKey))
        assertNotTold(device, key)
        assert.deepEqual(device.panics, [])
    })

    test("a new key that the gateway does not take is rolled back when its time is over", async () => {
        const { device, flash } = await start()
        const key = randomKey()
        const startMs = clock.now()
        assert.equal(await change({ key }), "rolledBack")
        const seconds = (clock.now() - startMs) / 1000
        // It is noticed at a try, and the last wait before one may be the longest.
        assert.ok(
            seconds >= WITHIN_SEC && seconds < WITHIN_SEC + MAX_WAIT_SEC + 10,
            `${seconds} s`
        )
        assert.equal((await state()).key, 1)
        assert.ok(!JSON.stringify(flash.settings()).includes(key))
        assertNotTold(device, key)
        assert.deepEqual(device.panics, [])
    })

    test("the gateway moves to another owner's chain: both anchors, and then the new one alone", async () => {
        const { device, flash } = await start()
        const peak = device.watchHeap()
        const anchor = anchorText(other.root.pem)
        assert.equal(await change({ anchor }), "kept")
        const both = (await state()).anchors as string[]
        assert.ok(both[0] && both[1] && both[0] !== both[1])
        // Too early: the gateway has the first owner's chain still.
        assert.equal(await change({ removeAnchor: 1 }), "rolledBack")
        gateway.setCertificate(
            site.serverFiles(other.server, [other.edgeCa, other.intermediate])
        )
        gateway.drop(DEVICE_ID)
        await ready()
        assert.equal(await change({ removeAnchor: 1 }), "kept")
        assert.deepEqual((await state()).anchors, ["", both[1]])
        const pinned = JSON.stringify(flash.settings())
        assert.ok(
            !pinned.includes(anchorText(site.chain.root.pem).slice(0, 220))
        )
        assertHeapBudget(peak)
        await device.powerCycle()
        await ready()
        assert.deepEqual(device.panics, [])
    })

    test("the runtime is told of another network, and to join it; and of the one before when the gateway is not to be found there", async () => {
        const told: string[] = []
        let hasGateway = true
        const { device, flash } = await start(
            {},
            {
                addNetwork: (ssid, psk) => told.push(`${ssid}/${psk}`),
                reconnect: () => {
                    told.push("reconnect")
                    // Nobody knows the device in there.
                    site.registry.change(DEVICE_ID, {
                        enabled: hasGateway || told.length > 2,
                    })
                },
            }
        )
        const home = { ssid: "home", psk: "home's password" }
        const barn = { ssid: "the barn", psk: "not to be guessed" }
        assert.equal(await change({ wifi: barn, wifiBefore: home }), "kept")
        assert.deepEqual(told.splice(0), [
            "the barn/not to be guessed",
            "reconnect",
        ])
        assert.equal((await state()).wifi, barn.ssid)
        assert.ok(!JSON.stringify(flash.settings()).includes(home.psk))
        hasGateway = false
        assert.equal(await change({ wifi: { ssid: "open" } }), "rolledBack")
        assert.deepEqual(told.splice(0), [
            "open/",
            "reconnect",
            "the barn/not to be guessed",
            "reconnect",
        ])
        assert.equal((await state()).wifi, barn.ssid)
        assertNotTold(device, barn.psk)
        const { status } = await invoke("factoryReset", { deviceId: DEVICE_ID })
        assert.equal(status, 200)
        await clock.run(device.until("leaf: settings erased", WAIT_MS))
        assert.deepEqual(told, ["erased/"])
        assert.ok(!flash.bytes.includes(barn.psk))
    })

    test("a change that nobody could have meant is refused, and the connection stays", async () => {
        await start()
        const opened: unknown[] = []
        gateway.on("opened", event => opened.push(event))
        for (const [payload, status] of [
            [{}, 400],
            [{ key: "c2VjcmV0" }, 400],
            [{ anchor: "AAAA" }, 400],
            [{ removeAnchor: 1 }, 400],
            // There is no Wi-Fi in the simulator.
            [{ wifi: { ssid: "barn" }, wifiBefore: { ssid: "home" } }, 400],
        ] as const) {
            const answer = await invoke("changeSettings", payload)
            assert.equal(answer.status, status)
            assert.match(JSON.stringify(answer.payload), /^\{"message":"app: /)
        }
        assert.deepEqual(opened, [])
    })

    test("after a factory reset nothing of the owner can be read from the flash, and the device says that it is not provisioned", async () => {
        const { device, flash } = await start()
        const key = randomKey()
        site.registry.change(DEVICE_ID, { secondaryKey: key })
        assert.equal(await change({ key }), "kept")
        assert.ok(
            flash.bytes.includes(site.deviceKey),
            "the old key is in the log still"
        )
        const wanted = await invoke("factoryReset", { deviceId: "leaf-2" })
        assert.equal(wanted.status, 400)
        const { status } = await invoke("factoryReset", { deviceId: DEVICE_ID })
        assert.equal(status, 200)
        await clock.run(device.until("leaf: settings erased", WAIT_MS))
        // The last write is still under way.
        await clock.pass(1000)
        for (const secret of [
            key,
            site.deviceKey,
            anchorText(site.chain.root.pem).slice(0, 60),
        ])
            assert.ok(!flash.bytes.includes(secret))
        const left = Object.entries(flash.settings()).filter(
            ([, value]) => value !== null
        )
        assert.deepEqual(left.map(([name]) => name).sort(), ["boots", "floor"])
        // It does not come back, and is not in trouble either.
        assert.deepEqual(
            device.panics.map(({ code }) => code),
            [0]
        )
        const lines = device.lines.length
        await device.powerCycle()
        await clock.run(
            device.until(
                "main: app: setting schema is missing: provision the device (7001)",
                WAIT_MS
            )
        )
        await clock.pass(60_000)
        assert.deepEqual(
            device.panics.map(({ code }) => code),
            [0]
        )
        assert.ok(device.lines.length - lines < 10)
        assert.equal(gateway.connection(DEVICE_ID), undefined)
    })

    test("a reset that is cut off goes on at the next start, wherever it was", async () => {
        const { device, flash } = await start()
        const from = flash.images.length
        await invoke("factoryReset", { deviceId: DEVICE_ID })
        await clock.run(device.until("leaf: settings erased", WAIT_MS))
        device.stop()
        const images = flash.images.slice(from)
        const begun = images.findIndex(
            bytes => new FlashImage(bytes).settings().schema === 0
        )
        assert.ok(begun >= 0)
        const ends = images.length - begun
        for (const at of [0, 1, 5, 20, ends >> 1, ends - 2]) {
            const cut = new FlashImage(images[begun + at])
            const again = await power(cut)
            await clock.run(again.until("leaf: settings erased", WAIT_MS))
            assert.ok(!cut.bytes.includes(site.deviceKey), `cut at ${at}`)
            again.stop()
        }
    })

    test("flash that an older firmware has left is brought to this one's layout, and a newer one is refused by its number", async () => {
        const { device } = await start({ schema: 1 })
        assert.equal(device.settings().schema, 2)
        assert.deepEqual(
            device.lines.filter(({ text }) => text.startsWith("main:")),
            []
        )
        device.stop()
        const newer = new FlashImage()
        for (const [name, value] of Object.entries(device.settings()))
            newer.set(name, value)
        newer.set("schema", 3)
        const refused = await power(newer)
        await clock.run(
            refused.until(
                "main: app: settings are of version 3, this firmware reads 2: provision the device again (7003)",
                WAIT_MS
            )
        )
        await clock.pass(60_000)
        assert.deepEqual(refused.panics, [])
        assert.equal(refused.settings().schema, 3, "nothing was touched")
    })

    for (const isGood of [true, false])
        test(`power that is cut after any write to flash while a key is changed, which ${isGood ? "connects" : "does not connect"}: the device comes back`, async () => {
            const { device, flash } = await start()
            const from = flash.images.length
            const key = randomKey()
            const anchor = anchorText(other.root.pem)
            if (isGood) site.registry.change(DEVICE_ID, { secondaryKey: key })
            assert.equal(
                // The other one would have each of the many tries verify all signatures anew.
                await change(isGood ? { key, anchor } : { key }),
                isGood ? "kept" : "rolledBack"
            )
            device.stop()
            const images = flash.images
                .slice(from)
                .filter((bytes, i, all) => !i || differ(bytes, all[i - 1]))
            const outcomes: unknown[] = []
            for (const bytes of images) {
                const again = await power(new FlashImage(bytes))
                await ready()
                const after = await state()
                outcomes.push(after.state)
                assert.ok(after.state !== "trying")
                if (!isGood) assert.equal(after.key, 1)
                assert.equal(after.key === 2, after.state === "kept")
                assert.deepEqual(again.panics, [])
                again.stop()
            }
            console.log(`${images.length} writes: ${outcomes.join(", ")}`)
            assert.ok(outcomes.includes("none"), "before it was tried")
            assert.ok(outcomes.includes(isGood ? "kept" : "rolledBack"))
        })
})
