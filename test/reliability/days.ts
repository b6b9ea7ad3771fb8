/**
 * Days of a device's life: telemetry each minute, hourly renewals of the token, outages, power cuts, a gateway that restarts
 * with a new certificate, clocks that drift apart. A seed decides all of it; see `sim/simulation/world.ts`.
 *
 * `runDays` gives figures and what was wrong, and asserts nothing itself.
 */
import { createHash } from "node:crypto"
import { Meter } from "../../sim/simulation/meter"
import { World, type Leaf } from "../../sim/simulation/world"
import type { Image } from "../../sim/vm/compiler"
import { Random } from "../random"
import { type HeapSample, type HeapSummary, summarize } from "./heaptrend"
import { Ledger, type Reading, type Summary } from "./ledger"
import { DAY_MS, HOUR_MS, planOf, type Happening } from "./plan"
import { POLICY } from "./policy"

const DEVICE_ID = "leaf-1"

/**
 * Odd seeds are an ESP32-C3. It never reads the time: a first handshake takes it longer than the 10 s that an edgeHub's
 * HTTPS gives, so that its tokens end with the gateway's certificate. Even seeds are a board that computes in no time, which
 * reads the time and renews its token each hour.
 */
function boardOf(seed: number) {
    return seed % 2 ? "esp32-c3" : undefined
}

/** The clocks of device and gateway go apart by this, half of it each: in millionths. */
const DRIFT_PPM = 50
/** An alert's temperature is above this; one reading in so many is one. */
const ALERT_C = 35
const ALERT_ONE_IN = 240
/** After the last outage, in which everything that waits has to arrive. */
const DRAIN_MS = HOUR_MS
/** A power cut that waits for a write to flash does so at most this long: a device that does not know the time writes rarely. */
const WRITE_WAIT_MS = DAY_MS
/** How long the heap is watched each hour, and how much garbage may be among what is in use then. */
const WATCH_MS = 5000
const GARBAGE_BYTES = 256
/** One that is wrong often makes all that follow wrong. */
const MAX_PROBLEMS = 20
const DROPPED_LINE =
    /^leaf: outbox full, (\d+) messages dropped so far, (\d+) of them alerts$/
/** Of every topic: the outbox does not keep it. */
const TOPIC_START = `devices/${DEVICE_ID}/messages/events/`

export interface Day {
    day: number
    /** In use after a collection, when the day's last hour ended with a connection, in bytes; 0 when none did. */
    heapBytes: number
    /** And the largest free block then. */
    largestFree: number
    /** Since the device was switched on, in hours. */
    uptimeHours: number
    flashWrites: number
    connections: number
    renewals: number
    timeReads: number
}

export interface DaysResult {
    days: number
    seed: number
    /** Whose seconds were charged, if any. */
    board: string
    /** Which firmware it was: the first digits of its image's SHA-256. */
    image: string
    summary: Summary
    /** How many readings waited, at least, when one was dropped; null: none was. */
    leastDropped: number | null
    perDay: Day[]
    heap: HeapSummary
    outages: number
    /** In which no message could go through. */
    outageMs: number
    cuts: number
    /** Among them those at a write to flash, and of those the ones that took what was written. */
    cutsAtWrites: number
    lostWrites: number
    longestUptimeMs: number
    connections: number
    /** TLS handshakes that were done, of either port. */
    handshakes: number
    resumed: number
    renewals: number
    timeReads: number
    refused: number
    flashWrites: number
    /** How often the log in flash was packed: each time one of two areas is erased. */
    packings: number
    panics: string[]
    /** What was lost or wrong, and when. */
    problems: string[]
    /** Of all that happened, in its order: alike for the same seed. */
    digest: string
    realMs: number
}

