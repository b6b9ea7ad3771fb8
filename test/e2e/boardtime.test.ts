/**
 * Whether a board makes its first connection in the 60 s that an IoT Edge gateway gives it, with the chain of Microsoft's
 * scripts: three RSA-4096 signatures up to the pinned root. The firmware runs in the VM against the local gateway, both in
 * virtual time, and each public-key operation takes as long as on the board.
 */
import assert from "node:assert/strict"
import { after, afterEach, before, describe, test } from "node:test"
import { BoardName, BOARDS } from "../../sim/vm/boards"
import { Image } from "../../sim/vm/compiler"
import { constant, simulatedSensors } from "../../sim/vm/sensors"
import { VirtualClock } from "../../sim/vm/virtualclock"
import { Site } from "../site"
import { countOperations, Tries, Try } from "../tries"

describe("a board and the gateway's 60 s", () => {
    let site: Site
    let image: Image
    const table: string[] = []

    before(async () => {
        site = await Site.create(4096)
        image = await site.compile("src/main.ts")
    })
    afterEach(() => site.stop())
    after(() => {
        console.log(table.join("\n"))
        return site.close()
    })

    function note(board: BoardName, tries: Try[]) {
        tries.forEach((one, i) =>
            table.push(
                [
                    BOARDS[board].title.padEnd(20),
                    `try ${i + 1}`,
                    `${one.seconds.toFixed(1).padStart(6)} s`,
                    one.connected ? "connected" : one.reason,
                    countOperations(one.operations),
                ].join("  ")
            )
        )
    }

    async function connect(board: BoardName, most: number): Promise<Try[]> {
        const clock = new VirtualClock()
        const gateway = await site.startGateway({ clock })
        const tries = new Tries(gateway)
        const device = await site.startDevice(
            image,
            { mqttPort: gateway.port, timePort: gateway.httpsPort },
            {},
            {
                clock,
                board: BOARDS[board],
                bus: simulatedSensors({
                    temperatureC: constant(21.5),
                    humidityPercent: constant(45.25),
                    clock,
                }),
            }
        )
        tries.watch(device)
        const all = await clock.run(tries.next(gateway, most))
        assert.deepEqual(device.panics, [])
        note(board, all)
        return all
    }

    for (const board of ["esp32-c3", "pico-w"] as const)
        test(`${BOARDS[board].title} with nothing remembered does not make it yet`, async () => {
            const tries = await connect(board, 3)
            assert.deepEqual(
                tries.map(({ connected, reason }) => [connected, reason]),
                Array(3).fill([false, "connect-timeout"])
            )
        })
})
