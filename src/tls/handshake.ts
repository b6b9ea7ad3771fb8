/** What both ends of a handshake's code share: the options, and the state of one handshake up to its ServerHello. */
import * as ds from "@devicescript/core"
import { equalBytes } from "../bytes"
import { ErrorCode, errorCode, fail, failIf } from "../errors"
import { Transport } from "../transport"
import { referenceAddress } from "../x509/names"
import { VerifiedIssuers } from "../x509/issuers"
import { PathPolicy, TrustAnchor } from "../x509/path"
import { alertFor, sendAlert } from "./alert"
import { TlsConnection } from "./connection"
import {
    RANDOM_LENGTH,
    readServerHello,
    ServerHello,
    TLS12,
    TLS13,
    writeClientHello,
} from "./hello"
import { Transcript } from "./keyschedule"
import { MessageReader, MessageType } from "./message"
import { KeyExchangeGroup, KeyShare, TlsParts } from "./part"
import { randomBytes } from "./random"
import { ContentType, RecordLayer } from "./record"
import type { Resumption, Session } from "./session"

/**
 * How long the server may take for each message. edgeHub's host can be a small computer that makes an RSA-4096
 * signature while others connect; the gateway itself gives a whole connection 60 s.
 */
export const STEP_TIMEOUT_MS = 20000

/** Codes below are about the line: `ErrorCode`. */
const MIN_TLS_CODE = 2000

export interface TlsOptions {
    parts: TlsParts
    anchors: TrustAnchor[]
    /** The name, or IPv4 address, that the server's certificate must be for; also sent as SNI if it is a name. */
    host: string
    /** The server's TCP port: sessions are bound to it. */
    port: number
    /** Unix seconds, or -1 while the time is unknown. */
    nowSec: number
    /** While the time is unknown, certificates must not end before this. */
    floorSec: number
    /** By how much `nowSec` may be behind, in seconds: the server's certificate may begin so much later. Left out: by nothing. */
    clockBehindSec?: number
    /** Certificates that need not be verified again; without it, all are each time. */
    issuers?: VerifiedIssuers
    /** Sessions that outlive the connection; without it, every handshake is a full one. For one connection. */
    resumption?: Resumption
    observer?: HandshakeObserver
}

export interface HandshakeObserver {
    /** Called as each phase begins: "key share", "hello", "chain", "signature", "finished". */
    phase(name: string): void
}

/** For one connection: `prepare`, which needs none, then `connect`. */
export class Handshake {
    records: RecordLayer = null
    messages: MessageReader = null
    readonly transcript = new Transcript()
    readonly policy: PathPolicy
    /** Whether the server has a name, and no address: only names are sent (RFC 6066 3). */
    readonly isNamed: boolean
    readonly random: Buffer
    /** Not empty when a TLS 1.2 session is offered: the server returns it if it resumes (RFC 5077 3.4). */
    sessionId = Buffer.alloc(0)
    /** The session that is offered; null: none. */
    session: Session = null
    /** Of a HelloRetryRequest. */
    cookie = Buffer.alloc(0)
    /** The key share that is sent, and its group; null: none. */
    share: KeyShare = null
    group: KeyExchangeGroup = null
    /** Secrets of the version's key schedule; wiped when the handshake fails (D1). */
    secrets: { wipe(): void } = null

    /** @throws LeafError X509NoReferenceName (I1), TlsNoRandomness (N7): before anything is sent */
    constructor(readonly options: TlsOptions) {
        this.isNamed = referenceAddress(options.host) === null
        this.policy = {
            anchors: options.anchors,
            schemes: options.parts.schemes,
            host: options.host,
            nowSec: options.nowSec,
            floorSec: options.floorSec,
            clockBehindSec: options.clockBehindSec,
            issuers: options.issuers,
        }
        this.random = randomBytes(RANDOM_LENGTH)
    }

    phase(name: string): void {
        const observer = this.options.observer
        if (observer !== undefined) observer.phase(name)
    }

