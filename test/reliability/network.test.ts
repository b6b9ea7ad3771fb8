/**
 * The thermostat in the VM behind a proxy whose line is bad: slow, in pieces, in lumps, lossy, stalling, and cut off at every record
 * of the handshake in every way. Nothing is lost, nothing panics, and when the line is good again the device is back in time.
 *
 * In virtual time, as `matrix.test.ts`, with the same oracle (`faultbench.ts`). The waits between the device's tries are short, so that
 * hundreds of connections can be broken: the true ones are the matrix's. With `THOROUGH=1`, as `npm run test:faults` has it, the line
 * is cut at every place; without, at one in four, at other ones for each kind of cut.
 */
import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { LineProxy } from "../../sim/faults/proxy"
import type { CutKind, LineOptions } from "../../sim/gateway/line"
import type { Image } from "../../sim/vm/compiler"
import { Site } from "../site"
import { FaultBench } from "./faultbench"

/** What a step of TLS may take, and the answer to a CONNECT, in seconds. */
const STEP_SEC = 20
const ANSWER_SEC = 30
/** The next reading, and the wait before the next try. */
const SOON_SEC = 8

const THOROUGH = process.env.THOROUGH === "1"

const GOOD: LineOptions = {}
const CUTS: CutKind[] = ["reset", "close", "half-close", "silence"]

/** By then the device has caught up with what it could not send. */
const CATCH_UP_MS = 1_000

/** A line, the whole life of a connection long. */
const LINES: { name: string; line: LineOptions; withinSec: number }[] = [
    {
        name: "with 300 ms each way",
        line: { delayMs: 300 },
        withinSec: 5 + SOON_SEC,
    },
    {
        name: "that delivers one byte at a time",
        line: { segmentBytes: 1 },
        withinSec: 10 + SOON_SEC,
    },
    {
        name: "that delivers everything in lumps, twice a second",
        line: { coalesceMs: 500 },
        withinSec: 10 + SOON_SEC,
    },
    {
        name: "of 2,000 bytes a second",
        line: { bytesPerSec: 2_000 },
        withinSec: 10 + SOON_SEC,
    },
    {
        name: "as a board's in a far corner: 10 KB/s, 40 ms, pieces of 536 bytes, one in fifty lost",
        line: {
            bytesPerSec: 10_000,
            delayMs: 40,
            segmentBytes: 536,
            lossPercent: 2,
        },
        withinSec: 15 + SOON_SEC,
    },
    {
        name: "that loses one segment in ten",
        line: { segmentBytes: 200, lossPercent: 10 },
        withinSec: 25 + SOON_SEC,
    },
    {
        name: "that stalls for 15 s in the handshake",
        line: { direction: "down", stallAfterBytes: 1_000, stallMs: 15_000 },
        withinSec: STEP_SEC + SOON_SEC,
    },
]

describe("a line", () => {
    let site: Site
    let image: Image
    let bench: FaultBench
    let proxy: LineProxy
    /** Of connections from now on. */
    let line: LineOptions = GOOD

    before(async () => {
        site = await Site.create()
        image = await site.compile("test/firmware/hasty.ts")
        bench = await FaultBench.start(site, image, {
            port: async ({ port }, clock) => {
                proxy = await LineProxy.start({ port, clock, line: () => line })
                return proxy.port
            },
        })
        await bench.settle()
    })
    after(async () => {
        await bench.close()
        await proxy.close()
        await site.close()
    })

    /** Has the device make a connection on this line; gives the seconds up to its next new reading. */
    async function reconnect(next: LineOptions): Promise<number> {
        line = next
        const sinceMs = bench.clock.now()
        bench.drop()
        await bench.nextReading()
        return (bench.clock.now() - sinceMs) / 1000
    }

    for (const { name, line: bad, withinSec } of LINES)
        test(`${name} carries a full handshake and a resumed one, telemetry, messages, methods and the twin`, async t => {
            for (const kind of ["full", "resumed"]) {
                // Another server context knows no session of before.
                if (kind === "full")
                    bench.gateway.setCertificate(site.serverFiles())
                const seconds = await reconnect(bad)
                t.diagnostic(`${kind}: ${seconds} s`)
                assert.ok(seconds <= withinSec, `${seconds} s`)
                bench.desire()
                await bench.prove()
            }
            line = GOOD
        })

    test("that stalls for longer than a step may take is left, and the next one is taken", async () => {
        line = { direction: "down", stallAfterBytes: 1_000, stallMs: 25_000 }
        bench.gateway.setCertificate(site.serverFiles())
        const errors = bench.watchErrors()
        bench.drop()
        await bench.run(bench.device.until(/\(2103\)/))
        line = GOOD
        await bench.nextReading()
        assert.ok(errors.includes("TlsTimeout"), errors.join())
        await bench.prove()
    })

    for (const [i, cut] of CUTS.entries())
        for (const direction of ["down", "up"] as const)
            test(`that ends by ${cut} at each record of a ${direction === "down" ? "gateway's" : "device's"} handshake, or inside of one, is left and made anew`, async t => {
                // A connection on a good line shows where the records are.
                bench.gateway.setCertificate(site.serverFiles())
                const first = proxy.passages.length
                await reconnect(GOOD)
                const { ends } = proxy.passages[first][direction]
                const handshake = ends.slice(0, direction === "down" ? 7 : 3)
                assert.ok(handshake.length >= 3, ends.join())
                const places = [0, ...handshake.flatMap(end => [end - 1, end])]
                const wanted = THOROUGH
                    ? places
                    : places.filter((_, n) => n % CUTS.length === i)
                let worst = 0
                for (const cutAfterBytes of wanted) {
                    bench.gateway.setCertificate(site.serverFiles())
                    const before = proxy.passages.length
                    line = { direction, cut, cutAfterBytes }
                    bench.drop()
                    while (proxy.passages.length === before)
                        await bench.clock.pass(100)
                    line = GOOD
                    const sinceMs = bench.clock.now()
                    await bench.nextReading()
                    const seconds = (bench.clock.now() - sinceMs) / 1000
                    worst = Math.max(worst, seconds)
                    assert.ok(
                        seconds <= ANSWER_SEC + SOON_SEC,
                        `cut at byte ${cutAfterBytes}: ${seconds} s`
                    )
                    await bench.clock.pass(CATCH_UP_MS)
                    await bench.prove()
                }
                t.diagnostic(
                    `${wanted.length} of ${places.length} places, back after ${worst} s at most`
                )
            })
})
