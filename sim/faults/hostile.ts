/**
 * What the hostile servers of both versions have in common: records in and out, the transcript, and the hooks by which
 * a test changes messages, how they are cut into records, and the bytes on the wire.
 *
 * A lie is carried through: a server that announces a suite or leaves out an extension goes on as if that were agreed,
 * as far as it can, so that a client without the check would get through.
 */
import type { KeyObject } from "node:crypto"
import type { TicketKey } from "./tickets"
import { Alert, Content, handshake, NOTHING, plainRecord } from "./wire"

/** A part of the server's flight: a record's type and content, before protection. */
export interface Fragment {
    type: number
    content: Buffer
    /** Send it without protection, whatever the state. */
    plain?: boolean
}

/** What a server sends in its handshake, in either version. */
export type Step =
    | "helloRetryRequest"
    | "serverHello"
    | "encryptedExtensions"
    | "certificateRequest"
    | "certificate"
    | "certificateVerify"
    | "serverKeyExchange"
    | "serverHelloDone"
    | "newSessionTicket"
    | "changeCipherSpec"
    | "finished"

/** What every server can be made to do wrong. */
export interface CommonFaults {
    requestCertificate?: boolean
    /** DER certificates instead of the server's own. */
    certificates?: Buffer[]
    /**
     * Replaces the content of a step by none, others, or several. The transcript has the messages that are sent.
     */
    message?: (name: Step, message: Buffer) => Buffer[]
    /** Changes how a step goes out as records. */
    fragments?: (name: Step, fragments: Fragment[]) => Fragment[]
    /** Changes the bytes of one record on the wire; none: an empty buffer. */
    wire?: (record: Buffer, index: number) => Buffer
    /** What is sent once the handshake is complete. */
    afterHandshake?: (server: HostileServer) => void
    /** Hears the client's application data; default: it is kept in `applicationData`. */
    onData?: (content: Buffer) => void
}

/** What a server is and can, without any fault. */
export interface ServerConfig {
    chain: Buffer[]
    key: KeyObject
    /** Code points, in the order of preference; default: all that it knows. */
    suites?: number[]
    /** Groups it takes; default: X25519 and P-256. */
    groups?: number[]
    /** Gives tickets and takes those of this key; default: neither. */
    tickets?: TicketKey
    /** Takes the client's max_fragment_length (RFC 6066 4): handshake messages go out in records of SMALL_RECORD. */
    smallRecords?: boolean
    /** TLS 1.3: asks for a second hello, with this cookie. */
    cookie?: Buffer
}

/** What the client asks for, 2^11. */
export const SMALL_RECORD = 2048

/** One direction's record protection. */
export interface Protection {
    /** The number of the next record. */
    sequence: number
    /** A whole record. */
    seal(type: number, content: Buffer): Buffer
    /** @throws Error if it does not authenticate */
    open(record: Buffer): { type: number; content: Buffer }
}

export abstract class HostileServer {
    /** The description and level of the alert that the client sent. */
    alert: number | undefined
    alertLevel: number | undefined
    /** Types of the handshake messages that the client sent. */
    readonly clientMessages: number[] = []
    clientFinishedIsRight = false
    /** Whether the handshake went on with a session that a ticket stood for. */
    resumed = false
    /** Rules that the client broke. */
    readonly complaints: string[] = []
    /** Records of the client that did not authenticate. */
    unreadable = 0
    applicationData: Buffer = NOTHING
    isDone = false
    protected transcript: Buffer[] = []
    protected incoming: Protection | undefined
    protected outgoing: Protection | undefined
    private buffered: Buffer = NOTHING
    private message: Buffer = NOTHING
    private records = 0

    constructor(
        protected readonly config: ServerConfig,
        protected readonly faults: CommonFaults,
        private readonly output: (bytes: Buffer) => void
    ) {}

    protected abstract onMessage(message: Buffer): void
    /** Whether the client has to have protected a record of this type. */
    protected abstract isProtected(type: number): boolean
    protected onChangeCipherSpec(): void {}