    /**
     * What can be done before there is a connection, so that it is not in the time which the server gives it: loads the
     * session, makes the key share (unless `share` is one that was made before and never sent).
     */
    async prepare(): Promise<void> {
        const resumption = this.options.resumption
        if (resumption !== undefined)
            this.session = await resumption.load(this.options)
        const group = this.options.parts.groups[0]
        this.group = group
        // With a TLS 1.2 session none is likely to be needed: none is made, RFC 8446 4.2.8.
        if (this.session !== null && this.session.version === TLS12)
            this.sessionId = randomBytes(RANDOM_LENGTH)
        else if (this.share === null) await this.makeShare(group)
    }

    /** Makes a key share in the place of the one before. */
    async makeShare(group: KeyExchangeGroup): Promise<void> {
        this.phase("key share")
        this.group = group
        this.share = await group.generate()
    }

    /**
     * Goes through the handshake. On any error the server is told by an alert and the transport closed.
     *
     * @param transport open, and given away
     * @throws LeafError what was refused; codes of net, tls, x509 and crypto
     */
    async connect(transport: Transport): Promise<TlsConnection> {
        this.records = new RecordLayer(transport)
        this.messages = new MessageReader(this.records)
        try {
            this.phase("hello")
            const hello = await this.greet()
            for (const version of this.options.parts.versions)
                if (version.code === hello.version)
                    return await version.handshake(this, hello)
            return null
        } catch (e: any) {
            await this.abort(e)
            throw e
        }
    }

    /** Sends the ClientHello, receives the ServerHello. */
    async greet(): Promise<ServerHello> {
        await this.send(writeClientHello(this))
        const message = await this.messages.expect(
            MessageType.ServerHello,
            this.deadlineMs()
        )
        const hello = readServerHello(message, this.options.parts)
        // RFC 8446 4.1.3 and 4.1.4; in TLS 1.2 the server may have one of its own.
        if (hello.version === TLS13)
            failIf(
                !equalBytes(hello.sessionId, this.sessionId),
                ErrorCode.TlsSessionId,
                "tls: the session id is not ours"
            )
        if (hello.isRetry) this.transcript.condense()
        this.transcript.add(message)
        return hello
    }

    /** K1: a group that was offered. */
    findGroup(code: number): KeyExchangeGroup {
        for (const group of this.options.parts.groups)
            if (group.code === code) return group
        fail(ErrorCode.TlsGroup, "tls: the key exchange group was not offered")
    }

    /** Sends a handshake message and adds it to the transcript. */
    async send(message: Buffer): Promise<void> {
        this.transcript.add(message)
        await this.records.write(ContentType.Handshake, message)
    }

    /** Receives the next message, of this type and no other (S1), and adds it to the transcript. */
    async receive(type: MessageType): Promise<Buffer> {
        const message = await this.messages.expect(type, this.deadlineMs())
        this.transcript.add(message)
        return message
    }

    /** As `receive`, for a message that the server may leave out: then null, and the next call sees what came. */
    async receiveOptional(type: MessageType): Promise<Buffer> {
        if ((await this.messages.peek(this.deadlineMs())) !== type) return null
        return await this.receive(type)
    }

    deadlineMs(): number {
        return ds.millis() + STEP_TIMEOUT_MS
    }

    /** Tells the server why, as far as it can be told, and closes. */
    private async abort(error: any): Promise<void> {
        const code = errorCode(error)
        await sendAlert(this.records, alertFor(code))
        if (this.secrets !== null) this.secrets.wipe()
        if (this.share !== null) this.share.wipe()
        await this.records.close()
        // Whatever was wrong, the next try is a full handshake; but a line that is broken or silent says nothing about the
        // session. A server that hangs up may well mean it.
        if (this.session !== null)
            if (code >= MIN_TLS_CODE)
                if (code !== ErrorCode.TlsTimeout)
                    await this.options.resumption.forget()
    }
}
