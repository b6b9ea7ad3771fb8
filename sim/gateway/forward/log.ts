/**
 * The message log: accepted messages in a folder on disk (LevelDB), until they are forwarded.
 *
 * `store` resolves once the message is synced to the disk; the PUBACK waits for that. Writes are grouped: whatever comes while one
 * synced write is under way, of all devices, makes up the next. One sequence for all devices, so that each device's order is kept; after a
 * message was refused, later ones of the same connection are refused too, as they would overtake it.
 *
 * Bounds: messages, bytes, time to live. When full: `refuse` (the connection ends without PUBACK, the device keeps its reading) or
 * `drop-oldest` (counted, and an event). What was removed may be there again after a power cut: at least once, and never too few.
 *
 * After a write has failed (a full disk), LevelDB would write on behind the torn record, where it does not read when it is opened the next
 * time. So it is opened anew before the next write, and until that works every message is refused.
 * Memory: some 100 bytes a message that waits, and one group of writes.
 */
import { chmod, mkdir } from "node:fs/promises"
import { Level } from "level"
import { realClock, type Clock } from "../clock"
import { GatewayError } from "../errors"
import type { Message, MessageStore } from "../store"
import { readRecord, writeRecord } from "./record"

export interface LogOptions {
    /** Made if it is not there, readable by its owner only. */
    folder: string
    clock?: Clock
    /** 100,000. */
    maxMessages?: number
    /** Of records on disk, without LevelDB's own overhead: 256 MiB. */
    maxBytes?: number
    /** Two hours, as edgeHub's `timeToLiveSecs`. */
    timeToLiveMs?: number
    /** `refuse`. */
    whenFull?: "refuse" | "drop-oldest"
}

/** What the log tells; see the events `messageLost`, `storeFailed`. */
export interface LogListener {
    /** A message that was acknowledged goes without having been forwarded. */
    lost(deviceId: string, sequence: number, reason: LossReason): void
    /** A write or a read has failed, or a message was refused as the log is full. */
    failed(message: string): void
    /** Messages are safe, and can be read. */
    stored(): void
}

export type LossReason = "expired" | "dropped" | "damaged"

export interface Entry {
    /** Counts messages over the log's whole life. */
    sequence: number
    message: Message
}

interface Kept {
    deviceId: string
    bytes: number
    receivedAtMs: number
}

interface Waiting {
    sequence: number
    message: Message
    record: Buffer
    resolve(): void
    reject(error: Error): void
}

const HOUR_MS = 3_600_000
const DEFAULTS = {
    clock: realClock,
    maxMessages: 100_000,
    maxBytes: 268_435_456,
    timeToLiveMs: 2 * HOUR_MS,
    whenFull: "refuse" as const,
}

/** A sequence as a key that sorts: hexadecimal digits of the largest safe integer. */
const KEY_DIGITS = 14
const keyOf = (sequence: number) =>
    sequence.toString(16).padStart(KEY_DIGITS, "0")

export class MessageLog implements MessageStore {
    /** Messages that were refused, or went without being forwarded, since it was opened. */
    readonly counts = { refused: 0, expired: 0, dropped: 0, damaged: 0 }
    listener: LogListener | undefined
    private readonly kept = new Map<number, Kept>()
    private keptBytes = 0
    /** Given to the disk, and not safe yet. */
    private comingBytes = 0
    private coming = 0
    private last = 0
    private waiting: Waiting[] = []
    private removed: number[] = []
    /** A write has failed: the folder has to be opened anew before the next one. */
    private isTorn = false
    private writing: Promise<void> | undefined
    /** By device: the connection whose message was refused. */
    private readonly refusedOn = new Map<string, number>()
    private closed = false

    private constructor(
        private db: Level<string, Buffer>,
        private readonly options: Required<LogOptions>
    ) {}

    /** Opens the folder; throws `store-unusable` with what is wrong with it. */
    static async open(options: LogOptions): Promise<MessageLog> {
        const { folder } = options
        let db: Level<string, Buffer> | undefined
        try {
            await mkdir(folder, { recursive: true, mode: 0o700 })
            await chmod(folder, 0o700)
            db = await openFolder(folder)
            const log = new MessageLog(db, { ...DEFAULTS, ...options })
            await log.load()
            return log
        } catch (error) {
            await db?.close().catch(() => undefined)
            throw unusable(error)
        }
    }

