/**
 * A TLS 1.3 server that misbehaves on request, for tests of the device's client.
 *
 * Without faults it is a correct server for TLS_CHACHA20_POLY1305_SHA256, X25519 and RSA-PSS. A fault changes what a
 * message says, which messages are sent and in what order, how they are cut into records, or the bytes on the wire. It
 * notes what the client sends: its alert, whether its Finished is right, and its application data.
 */
import { constants, KeyObject, sign } from "node:crypto"
import {
    agreeX25519,
    finishedMac,
    nextSecret,
    RecordKeys,
    ServerKeySchedule,
    sha256,
} from "./tls13crypto"

export const enum Content {
    ChangeCipherSpec = 20,
    Alert = 21,
    Handshake = 22,
    ApplicationData = 23,
}

export type MessageName =
    | "serverHello"
    | "encryptedExtensions"
    | "certificateRequest"
    | "certificate"
    | "certificateVerify"
    | "finished"

/** A part of the server's flight: a record's type and content, before protection. */
export interface Fragment {
    type: number
    content: Buffer
    /** Send it without protection, whatever the state. */
    plain?: boolean
}

export interface Faults {
    requestCertificate?: boolean
    /** Changes fields of the ServerHello. */
    serverHello?: Partial<ServerHelloFields>
    /** Extensions of EncryptedExtensions, ready made. */
    encryptedExtensions?: Buffer[]
    /** DER certificates instead of the server's own. */
    certificates?: Buffer[]
    /** Extensions of the first certificate entry. */
    certificateExtensions?: Buffer[]
    certificateVerify?: {
        scheme?: number
        /** Makes the signature; default RSA-PSS with SHA-256 by the server's key. */
        sign?: (content: Buffer) => Buffer
    }
    /** Replaces a message by none, others, or several. The transcript has what is sent. */
    message?: (name: MessageName, message: Buffer) => Buffer[]
    /** Changes how a message goes out as records. */
    fragments?: (name: MessageName, fragments: Fragment[]) => Fragment[]
    /** Changes the bytes of one record on the wire; none: an empty buffer. */
    wire?: (record: Buffer, index: number) => Buffer
    /** What is sent once the client's Finished has come. */
    afterHandshake?: (server: TlsServer13) => void
}

export interface ServerHelloFields {
    legacyVersion: number
    random: Buffer
    sessionId: Buffer
    suite: number
    compression: number
    /** undefined: no supported_versions. */
    version: number | undefined
    group: number
    /** undefined: no key_share. */
    share: Buffer | undefined
    /** More extensions, ready made. */
    more: Buffer[]
}

export class TlsServer13 {
    /** The description of the alert that the client sent. */
    alert: number | undefined
    /** Types of the handshake messages that the client sent. */
    readonly clientMessages: number[] = []
    clientFinishedIsRight = false
    /** Records of the client that did not authenticate. */
    unreadable = 0
    applicationData: Buffer = Buffer.alloc(0)
    private transcript: Buffer[] = []
    private buffered: Buffer = Buffer.alloc(0)
    private incoming: RecordKeys | undefined
    private outgoing: RecordKeys | undefined
    private keys: ServerKeySchedule | undefined
    private outgoingSecret: Buffer = Buffer.alloc(0)
    private incomingSecret: Buffer = Buffer.alloc(0)
    private finishedHash: Buffer = Buffer.alloc(0)
    private records = 0
    private handshakeDone = false

