/** Methods and twin of the device, under Node, against the gateway's topics and a model of a twin, on random input. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import {
    desiredTopic,
    methodTopic,
    readOperation as readByGateway,
    twinAnswerTopic,
} from "../../sim/gateway/operationtopics"
import { merge, type Json, type JsonObject } from "../../sim/gateway/twin"
import { Random, seededRandom } from "../random"

interface Message {
    topic: string
    payload: Uint8Array
}

// Device code: loosely typed, as it must not be checked with Node's types.
/* eslint-disable @typescript-eslint/no-require-imports */
const { readOperation, sendOperation, METHODS, TWIN_ANSWERS } =
    require("../../src/iothub/operations") as {
        readOperation(
            topic: string,
            prefix: string
        ): { name: string; rid: string } | undefined
        sendOperation(
            session: object,
            operation: string,
            rid: string,
            payload: Uint8Array
        ): Promise<void>
        METHODS: string
        TWIN_ANSWERS: string
    }
const { Twin } = require("../../src/app/twin") as {
    Twin: new (leaf: object) => {
        begin(): void
        take(message: Message): boolean
        serve(session: object): Promise<void>
        onDesired(
            handler: (desired: JsonObject, isWhole: boolean) => Promise<void>
        ): void
        report(patch: object): Promise<void>
    }
}
const { defaultPolicy } = require("../../src/app/policy") as {
    defaultPolicy(): number[]
}
const { Buffer: DeviceBuffer } = require("../../sim/shim/buffer") as {
    Buffer: { from(data: ArrayLike<number> | string): Uint8Array }
}
/* eslint-enable @typescript-eslint/no-require-imports */

const NAME = "ABCxyz019!%&'*-.^_`|~/?$="
const RID = "0123456789abcdef-%$?/=~ü"

function text(random: Random, characters: string, length: number): string {
    return Array.from({ length }, () => random.pick([...characters])).join("")
}

describe("topics of operations", () => {
    test("2,000 random calls of the gateway are read by the device, and its answers by the gateway", async () => {
        const random = seededRandom("operations")
        for (let i = 0; i < 2000; i++) {
            // A separator in the name would be ambiguous.
            const name = text(random, NAME, 1 + random.below(128)).replaceAll(
                "/?",
                "/"
            )
            const rid = text(random, RID, 1 + random.below(64))
            const status = random.below(1024)
            const context = `case ${i}, SEED=${random.seed}`
            assert.deepEqual(
                { ...readOperation(methodTopic(name, rid), METHODS) },
                { name, rid },
                context
            )
            const version = random.oneIn(2) ? random.below(1e6) : undefined
            assert.deepEqual(
                {
                    ...readOperation(
                        twinAnswerTopic(status, rid, version),
                        TWIN_ANSWERS
                    ),
                },
                { name: `${status}`, rid },
                context
            )
            const sent: string[] = []
            const session = {
                publish: async ({ topic }: Message) => void sent.push(topic),
            }
            const none = DeviceBuffer.from([])
            await sendOperation(session, `methods/res/${status}`, rid, none)
            await sendOperation(session, "twin/GET", rid, none)
            assert.deepEqual(
                sent.map(readByGateway),
                [
                    // An answer with a slash in its rid is none for edgeHub, which never sends such a one.
                    rid.includes("/")
                        ? undefined
                        : { kind: "method-reply", rid, status },
                    { kind: "read-twin", rid },
                ],
                context
            )
        }
    })

    test("2,000 random mutations of topics give an operation or nothing", () => {
        const random = seededRandom("mutated topics")
        for (let i = 0; i < 2000; i++) {
            const topic = [...methodTopic("reboot", "17")]
            for (let n = random.below(4); n >= 0; n--)
                topic.splice(
                    random.below(topic.length),
                    random.below(3),
                    ...text(random, NAME + RID, random.below(3))
                )
            const operation = readOperation(topic.join(""), METHODS)
            if (operation)
                assert.ok(
                    topic
                        .join("")
                        .startsWith(
                            `${METHODS}${operation.name}/?$rid=${operation.rid}`
                        ),
                    `${topic.join("")}, SEED=${random.seed}`
                )
        }
    })
})

/** A cloud with a twin, connections that lose messages, and a device that follows it. */
class Model {
    private properties: JsonObject = {}
    private version = 1
    private connection = 0
    /** What the device makes of all that it is told. */
    private seen: JsonObject = {}
    private isCalm = false
    readonly reports: number[] = []
    private readonly twin = new Twin({
        boot: 1,
        // Throttled requests do not wait for long.
        policy: defaultPolicy().map(() => 10),
        wake: () => this.serve(),
    })

