/** What both ends of a handshake's code share: the state of one handshake, up to and including the ServerHello. */
import * as ds from "@devicescript/core"
import { ErrorCode, errorCode, fail } from "../errors"
import { Transport } from "../transport"
import { PathPolicy } from "../x509/path"
import { alertFor, sendAlert } from "./alert"
import { TlsConnection } from "./connection"
import {
    RANDOM_LENGTH,
    readServerHello,
    ServerHello,
    writeClientHello,
} from "./hello"
import { Transcript } from "./keyschedule"
import { MessageReader, MessageType } from "./message"
import { CipherSuite, KeyShare, TlsParts } from "./part"
import { randomBytes } from "./random"
import { ContentType, RecordLayer } from "./record"

/**
 * How long the server may take for each message. edgeHub's host can be a small computer that makes an RSA-4096
 * signature while others connect; the gateway itself gives a whole connection 60 s.
 */
export const STEP_TIMEOUT_MS = 20000

export interface HandshakeObserver {
    /** Called as each phase begins: "key share", "hello", "chain", "signature", "finished". */
    phase(name: string): void
}

export class Handshake {
    readonly records: RecordLayer
    readonly messages: MessageReader
    readonly transcript = new Transcript()
    readonly random: Buffer
    readonly shares: KeyShare[] = []

    constructor(
        transport: Transport,
        readonly parts: TlsParts,
        readonly policy: PathPolicy,
        readonly observer: HandshakeObserver
    ) {
        this.records = new RecordLayer(transport)
        this.messages = new MessageReader(this.records)
        this.random = randomBytes(RANDOM_LENGTH)
    }

    phase(name: string): void {
        if (this.observer !== null) this.observer.phase(name)
    }

    async run(): Promise<TlsConnection> {
        const parts = this.parts
        this.phase("key share")
        this.shares.push(await parts.groups[0].generate())
        this.phase("hello")
        await this.send(
            writeClientHello(parts, this.policy.host, this.random, this.shares)
        )
        const hello = readServerHello(
            await this.receive(MessageType.ServerHello),
            parts
        )
        for (const version of parts.versions)
            if (version.code === hello.version)
                return await version.handshake(this, hello)
        return null
    }

    /** N2: the suite that the server chose is one of ours. */
    findSuite(hello: ServerHello): CipherSuite {
        for (const suite of this.parts.suites)
            if (suite.code === hello.suite) return suite
        fail(ErrorCode.TlsSuite, "tls: the cipher suite was not offered")
    }

    /** K1: the key share of the group that the server chose. */
    findShare(hello: ServerHello): KeyShare {
        for (let i = 0; i < this.shares.length; i++)
            if (this.parts.groups[i].code === hello.group) return this.shares[i]
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

    private deadlineMs(): number {
        return ds.millis() + STEP_TIMEOUT_MS
    }

    /** Tells the server why, as far as it can be told, and closes. */
    async abort(error: any): Promise<void> {
        await sendAlert(this.records, alertFor(errorCode(error)))
        await this.records.close()
    }
}
