/**
 * Mutated flights of servers of both versions, at the client in the VM: errors with a code, no panic, and no memory that
 * is kept.
 *
 * `SEED=… node built/test/run.js fuzz/vm` makes the same flights again.
 */
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { Listener, listen } from "../../sim/faults/listen"
import { TicketKey } from "../../sim/faults/tickets"
import type { Image } from "../../sim/vm/compiler"
import { ErrorCode } from "../oracle/tlssite"
import { VERSIONS } from "../oracle/tls/versions"
import { Random, seededRandom } from "../random"
import { Site } from "../site"
import { randomFaults } from "./faults"

const FLIGHTS = 300
/** They wait more than they compute. */
const DEVICES = 3
const LINE_TIMEOUT_MS = 30_000

/** By then what is made once, such as tables and the memory of issuers, is there. */
const WARM_UP = 25

/** A device is looked at as it begins the next flight; three of four times it already holds more by then. */
const SAMPLES = 30

/** How much garbage is there at most when the heap is looked at. */
const GARBAGE_BYTES = 4096

/** What a device may hold more at the end than after the warm-up: a session more, and garbage. */
const MOST_GROWTH = 2048 + GARBAGE_BYTES

let site: Site
let image: Image
before(async () => {
    site = await Site.create()
    image = await site.compile("test/firmware/fuzzed.ts")
})
after(() => site.close())

test(`${FLIGHTS} mutated flights in the VM end with a code, and without a panic`, async t => {
    const { seed } = seededRandom("mutated server flights in the VM")
    const outcomes = new Map<string, number>()
    await Promise.all(
        Array.from({ length: DEVICES }, async (_, i) => {
            const listener = await misbehaving(seed + i * FLIGHTS)
            try {
                const peak = await fly(listener.port, outcomes)
                t.diagnostic(`${peak} bytes of heap at most`)
            } finally {
                await listener.close()
            }
        })
    )
    for (const [outcome, count] of [...outcomes].sort((a, b) => b[1] - a[1]))
        t.diagnostic(`${count} ${outcome}`)
})

/** A server that misbehaves at each connection in another way. */
function misbehaving(seed: number): Promise<Listener> {
    const { server, edgeCa, intermediate } = site.chain
    const tickets = new TicketKey()
    let round = 0
    return listen(output => {
        const random = new Random(seed + round++)
        const { Server } = random.pick(VERSIONS)
        // The first flight is a good one, so that the issuers are known.
        const faults = round > 1 ? randomFaults(random) : {}
        return new Server(
            {
                chain: [server.der, edgeCa.der, intermediate.der],
                key: server.keys.privateKey,
                tickets: random.oneIn(4) ? undefined : tickets,
            },
            {
                ...faults,
                afterHandshake: open => {
                    open.sendData("hello")
                    faults.afterHandshake?.(open)
                },
            },
            output
        )
    })
}

/** One device makes its flights. @returns the peak of its heap, in bytes */
async function fly(
    mqttPort: number,
    outcomes: Map<string, number>
): Promise<number> {
    const device = await site.startDevice(image, { mqttPort })
    try {
        const peak = device.watchHeap(GARBAGE_BYTES)
        const used: number[] = []
        for (let flight = 0; flight < FLIGHTS / DEVICES; flight++) {
            const { text } = await device.until(/^flight: /, LINE_TIMEOUT_MS)
            const code = Number(text.split(" ")[1])
            const outcome = code ? ErrorCode[code] : "accepted"
            assert.ok(outcome, `flight ${flight}: ${text}`)
            outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
            used.push(device.heap()!.used)
            assert.deepEqual(device.panics, [])
        }
        // The device goes on with the next flight at once: the least of several is what lives between two.
        const growth =
            Math.min(...used.slice(-SAMPLES)) -
            Math.min(...used.slice(WARM_UP, WARM_UP + SAMPLES))
        assert.ok(growth <= MOST_GROWTH, `${growth} bytes are kept`)
        return peak.live
    } finally {
        device.stop()
    }
}
