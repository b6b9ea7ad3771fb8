/** Application traffic of TLS 1.3: its keys, and the handshake messages that may still come (RFC 8446 4.6, 7.2). */
import { wipe } from "../bytes"
import { AeadAlgorithm } from "../crypto/aead"
import { ErrorCode, fail } from "../errors"
import { PostHandshake, TlsConnection } from "./connection"
import { Handshake } from "./handshake"
import { FinishedProof, ServerProof } from "./handshake13"
import { readMessage } from "./hello"
import { HandshakeSecrets, updateSecret } from "./keyschedule"
import { MessageType } from "./message"
import { Protection13 } from "./protection13"
import { ContentType, MAX_CONTENT, RecordLayer } from "./record"

/** Key updates that a server may make in one connection (R5); at our rates it has no reason for any. */
const MAX_KEY_UPDATES = 16

/**
 * Changes to the application traffic keys, RFC 8446 7.1, and wipes the handshake's secrets.
 *
 * @throws LeafError TlsNotVerified without the evidence of key exchange, path, signature and Finished (S3, S4)
 */
export function openTraffic(
    h: Handshake,
    aead: AeadAlgorithm,
    smallRecords: boolean,
    secrets: HandshakeSecrets,
    proof: ServerProof,
    finished: FinishedProof
): TlsConnection {
    if (
        !(secrets instanceof HandshakeSecrets) ||
        !(proof instanceof ServerProof) ||
        !(finished instanceof FinishedProof)
    )
        fail(ErrorCode.TlsNotVerified, "tls: the handshake is not complete")
    const hash = finished.transcriptHash
    const traffic = new Traffic13(
        aead,
        secrets.applicationSecret("s ap traffic", hash),
        secrets.applicationSecret("c ap traffic", hash)
    )
    secrets.wipe()
    const records = h.records
    if (!smallRecords) records.maxContent = MAX_CONTENT
    records.protectIncoming(new Protection13(aead, traffic.incoming))
    records.protectOutgoing(new Protection13(aead, traffic.outgoing))
    return new TlsConnection(records, h.messages, traffic, proof.path)
}

class Traffic13 implements PostHandshake {
    private updates = 0

    constructor(
        private readonly aead: AeadAlgorithm,
        public incoming: Buffer,
        public outgoing: Buffer
    ) {}

    /** Tickets are dropped: no resumption yet. */
    async handle(message: Buffer, connection: TlsConnection): Promise<void> {
        if (message[0] === MessageType.KeyUpdate)
            await this.updateKeys(message, connection)
        else if (message[0] !== MessageType.NewSessionTicket)
            fail(
                ErrorCode.TlsUnexpectedMessage,
                "tls: message " + message[0] + " came after the handshake"
            ) // S1, S5
    }

    /** RFC 8446 4.6.3. */
    private async updateKeys(
        message: Buffer,
        connection: TlsConnection
    ): Promise<void> {
        const r = readMessage(message)
        const request = r.readUint8()
        r.finish()
        if (request > 1)
            fail(ErrorCode.TlsMalformed, "tls: a key update is malformed")
        this.updates++
        if (this.updates > MAX_KEY_UPDATES)
            fail(ErrorCode.TlsFlood, "tls: too many key updates")
        const records: RecordLayer = connection.records
        connection.messages.requireBoundary()
        this.incoming = updateSecret(this.incoming)
        records.protectIncoming(new Protection13(this.aead, this.incoming))
        if (request === 1) {
            await records.write(ContentType.Handshake, hex`18 000001 00`)
            this.outgoing = updateSecret(this.outgoing)
            records.protectOutgoing(new Protection13(this.aead, this.outgoing))
        }
    }

    wipe(): void {
        wipe(this.incoming)
        wipe(this.outgoing)
    }
}
