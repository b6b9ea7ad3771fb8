/** An open TLS connection: a Transport for application data. */
import * as ds from "@devicescript/core"
import { ErrorCode, errorCode, failIf } from "../errors"
import { pace } from "../crypto/pace"
import { Transport } from "../transport"
import { Alert, alertFor, readAlert, sendAlert } from "./alert"
import { MessageReader } from "./message"
import { ContentType, MAX_FRAGMENT, RecordLayer } from "./record"
import { ServerProof } from "./serverproof"

/** Warnings in one connection before it is taken for a flood (R5); a server has a reason for one at most. */
const MAX_WARNINGS = 4

/** Opcodes that a message costs that is read and dropped; a record may hold thousands. */
const OPCODES_A_MESSAGE = 1000

/** What a version does with handshake messages that come later, and its secrets. */
export interface PostHandshake {
    handle(message: Buffer, connection: TlsConnection): Promise<void>
    wipe(): void
}

export class TlsConnection implements Transport {
    /** The validity of the server's certificate, Unix seconds. */
    readonly notBeforeSec: number
    readonly notAfterSec: number
    private ended = false
    private warnings = 0
    private closed = false

    constructor(
        readonly records: RecordLayer,
        readonly messages: MessageReader,
        private readonly postHandshake: PostHandshake,
        proof: ServerProof
    ) {
        this.notBeforeSec = proof.notBeforeSec
        this.notAfterSec = proof.notAfterSec
    }

    async read(timeoutMs: number): Promise<Buffer> {
        const deadlineMs = ds.millis() + timeoutMs
        try {
            // R6: after close_notify nothing is looked at any more.
            while (!this.ended) {
                failIf(
                    this.closed,
                    ErrorCode.ConnectionClosed,
                    "tls: it was closed"
                )
                const records = this.records
                const isRest =
                    records.type === ContentType.ApplicationData &&
                    records.from < records.to
                const message = isRest ? null : this.messages.take()
                if (message !== null) {
                    await pace(OPCODES_A_MESSAGE)
                    await this.postHandshake.handle(message, this)
                } else {
                    if (!isRest && !(await records.read(deadlineMs)))
                        return undefined
                    const content = this.readContent()
                    if (content !== null) return content
                }
            }
            return null
        } catch (e: any) {
            await this.abort(e)
            throw e
        }
    }

    /** Application data of the record that was just read, a long one's in parts; null if it holds something else. */
    private readContent(): Buffer {
        const records = this.records
        const from = records.from
        if (records.type === ContentType.Handshake) return null
        failIf(
            this.messages.isInside(),
            ErrorCode.TlsInterrupted,
            "tls: a handshake message is interrupted"
        )
        const to = records.to
        if (records.type === ContentType.ApplicationData) {
            // Beside the longest record there is no room for a copy of all of it, nor for the next one.
            records.from = Math.min(from + MAX_FRAGMENT, to)
            if (from === to) return null
            const content = records.data.slice(from, records.from)
            if (records.from === to) records.data = null
            return content
        }
        records.from = to
        failIf(
            records.type !== ContentType.Alert,
            ErrorCode.TlsUnexpectedRecord,
            "tls: a record of another type was expected"
        ) // S2
        this.ended = readAlert(records.data, from, to)
        this.warnings++
        failIf(
            this.warnings > MAX_WARNINGS,
            ErrorCode.TlsFlood,
            "tls: too many warnings"
        )
        return null
    }

    async write(data: Buffer): Promise<void> {
        failIf(this.closed, ErrorCode.ConnectionClosed, "tls: it was closed")
        await this.records.write(ContentType.ApplicationData, data)
    }

    wake(): void {
        this.records.transport.wake()
    }

    /** Sends close_notify and closes the stream; the secrets are wiped. */
    async close(): Promise<void> {
        await this.end(Alert.CloseNotify)
    }

    private async abort(error: any): Promise<void> {
        await this.end(alertFor(errorCode(error)))
    }

    private async end(alert: number): Promise<void> {
        if (this.closed) return
        this.closed = true
        await sendAlert(this.records, alert)
        this.postHandshake.wipe()
        await this.records.close()
    }
}