    /** Messages that wait to be forwarded. */
    get size(): number {
        return this.kept.size
    }

    /** Bytes of their records. */
    get bytes(): number {
        return this.keptBytes
    }

    store(message: Message): Promise<void> {
        const { deviceId, connection } = message
        if (this.closed)
            return Promise.reject(new GatewayError("closed", CLOSED))
        if (this.refusedOn.get(deviceId) === connection) {
            this.counts.refused++
            return Promise.reject(
                new GatewayError("store-failed", "gateway: an earlier message of this connection could not be stored: connect once more, and send both again") // prettier-ignore
            )
        }
        this.refusedOn.delete(deviceId)
        const record = writeRecord(message)
        if (!this.makeRoom(record.length)) return this.refuse(message)
        this.coming++
        this.comingBytes += record.length
        return new Promise<void>((resolve, reject) => {
            const sequence = ++this.last
            this.waiting.push({ sequence, message, record, resolve, reject })
            this.write()
        })
    }

    /** Up to `limit` messages behind `after`, oldest first, none only if there are none; what is too old goes first. Throws `store-failed`. */
    async read(after: number, limit: number): Promise<Entry[]> {
        this.expire()
        const entries: Entry[] = []
        let pairs: [string, Buffer][]
        if (this.isTorn) {
            this.write()
            await this.writing
        }
        try {
            // What is removed, and not off the disk yet, is mostly the oldest.
            const [oldest = 0] = this.kept.keys()
            const gt = keyOf(Math.max(after, oldest - 1))
            pairs = await this.db.iterator({ gt, limit }).all()
        } catch (error) {
            throw this.failure("read", error)
        }
        for (const [key, record] of pairs) {
            const sequence = parseInt(key, 16)
            const kept = this.kept.get(sequence)
            if (!kept) {
                // Removed, and not gone from the disk yet: the reader goes on behind it.
                if (pairs.length === limit && key === pairs[limit - 1][0])
                    return entries.length ? entries : this.read(sequence, limit)
                continue
            }
            const message = readRecord(record)
            if (message) entries.push({ sequence, message })
            else this.lose(sequence, kept, "damaged")
        }
        return entries
    }

    /** A message was forwarded: it goes. Not synced: after a power cut it may be forwarded once more. */
    remove(sequence: number): void {
        const kept = this.kept.get(sequence)
        if (!kept || this.closed) return
        this.kept.delete(sequence)
        this.keptBytes -= kept.bytes
        this.removed.push(sequence)
        this.write()
    }

    /** What was given to it before is written; then the folder is free. */
    async close(): Promise<void> {
        this.closed = true
        while (this.writing) await this.writing
        await this.db.close()
    }

    private async load(): Promise<void> {
        for await (const [key, record] of this.db.iterator()) {
            const sequence = parseInt(key, 16)
            const message = readRecord(record)
            this.last = sequence
            if (message) this.keep(sequence, message, record.length)
            else {
                this.counts.damaged++
                this.removed.push(sequence)
            }
        }
        // What was removed is gone from the disk, but its numbers are not used twice while somebody may still know them.
        this.last = Math.max(this.last, this.options.clock.now())
    }

    private keep(sequence: number, message: Message, bytes: number): void {
        const { deviceId, receivedAtMs } = message
        this.kept.set(sequence, { deviceId, bytes, receivedAtMs })
        this.keptBytes += bytes
    }

    private expire(): void {
        const { clock, timeToLiveMs } = this.options
        const untilMs = clock.now() - timeToLiveMs
        for (const [sequence, kept] of this.kept) {
            if (kept.receivedAtMs > untilMs) break
            this.lose(sequence, kept, "expired")
        }
    }

    private isFull(more: number): boolean {
        const { maxMessages, maxBytes } = this.options
        return (
            this.kept.size + this.coming >= maxMessages ||
            this.keptBytes + this.comingBytes + more > maxBytes
        )
    }

    private makeRoom(bytes: number): boolean {
        this.expire()
        if (this.options.whenFull === "drop-oldest")
            for (const [sequence, kept] of this.kept) {
                if (!this.isFull(bytes)) break
                this.lose(sequence, kept, "dropped")
            }
        return !this.isFull(bytes)
    }

    private lose(sequence: number, kept: Kept, reason: LossReason): void {
        this.counts[reason]++
        this.remove(sequence)
        this.listener?.lost(kept.deviceId, sequence, reason)
    }