/** Runs so many days; `log` is told each day. With a message each two minutes it takes half the time. */
export async function runDays(
    image: Image,
    days: number,
    seed: number,
    log: (text: string) => void = () => undefined,
    telemetrySec = 60
): Promise<DaysResult> {
    const random = new Random(seed)
    const ppm = (random.oneIn(2) ? 1 : -1) * (DRIFT_PPM / 2)
    const plan = planOf(random, days)
    const world = await World.create({
        seed,
        image,
        board: boardOf(seed),
        gatewayPpm: -ppm,
    })
    const run = new Run(world, random, days, telemetrySec, log)
    try {
        return await run.go(plan, ppm, seed)
    } finally {
        await world.close()
    }
}

class Run {
    private readonly startedMs = Date.now()
    private readonly hash = createHash("sha256")
    private readonly ledger: Ledger
    private readonly perDay: Day[] = []
    private readonly samples: HeapSample[] = []
    /** Samples of the days before. */
    private samplesBefore = 0
    private starts = 0
    private leaf!: Leaf
    private reads = 0
    private isOn = true
    private onSinceMs = 0
    private connected = false
    private total = { connections: 0, renewals: 0, timeReads: 0 }
    private yesterday = { ...this.total, flashWrites: 0 }
    private handshakes = 0
    private resumed = 0
    private refused = 0
    private longestUptimeMs = 0
    private outageMs = 0
    private readonly done = {
        outages: 0,
        cuts: 0,
        cutsAtWrites: 0,
        lostWrites: 0,
    }
    /** What is yet to end, or a day's end: in the order of time. */
    private readonly agenda: { atMs: number; act: () => Promise<void> }[] = []
    private sample = { topic: "", body: "" }
    private wake: () => void = () => undefined
    /** Reasons for the gateway to be down. */
    private downs = 0

    constructor(
        private readonly world: World,
        private readonly random: Random,
        private readonly days: number,
        private readonly telemetrySec: number,
        private readonly log: (text: string) => void
    ) {
        this.ledger = new Ledger(
            () => world.elapsedMs,
            POLICY,
            (id, reading) => this.sizeOf(id, reading)
        )
    }

    async go(
        plan: Happening[],
        ppm: number,
        seed: number
    ): Promise<DaysResult> {
        this.watchGateway()
        this.ledger.started()
        this.leaf = await this.world.addLeaf({
            id: DEVICE_ID,
            ppm,
            settings: { alertC: ALERT_C, telemetrySec: this.telemetrySec },
            bus: clock => new Meter(clock, () => this.read()),
        })
        this.watchDevice()
        for (const happening of plan)
            this.at(happening.atMs, () => this.happen(happening))
        for (let hour = 1; hour <= this.days * 24; hour++)
            this.at(hour * HOUR_MS, () => this.look())
        for (let day = 1; day <= this.days; day++)
            this.at(day * DAY_MS, () => this.endDay(day))
        for (let next; (next = this.agenda[0]);) {
            if (next.atMs > this.world.elapsedMs) await this.sleep(next.atMs)
            else {
                this.agenda.shift()
                await next.act()
            }
        }
        await this.world.clock.pass(DRAIN_MS)
        return this.result(seed)
    }

    private result(seed: number): DaysResult {
        const { leaf, ledger, total, done } = this
        this.endUptime()
        const summary = ledger.settle()
        return {
            days: this.days,
            seed,
            board: boardOf(seed) ?? "none",
            image: createHash("sha256")
                .update(this.world.options.image.binary)
                .digest("hex")
                .slice(0, 8),
            summary,
            leastDropped:
                ledger.leastDropped < Infinity ? ledger.leastDropped : null,
            perDay: this.perDay,
            heap: summarize(this.samples),
            ...done,
            outageMs: this.outageMs,
            longestUptimeMs: this.longestUptimeMs,
            ...total,
            handshakes: this.handshakes,
            resumed: this.resumed,
            refused: this.refused,
            flashWrites: leaf.device.flashWrites,
            packings: leaf.flash.packings,
            panics: leaf.device.panics.map(
                ({ code, name }) => `${code}: ${name}`
            ),
            problems: ledger.found
                .slice(0, MAX_PROBLEMS)
                .map(
                    ({ atMs, text }) =>
                        `day ${(atMs / DAY_MS).toFixed(3)}: ${text}`
                ),
            digest: this.hash.copy().digest("hex"),
            realMs: Date.now() - this.startedMs,
        }
    }

