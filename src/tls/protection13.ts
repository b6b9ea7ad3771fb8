/** Record protection of TLS 1.3: RFC 8446 5.2 to 5.5. */
import { AeadAlgorithm } from "../crypto/aead"
import { pace } from "../crypto/pace"
import { ErrorCode, failIf } from "../errors"
import { expandLabel } from "./keyschedule"
import { IV_LENGTH, Protection, TAG_LENGTH } from "./protection"
import {
    ContentType,
    HEADER_LENGTH,
    RecordLayer,
    RecordProtection,
    tooLong,
    writeHeader,
} from "./record"

/** Opcodes to step over 256 bytes of padding. */
const OPCODES_OF_PADDING = 10000

export class Protection13 extends Protection implements RecordProtection {
    maxExpansion = 256
    roomBefore = 0
    /** The type of the content, and the tag. */
    roomBehind = 1 + TAG_LENGTH

    /** @param secret a traffic secret, which stays the caller's; RFC 8446 7.3 */
    constructor(algorithm: AeadAlgorithm, secret: Buffer) {
        super(
            algorithm,
            expandLabel(secret, "key", hex``, algorithm.keyLength),
            expandLabel(secret, "iv", hex``, IV_LENGTH)
        )
    }

    async seal(record: Buffer, type: number, length: number): Promise<void> {
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
    }

    async open(records: RecordLayer): Promise<void> {
        // S2: whether a ChangeCipherSpec may stand here is not decided by this layer.
        if (records.type === ContentType.ChangeCipherSpec) return
        failIf(
            records.type !== ContentType.ApplicationData,
            ErrorCode.TlsUnexpectedRecord,
            "tls: a record is not protected"
        )
        const data = records.data
        this.nextNonce()
        let end = await this.openSealed(records.header, data, 0, 1)
        // R1: padding does not lift the limit, RFC 8446 5.4.
        if (end > records.maxContent + 1) tooLong()
        // TLSInnerPlaintext: content, its type, zeros.
        while (end > 0 && data[end - 1] === 0) {
            end--
            if ((end & 255) === 0) await pace(OPCODES_OF_PADDING)
        }
        failIf(
            end === 0,
            ErrorCode.TlsUnexpectedRecord,
            "tls: a record has no content type"
        )
        end--
        records.type = data[end]
        records.to = end
        failIf(
            records.type < ContentType.Alert ||
                records.type > ContentType.ApplicationData,
            ErrorCode.TlsUnexpectedRecord,
            "tls: a protected record has a wrong content type"
        )
    }
}
