/**
 * Who owes what: each reading that a sensor gave to the device, and what became of it.
 *
 * A reading's number in its boot is the number in its message's id, and its value is in the message's body, so that nothing
 * can be taken for another. A message counts once, by its id; it has to come in the order of its boot. What did not come
 * has to be explained: dropped from a full outbox, as the device's own counters say, exactly, telemetry and alerts apart; or
 * taken by a power cut, within the policy. `found` says what could not be explained, and when it was.
 */
import type { Message } from "../../sim/gateway/store"
import type { Policy } from "./policy"

export interface Reading {
    atMs: number
    value: number
    alert: boolean
    /** When it came first. */
    receivedMs?: number
}

/** From one start of the firmware to its end. */
interface Boot {
    number: number
    startMs: number
    endMs: number
    readings: Reading[]
    /** The device's own count of dropped messages, and of alerts among them. */
    dropped: number
    droppedAlerts: number
    /** The number of the newest reading that came. */
    newest: number
}

/** Something that nothing explains. */
export interface Problem {
    atMs: number
    text: string
}

export interface Summary {
    boots: number
    readings: number
    alerts: number
    received: number
    duplicates: number
    /** Counted by the device, and alerts among them. */
    dropped: number
    droppedAlerts: number
    lostToCuts: number
    /** Age of the oldest reading that a cut has taken, in ms. */
    oldestLostMs: number
}

export class Ledger {
    readonly found: Problem[] = []
    duplicates = 0
    private readonly boots: Boot[] = []
    /** Readings that have not come and were not dropped; what a cut has taken is among them. */
    private waiting = 0
    /** The least of them at which anything was dropped. */
    leastDropped = Infinity

    constructor(
        private readonly now: () => number,
        private readonly policy: Policy,
        /** Bytes of a message with topic and body. */
        private readonly sizeOf: (id: string, reading: Reading) => number
    ) {}

    /** What was found, without its time. */
    get problems(): string[] {
        return this.found.map(({ text }) => text)
    }

    /** The firmware has started. */
    started(): void {
        this.boots.push({
            number: 0,
            startMs: this.now(),
            endMs: Infinity,
            readings: [],
            dropped: 0,
            droppedAlerts: 0,
            newest: 0,
        })
    }

    /** It has said its boot's number. The one before may have had the same, when a cut took the record of it. */
    numbered(number: number): void {
        const boot = this.current
        boot.number = number
        for (const other of this.boots)
            if (other !== boot && other.number === number) {
                if (other.newest > 0)
                    this.problem(
                        `boot ${number}: a number that was used before`
                    )
                other.number = -1
            }
    }

    read(value: number, alert: boolean): void {
        this.current.readings.push({ atMs: this.now(), value, alert })
        this.waiting++
    }

    /** The device's counters: all, and alerts among them. */
    dropped(count: number, alerts: number): void {
        const boot = this.current
        if (count < boot.dropped || alerts < boot.droppedAlerts)
            this.problem(`boot ${boot.number}: its counter went down`)
        this.waiting -= count - boot.dropped
        boot.dropped = count
        boot.droppedAlerts = alerts
        this.leastDropped = Math.min(this.leastDropped, this.waiting)
    }

    /** The power is cut. */
    ended(): void {
        this.current.endMs = this.now()
    }

    received({ systemProperties, body }: Message): void {
        const id = systemProperties.messageId ?? ""
        const [number, sequence] = id.split("-").map(Number)
        const boot = this.boots.find(one => one.number === number)
        const reading = boot?.readings[sequence - 1]
        if (!boot || !reading)
            return void this.problem(`${id}: no such reading`)
        const { temperature } = JSON.parse(body.toString()) as {
            temperature: number | null
        }
        if (temperature !== reading.value)
            this.problem(`${id}: ${temperature}, but ${reading.value} was read`)
        if (reading.receivedMs !== undefined) return void this.duplicates++
        reading.receivedMs = this.now()
        this.waiting--
        if (sequence < boot.newest)
            this.problem(`${id} came after ${boot.newest}`)
        boot.newest = Math.max(boot.newest, sequence)
    }

    /** Settles everything. The last boot goes on, and has nothing left to send. */
    settle(): Summary {
        const { policy, boots } = this
        const readings = boots.flatMap(boot => boot.readings)
        const missing = boots.flatMap(boot =>
            boot.readings
                .filter(({ receivedMs }) => receivedMs === undefined)
                .map(reading => ({ boot, reading }))
        )
        const cuts = boots.filter(({ endMs }) => endMs < Infinity).length
        const droppedAlerts = sum(boots.map(boot => boot.droppedAlerts))
        const dropped = sum(boots.map(boot => boot.dropped))
        let oldestLostMs = 0
        for (const alert of [false, true]) {
            const ofKind = missing.filter(one => one.reading.alert === alert)
            const counted = alert ? droppedAlerts : dropped - droppedAlerts
            const taken = boots.flatMap(boot => this.takenFrom(boot, alert))
            for (const { ageMs } of taken)
                oldestLostMs = Math.max(oldestLostMs, ageMs)
            const kind = alert ? "alerts" : "telemetry"
            if (ofKind.length > counted + taken.length)
                this.problem(
                    `${ofKind.length} readings (${kind}) are missing, ${counted} were dropped and ${taken.length} taken by cuts at most`,
                    ofKind.find(
                        one => !taken.some(t => t.reading === one.reading)
                    )?.reading.atMs
                )
            // A page that was given up just before a cut may have stayed.
            if (counted > ofKind.length + cuts * policy.pageMessages)
                this.problem(
                    `${counted} readings (${kind}) dropped, but all but ${ofKind.length} came`
                )
        }
        return {
            boots: boots.length,
            readings: readings.length,
            alerts: readings.filter(({ alert }) => alert).length,
            received: readings.length - missing.length,
            duplicates: this.duplicates,
            dropped,
            droppedAlerts,
            lostToCuts: Math.max(0, missing.length - dropped),
            oldestLostMs,
        }
    }

    /**
     * What the cut at the end of a boot may have taken of what is missing: the newest telemetry, as much as stays in RAM; the window of
     * what was sent and not acknowledged, wherever it stands; of the alerts those that were on their way to flash.
     */
    private takenFrom(
        { number, readings, endMs }: Boot,
        alert: boolean
    ): { reading: Reading; ageMs: number }[] {
        const { policy } = this
        if (endMs === Infinity) return []
        const taken: { reading: Reading; ageMs: number }[] = []
        let bytes = 0
        let window = policy.windowMessages
        for (let i = readings.length - 1; i >= 0; i--) {
            const reading = readings[i]
            const ageMs = endMs - reading.atMs
            if (reading.alert) {
                if (!alert || ageMs > policy.keptMs) continue
                if (reading.receivedMs === undefined)
                    taken.push({ reading, ageMs })
                continue
            }
            if (alert || reading.receivedMs !== undefined) continue
            // The newest may not have been moved, or not have been in the outbox, when the power went.
            const isInRam = bytes <= policy.ramBytes
            bytes +=
                this.sizeOf(`${number}-${i + 1}`, reading) +
                policy.overheadBytes
            if (!isInRam && window-- === 0) break
            taken.push({ reading, ageMs })
        }
        return taken
    }

    private problem(text: string, atMs = this.now()): void {
        this.found.push({ atMs, text })
    }

    private get current(): Boot {
        const boot = this.boots.at(-1)
        if (!boot) throw new Error("the firmware has not started")
        return boot
    }
}

function sum(numbers: number[]): number {
    return numbers.reduce((total, number) => total + number, 0)
}