    /** Bytes from the client, in pieces of any size. */
    receive(bytes: Buffer) {
        this.buffered = Buffer.concat([this.buffered, bytes])
        while (this.buffered.length >= 5) {
            const length = 5 + this.buffered.readUInt16BE(3)
            if (this.buffered.length < length) return
            const record = this.buffered.subarray(0, length)
            this.buffered = this.buffered.subarray(length)
            this.onRecord(record)
        }
    }

    private onRecord(record: Buffer) {
        let type = record[0]
        let content = record.subarray(5)
        if (this.incoming && this.isProtected(type))
            try {
                ;({ type, content } = this.incoming.open(record))
            } catch {
                // Some faults make the two sides' keys differ.
                this.unreadable++
                return
            }
        if (type === Content.Alert) [this.alertLevel, this.alert] = content
        else if (type === Content.ChangeCipherSpec) this.onChangeCipherSpec()
        else if (type === Content.ApplicationData) this.onData(content)
        else this.onHandshake(content)
    }

    private onData(content: Buffer) {
        if (this.faults.onData) this.faults.onData(content)
        else
            this.applicationData = Buffer.concat([
                this.applicationData,
                content,
            ])
    }

    private onHandshake(content: Buffer) {
        this.message = Buffer.concat([this.message, content])
        while (this.message.length >= 4) {
            const length = 4 + this.message.readUIntBE(1, 3)
            if (this.message.length < length) return
            const message = this.message.subarray(0, length)
            this.message = this.message.subarray(length)
            this.clientMessages.push(message[0])
            this.onMessage(message)
        }
    }

    /** Sends a handshake message of the flight, by way of the hooks. */
    protected sendMessage(name: Step, message: Buffer) {
        this.sendStep(name, Content.Handshake, message)
    }

    /** Sends a step of the flight, by way of the hooks; handshake messages go into the transcript. */
    protected sendStep(name: Step, type: number, content: Buffer) {
        const { message: replace, fragments: cut } = this.faults
        for (const sent of replace ? replace(name, content) : [content]) {
            if (type === Content.Handshake) this.transcript.push(sent)
            const size = this.config.smallRecords ? SMALL_RECORD : Infinity
            const whole: Fragment[] = []
            for (let at = 0; at === 0 || at < sent.length; at += size)
                whole.push({ type, content: sent.subarray(at, at + size) })
            for (const fragment of cut ? cut(name, whole) : whole)
                this.sendFragment(fragment)
        }
    }

    /** Sends one record, protected as the state is. */
    sendFragment(fragment: Fragment) {
        this.sendRecord(this.protect(fragment))
    }

    /** The next record, which counts as sent though it is not. */
    protect({ type, content, plain }: Fragment): Buffer {
        return this.outgoing && !plain
            ? this.outgoing.seal(type, content)
            : plainRecord(type, content)
    }

    sendRecord(record: Buffer) {
        const index = this.records++
        const bytes = this.faults.wire
            ? this.faults.wire(record, index)
            : record
        if (bytes.length) this.output(bytes)
    }

    sendHandshake(type: number, ...content: Buffer[]) {
        this.sendFragment({
            type: Content.Handshake,
            content: handshake(type, ...content),
        })
    }

    sendData(data: string | Buffer) {
        this.sendFragment({
            type: Content.ApplicationData,
            content: Buffer.from(data as string),
        })
    }

    sendAlert(level: number, description: number) {
        this.sendFragment({
            type: Content.Alert,
            content: Buffer.from([level, description]),
        })
    }

    /** A message that a correct client does not send here. */
    protected complainOf(message: Buffer) {
        this.complaints.push(`message ${message[0]} is not expected`)
        this.sendAlert(2, Alert.UnexpectedMessage)
    }

    protected complete() {
        this.isDone = true
        this.faults.afterHandshake?.(this)
    }
}
