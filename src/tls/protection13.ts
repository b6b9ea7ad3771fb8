/** Record protection of TLS 1.3 (RFC 8446 5.2 to 5.5): AEAD with a nonce from the sequence number. */
import { Aead, AeadAlgorithm } from "../crypto/aead"
import { pace } from "../crypto/pace"
import { ErrorCode, errorCode, fail } from "../errors"
import { wipe } from "../bytes"
import { expandLabel } from "./keyschedule"
import {
    ContentType,
    HEADER_LENGTH,
    RecordLayer,
    RecordProtection,
    tooLong,
    writeHeader,
} from "./record"

const TAG_LENGTH = 16

/**
 * How many records one key protects: below the 2^24.5 full records that RFC 8446 5.5 gives AES-GCM, and far from a
 * wrap of the sequence number (R3). A leaf reconnects for its token long before.
 */
const MAX_RECORDS = 16777216

/** Opcodes to step over 256 bytes of padding. */
const OPCODES_OF_PADDING = 10000

export class Protection13 implements RecordProtection {
    maxExpansion = 256
    /** The type of the content, and the tag. */
    sealedRoom = 1 + TAG_LENGTH
    private readonly aead: Aead
    private readonly iv: Buffer
    private readonly nonce = Buffer.alloc(12)
    private sequence = 0

    /** @param secret a traffic secret, which stays the caller's; RFC 8446 7.3 */
    constructor(algorithm: AeadAlgorithm, secret: Buffer) {
        const key = expandLabel(secret, "key", null, algorithm.keyLength)
        this.aead = algorithm.create(key)
        wipe(key)
        this.iv = expandLabel(secret, "iv", null, 12)
    }

    async seal(record: Buffer, type: number, length: number): Promise<number> {
        record[HEADER_LENGTH + length] = type
        writeHeader(
            record,
            ContentType.ApplicationData,
            length + 1 + TAG_LENGTH
        )
        await this.aead.seal(
            this.nextNonce(),
            record.slice(0, HEADER_LENGTH),
            record,
            HEADER_LENGTH,
            length + 1
        )
        return HEADER_LENGTH + length + 1 + TAG_LENGTH
    }

    async open(records: RecordLayer): Promise<void> {
        // S2: whether a ChangeCipherSpec may stand here is not decided by this layer.
        if (records.type === ContentType.ChangeCipherSpec) return
        if (records.type !== ContentType.ApplicationData)
            fail(
                ErrorCode.TlsUnexpectedRecord,
                "tls: a record is not protected"
            )
        const data = records.data
        let end = data.length - TAG_LENGTH
        // One error for whatever is wrong with it, R2.
        if (end < 1) badRecord()
        try {
            await this.aead.open(this.nextNonce(), records.header, data, 0, end)
        } catch (e: any) {
            if (errorCode(e) !== ErrorCode.CryptoBadTag) throw e
            badRecord()
        }
        // R1: padding does not lift the limit, RFC 8446 5.4.
        if (end > records.maxContent + 1) tooLong()
        // TLSInnerPlaintext: content, its type, zeros.
        while (end > 0 && data[end - 1] === 0) {
            end--
            if ((end & 255) === 0) await pace(OPCODES_OF_PADDING)
        }
        if (end === 0)
            fail(
                ErrorCode.TlsUnexpectedRecord,
                "tls: a record has no content type"
            )
        end--
        records.type = data[end]
        records.to = end
        if (
            records.type < ContentType.Alert ||
            records.type > ContentType.ApplicationData
        )
            fail(
                ErrorCode.TlsUnexpectedRecord,
                "tls: a protected record has a wrong content type"
            )
    }

    /** RFC 8446 5.3: the sequence number, padded to the length of the IV, and the IV, by exclusive or. */
    private nextNonce(): Buffer {
        const n = this.sequence
        if (n >= MAX_RECORDS)
            fail(ErrorCode.TlsKeyExhausted, "tls: a key is used up")
        this.sequence = n + 1
        const nonce = this.nonce
        nonce.blitAt(0, this.iv, 0, 12)
        for (let i = 0; i < 4; i++)
            nonce[11 - i] = nonce[11 - i] ^ ((n >> (8 * i)) & 255)
        return nonce
    }

    wipe(): void {
        this.aead.wipe()
        wipe(this.iv)
    }
}

function badRecord(): never {
    fail(ErrorCode.TlsBadRecord, "tls: a record does not authenticate")
}
