/**
 * The part of the outbox that is in flash: alerts before they go anywhere else, telemetry when much of it waits.
 *
 * A page is one of the settings `out0` to `out7`, for ever the same names, and holds messages packed (packedmessages.ts). Pages
 * are a queue: the oldest messages that were never sent move from RAM to the newest page, and what is in pages goes out before what is
 * left in RAM. So all messages go out in the order in which they were made, over restarts too.
 *
 *     check (4)    start of SHA-256 over the preset and what follows    sequence (4)  of the page
 *     done (4)     pages up to this sequence are done with              version (1)   the higher one of a sequence counts
 *     records      how many: the low 4 bits of 1 byte                   alerts (1)    a bit a record
 *     span (1)     with the high 4 bits of `records`: the page has what was left of so many sequences before its own, whose pages
 *                  count no more                                        records
 *
 * Nothing that is kept is ever overwritten: a page that gets more is written anew in a free place, with the next version. So a tear
 * costs only what was being written, and nobody was told that it is kept. (But see the store's own weakness, docs/outbox.md.) One
 * place is always free for that.
 *
 * When there is no room, the oldest telemetry is dropped, and when all is alerts, the oldest of them; both are counted. Alerts of a page
 * that has lost its telemetry are joined with those before it or, when these leave no room, with those of the next page.
 *
 * The page that is being sent is in RAM as messages; the next one is read when all of them are acknowledged, and the page is marked as
 * done then. A power cut before that has the whole page sent again: its messages have the same ids.
 *
 * RAM: 0.6 KB, 1 KB more while a page is packed, and the messages of one page, 2 KB, while they are sent; not during a handshake.
 */
import * as ds from "@devicescript/core"
import { equalBytes, writeUint16 } from "../bytes"
import { digest } from "../crypto/hash"
import type { OutgoingMessage } from "../mqtt/session"
import type { Feature } from "./feature"
import type { Leaf } from "./leaf"
import { log } from "./log"
import type { OlderMessages } from "./outbox"
import { MAX_RECORDS, PackedMessages } from "./packedmessages"

/** Settings `out0` to `out7`; the flash table reserves them. */
export const PAGES = 8
/** With its name and a byte more below the store's 232; 248 with its entry. */
export const PAGE_BYTES = 224
const HEADER = 16
/** 12 bits: a device that is offline and sends each minute needs weeks for so many pages. */
const MAX_SPAN = 4095
/** What may be lost with the power: so much telemetry stays in RAM, some six readings. More of it moves to flash. */
export const SPILL_BYTES = 1024
/** How often is looked whether there is something to move. */
const CHECK_MS = 1000
/** While another fiber works on the pages. */
const WAIT_MS = 5

/** Reads and writes settings as bytes. */
export interface PageStore {
    /** None if there is no such setting. */
    read(name: string): Promise<Buffer>
    write(name: string, bytes: Buffer): Promise<void>
}

/** What RAM knows of a page. */
class Page {
    /** 0: free. */
    sequence = 0
    version = 0
    count = 0
    /** A bit a record. */
    alerts = 0
    span = 0

    constructor(readonly index: number) {}
}

export class FlashOutbox implements Feature, OlderMessages {
    readonly filters: string[] = []
    readonly qos = 0
    /** Pages that could not be read, and writes that did not come back as they were. */
    bad = 0
    /** Messages that an earlier start has left. */
    restored = 0
    /** Writes to flash since the start. */
    writes = 0

    private readonly pages: Page[] = []
    private readonly preset: string
    /** The sequence that was given last, and the highest of a page that is done with. */
    private sequence = 0
    private done = 0
    private isBusy = false
    /** The page that was dropped last, until its place is used. */
    private dropped: Page

    /** The page that is being sent: its messages, if there is a connection, and how many of them were taken on it. */
    private current: Page
    private messages: OutgoingMessage[]
    private taken = 0
    private unacknowledged = 0
    /** A bit a message; and the packet ids of those that went out before, over connections. */
    private acknowledged = 0
    private readonly packetIds = Buffer.alloc(2 * MAX_RECORDS)

    /** @param preset text that messages have in common, see packedmessages.ts. Pages of another preset cannot be read. */
    constructor(
        private readonly leaf: Leaf,
        private readonly store: PageStore,
        preset: string
    ) {
        this.preset = preset
        for (let i = 0; i < PAGES; i++) this.pages.push(new Page(i))
    }

