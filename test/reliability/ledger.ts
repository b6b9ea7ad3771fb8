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

/**
 * Which of the messages that had not come was dropped and which was taken is not always known: those that were out when the
 * connection broke stay in a full outbox, and newer ones go. Messages differ in length by their id and value only: the window's
 * four by so many bytes in all.
 */
const UNKNOWN_BYTES = 16

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
    }

    /** The device's counters: all, and alerts among them. */
    dropped(count: number, alerts: number): void {
        const boot = this.current
        if (count < boot.dropped || alerts < boot.droppedAlerts)
            this.problem(`boot ${boot.number}: its counter went down`)
        boot.dropped = count
        boot.droppedAlerts = alerts
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
        if (sequence < boot.newest)
            this.problem(`${id} came after ${boot.newest}`)
        boot.newest = Math.max(boot.newest, sequence)
    }

    /** Settles everything. The last boot goes on, and has nothing left to send. */
    settle(): Summary {
        const summary: Summary = {
            boots: this.boots.length,
            readings: 0,
            alerts: 0,
            received: 0,
            duplicates: this.duplicates,
            dropped: 0,
            droppedAlerts: 0,
            lostToCuts: 0,
            oldestLostMs: 0,
        }
        for (const boot of this.boots) {
            const { readings } = boot
            summary.readings += readings.length
            summary.alerts += readings.filter(({ alert }) => alert).length
            summary.received += readings.filter(
                ({ receivedMs }) => receivedMs !== undefined
            ).length
            summary.dropped += boot.dropped
            summary.droppedAlerts += boot.droppedAlerts
            for (const lost of this.settleBoot(boot)) {
                summary.lostToCuts++
                summary.oldestLostMs = Math.max(
                    summary.oldestLostMs,
                    Math.min(boot.endMs, this.now()) - lost.atMs
                )
            }
        }
        return summary
    }

    /** Gives what the cut at the end of the boot has taken. */
    private settleBoot(boot: Boot): Reading[] {
        const { number, readings, dropped, droppedAlerts, newest } = boot
        const { policy } = this
        const problem = (text: string, i = readings.length - 1) =>
            this.problem(`boot ${number}: ${text}`, readings[i]?.atMs)
        const missing = readings.flatMap((reading, i) =>
            reading.receivedMs === undefined ? [i] : []
        )
        // Older ones than the newest that came have left the outbox: to the gateway, or for want of room.
        const after = missing.filter(i => i + 1 > newest)
        const gone: number[] = []
        for (const [kind, alert, count] of [
            ["telemetry", false, dropped - droppedAlerts],
            ["alerts", true, droppedAlerts],
        ] as const) {
            const ofKind = missing.filter(i => readings[i].alert === alert)
            const before = ofKind.filter(i => i + 1 < newest)
            if (before.length > count)
                problem(
                    `${before.length} readings (${kind}) are missing before ${newest}, the device has counted ${count}`,
                    before[0]
                )
            if (ofKind.length < count)
                problem(
                    `${count} readings (${kind}) dropped, but all but ${ofKind.length} came`
                )
            gone.push(...ofKind.slice(before.length, count))
            if (alert && !policy.dropsAlerts)
                for (const i of ofKind.slice(0, count))
                    problem(`reading ${i + 1}, an alert, was dropped`, i)
        }
        const taken = after.filter(i => !gone.includes(i))
        if (boot.endMs === Infinity && taken.length > 0)
            problem(`${taken.length} readings never came`, taken[0])
        const lengthOf = (i: number) =>
            this.sizeOf(`${number}-${i + 1}`, readings[i]) +
            policy.overheadBytes
        const bytes = taken.reduce((sum, i) => sum + lengthOf(i), 0)
        // The last reading may not have been in the outbox yet when the power went.
        const last = taken.length ? lengthOf(taken[taken.length - 1]) : 0
        if (bytes - last > policy.outboxBytes + UNKNOWN_BYTES)
            problem(
                `the cut took ${taken.length} readings, ${bytes} bytes: more than the outbox holds`,
                taken[0]
            )
        // One more was dropped than there was need for.
        if (
            gone.length &&
            bytes + lengthOf(gone[0]) + UNKNOWN_BYTES <= policy.outboxBytes
        )
            problem(
                `${gone.length} were dropped before the outbox was full`,
                gone[0]
            )
        for (const i of taken) {
            const { alert, atMs } = readings[i]
            if (alert && !policy.cutTakesAlerts)
                problem(`reading ${i + 1}, an alert, was lost`, i)
            else if (boot.endMs - atMs > policy.cutTakesMs)
                problem(
                    `reading ${i + 1} was lost ${Math.round((boot.endMs - atMs) / 1000)} s after it was taken`,
                    i
                )
        }
        return taken.map(i => readings[i])
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
