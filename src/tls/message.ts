/**
 * Handshake messages out of records (RFC 8446 chapter 4 and 5.1), check R5.
 *
 * A message may span records and a record may hold several messages. One message is in memory at a time, in a buffer
 * of its own that becomes the caller's; its length is checked before it is allocated.
 */
import * as ds from "@devicescript/core"
import { readUint24 } from "../bytes"
import { ErrorCode, fail, failIf } from "../errors"
import { readAlert } from "./alert"
import { ContentType, RecordLayer } from "./record"

export const enum MessageType {
    ClientHello = 1,
    ServerHello = 2,
    NewSessionTicket = 4,
    EncryptedExtensions = 8,
    Certificate = 11,
    ServerKeyExchange = 12,
    CertificateRequest = 13,
    ServerHelloDone = 14,
    CertificateVerify = 15,
    ClientKeyExchange = 16,
    Finished = 20,
    KeyUpdate = 24,
}

/** A handshake message starts with its type and three bytes of length. */
export const MESSAGE_HEADER_LENGTH = 4

/**
 * The longest Certificate, and ticket: four certificates with RSA-4096 keys; a chain of Microsoft's scripts needs 4.6 KB. It is in the
 * heap twice while it comes, in records and as a message, and then beside an RSA-4096 verification.
 */
export const MAX_MESSAGE = 6656

/**
 * The longest of the other messages. All stay in the heap until the handshake ends (the transcript), so that together
 * they must leave room for the Certificate. Only a CertificateRequest with a list of CAs comes near.
 */
export const MAX_SMALL_MESSAGE = 2048

/** ChangeCipherSpec records and warnings that are ignored before it is taken for a flood (R5). */
const MAX_IGNORED = 4

export class MessageReader {
    /** Middlebox compatibility, RFC 8446 D.4: a ChangeCipherSpec is dropped while this is set (S2). */
    ignoresChangeCipherSpec = true
    private readonly header = Buffer.alloc(MESSAGE_HEADER_LENGTH)
    private headerFilled = 0
    private message: Buffer = null
    private filled = 0
    private ignored = 0
    /** A message that `peek` has read. */
    private ahead: Buffer = null

    constructor(readonly records: RecordLayer) {}

    /**
     * Takes handshake bytes from the current record.
     *
     * @returns the next whole message, its header included, or null if the record is used up before it is
     */
    take(): Buffer {
        const records = this.records
        while (records.from < records.to) {
            if (this.message === null) {
                this.header[this.headerFilled] = records.data[records.from]
                records.from = records.from + 1
                this.headerFilled = this.headerFilled + 1
                if (this.headerFilled < MESSAGE_HEADER_LENGTH) continue
                const length = readUint24(this.header, 1)
                const type = this.header[0]
                let most = MAX_SMALL_MESSAGE
                if (type === MessageType.Certificate) most = MAX_MESSAGE
                if (type === MessageType.NewSessionTicket) most = MAX_MESSAGE
                failIf(
                    length > most,
                    ErrorCode.TlsMessageTooLong,
                    "tls: a handshake message is too long"
                )
                this.message = Buffer.alloc(MESSAGE_HEADER_LENGTH + length)
                this.message.blitAt(0, this.header, 0, MESSAGE_HEADER_LENGTH)
                this.filled = MESSAGE_HEADER_LENGTH
                this.headerFilled = 0
            }
            const message = this.message
            const count = Math.min(
                message.length - this.filled,
                records.to - records.from
            )
            message.blitAt(this.filled, records.data, records.from, count)
            this.filled = this.filled + count
            records.from = records.from + count
            if (this.filled === message.length) {
                this.message = null
                // What has been taken is not kept beside what is made of it.
                if (records.from === records.to) records.data = null
                return message
            }
        }
        return null
    }