    /** Reads what an earlier start has left. */
    async restore(): Promise<void> {
        for (const page of this.pages) {
            const bytes = await this.store.read("out" + page.index)
            // A shorter one is none: a factory reset leaves them.
            if (bytes.length >= HEADER)
                if (this.isGood(bytes)) {
                    page.sequence = bytes.readUInt32BE(4)
                    page.version = bytes[12]
                    page.count = bytes[13] & 15
                    page.alerts = bytes[14]
                    page.span = ((bytes[13] & 240) << 4) | bytes[15]
                    this.done = Math.max(this.done, bytes.readUInt32BE(8))
                    this.sequence = Math.max(this.sequence, page.sequence)
                } else this.bad++
        }
        for (const page of this.pages) {
            if (page.count === 0 || page.sequence <= this.done)
                page.sequence = 0
            for (const other of this.pages)
                if (isReplaced(page, other)) page.sequence = 0
        }
        // What was dropped for want of room stands there until it is written over.
        while (this.used() > PAGES - 1) this.dropOldest()
        for (const page of this.pages)
            if (page.sequence > 0) this.restored += page.count
        if (this.restored > 0 || this.bad > 0)
            log(
                `outbox restored ${this.restored} messages, ${this.bad} bad pages`
            )
    }

    /** Becomes a part of the leaf, and moves what waits in a fiber of its own. */
    start(): void {
        this.leaf.addFeature(this)
        this.leaf.outbox.older = this
        keepOn.start(this)
    }

    /**
     * Moves to flash what is to be there: every alert, and all that is older; telemetry if much of it waits.
     *
     * @returns whether all alerts are there, written and read back: neither a panic nor a power cut loses them. One that does not fit a
     * page, or that the flash does not take, is in RAM only
     */
    async keep(): Promise<boolean> {
        await this.lock()
        const bad = this.bad
        let isMoved = false
        while (this.leaf.outbox.movableBytes() > SPILL_BYTES) {
            if (!(await this.move())) break
            isMoved = true
        }
        this.isBusy = false
        if (isMoved) this.leaf.wake()
        return this.bad === bad
    }

    begin(): void {}

    take(): boolean {
        return false
    }

    /** Has the next page in RAM before it is to be sent. */
    async serve(): Promise<void> {
        await this.lock()
        const current = this.current
        if (current !== undefined)
            if (this.acknowledged === (1 << current.count) - 1)
                await this.finish()
        while (this.messages === undefined) {
            if (this.current === undefined) this.current = this.after(0)
            if (this.current === undefined) break
            await this.load()
        }
        this.isBusy = false
    }

    isEmpty(): boolean {
        return this.current === undefined && this.after(0) === undefined
    }

    isUnacknowledged(): boolean {
        return this.unacknowledged > 0
    }

    next(): OutgoingMessage {
        const messages = this.messages
        if (messages === undefined) return undefined
        while (this.taken < messages.length) {
            const i = this.taken
            this.taken++
            if ((this.acknowledged & (1 << i)) === 0) {
                this.unacknowledged++
                return messages[i]
            }
        }
        return undefined
    }

    acknowledge(message: OutgoingMessage): boolean {
        if (this.messages === undefined) return false
        const i = this.messages.indexOf(message)
        if (i < 0) return false
        this.acknowledged = this.acknowledged | (1 << i)
        this.unacknowledged--
        return true
    }

    /** The messages leave RAM, which a handshake needs. */
    rewind(): void {
        const messages = this.messages
        if (messages === undefined) return
        for (let i = 0; i < messages.length; i++)
            if (messages[i].sent)
                writeUint16(this.packetIds, 2 * i, messages[i].packetId)
        this.messages = undefined
        this.unacknowledged = 0
    }

    /** Reads the current page; one that has become bad is lost. */
    private async load(): Promise<void> {
        const page = this.current
        const messages: OutgoingMessage[] = []
        const start = this.leaf.outbox.start
        const packetIds = this.packetIds
        await this.read(page, this.packer(), async (topic, payload) => {
            const packetId = packetIds.readUInt16BE(2 * messages.length)
            messages.push({
                topic: start + topic,
                payload,
                qos: 1,
                packetId,
                sent: packetId !== 0,
            })
        })
        if (messages.length === 0) {
            this.bad++
            this.current = undefined
            this.drop(page)
            return
        }
        this.taken = 0
        this.unacknowledged = 0
        this.messages = messages
    }

