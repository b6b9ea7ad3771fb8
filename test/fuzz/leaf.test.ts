/**
 * A leaf in the VM with handlers for everything, at a gateway that misbehaves at each connection in another way: it answers,
 * or leaves with an error of its own and comes again; it never panics, keeps no memory, and sends nothing that is wrong.
 *
 * Device and gateway share a virtual time, so that waits cost nothing. `SEED=… node built/test/run.js fuzz/leaf` repeats
 * what the gateway does.
 */
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import type { Image } from "../../sim/vm/compiler"
import { VirtualClock } from "../../sim/vm/virtualclock"
import { ErrorCode } from "../oracle/tlssite"
import { Random, seededRandom } from "../random"
import { Site } from "../site"
import { KINDS_COUNT, attackOf } from "./attacks"
import { ScriptedGateway } from "../scriptedgateway"

const CONNECTIONS = Number(process.env.CONNECTIONS ?? 15 * KINDS_COUNT)

const LINE_TIMEOUT_MS = 30_000

/** By then what is made once is there. */
const WARM_UP = 2 * KINDS_COUNT
const SAMPLES = 2 * KINDS_COUNT

/** How much garbage is there at most when the heap is looked at. */
const GARBAGE_BYTES = 1024
const MOST_GROWTH = 2048 + GARBAGE_BYTES

const ENDED = /^leaf: (?:no|lost) connection: .*\((\d+)\), next try/
/** An error that is none of ours: a defect, as all that the handlers throw are. */
const DEFECT = /\(0\)/

let site: Site
let image: Image
before(async () => {
    site = await Site.create()
    image = await site.compile("test/firmware/fuzzedleaf.ts")
})
after(() => site.close())

test(`${CONNECTIONS} connections to gateways that misbehave end with a code, and the device goes on`, async t => {
    const { seed } = seededRandom("misbehaving gateways")
    const clock = new VirtualClock()
    const gateway = await ScriptedGateway.start(clock, round =>
        attackOf(new Random(seed + round), round)
    )
    const device = await site.startDevice(
        image,
        { mqttPort: gateway.port },
        {},
        { clock }
    )
    const defects: string[] = []
    device.on("line", ({ text }) => {
        if (DEFECT.test(text)) defects.push(text)
    })
    const outcomes = new Map<string, number>()
    const used: number[] = []
    try {
        const peak = device.watchHeap(GARBAGE_BYTES)
        for (let round = 0; round < CONNECTIONS; round++) {
            const { text } = await clock.run(
                device.until(ENDED, LINE_TIMEOUT_MS)
            )
            const code = Number(ENDED.exec(text)![1])
            const where = `connection ${round}, SEED=${seed}: ${text}`
            const outcome = ErrorCode[code]
            assert.ok(outcome, where)
            assert.deepEqual(device.panics, [], where)
            assert.deepEqual(defects, [], where)
            assert.deepEqual(gateway.visits[round].faults, [], where)
            outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
            used.push(device.heap()!.used)
        }
        t.diagnostic(`${peak.live} bytes of heap at most`)
    } finally {
        device.stop()
        gateway.close()
    }
    for (const [outcome, count] of [...outcomes].sort((a, b) => b[1] - a[1]))
        t.diagnostic(`${count} ${outcome}`)
    const growth =
        Math.min(...used.slice(-SAMPLES)) -
        Math.min(...used.slice(WARM_UP, WARM_UP + SAMPLES))
    assert.ok(growth <= MOST_GROWTH, `${growth} bytes are kept`)
})
