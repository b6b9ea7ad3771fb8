/**
 * The record layer (RFC 8446 chapter 5, RFC 5246 chapter 6): records in and out, over a Transport.
 *
 * Reading can be interrupted anywhere and goes on where it stopped: a record that has not arrived in full waits here.
 * One buffer a record, allocated after its length was checked (R1); its content stays until the next `read`, or until a
 * message took the last of it.
 * How a record is protected is a part (`RecordProtection`): none, or that of TLS 1.2 or 1.3.
 */
import * as ds from "@devicescript/core"
import { writeUint16 } from "../bytes"
import { pace } from "../crypto/pace"
import { ErrorCode, fail, failIf } from "../errors"
import { Transport } from "../transport"

export const enum ContentType {
    ChangeCipherSpec = 20,
    Alert = 21,
    Handshake = 22,
    ApplicationData = 23,
}

export const HEADER_LENGTH = 5

/**
 * The most content of a record that we send, and that we ask the server for (max_fragment_length 3): a block that is free in a heap in
 * pieces, too.
 */
export const MAX_FRAGMENT = 2048

/** The most content of a record, RFC 8446 5.1. */
export const MAX_CONTENT = 16384

/**
 * The most content of a record while the handshake goes on, from a server that does not make them as short as we ask: a whole flight
 * with a chain of Microsoft's scripts. Not more, because the heap holds certificates and big numbers then.
 */
export const MAX_HANDSHAKE_CONTENT = 5632

/** Records without content, in a row, before it is taken for a flood (R5). OpenSSL sends one at most. */
const MAX_EMPTY_RECORDS = 8

/**
 * Opcodes that a record, and a piece of the stream, cost at most, whoever handles their content included. All that has
 * arrived is read without waiting: without a pause a few thousand tiny records end the program at the VM's step limit.
 */
const OPCODES_A_RECORD = 1000
const OPCODES_A_PIECE = 250

export interface RecordProtection {
    /** The most bytes that a sealed record is longer than its content: RFC 8446 5.2, RFC 5246 6.2.3. */
    maxExpansion: number

    /**
     * Protects a record in place.
     *
     * @param record header (to be written), `roomBefore` bytes, `length` bytes of content, `roomBehind` bytes
     */
    seal(record: Buffer, type: number, length: number): Promise<void>

    /** How many bytes before and behind the content `seal` needs. */
    roomBefore: number
    roomBehind: number

    /** Takes the protection from `records.data` and sets `type`, `from` and `to`. */
    open(records: RecordLayer): Promise<void>

    /** Overwrites the keys. */
    wipe(): void
}

export class RecordLayer {
    /** The record read last: its type, and its content from `from` to `to` in `data`. */
    type = 0
    data: Buffer = null
    from = 0
    to = 0
    readonly header = Buffer.alloc(HEADER_LENGTH)
    maxContent = MAX_HANDSHAKE_CONTENT
    incoming: RecordProtection = null
    outgoing: RecordProtection = null

    /** The record that is being received, null while its header is. */
    private record: Buffer = null
    private filled = 0
    private piece: Buffer = null
    private pieceAt = 0
    private empty = 0

    constructor(readonly transport: Transport) {}

    /**
     * Reads the next record.
     *
     * @param deadlineMs as `ds.millis()` counts
     * @returns false if it was not there in time, or the transport was woken; then `read` may be called again
     * @throws LeafError TlsTruncated at the end of the stream (R6), and whatever is wrong with the record
     */
    async read(deadlineMs: number): Promise<boolean> {
        if (this.record === null) {
            if (!(await this.fill(this.header, deadlineMs))) return false
            this.record = Buffer.alloc(this.checkHeader())
        }
        const record = this.record
        if (!(await this.fill(record, deadlineMs))) return false
        await pace(OPCODES_A_RECORD)
        this.record = null
        this.type = this.header[0]
        this.data = record
        this.from = 0
        this.to = record.length
        if (this.incoming !== null) await this.incoming.open(this)
        if (this.to - this.from > this.maxContent) tooLong()
        if (this.to === this.from) {
            this.empty++
            // Only application data may be empty (RFC 8446 5.1), and not for long.
            failIf(
                this.type !== ContentType.ApplicationData ||
                    this.empty > MAX_EMPTY_RECORDS,
                ErrorCode.TlsFlood,
                "tls: a record is empty"
            )
        } else this.empty = 0
        return true
    }

    /** R1: what the header says, before anything is allocated. */
    private checkHeader(): number {
        const h = this.header
        failIf(h[1] !== 3, ErrorCode.TlsNotTls, "tls: the answer is not TLS")
        failIf(
            h[0] < ContentType.ChangeCipherSpec ||
                h[0] > ContentType.ApplicationData,
            ErrorCode.TlsUnexpectedRecord,
            "tls: a record of an unknown type came"
        )
        const length = h.readUInt16BE(3)
        let most = this.maxContent
        if (this.incoming !== null) most = most + this.incoming.maxExpansion
        if (length > most) tooLong()
        return length
    }

    /** Fills `into` from where it was left; false if that did not succeed before the deadline. */
    private async fill(into: Buffer, deadlineMs: number): Promise<boolean> {
        while (this.filled < into.length) {
            if (this.piece === null) {
                await pace(OPCODES_A_PIECE)
                const timeoutMs = Math.max(0, deadlineMs - ds.millis())
                const piece = await this.transport.read(timeoutMs)
                if (piece === undefined) return false
                failIf(
                    piece === null,
                    ErrorCode.TlsTruncated,
                    "tls: the connection ended without close_notify"
                )
                this.piece = piece
                this.pieceAt = 0
            }
            const piece = this.piece
            const count = Math.min(
                into.length - this.filled,
                piece.length - this.pieceAt
            )
            into.blitAt(this.filled, piece, this.pieceAt, count)
            this.filled = this.filled + count
            this.pieceAt = this.pieceAt + count
            if (this.pieceAt === piece.length) this.piece = null
        }
        this.filled = 0
        return true
    }

    /** Sends content in as many records as it needs. */
    async write(type: number, content: Buffer): Promise<void> {
        let at = 0
        while (at < content.length) {
            const length = Math.min(content.length - at, MAX_FRAGMENT)
            const protection = this.outgoing
            let before = HEADER_LENGTH
            let behind = 0
            if (protection !== null) {
                before = before + protection.roomBefore
                behind = protection.roomBehind
            }
            const record = Buffer.alloc(before + length + behind)
            record.blitAt(before, content, at, length)
            if (protection !== null) await protection.seal(record, type, length)
            else writeHeader(record, type, length)
            await this.transport.write(record)
            at = at + length
        }
    }

    /** Changes the protection of what comes in; the old keys are wiped. */
    protectIncoming(protection: RecordProtection): void {
        if (this.incoming !== null) this.incoming.wipe()
        this.incoming = protection
    }

    /** Changes the protection of what goes out; the old keys are wiped. */
    protectOutgoing(protection: RecordProtection): void {
        if (this.outgoing !== null) this.outgoing.wipe()
        this.outgoing = protection
    }

    /** Wipes the keys and closes the transport. */
    async close(): Promise<void> {
        this.protectIncoming(null)
        this.protectOutgoing(null)
        await this.transport.close()
    }
}

/** TLSPlaintext or TLSCiphertext up to its length; the version is the frozen 0x0303. */
export function writeHeader(
    record: Buffer,
    type: number,
    length: number
): void {
    record[0] = type
    record[1] = 3
    record[2] = 3
    writeUint16(record, 3, length)
}

export function tooLong(): never {
    fail(ErrorCode.TlsRecordTooLong, "tls: a record is too long")
}
