/**
 * The outbox and its flash side against a model: readings, alerts, links that come and go, restarts, and the power gone at any write.
 *
 * The seed is printed; `SEED=… node built/test/run.js fuzz/flashoutbox` repeats it.
 */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import fc from "fast-check"
import { Buffer as DeviceBuffer } from "../../sim/shim/buffer"

interface Message {
    topic: string
    payload: unknown
    qos: number
    packetId: number
    sent: boolean
}
interface Outbox {
    dropped: number
    droppedAlerts: number
    add(message: Message, isAlert: boolean): void
    take(): Message | undefined
    acknowledge(message: Message): void
    rewind(): void
    older: Flash
}
interface Flash {
    restore(): Promise<void>
    keep(): Promise<boolean>
    serve(): Promise<void>
}
type Bytes = DeviceBuffer

const { Outbox } = require("../../src/app/outbox") as {
    Outbox: new (start: string) => Outbox
}
const { FlashOutbox } = require("../../src/app/flashoutbox") as {
    FlashOutbox: new (leaf: unknown, store: unknown, preset: string) => Flash
}
const START = "devices/d/messages/events/"
const PRESET = `%24.mid=&alert=true{"temperature":,"pad":""}`
const RUNS = Number(process.env.RUNS ?? 150)
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))

type Step =
    | { kind: "reading" | "alert"; pad: number }
    | { kind: "check" | "reboot" | "connect" }
    | { kind: "send"; most: number; keep: number }
    | { kind: "cut"; after: number; torn: boolean }
    /** An outage: readings, each so many an alert; the pages become full. */
    | { kind: "outage"; count: number; alertEvery: number }

const step: fc.Arbitrary<Step> = fc.oneof(
    {
        weight: 8,
        arbitrary: fc.record({
            kind: fc.constant("reading" as const),
            pad: fc.integer({ min: 0, max: 60 }),
        }),
    },
    {
        weight: 3,
        arbitrary: fc.record({
            kind: fc.constant("alert" as const),
            pad: fc.integer({ min: 0, max: 60 }),
        }),
    },
    {
        weight: 6,
        arbitrary: fc.record({
            kind: fc.constantFrom(
                "check" as const,
                "check" as const,
                "check" as const,
                "connect" as const,
                "reboot" as const
            ),
        }),
    },
    {
        weight: 3,
        arbitrary: fc.record({
            kind: fc.constant("send" as const),
            most: fc.integer({ min: 1, max: 20 }),
            keep: fc.integer({ min: 0, max: 3 }),
        }),
    },
    {
        weight: 2,
        arbitrary: fc.record({
            kind: fc.constant("cut" as const),
            after: fc.integer({ min: 0, max: 2 }),
            torn: fc.boolean(),
        }),
    },
    {
        weight: 2,
        arbitrary: fc.record({
            kind: fc.constant("outage" as const),
            count: fc.integer({ min: 5, max: 80 }),
            alertEvery: fc.integer({ min: 1, max: 12 }),
        }),
    }
)

class PowerCut extends Error {}

/** The device, its flash, and what it may and may not do. */
class Model {
    readonly flash = new Map<string, Bytes>()
    /** Writes until the power goes; -1: it stays. */
    writesLeft = -1
    isTorn = false
    outbox!: Outbox
    part!: Flash
    made = 0
    /** Alerts of which `keep` has said that they are in flash, and those of them that came. */
    readonly promised = new Set<number>()
    readonly arrived = new Set<number>()
    /** Alerts may be missing only as many as were reported. */
    droppedAlerts = 0
    private last = 0

    async start(): Promise<void> {
        this.droppedAlerts += this.outbox?.droppedAlerts ?? 0
        this.outbox = new Outbox(START)
        this.part = new FlashOutbox(
            { outbox: this.outbox, wake: () => undefined },
            {
                read: async (name: string) =>
                    this.flash.get(name) ?? DeviceBuffer.alloc(0),
                write: async (name: string, bytes: Bytes) => {
                    this.write(name, bytes)
                },
            },
            PRESET
        )
        this.outbox.older = this.part
        await this.part.restore()
        this.connect()
    }

    private write(name: string, bytes: Bytes): void {
        if (this.writesLeft === 0) {
            // What a tear leaves is no good page: see its check.
            if (this.isTorn)
                this.flash.set(name, DeviceBuffer.alloc(bytes.length))
            throw new PowerCut()
        }
        if (this.writesLeft > 0) this.writesLeft--
        this.flash.set(name, bytes.slice(0))
    }