    constructor(private readonly random: Random) {
        this.twin.begin()
        this.twin.onDesired(async (desired, isWhole) => {
            if (this.chance(8)) await pause(random.below(30))
            if (this.chance(12)) throw new Error("by the test")
            const patch = { ...desired }
            delete patch.$version
            this.seen = isWhole ? patch : merge(this.seen, patch)
        })
    }

    /** Something goes wrong, once in `times`, until all is calm. */
    private chance(times: number): boolean {
        return !this.isCalm && this.random.oneIn(times)
    }

    private serve(): void {
        const connection = this.connection
        // As the leaf does: in its own fiber, later.
        setImmediate(
            () =>
                void this.twin.serve({
                    publish: async ({ topic, payload }: Message) =>
                        this.answer(connection, topic, payload),
                })
        )
    }

    /** What the cloud does with a request that came on a connection. */
    private answer(connection: number, topic: string, body: Uint8Array): void {
        const operation = readByGateway(topic)
        if (this.chance(10)) return
        const status = this.chance(12) ? this.random.pick([429, 500]) : 0
        if (operation?.kind === "read-twin")
            this.deliver(
                connection,
                twinAnswerTopic(status || 200, operation.rid),
                status
                    ? ""
                    : JSON.stringify({
                          desired: {
                              ...this.properties,
                              $version: this.version,
                          },
                          reported: { $version: 1 },
                      })
            )
        else if (operation?.kind === "report" && operation.rid) {
            const { n } = JSON.parse(Buffer.from(body).toString()) as {
                n: number
            }
            if (!status) this.reports.push(n)
            this.deliver(
                connection,
                twinAnswerTopic(status || 204, operation.rid),
                ""
            )
        } else assert.fail(`${topic} is no request`)
    }

    /** A message to the device, late; one of an old connection is stale, and comes all the same. */
    private deliver(connection: number, topic: string, body: string): void {
        const isStale = () => connection !== this.connection
        setTimeout(
            () => {
                // A stale answer may come; a change that was told to an old connection does not.
                if (isStale() && !topic.startsWith(TWIN_ANSWERS)) return
                this.twin.take({ topic, payload: DeviceBuffer.from(body) })
                this.serve()
            },
            this.isCalm ? 0 : this.random.below(3)
        )
    }

    private change(): void {
        const patch: JsonObject = {}
        for (let n = this.random.below(3); n >= 0; n--)
            patch[this.random.pick(["a", "b", "c", "d"])] =
                this.random.pick<Json>([
                    null,
                    this.random.below(10),
                    { x: this.random.below(10) },
                    { x: null, y: 1 },
                ])
        this.properties = merge(this.properties, patch)
        this.version++
        // Lost, as a gap; or told twice.
        const times = this.chance(5) ? 0 : this.chance(5) ? 2 : 1
        for (let i = 0; i < times; i++)
            this.deliver(
                this.connection,
                desiredTopic(this.version),
                JSON.stringify({ ...patch, $version: this.version })
            )
    }

    private connect(): void {
        this.connection++
        this.twin.begin()
        this.serve()
    }

    async run(): Promise<void> {
        this.serve()
        const reports: Promise<void>[] = []
        for (let i = 0; i < 60; i++) {
            const what = this.random.below(12)
            if (what === 0) this.connect()
            else if (what < 3 && reports.length < 4)
                reports.push(this.twin.report({ n: reports.length }))
            else this.change()
            await pause(this.random.below(12))
        }
        // One more connection, on which nothing is lost; a last change, in case that the handler threw.
        this.isCalm = true
        this.connect()
        await Promise.all(reports)
        const isSame = () =>
            JSON.stringify(sorted(this.seen)) ===
            JSON.stringify(sorted(this.properties))
        for (let i = 0; i < 400 && !isSame(); i++) await pause(25)
        assert.deepEqual(sorted(this.seen), sorted(this.properties))
        // Each report arrived, first in order of the first times.
        const first = [...new Set(this.reports)]
        assert.deepEqual(
            first,
            reports.map((_, n) => n)
        )
    }
}

function pause(ms: number): Promise<void> {
    return new Promise(resolve => setTimeout(resolve, ms))
}

/** With the names of all levels in order. */
function sorted(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(
        Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, inner]) => [name, sorted(inner)])
    )
}

test("100 devices end up where their twins are, whatever gets lost, stale or refused on the way", async () => {
    const random = seededRandom("twins")
    const log = console.log
    // Failures of handlers are many, and wanted.
    console.log = () => undefined
    try {
        await Promise.all(
            Array.from({ length: 100 }, () =>
                new Model(new Random(random.uint32())).run()
            )
        )
    } finally {
        console.log = log
    }
})
