/** The firmware whose link and then whose power goes: what it had to send arrives after all. */
import assert from "node:assert/strict"
import { once } from "node:events"
import { after, afterEach, before, describe, test } from "node:test"
import { Image } from "../../sim/vm/compiler"
import { Device } from "../../sim/vm/host"
import { Network } from "../../sim/vm/socket"
import { simulatedSensors } from "../../sim/vm/sensors"
import { VirtualClock } from "../../sim/vm/virtualclock"
import { Site } from "../site"

const WAIT_MS = 60000
/** Telemetry that is moved at once, at least. */
const MOVED = 4
/** Of a page: where the records are counted, and which of them are alerts; see `src/app/flashoutbox.ts`. */
const COUNT_AT = 13
const ALERTS_AT = 14

describe("the outbox of the firmware", () => {
    let site: Site
    let image: Image

    before(async () => {
        site = await Site.create()
        image = await site.compile("src/main.ts")
    })
    afterEach(() => site.stop())
    after(() => site.close())

    test("the link away, an alert and telemetry made, the power cut: all that was in flash arrives, in order", async () => {
        const clock = new VirtualClock()
        const gateway = await site.startGateway({ clock })
        let isAway = true
        let temperatureC = 40
        const device = await site.startDevice(
            image,
            { mqttPort: gateway.port },
            { telemetrySec: 1, alertC: 35 },
            {
                clock,
                network: new Network({
                    clock,
                    // Nobody listens on that port.
                    resolve: (host, port) => ({
                        host,
                        port: isAway ? 9 : port,
                    }),
                }),
                bus: simulatedSensors({
                    temperatureC: () => temperatureC,
                    humidityPercent: () => 45.25,
                    clock,
                }),
            }
        )
        // The first reading is an alert, written through; later ones are telemetry.
        await whenWritten(clock, device, pages => pages[0].length > 0)
        temperatureC = 21.5
        await whenWritten(clock, device, pages =>
            pages.some(
                page =>
                    page.length > ALERTS_AT &&
                    page[COUNT_AT] > 1 &&
                    page[ALERTS_AT] <= 1
            )
        )
        await clock.run(device.powerCycle())
        const restored = await clock.run(
            device.until("outbox restored", WAIT_MS)
        )
        const count = Number(/restored (\d+)/.exec(restored.text)![1])
        assert.ok(count >= MOVED + 1, restored.text)
        assert.match(restored.text, / 0 bad pages/)
        isAway = false
        const readings = () =>
            gateway.messages.filter(
                ({ properties }) => properties.health === undefined
            )
        while (readings().length <= count)
            await clock.run(gateway.waitFor("telemetry", undefined, WAIT_MS))
        const ids = readings().map(
            ({ systemProperties }) => systemProperties.messageId
        )
        for (let i = 0; i < count; i++) assert.equal(ids[i], `1-${i + 1}`)
        assert.equal(ids[count], "2-1")
        assert.equal(
            readings()[0].properties.temperatureAlert,
            "true",
            "the alert came first"
        )
        assert.equal(readings()[count - 1].properties.temperatureAlert, "false")
        assert.equal(new Set(ids).size, ids.length, "each once")
    })
})

/** Waits until the pages of the outbox in flash are as they should be. */
async function whenWritten(
    clock: VirtualClock,
    device: Device,
    isGood: (pages: Buffer[]) => boolean
): Promise<void> {
    const names = Array.from({ length: 8 }, (_, i) => `out${i}`)
    while (!isGood(names.map(name => device.settingBytes(name))))
        await clock.run(once(device, "line"))
}