    connect(): void {
        this.outbox.rewind()
        this.last = 0
    }

    add(pad: number, isAlert: boolean): number {
        this.made++
        this.outbox.add(
            {
                topic: `${START}%24.mid=${this.made}${isAlert ? "&alert=true" : ""}`,
                payload: DeviceBuffer.from(
                    `{"temperature":${(this.made * 7919) % 1000},"pad":"${"x".repeat(pad)}"}`
                ),
                qos: 1,
                packetId: 0,
                sent: false,
            },
            isAlert
        )
        return this.made
    }

    private async alert(pad: number): Promise<void> {
        const id = this.add(pad, true)
        if (await this.part.keep()) this.promised.add(id)
    }

    /** Sends, in windows of four as the session does, and acknowledges all but the last few. */
    async send(most: number, keep: number): Promise<number> {
        let window: Message[] = []
        let count = 0
        for (;;) {
            await this.part.serve()
            while (window.length < 4 && count < most) {
                const message = this.outbox.take()
                if (message === undefined) break
                const id = Number(/mid=(\d+)/.exec(message.topic)![1])
                assert.ok(
                    id > this.last,
                    `${id} after ${this.last} on one connection`
                )
                this.last = id
                message.sent = true
                this.arrived.add(id)
                window.push(message)
                count++
            }
            if (window.length <= (count < most ? 0 : keep)) return count
            this.outbox.acknowledge(window[0])
            window = window.slice(1)
        }
    }

    async run(steps: Step[]): Promise<void> {
        await this.start()
        for (const next of steps)
            try {
                if (next.kind === "reading") this.add(next.pad, false)
                else if (next.kind === "alert") {
                    await this.alert(next.pad)
                } else if (next.kind === "outage") {
                    for (let i = 1; i <= next.count; i++)
                        if (i % next.alertEvery === 0) await this.alert(0)
                        else {
                            this.add(0, false)
                            await this.part.keep()
                        }
                } else if (next.kind === "check") await this.part.keep()
                else if (next.kind === "connect") this.connect()
                else if (next.kind === "reboot") await this.start()
                else if (next.kind === "send")
                    await this.send(next.most, next.keep)
                else if (next.kind === "cut") {
                    this.writesLeft = next.after
                    this.isTorn = next.torn
                }
            } catch (e) {
                await this.afterCut(e)
            }
        this.writesLeft = -1
        await this.start()
        await this.send(1e9, 0)
        await this.part.keep()
        this.droppedAlerts += this.outbox.droppedAlerts
        let missing = 0
        for (const id of this.promised) if (!this.arrived.has(id)) missing++
        assert.ok(
            missing <= this.droppedAlerts,
            `${missing} alerts are missing that were in flash, ${this.droppedAlerts} were reported`
        )
        // All was acknowledged and freed: nothing comes again.
        await this.start()
        assert.equal(await this.send(1e9, 0), 0, "came again")
    }

    private async afterCut(e: unknown): Promise<void> {
        if (!(e instanceof PowerCut)) throw e
        this.writesLeft = -1
        await this.start()
    }
}

/** Three days without a link: a reading a minute, an alert each four hours. */
const LONG_OUTAGE = { count: 4320, alertEvery: 240 }

describe("outbox and flash against a model", () => {
    test("after three days without a link all alerts are there, and the newest readings", async context => {
        context.mock.method(console, "log", () => {})
        const model = new Model()
        await model.run([{ kind: "outage", ...LONG_OUTAGE }])
        const { arrived, promised, droppedAlerts } = model
        assert.equal(droppedAlerts, 0)
        assert.equal(promised.size, LONG_OUTAGE.count / LONG_OUTAGE.alertEvery)
        for (const id of promised) assert.ok(arrived.has(id), `alert ${id}`)
        // Eighteen alerts take three of seven pages.
        const newest = Array.from(
            { length: 24 },
            (_, i) => LONG_OUTAGE.count - i
        )
        assert.deepEqual(
            newest.filter(id => !arrived.has(id)),
            []
        )
    })

    test("in order on each connection, no alert lost that was in flash, nothing again that was done with", async context => {
        console.log(`seed ${SEED}, ${RUNS} runs`)
        // Each start says what it has found.
        context.mock.method(console, "log", () => {})
        await fc.assert(
            fc.asyncProperty(
                fc.array(step, { minLength: 5, maxLength: 120 }),
                async steps => {
                    await new Model().run(steps)
                }
            ),
            { seed: SEED, numRuns: RUNS }
        )
    })
})