    private refuse({ deviceId, connection }: Message): Promise<never> {
        this.counts.refused++
        this.refusedOn.set(deviceId, connection)
        const message = `gateway: the message log is full (${this.kept.size} messages, ${this.keptBytes} bytes): bring the upstream back, or raise its bounds`
        this.listener?.failed(message)
        return Promise.reject(new GatewayError("store-full", message))
    }

    private write(): void {
        this.writing ??= this.writeAll().finally(() => {
            this.writing = undefined
            // Something came between its last look and now.
            if (this.waiting.length || this.removed.length) this.write()
        })
    }

    private async writeAll(): Promise<void> {
        // What comes in this turn of the event loop goes with it.
        await new Promise(resolve => setImmediate(resolve))
        let group: Waiting[] = []
        try {
            if (this.isTorn) await this.reopen()
            while (this.waiting.length || this.removed.length) {
                group = this.waiting
                const gone = this.removed
                this.waiting = []
                this.removed = []
                await this.writeGroup(group, gone)
                this.safe(group)
            }
        } catch (error) {
            this.isTorn = true
            // What waits behind the group would overtake it.
            const failed = [...group, ...this.waiting]
            this.waiting = []
            // They go when the folder is opened anew.
            this.removed = []
            this.giveUp(failed, this.failure("written", error))
        }
    }

    private writeGroup(
        group: readonly Waiting[],
        gone: readonly number[]
    ): Promise<void> {
        return this.db.batch(
            [
                ...group.map(({ sequence, record }) => ({
                    type: "put" as const,
                    key: keyOf(sequence),
                    value: record,
                })),
                ...gone.map(sequence => ({
                    type: "del" as const,
                    key: keyOf(sequence),
                })),
            ],
            { sync: group.length > 0 }
        )
    }

    /** What was not acknowledged, or was removed, and is on the disk all the same, goes. */
    private async reopen(): Promise<void> {
        await this.db.close()
        this.db = await openFolder(this.options.folder)
        const there = new Set<number>()
        for await (const key of this.db.keys()) there.add(parseInt(key, 16))
        for (const [sequence, kept] of [...this.kept])
            if (!there.delete(sequence)) this.lose(sequence, kept, "damaged")
        await this.db.batch(
            [...there].map(sequence => ({ type: "del", key: keyOf(sequence) })),
            { sync: true }
        )
        this.isTorn = false
    }

    private safe(group: Waiting[]): void {
        for (const { sequence, message, record, resolve } of group) {
            this.coming--
            this.comingBytes -= record.length
            this.keep(sequence, message, record.length)
            resolve()
        }
        if (group.length) this.listener?.stored()
    }

    private giveUp(failed: Waiting[], error: GatewayError): void {
        for (const { message, record, reject } of failed) {
            this.coming--
            this.comingBytes -= record.length
            this.counts.refused++
            this.refusedOn.set(message.deviceId, message.connection)
            reject(error)
        }
    }

    private failure(what: string, error: unknown): GatewayError {
        const message = `gateway: the message log cannot be ${what} (${reasonOf(error)}): is the disk full, or the folder gone?`
        if (!this.closed) this.listener?.failed(message)
        return new GatewayError("store-failed", message)
    }
}

const CLOSED = "gateway: the message log is closed: open the folder once more"

async function openFolder(folder: string): Promise<Level<string, Buffer>> {
    const db = new Level<string, Buffer>(folder, { valueEncoding: "buffer" })
    await db.open()
    return db
}

/** LevelDB's messages hold the folder's path: only the kind of error is passed on. */
function reasonOf(error: unknown): string {
    const { code, cause } = error as { code?: string; cause?: Error }
    const inner = (cause as { code?: string } | undefined)?.code
    return inner ?? code ?? "an unknown error"
}

function unusable(error: unknown): GatewayError {
    const reason = reasonOf(error)
    const advice =
        reason === "LEVEL_LOCKED"
            ? "another gateway uses it: give each its own"
            : reason === "LEVEL_CORRUPTION"
              ? "it is damaged: restore it, or begin with an empty one"
              : "is it a folder that may be written, and is there room on the disk?"
    return new GatewayError(
        "store-unusable",
        `gateway: the folder of the message log cannot be used (${reason}): ${advice}`
    )
}