    /**
     * Reads the next message, which must be of this type (S1).
     *
     * @param deadlineMs as `ds.millis()` counts
     * @throws LeafError TlsUnexpectedMessage, TlsTimeout
     */
    async expect(type: MessageType, deadlineMs: number): Promise<Buffer> {
        const message = await this.next(deadlineMs)
        if (message[0] !== type)
            fail(
                ErrorCode.TlsUnexpectedMessage,
                `tls: message ${message[0]} came where ${type} was expected`
            )
        return message
    }

    /** The type of the next message, which stays the next one. */
    async peek(deadlineMs: number): Promise<number> {
        this.ahead = await this.next(deadlineMs)
        return this.ahead[0]
    }

    private async next(deadlineMs: number): Promise<Buffer> {
        const ahead = this.ahead
        this.ahead = null
        if (ahead !== null) return ahead
        for (;;) {
            const message = this.take()
            if (message !== null) return message
            await this.nextRecord(ContentType.Handshake, deadlineMs)
        }
    }

    /**
     * Reads the ChangeCipherSpec of TLS 1.2: a record of its own, between two messages (S2).
     *
     * @throws LeafError TlsUnexpectedRecord, TlsLeftover, TlsTimeout
     */
    async expectChangeCipherSpec(deadlineMs: number): Promise<void> {
        const records = this.records
        this.requireBoundary()
        while (
            !(await this.nextRecord(ContentType.ChangeCipherSpec, deadlineMs))
        ) {}
        failIf(
            !isChangeCipherSpec(records.data, records.from, records.to),
            ErrorCode.TlsUnexpectedRecord,
            "tls: a ChangeCipherSpec is malformed"
        )
        records.from = records.to
    }

    /** From the ServerHello of TLS 1.2 on; one that came before it is out of its place as well (S2). */
    forbidChangeCipherSpec(): void {
        failIf(
            this.ignored > 0,
            ErrorCode.TlsUnexpectedRecord,
            "tls: a record of another type was expected"
        )
        this.ignoresChangeCipherSpec = false
    }

    /** Waits for a record of this type; false for one that may be ignored. */
    private async nextRecord(
        type: ContentType,
        deadlineMs: number
    ): Promise<boolean> {
        const records = this.records
        while (!(await records.read(deadlineMs)))
            failIf(
                deadlineMs - ds.millis() <= 0,
                ErrorCode.TlsTimeout,
                "tls: the server did not answer in time"
            )
        if (records.type === type) return true
        failIf(
            this.isInside(),
            ErrorCode.TlsInterrupted,
            "tls: a handshake message is interrupted"
        )
        this.ignored++
        failIf(
            this.ignored > MAX_IGNORED,
            ErrorCode.TlsFlood,
            "tls: too many records without a message"
        )
        const from = records.from
        records.from = records.to
        if (records.type === ContentType.Alert) {
            failIf(
                readAlert(records.data, from, records.to),
                ErrorCode.TlsClosed,
                "tls: the server closed during the handshake"
            )
            return false
        }
        if (records.type === ContentType.ChangeCipherSpec)
            if (this.ignoresChangeCipherSpec)
                if (isChangeCipherSpec(records.data, from, records.to))
                    return false
        fail(
            ErrorCode.TlsUnexpectedRecord,
            "tls: a record of another type was expected"
        ) // S2, S4
    }

    /** Whether a message has begun and is not complete. */
    isInside(): boolean {
        if (this.message !== null) return true
        if (this.headerFilled > 0) return true
        return this.ahead !== null
    }

    /** R5: keys change only at the end of a record. */
    requireBoundary(): void {
        failIf(
            this.isInside() || this.records.from !== this.records.to,
            ErrorCode.TlsLeftover,
            "tls: bytes are left over where the keys change"
        )
    }
}

/** Whether the content of a record is that of a ChangeCipherSpec: one byte, a 1. */
function isChangeCipherSpec(data: Buffer, from: number, to: number): boolean {
    if (to - from !== 1) return false
    return data[from] === 1
}