    /** All of the current page is acknowledged. */
    private async finish(): Promise<void> {
        const page = this.current
        page.sequence = 0
        this.forget()
        const next = this.after(0)
        // Pages that were dropped meanwhile are done with as well.
        this.done =
            next === undefined ? this.sequence : next.sequence - next.span - 1
        await this.write(page, this.packer(), this.sequence, 0, 0)
        page.sequence = 0
    }

    private forget(): void {
        this.current = undefined
        this.messages = undefined
        this.acknowledged = 0
        this.packetIds.fillAt(0, this.packetIds.length, 0)
    }

    private async lock(): Promise<void> {
        while (this.isBusy) await ds.sleep(WAIT_MS)
        this.isBusy = true
    }

    /** The oldest page with a higher sequence, the one that is being sent aside. */
    private after(sequence: number): Page {
        let found: Page = undefined
        for (const page of this.pages)
            if (page.sequence > sequence)
                if (page !== this.current)
                    if (found === undefined || page.sequence < found.sequence)
                        found = page
        return found
    }

    private freePage(): Page {
        // What was dropped is gone from the flash, too, when it is written over.
        const dropped = this.dropped
        this.dropped = undefined
        if (dropped !== undefined) return dropped
        for (const page of this.pages) if (page.sequence === 0) return page
        return undefined
    }

    private newest(): Page {
        let newest: Page = undefined
        for (const page of this.pages)
            if (page.sequence > 0)
                if (page.sequence === this.sequence) newest = page
        return newest === this.current ? undefined : newest
    }

    private packer(): PackedMessages {
        return new PackedMessages(this.preset, PAGE_BYTES - HEADER)
    }

    /** Reads a page into an empty packer; one that has become bad leaves it empty. @param visit as for `unpack` */
    private async read(
        page: Page,
        packed: PackedMessages,
        visit: (topic: string, body: Buffer, isAlert: boolean) => Promise<void>
    ): Promise<void> {
        const bytes = await this.store.read("out" + page.index)
        if (this.isGood(bytes))
            await packed.unpack(page.count, bytes.slice(HEADER), visit)
    }

    /** Moves as many messages as one page takes, in addition to what is in the newest. @returns whether there may be more */
    private async move(): Promise<boolean> {
        const outbox = this.leaf.outbox
        let newest = this.newest()
        let packed = this.packer()
        if (newest !== undefined)
            await this.read(newest, packed, async () => {})
        if (packed.count === 0) newest = undefined
        let moving = 0
        for (;;) {
            const message = outbox.startMove()
            if (message === undefined) break
            if (
                await packed.append(
                    message.topic,
                    message.payload,
                    message.isAlert
                )
            )
                moving++
            else {
                const isUnfit = moving === 0 && newest === undefined
                outbox.cancelMove(isUnfit)
                if (isUnfit && message.isAlert) this.bad++
                if (moving > 0) break
                newest = undefined
                packed = this.packer()
            }
        }
        if (moving === 0) return false
        let isMoved = true
        let sequence = this.sequence
        let version = 0
        let span = 0
        if (newest === undefined) {
            while (isMoved && this.used() >= PAGES - 1)
                isMoved = await this.makeRoom()
            this.sequence++
            sequence = this.sequence
        } else {
            version = newest.version + 1
            span = newest.span
        }
        if (isMoved)
            isMoved = await this.write(
                this.freePage(),
                packed,
                sequence,
                version,
                span
            )
        if (isMoved && newest !== undefined) newest.sequence = 0
        outbox.endMove(isMoved)
        return isMoved
    }

    private used(): number {
        let used = 0
        for (const page of this.pages) if (page.sequence > 0) used++
        return used
    }

    /** The oldest page that has telemetry. */
    private oldestTelemetry(): Page {
        let page = this.after(0)
        while (page !== undefined && page.alerts === (1 << page.count) - 1)
            page = this.after(page.sequence)
        return page
    }

