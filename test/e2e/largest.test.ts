/**
 * The largest things that may come from the cloud, all at the same time, over TLS with long RSA keys: they fit the heap, also
 * while the connection breaks and is made again.
 *
 * A gateway whose TLS knows max_fragment_length (OpenSSL's does) sends them in records of 2 KB. At one that does not, a long
 * message comes in records of 16 KB: these fit beside a full outbox and the largest twin, not beside calls and messages that
 * handlers keep at the same moment.
 */
import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { TlsServer13 } from "../../sim/faults/tlsserver13"
import type { Image } from "../../sim/vm/compiler"
import { Network } from "../../sim/vm/socket"
import { VirtualClock } from "../../sim/vm/virtualclock"
import {
    type Behaviour,
    DESIRED,
    DEVICE_BOUND,
    ScriptedGateway,
    Visit,
    call,
    publish,
    twinAnswer,
} from "../scriptedgateway"
import { Site } from "../site"

const { MAX_JSON_BYTES, MAX_JSON_DEPTH, MAX_JSON_MARKS } =
    require("../../src/iothub/json") as Record<string, number>
const { MAX_PACKET_BYTES } = require("../../src/mqtt/packetreader") as Record<
    string,
    number
>
const { MAX_PATCHES, MAX_PATCH_BYTES } =
    require("../../src/app/twin") as Record<string, number>
const { MAX_CALLS, MAX_RUNNING } = require("../../src/app/methods") as Record<
    string,
    number
>

const SMALL_RECORDS = 2048
const FULL_RECORDS = 16384

/** Less than a board has: what a firmware with more sensors and handlers takes is not in `greedy.ts`. */
const HEAP_BYTES = 60 * 1024

/** The handlers still keep what came, and all of it has been read. */
const HELD_MS = 4000
/** They have given it back, and it was answered. */
const DONE_MS = 10_000

/** From IoT Hub. */
const LONGEST_MESSAGE = 65_000

/** As slow as a device reads: no flow control keeps more from piling up on its heap. */
const PIECE_INTERVAL_MS = 20

const LINE_TIMEOUT_MS = 60_000

/** The largest things of which there may be lists, of kinds that take heap in different ways. */
const DEPTH = MAX_JSON_DEPTH - 4
const SHAPES: Record<string, string> = {
    "nested lists": "[".repeat(DEPTH) + "]".repeat(DEPTH),
    "short objects": '{"a":1}',
    "a long text outside ASCII": `"${"€".repeat(160)}${"x".repeat(MAX_JSON_BYTES - 600)}"`,
}

/** The longest list of this, with something around it, that is within the limits. */
function fill(before: string, item: string, behind: string): string {
    const marks = (text: string) => text.split(/[[{,:]/).length - 1
    const bytes = (text: string) => Buffer.byteLength(text)
    const around = before + behind
    const count = Math.min(
        Math.floor((MAX_JSON_BYTES - bytes(around)) / (bytes(item) + 1)),
        Math.floor((MAX_JSON_MARKS - marks(around)) / (marks(item) + 1))
    )
    assert.ok(count > 0)
    return before + Array.from({ length: count }, () => item).join() + behind
}

describe("the largest things that may come", () => {
    let site: Site
    let image: Image
    before(async () => {
        site = await Site.create(4096)
        image = await site.compile("test/firmware/greedy.ts")
    })
    after(() => site.close())

    /** Everything at once, again while the connection breaks, and again; then all still works. */
    async function assertFit(
        item: string,
        calls: number,
        recordBytes: number
    ): Promise<string> {
        const clock = new VirtualClock()
        const longest = publish("other", Buffer.alloc(LONGEST_MESSAGE), 1)
        const everything = async (visit: Visit, messages: number) => {
            if (recordBytes === FULL_RECORDS) {
                visit.send(longest)
                await visit.pass(HELD_MS)
                return
            }
            const length = Math.floor(MAX_PACKET_BYTES / messages) - 60
            for (let i = 0; i < 2 * messages - 1; i++)
                visit.send(publish(DEVICE_BOUND, Buffer.alloc(length), 1))
            for (let i = 0; i < calls; i++)
                visit.send(call("echo", `${i}`, fill("[", item, "]")))
            for (let i = 0; i < MAX_PATCHES; i++)
                visit.send(
                    publish(
                        `${DESIRED}?$version=1`,
                        Buffer.alloc(MAX_PATCH_BYTES, " ")
                    )
                )
            visit.send(longest)
            await visit.pass(HELD_MS)
        }
        const document = fill(
            '{"desired":{"$version":1,"a":[',
            item,
            ']},"reported":{"$version":1}}'
        )
        const twin = (rid: string, isGet: boolean) =>
            isGet
                ? twinAnswer("200", rid, document)
                : twinAnswer("204", rid, "")
        const kept: Behaviour = {
            twin,
            attack: async visit => {
                await everything(visit, 1)
                await visit.pass(DONE_MS)
                visit.end()
            },
        }
        const broken: Behaviour = {
            twin,
            attack: async visit => {
                await everything(visit, 4)
                visit.reset()
            },
        }
        const behaviours = [kept, broken, kept]
        let isProven = false
        const good: Behaviour = {
            attack: async visit => {
                await visit.prove()
                isProven = true
                visit.end()
            },
        }
        const { server, edgeCa, intermediate } = site.chain
        const gateway = await ScriptedGateway.start(
            clock,
            round => behaviours[round] ?? good,
            (faults, output) =>
                new TlsServer13(
                    {
                        chain: [server.der, edgeCa.der, intermediate.der],
                        key: server.keys.privateKey,
                        smallRecords: recordBytes === SMALL_RECORDS,
                    },
                    faults,
                    output
                ),
            recordBytes
        )
        const device = await site.startDevice(
            image,
            { mqttPort: gateway.port, timePort: 1 },
            {},
            {
                clock,
                network: new Network({
                    clock,
                    pieceIntervalMs: PIECE_INTERVAL_MS,
                }),
                heapLimit: HEAP_BYTES,
            }
        )
        const peak = device.watchHeap()
        const lost: string[] = []
        try {
            while (!isProven) {
                const { text } = await clock.run(
                    device.until(/^leaf: (no|lost) connection/, LINE_TIMEOUT_MS)
                )
                lost.push(text)
                assert.deepEqual(device.panics, [], lost.join("\n"))
            }
        } finally {
            device.stop()
            gateway.close()
        }
        for (const visit of gateway.visits)
            assert.deepEqual(visit.faults, [], lost.join("\n"))
        const statuses = [...gateway.visits[0].answers.values()].sort()
        assert.deepEqual(statuses, [
            ...Array.from({ length: Math.min(calls, MAX_RUNNING) }, () => 200),
            ...Array.from(
                { length: Math.max(0, calls - MAX_RUNNING) },
                () => 503
            ),
        ])
        assert.equal(
            gateway.visits[0].acknowledged,
            recordBytes === FULL_RECORDS ? 1 : 2
        )
        return `${peak.live} bytes of heap at most`
    }

    for (const [shape, item] of Object.entries(SHAPES))
        test(`fit the heap all at once: ${shape}`, async t => {
            t.diagnostic(await assertFit(item, MAX_CALLS, SMALL_RECORDS))
        })

    test("a long message in full records fits beside the outbox and a twin", async t => {
        t.diagnostic(await assertFit(SHAPES["nested lists"], 0, FULL_RECORDS))
    })
})
