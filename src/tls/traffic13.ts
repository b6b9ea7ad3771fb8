/** Application traffic of TLS 1.3: its keys, and the handshake messages that may still come (RFC 8446 4.6, 7.2). */
import { wipe } from "../bytes"
import { ErrorCode, fail, failIf } from "../errors"
import { PostHandshake, TlsConnection } from "./connection"
import { Extensions } from "./extensions"
import { Handshake } from "./handshake"
import { readMessage, TLS13 } from "./hello"
import {
    expandLabel,
    HASH_LENGTH,
    HandshakeSecrets,
    updateSecret,
} from "./keyschedule"
import { MessageType } from "./message"
import { CipherSuite } from "./part"
import { Protection13 } from "./protection13"
import { ContentType, MAX_CONTENT, RecordLayer } from "./record"
import { FinishedProof, requireEvidence, ServerProof } from "./serverproof"
import { Resumption, Session } from "./session"

/** Key updates that a server may make in one connection (R5); at our rates it has no reason for any. */
const MAX_KEY_UPDATES = 16

/**
 * Changes to the application traffic keys, RFC 8446 7.1, and wipes the handshake's secrets.
 *
 * @throws LeafError TlsNotVerified without the evidence of key exchange, server and Finished (S3, S4)
 */
export function openTraffic13(
    h: Handshake,
    suite: CipherSuite,
    smallRecords: boolean,
    secrets: HandshakeSecrets,
    proof: ServerProof,
    finished: FinishedProof
): TlsConnection {
    requireEvidence(secrets instanceof HandshakeSecrets, proof, finished)
    const hash = finished.transcriptHash
    const traffic = new Traffic13(
        suite,
        secrets.applicationSecret("s ap traffic", hash),
        secrets.applicationSecret("c ap traffic", hash)
    )
    if (h.options.resumption !== undefined) {
        traffic.proof = proof
        traffic.resumption = h.options.resumption
        traffic.resumptionSecret = secrets.applicationSecret(
            "res master",
            h.transcript.hash()
        )
    }
    secrets.wipe()
    const records = h.records
    if (!smallRecords) records.maxContent = MAX_CONTENT
    records.protectIncoming(new Protection13(suite.aead, traffic.incoming))
    records.protectOutgoing(new Protection13(suite.aead, traffic.outgoing))
    return new TlsConnection(records, h.messages, traffic, proof)
}

class Traffic13 implements PostHandshake {
    proof: ServerProof = null
    resumption: Resumption = null
    /** Null when there is no resumption, or a ticket has come: the first one counts, stored or not. */
    resumptionSecret: Buffer = null
    private updates = 0

    constructor(
        private readonly suite: CipherSuite,
        public incoming: Buffer,
        public outgoing: Buffer
    ) {}

    async handle(message: Buffer, connection: TlsConnection): Promise<void> {
        if (message[0] === MessageType.KeyUpdate)
            await this.updateKeys(message, connection)
        else if (message[0] === MessageType.NewSessionTicket)
            await this.keepTicket(message)
        else
            fail(
                ErrorCode.TlsUnexpectedMessage,
                "tls: message " + message[0] + " came after the handshake"
            ) // S1, S5
    }

    /** RFC 8446 4.6.1. */
    private async keepTicket(message: Buffer): Promise<void> {
        const secret = this.resumptionSecret
        if (secret === null) return
        const r = readMessage(message)
        const session = new Session()
        session.lifetimeSec = r.readUint(4)
        session.ageAdd = r.readBytes(4)
        const nonce = r.readOpaque(1)
        session.ticket = r.readOpaque(2)
        new Extensions(r)
        session.version = TLS13
        session.suite = this.suite.code
        session.proof = this.proof
        session.secret = expandLabel(secret, "resumption", nonce, HASH_LENGTH)
        await this.resumption.keep(session)
        wipe(session.secret)
        wipe(secret)
        this.resumptionSecret = null
    }

    /** RFC 8446 4.6.3. */
    private async updateKeys(
        message: Buffer,
        connection: TlsConnection
    ): Promise<void> {
        const r = readMessage(message)
        const request = r.readUint(1)
        r.finish()
        failIf(
            request > 1,
            ErrorCode.TlsKeyUpdateRequest,
            "tls: a key update asks for something unknown"
        )
        this.updates++
        failIf(
            this.updates > MAX_KEY_UPDATES,
            ErrorCode.TlsFlood,
            "tls: too many key updates"
        )
        const records: RecordLayer = connection.records
        connection.messages.requireBoundary()
        this.incoming = updateSecret(this.incoming)
        records.protectIncoming(
            new Protection13(this.suite.aead, this.incoming)
        )
        if (request === 1) {
            await records.write(ContentType.Handshake, hex`18 000001 00`)
            this.outgoing = updateSecret(this.outgoing)
            records.protectOutgoing(
                new Protection13(this.suite.aead, this.outgoing)
            )
        }
    }

    wipe(): void {
        wipe(this.incoming)
        wipe(this.outgoing)
        if (this.resumptionSecret !== null) wipe(this.resumptionSecret)
    }
}
