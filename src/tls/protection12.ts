/**
 * Record protection of TLS 1.2 with an AEAD: RFC 5246 6.2.3.3, AES-GCM as RFC 5288, ChaCha20-Poly1305 as RFC 7905.
 *
 * With AES-GCM the last 8 bytes of the nonce stand before the ciphertext of each record. Ours are the sequence number; the
 * server's may be what it likes, it is the one who must not repeat them.
 */
import { writeUint16 } from "../bytes"
import { AeadAlgorithm } from "../crypto/aead"
import { IV_LENGTH, Protection, TAG_LENGTH } from "./protection"
import {
    HEADER_LENGTH,
    RecordLayer,
    RecordProtection,
    writeHeader,
} from "./record"

export class Protection12 extends Protection implements RecordProtection {
    readonly maxExpansion: number
    readonly roomBefore: number
    roomBehind = TAG_LENGTH
    /** seq_num, type, version, length. */
    private readonly aad = Buffer.alloc(13)

    /**
     * @param key wiped
     * @param fixedIv what the key exchange gives of the nonce, 4 or IV_LENGTH bytes
     */
    constructor(algorithm: AeadAlgorithm, key: Buffer, fixedIv: Buffer) {
        super(algorithm, key, padIv(fixedIv))
        this.roomBefore = IV_LENGTH - fixedIv.length
        this.maxExpansion = this.roomBefore + TAG_LENGTH
    }

    async seal(record: Buffer, type: number, length: number): Promise<void> {
        const before = this.roomBefore
        writeHeader(record, type, before + length + TAG_LENGTH)
        this.numberAad(type, length)
        const nonce = this.nextNonce()
        if (before > 0)
            record.blitAt(HEADER_LENGTH, nonce, IV_LENGTH - before, before)
        await this.aead.seal(
            nonce,
            this.aad,
            record,
            HEADER_LENGTH + before,
            length
        )
    }

    async open(records: RecordLayer): Promise<void> {
        const before = this.roomBefore
        const data = records.data
        this.numberAad(records.type, data.length - before - TAG_LENGTH)
        const nonce = this.nextNonce()
        // Of a record that is shorter than its nonce, what is missing is zeros; `openSealed` refuses it.
        nonce.blitAt(IV_LENGTH - before, data, 0, before)
        records.from = before
        records.to = await this.openSealed(this.aad, data, before, 0)
    }

    /** RFC 5246 6.2.3.3; the upper half of the sequence number stays zero (MAX_RECORDS). */
    private numberAad(type: number, length: number): void {
        const aad = this.aad
        writeUint16(aad, 4, this.sequence >> 16)
        writeUint16(aad, 6, this.sequence)
        aad[8] = type
        aad[9] = 3
        aad[10] = 3
        writeUint16(aad, 11, length)
    }
}

function padIv(fixedIv: Buffer): Buffer {
    const iv = Buffer.alloc(IV_LENGTH)
    iv.blitAt(0, fixedIv, 0, fixedIv.length)
    return iv
}