    constructor(
        private readonly identity: { chain: Buffer[]; key: KeyObject },
        private readonly faults: Faults,
        private readonly output: (bytes: Buffer) => void
    ) {}

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
        if (type === Content.ApplicationData && this.incoming) {
            let inner: Buffer
            try {
                inner = this.incoming.open(record)
            } catch {
                // Some faults make the two sides' keys differ.
                this.unreadable++
                return
            }
            let end = inner.length
            while (inner[end - 1] === 0) end--
            type = inner[end - 1]
            content = inner.subarray(0, end - 1)
        }
        if (type === Content.Alert) this.alert = content[1]
        else if (type === Content.ApplicationData)
            this.applicationData = Buffer.concat([
                this.applicationData,
                content,
            ])
        else if (type === Content.Handshake) this.onHandshake(content)
    }

    private onHandshake(content: Buffer) {
        while (content.length) {
            const length = 4 + content.readUIntBE(1, 3)
            const message = content.subarray(0, length)
            content = content.subarray(length)
            this.clientMessages.push(message[0])
            if (message[0] === 1) this.onClientHello(message)
            else if (message[0] === 20) this.onClientFinished(message)
            else if (message[0] === 11) this.transcript.push(message)
            else if (message[0] === 24) {
                this.incomingSecret = nextSecret(this.incomingSecret)
                this.incoming = new RecordKeys(this.incomingSecret)
            }
        }
    }

    private onClientHello(hello: Buffer) {
        this.transcript.push(hello)
        const { share, shared } = agreeX25519(readKeyShare(hello))
        this.sendMessage(
            "serverHello",
            writeServerHello({
                legacyVersion: 0x0303,
                random: sha256(share),
                sessionId: Buffer.alloc(0),
                suite: 0x1303,
                compression: 0,
                version: 0x0304,
                group: 0x001d,
                share,
                more: [],
                ...this.faults.serverHello,
            })
        )
        this.keys = new ServerKeySchedule(shared, sha256(...this.transcript))
        this.outgoing = new RecordKeys(this.keys.serverHandshake)
        this.incoming = new RecordKeys(this.keys.clientHandshake)
        this.sendFlight(this.keys)
    }

    private sendFlight(keys: ServerKeySchedule) {
        const { faults } = this
        this.sendMessage(
            "encryptedExtensions",
            handshake(8, vector(2, ...(faults.encryptedExtensions ?? [])))
        )
        if (faults.requestCertificate)
            this.sendMessage(
                "certificateRequest",
                handshake(
                    13,
                    vector(1),
                    vector(2, extension(13, vector(2, uint(2, 0x0804))))
                )
            )
        const chain = faults.certificates ?? this.identity.chain
        this.sendMessage(
            "certificate",
            handshake(
                11,
                vector(1),
                vector(
                    3,
                    ...chain.flatMap((der, i) => [
                        vector(3, der),
                        vector(
                            2,
                            ...(i === 0
                                ? (faults.certificateExtensions ?? [])
                                : [])
                        ),
                    ])
                )
            )
        )
        const content = Buffer.concat([
            Buffer.alloc(64, 0x20),
            Buffer.from("TLS 1.3, server CertificateVerify\0"),
            sha256(...this.transcript),
        ])
        const verify = faults.certificateVerify
        this.sendMessage(
            "certificateVerify",
            handshake(
                15,
                uint(2, verify?.scheme ?? 0x0804),
                vector(2, (verify?.sign ?? this.signPss)(content))
            )
        )
        this.sendMessage(
            "finished",
            handshake(
                20,
                finishedMac(keys.serverHandshake, sha256(...this.transcript))
            )
        )
        this.finishedHash = sha256(...this.transcript)
        this.outgoingSecret = keys.application("s", this.finishedHash)
        this.outgoing = new RecordKeys(this.outgoingSecret)
    }

    /** RSA-PSS with SHA-256 by the server's key. */
    readonly signPss = (content: Buffer): Buffer =>
        sign("sha256", content, {
            key: this.identity.key,
            padding: constants.RSA_PKCS1_PSS_PADDING,
            saltLength: 32,
        })

    private onClientFinished(message: Buffer) {
        const keys = this.keys!
        const expected = finishedMac(
            keys.clientHandshake,
            sha256(...this.transcript)
        )
        this.clientFinishedIsRight = expected.equals(message.subarray(4))
        this.incomingSecret = keys.application("c", this.finishedHash)
        this.incoming = new RecordKeys(this.incomingSecret)
        this.handshakeDone = true
        this.faults.afterHandshake?.(this)
    }

    private sendMessage(name: MessageName, message: Buffer) {
        const { message: replace, fragments: cut } = this.faults
        for (const sent of replace ? replace(name, message) : [message]) {
            this.transcript.push(sent)
            const whole = [{ type: Content.Handshake, content: sent }]
            for (const fragment of cut ? cut(name, whole) : whole)
                this.sendFragment(fragment)
        }
    }

    /** Sends one record, protected as the state is. */
    sendFragment({ type, content, plain }: Fragment) {
        this.sendRecord(
            this.outgoing && !plain
                ? this.outgoing.seal(
                      Buffer.concat([content, Buffer.from([type])])
                  )
                : Buffer.concat([Buffer.from([type, 3, 3]), vector(2, content)])
        )
    }

    /** Sends a protected record with this inner plaintext, type and padding included. */
    sendInner(inner: Buffer) {
        this.sendRecord(this.outgoing!.seal(inner))
    }

    sendRecord(record: Buffer) {
        const index = this.records++
        const bytes = this.faults.wire
            ? this.faults.wire(record, index)
            : record
        if (bytes.length) this.output(bytes)
    }

    sendData(text: string) {
        this.sendFragment({
            type: Content.ApplicationData,
            content: Buffer.from(text),
        })
    }

    sendAlert(level: number, description: number) {
        this.sendFragment({
            type: Content.Alert,
            content: Buffer.from([level, description]),
        })
    }

    /** Sends KeyUpdate and changes the server's keys. */
    updateKeys(request: 0 | 1) {
        this.sendFragment({
            type: Content.Handshake,
            content: handshake(24, Buffer.from([request])),
        })
        this.outgoingSecret = nextSecret(this.outgoingSecret)
        this.outgoing = new RecordKeys(this.outgoingSecret)
    }

    get isDone(): boolean {
        return this.handshakeDone
    }
}