    /** To be done at a time, after all that is to be done by then. */
    private at(atMs: number, act: () => Promise<void>): void {
        const { agenda } = this
        let i = agenda.length
        while (i > 0 && agenda[i - 1].atMs > atMs) i--
        agenda.splice(i, 0, { atMs, act })
    }

    /** Lets time pass until then, or until something earlier is to be done. */
    private async sleep(untilMs: number): Promise<void> {
        const { clock, activity, elapsedMs } = this.world
        let timer: unknown
        await clock.run(
            new Promise<void>(resolve => {
                this.wake = () => {
                    activity.stir()
                    resolve()
                }
                timer = clock.setTimeout(this.wake, untilMs - elapsedMs)
            })
        )
        clock.clearTimeout(timer)
    }

    private note(text: string): void {
        this.hash.update(`${this.world.elapsedMs.toFixed(3)} ${text}\n`)
    }

    private watchGateway(): void {
        const { gateway } = this.world
        gateway.on("telemetry", message => {
            this.note(`telemetry ${message.systemProperties.messageId}`)
            // Of a start that came soon after the one before.
            if (message.properties.health !== undefined) return
            this.sample = {
                topic: message.topic,
                body: message.body.toString(),
            }
            this.ledger.received(message)
        })
        gateway.on("secured", ({ resumed }) => {
            this.handshakes++
            if (resumed) this.resumed++
        })
        gateway.on("refused", () => this.refused++)
        gateway.on("disconnected", ({ reason }) => this.note(reason))
    }

    private watchDevice(): void {
        const { device } = this.leaf
        device.on("restart", () => {
            this.starts++
            this.ledger.started()
        })
        device.on("panic", ({ name }) => {
            this.note(name)
            this.connected = false
            this.ledger.ended()
        })
        device.on("line", ({ text }) => {
            this.note(text)
            const boot = /^leaf: device \S+, boot (\d+)/.exec(text)
            if (boot) this.ledger.numbered(Number(boot[1]))
            const dropped = DROPPED_LINE.exec(text)
            if (dropped)
                this.ledger.dropped(Number(dropped[1]), Number(dropped[2]))
            if (text.startsWith("leaf: connected")) {
                this.total.connections++
                this.connected = true
            }
            if (text.startsWith("leaf: renewing")) {
                this.total.renewals++
                this.connected = false
            }
            if (text.startsWith("leaf: lost connection")) this.connected = false
            if (text.startsWith("leaf: time is")) this.total.timeReads++
        })
    }

    /** The device reads its sensors: no two readings near each other are alike. */
    private read() {
        const alert = this.random.oneIn(ALERT_ONE_IN)
        const temperatureC =
            (this.reads++ % 2000) / 100 + (alert ? ALERT_C : 10)
        const value = Math.round(temperatureC * 100) / 100
        this.ledger.read(value, alert)
        return { temperatureC, humidityPercent: 45.25 }
    }

    /** Bytes of a message as the device makes it: of another one, with this id, value and alert in their places. */
    private sizeOf(id: string, { value, alert }: Reading): number {
        const { topic, body } = this.sample
        const sample = JSON.parse(body) as {
            messageId: string
            temperature: number
        }
        const isAlert = topic.endsWith("temperatureAlert=true")
        return (
            topic.length -
            TOPIC_START.length +
            body.length +
            2 * (id.length - sample.messageId.length) +
            String(value).length -
            String(sample.temperature).length +
            String(alert).length -
            String(isAlert).length
        )
    }