    /** Drops the page with the oldest telemetry, or the oldest alerts if there is none. */
    private dropOldest(): void {
        const page = this.oldestTelemetry()
        this.drop(page === undefined ? this.after(0) : page)
    }

    /** Drops the oldest telemetry, or the oldest alerts. @returns false when the flash does not take what is left of a page */
    private async makeRoom(): Promise<boolean> {
        const page = this.oldestTelemetry()
        if (page === undefined || page.alerts === 0) {
            this.dropOldest()
            return true
        }
        // All pages before it have alerts only.
        let before: Page = undefined
        for (const other of this.pages)
            if (other.sequence > 0 && other.sequence < page.sequence)
                if (other !== this.current)
                    if (
                        before === undefined ||
                        other.sequence > before.sequence
                    )
                        before = other
        if (before !== undefined) if (await this.join(before, page)) return true
        const next = this.after(page.sequence)
        if (next !== undefined) if (await this.join(page, next)) return true
        return await this.join(page, undefined)
    }

    /** Writes the alerts of a page, and of the one behind it if it is given, as one page. @returns false when that is not possible */
    private async join(page: Page, next: Page): Promise<boolean> {
        const packed = this.packer()
        let count = 0
        let fits = true
        let last = page
        for (const source of [page, next]) {
            if (source === undefined) continue
            await this.read(
                source,
                this.packer(),
                async (topic, body, isAlert) => {
                    if (isAlert)
                        if (!(await packed.append(topic, body, true)))
                            fits = false
                }
            )
            count += source.count
            last = source
        }
        const span = last.sequence - page.sequence + page.span
        if (!fits || span > MAX_SPAN) return false
        const isWritten = await this.write(
            this.freePage(),
            packed,
            last.sequence,
            last.version + 1,
            span
        )
        if (!isWritten) return false
        page.sequence = 0
        last.sequence = 0
        this.leaf.outbox.lost(count - packed.count, 0)
        return true
    }

    /** What a page holds is lost. */
    private drop(page: Page): void {
        let alerts = 0
        for (let i = 0; i < page.count; i++)
            if ((page.alerts & (1 << i)) !== 0) alerts++
        page.sequence = 0
        this.dropped = page
        this.leaf.outbox.lost(page.count, alerts)
    }

    /** @returns whether it is there */
    private async write(
        page: Page,
        packed: PackedMessages,
        sequence: number,
        version: number,
        span: number
    ): Promise<boolean> {
        const records = packed.records
        const bytes = Buffer.alloc(HEADER + records.length)
        writeUint32(bytes, 4, sequence)
        writeUint32(bytes, 8, this.done)
        bytes[12] = version
        bytes[13] = packed.count | ((span >> 4) & 240)
        bytes[14] = packed.alerts
        bytes[15] = span & 255
        bytes.blitAt(HEADER, records, 0, records.length)
        bytes.blitAt(0, this.checkOf(bytes), 0, 4)
        await this.store.write("out" + page.index, bytes)
        this.writes++
        // A store that is full refuses without a word.
        if (!equalBytes(await this.store.read("out" + page.index), bytes)) {
            this.bad++
            log("outbox: the flash did not take a page")
            return false
        }
        page.sequence = sequence
        page.version = version
        page.count = packed.count
        page.alerts = packed.alerts
        page.span = span
        return true
    }

    private isGood(bytes: Buffer): boolean {
        if (bytes.length < HEADER) return false
        return equalBytes(bytes.slice(0, 4), this.checkOf(bytes))
    }

    private checkOf(bytes: Buffer): Buffer {
        return digest(Buffer.from(this.preset), bytes.slice(4)).slice(0, 4)
    }
}

/** Whether a page counts no more because of the other one. */
function isReplaced(page: Page, other: Page): boolean {
    if (other.sequence === page.sequence) return other.version > page.version
    return (
        other.sequence > page.sequence &&
        other.sequence - other.span <= page.sequence
    )
}

function writeUint32(to: Buffer, at: number, value: number): void {
    writeUint16(to, at, value >> 16)
    writeUint16(to, at + 2, value)
}

async function keepOn(outbox: FlashOutbox): Promise<void> {
    for (;;) {
        await ds.sleep(CHECK_MS)
        await outbox.keep()
    }
}
