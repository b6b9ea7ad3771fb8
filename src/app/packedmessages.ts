/**
 * Messages packed for a page of flash: each as what it does not share with the one before it.
 *
 * Readings of one device differ in a few digits. The text of a message (topic and body) is written as pieces: bytes as they are, or
 * a place and a length in a preset, which is not stored, and the text of the message before. A reading takes some 35 bytes instead of
 * 180, the first one some 60.
 *
 *     record  topic length (2), 0x8000 for a body in hexadecimal, 0x4000 for an alert; body length (2); pieces
 *     piece   0x00-0x7f: 1 to 128 bytes follow;  0x80-0xff: 4 to 131 characters from the place in the next 2 bytes on
 *
 * A body that is not ASCII is packed in hexadecimal. No I/O. RAM: less than 1 KB while a page is worked on.
 */
import * as ds from "@devicescript/core"
import { writeUint16 } from "../bytes"

/** Longer texts would not fit a page, or hit the VM's step limit on the way. */
const MAX_TEXT = 512
const RECORD_HEADER = 4
const HEX = 0x8000
const ALERT = 0x4000
const LENGTH = 0x3fff
const MIN_COPY = 4
const MAX_COPY = 131
const MAX_LITERAL = 128
/** Of one page: all are in RAM as messages while they are sent. */
export const MAX_RECORDS = 8

export class PackedMessages {
    records: Buffer = hex``
    count = 0
    /** A bit a record. */
    alerts = 0

    /** The text of the message before. */
    private before = ""

    /** @param preset what messages may share with it; the same for reading */
    constructor(
        private readonly preset: string,
        private readonly maxBytes: number
    ) {}

    /** Adds a message, if it fits. What `records` was stays as it is: they are a new buffer then. */
    async append(
        topic: string,
        body: Buffer,
        isAlert: boolean
    ): Promise<boolean> {
        let kind = topic.length
        if (this.count === MAX_RECORDS) return false
        if (kind + body.length > MAX_TEXT) return false
        let bodyText: string
        if (isAscii(body)) bodyText = body.toString()
        else {
            bodyText = body.toString("hex")
            kind = kind | HEX
        }
        if (isAlert) kind = kind | ALERT
        const text = topic + bodyText
        // The search below takes its time: the step limit counts from here.
        await ds.sleep(0)
        const header = Buffer.alloc(RECORD_HEADER)
        writeUint16(header, 0, kind)
        writeUint16(header, 2, bodyText.length)
        const records = Buffer.concat(
            this.records,
            header,
            pack(this.preset + this.before, text)
        )
        if (records.length > this.maxBytes) return false
        this.records = records
        this.before = text
        if (isAlert) this.alerts = this.alerts | (1 << this.count)
        this.count++
        return true
    }

    /**
     * Takes records over, which passed their page's check; more can be appended.
     *
     * @param visit gets each message, its topic without the start
     */
    async unpack(
        count: number,
        records: Buffer,
        visit: (topic: string, body: Buffer, isAlert: boolean) => Promise<void>
    ): Promise<void> {
        this.records = records
        let at = 0
        while (this.count < count) {
            await ds.sleep(0)
            const kind = records.readUInt16BE(at)
            const topicLength = kind & LENGTH
            const length = topicLength + records.readUInt16BE(at + 2)
            const known = this.preset + this.before
            at += RECORD_HEADER
            let text = ""
            while (text.length < length) {
                const code = records[at]
                if (code < 0x80) {
                    const next = at + code + 2
                    text += records.slice(at + 1, next).toString()
                    at = next
                } else {
                    const place = records.readUInt16BE(at + 1)
                    text += known.slice(place, place + code - 0x80 + MIN_COPY)
                    at += 3
                }
            }
            this.before = text
            const isAlert = (kind & ALERT) !== 0
            if (isAlert) this.alerts = this.alerts | (1 << this.count)
            this.count++
            const isHex = (kind & HEX) !== 0
            await visit(
                text.slice(0, topicLength),
                Buffer.from(text.slice(topicLength), isHex ? "hex" : "utf8"),
                isAlert
            )
        }
    }
}

function isAscii(bytes: Buffer): boolean {
    for (let i = 0; i < bytes.length; i++) if (bytes[i] >= 0x80) return false
    return true
}

/** The pieces of a text. */
function pack(before: string, text: string): Buffer {
    const bytes = Buffer.from(text)
    const out = Buffer.alloc(text.length + (text.length >> 6) + 3)
    let used = 0
    // Where the length of the bytes that are copied now stands; -1: nowhere.
    let literal = -1
    let i = 0
    while (i < text.length) {
        let length = 0
        let at = 0
        for (let step = 64; step > 0; step = step >> 2)
            while (
                i + length + step <= text.length &&
                length + step <= MAX_COPY
            ) {
                const found = before.indexOf(
                    text.slice(i, i + length + step),
                    at
                )
                if (found < 0) break
                at = found
                length += step
            }
        if (length >= MIN_COPY) {
            out[used] = 0x80 + length - MIN_COPY
            writeUint16(out, used + 1, at)
            used += 3
            i += length
            literal = -1
        } else {
            if (literal < 0 || out[literal] === MAX_LITERAL - 1) {
                literal = used
                used++
                out[literal] = 0
            } else out[literal] = out[literal] + 1
            out[used] = bytes[i]
            used++
            i++
        }
    }
    return out.slice(0, used)
}