    private async happen(happening: Happening): Promise<void> {
        const { world, leaf } = this
        this.note(happening.kind)
        const endMs = happening.atMs + happening.forMs
        if (happening.kind === "cut") return this.cut(happening)
        this.done.outages++
        this.outageMs += happening.forMs
        if (happening.kind === "silence") {
            leaf.host.away = true
            return this.at(endMs, async () => {
                leaf.host.away = false
            })
        }
        // It may be down already: the new certificate counts from its next start on.
        if (happening.newCertificate) await world.renewCertificate()
        if (this.downs++ === 0) await world.stopGateway()
        this.at(endMs, async () => {
            if (--this.downs === 0) await world.restartGateway()
        })
    }

    private async cut({
        write,
        forMs,
    }: Happening & { kind: "cut" }): Promise<void> {
        if (!this.isOn) return
        const { world, leaf } = this
        if (write === "any") return this.switchOff(forMs, write)
        const onWrite = () => {
            if (!pending) return
            pending = false
            // The VM is running: the power goes when it has stopped.
            this.at(world.elapsedMs, () => this.switchOff(forMs, write))
            this.wake()
        }
        let pending = true
        leaf.device.once("flash", onWrite)
        const untilMs = Math.min(
            world.elapsedMs + WRITE_WAIT_MS,
            this.days * DAY_MS
        )
        this.at(untilMs, async () => {
            if (pending) leaf.device.off("flash", onWrite)
            pending = false
        })
    }

    private async switchOff(
        forMs: number,
        write: (Happening & { kind: "cut" })["write"]
    ): Promise<void> {
        if (!this.isOn) return
        const { world, leaf, done } = this
        const lost = write === "lost"
        done.cuts++
        if (write !== "any") done.cutsAtWrites++
        if (lost) done.lostWrites++
        this.note(`off ${write}`)
        this.endUptime()
        this.isOn = false
        this.connected = false
        this.ledger.ended()
        world.cutPower(leaf)
        if (lost) leaf.device.undoFlashWrite()
        this.at(world.elapsedMs + forMs, async () => {
            this.isOn = true
            this.onSinceMs = world.elapsedMs
            await leaf.device.restorePower()
        })
    }

    private endUptime(): void {
        if (this.isOn)
            this.longestUptimeMs = Math.max(
                this.longestUptimeMs,
                this.world.elapsedMs - this.onSinceMs
            )
    }

    private async endDay(day: number): Promise<void> {
        const { flashWrites } = this.leaf.device
        const { total, yesterday, samples } = this
        const last =
            samples.length > this.samplesBefore ? samples.at(-1) : undefined
        this.samplesBefore = samples.length
        const figures: Day = {
            day,
            heapBytes: last?.used ?? 0,
            largestFree: last?.largestFree ?? 0,
            uptimeHours: last ? Math.round(last.hours * 10) / 10 : 0,
            flashWrites: flashWrites - yesterday.flashWrites,
            connections: total.connections - yesterday.connections,
            renewals: total.renewals - yesterday.renewals,
            timeReads: total.timeReads - yesterday.timeReads,
        }
        this.yesterday = { ...total, flashWrites }
        this.perDay.push(figures)
        this.tell(figures)
    }

    /** Looks at the heap, when the device is connected. */
    private async look(): Promise<void> {
        const { world, starts } = this
        const { device } = this.leaf
        if (!this.isOn || !this.connected) return
        const watch = device.watchHeap(GARBAGE_BYTES)
        this.at(world.elapsedMs + WATCH_MS, async () => {
            device.unwatchHeap()
            // A handshake needs other memory, and a start begins anew.
            if (!this.connected || this.starts !== starts) return
            this.samples.push({
                boot: starts,
                hours: (world.elapsedMs - this.onSinceMs) / HOUR_MS,
                used: watch.least,
                largestFree: watch.largestFree,
            })
        })
    }

    private tell(day: Day): void {
        const heap = day.heapBytes
            ? `${day.heapBytes} B, ${day.largestFree} B free in one`
            : "not looked at,"
        this.log(
            `day ${String(day.day).padStart(2)}: heap ${heap} after ${day.uptimeHours.toFixed(1)} h, ` +
                `${day.flashWrites} flash writes, ${day.connections} connections, ${day.renewals} renewals, time read ${day.timeReads} times`
        )
    }
}
