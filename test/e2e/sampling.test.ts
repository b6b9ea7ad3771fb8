/** Sensors at different rates, one of which fails and one of which is unplugged, in the VM at the local gateway, in virtual time. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { simulatedSensors } from "../../sim/vm/sensors"
import { Network } from "../../sim/vm/socket"
import { VirtualClock } from "../../sim/vm/virtualclock"
import { DEVICE_ID, Site } from "../site"

const RUN_MS = 120_000
/** The link breaks then: the time is read on the way to the second connection. */
const DROP_MS = 30_000

/** 21.5 °C, for half a minute 33 °C, then 21.5 °C again. */
function temperatureC(elapsedMs: number): number {
    return elapsedMs > 60_000 && elapsedMs < 90_000 ? 33 : 21.5
}

test("sensors at different rates become messages with averages, alerts, time and numbers, and those that fail hold up no other", async () => {
    const site = await Site.create()
    try {
        const image = await site.compile("test/firmware/station.ts")
        const clock = new VirtualClock()
        const gateway = await site.startGateway({ clock })
        const device = await site.startDevice(
            image,
            { mqttPort: gateway.port, timePort: gateway.httpsPort },
            {},
            {
                clock,
                network: new Network({ clock }),
                idleTickMs: 100,
                // There is no hygrometer on the bus.
                bus: simulatedSensors({
                    clock,
                    temperatureC,
                    intervalMs: 1000,
                }),
            }
        )
        await clock.pass(DROP_MS)
        gateway.drop(DEVICE_ID)
        await clock.pass(RUN_MS - DROP_MS)
        assert.deepEqual(device.panics, [])
        const lines = device.lines.map(({ text }) => text)
        const messages = gateway.messages.filter(({ body }) => body.length > 0)
        const bodies = messages.map(
            ({ body }) =>
                JSON.parse(String(body)) as Record<string, number | null>
        )
        console.log(
            messages
                .map(
                    ({ body, properties }) =>
                        `${String(body)} ${JSON.stringify(properties)}`
                )
                .join("\n")
        )
        // Nothing is lost, and everything is in its order.
        assert.deepEqual(
            bodies.map(({ sequence }) => sequence),
            bodies.map((_, i) => i + 1)
        )

        // The time is in each message from the first one on that has it, and is the gateway's.
        const firstTimed = bodies.findIndex(({ time }) => time !== undefined)
        assert.ok(firstTimed > 0)
        for (const { time } of bodies.slice(firstTimed))
            assert.ok(
                time! <= clock.now() / 1000 + 1 &&
                    time! > (clock.now() - RUN_MS) / 1000
            )

        const told = (name: string) =>
            bodies.map(body => body[name]).filter(value => value !== undefined)
        // The hygrometer is told of once; it does not keep the others waiting.
        assert.deepEqual(told("humidityPercent"), [null])
        assert.equal(
            lines.filter(line => line.includes("humidityPercent: no answer"))
                .length,
            1
        )
        // The tank's level, its failure, and the level again.
        const levels = told("levelM")
        assert.equal(levels.length, 3)
        assert.ok(levels[0]! < 10)
        assert.equal(levels[1], null)
        assert.ok(levels[2]! >= 60 && levels[2]! < 75)
        assert.ok(lines.includes("sampling: levelM: the tank is away (0)"))
        assert.ok(lines.includes("sampling: levelM is back"))

        // Means of five, no change but the longest period, and an alert that begins and ends.
        const climate = messages
            .map(({ properties }, i) => ({
                value: bodies[i].temperatureC,
                alert: properties.temperatureCAlert,
            }))
            .filter(({ value }) => value !== undefined)
        const began = climate.findIndex(({ alert }) => alert === "high")
        assert.ok(began > 0)
        for (const { value, alert } of climate.slice(0, began)) {
            assert.ok(Math.abs(value! - 21.5) < 0.5 || value! > 22)
            assert.equal(alert, "none")
        }
        assert.equal(climate[0].value, 21.5)
        assert.ok(climate.length < 15, "a value for each five seconds were 23")
        assert.equal(climate.at(-1)!.alert, "none")
        assert.ok(climate.some(({ value }) => value === 33))
    } finally {
        await site.close()
    }
})