export function uint(bytes: number, value: number): Buffer {
    const result = Buffer.alloc(bytes)
    result.writeUIntBE(value, 0, bytes)
    return result
}

/** A vector: its length in so many bytes, and its content. */
export function vector(lengthBytes: number, ...content: Buffer[]): Buffer {
    const whole = Buffer.concat(content)
    return Buffer.concat([uint(lengthBytes, whole.length), whole])
}

export function handshake(type: number, ...content: Buffer[]): Buffer {
    return Buffer.concat([Buffer.from([type]), vector(3, ...content)])
}

export function extension(type: number, ...content: Buffer[]): Buffer {
    return Buffer.concat([uint(2, type), vector(2, ...content)])
}

function writeServerHello(fields: ServerHelloFields): Buffer {
    const extensions = [...fields.more]
    if (fields.version !== undefined)
        extensions.push(extension(43, uint(2, fields.version)))
    if (fields.share)
        extensions.push(
            extension(51, uint(2, fields.group), vector(2, fields.share))
        )
    return handshake(
        2,
        uint(2, fields.legacyVersion),
        fields.random,
        vector(1, fields.sessionId),
        uint(2, fields.suite),
        Buffer.from([fields.compression]),
        vector(2, ...extensions)
    )
}

/** The X25519 share of a ClientHello. */
function readKeyShare(hello: Buffer): Buffer {
    let at = 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + hello.readUInt16BE(at)
    at += 1 + hello[at]
    for (at += 2; at < hello.length;) {
        const type = hello.readUInt16BE(at)
        const length = hello.readUInt16BE(at + 2)
        // Behind the list's length: group, length, key.
        if (type === 51) return hello.subarray(at + 10, at + 10 + 32)
        at += 4 + length
    }
    throw new Error("the ClientHello has no key share")
}
