/** Alerts (RFC 8446 chapter 6): which one tells the peer of an error, and which one the peer told us of. */
import { ErrorCode, errorCode, fail, failIf } from "../errors"
import { ContentType, RecordLayer } from "./record"

export const enum Alert {
    CloseNotify = 0,
    IllegalParameter = 47,
    DecryptError = 51,
    InternalError = 80,
    UserCanceled = 90,
}

/**
 * The alert for an error code.
 *
 * The codes of tls and x509 are grouped by tens, a group an alert, in this order:
 * tls: unexpected_message, bad_record_mac, record_overflow, handshake_failure, illegal_parameter, decode_error,
 * decrypt_error, protocol_version, missing_extension, unsupported_extension;
 * and 2200 to 2209 illegal_parameter again;
 * x509: bad_certificate, unsupported_certificate, certificate_expired, certificate_unknown, unknown_ca.
 *
 * @returns -1 if none is to be sent: the connection is broken or the peer has ended it
 */
export function alertFor(code: number): number {
    if (code >= 2000 && code < 2100)
        return hex`0a 14 16 28 2f 32 33 46 6d 6e`[Math.idiv(code - 2000, 10)]
    if (code >= 3000 && code < 3050)
        return hex`2a 2b 2d 2e 30`[Math.idiv(code - 3000, 10)]
    if (
        code === ErrorCode.CryptoWeakKeyShare ||
        code === ErrorCode.CryptoPoint ||
        (code >= 2200 && code < 2210)
    )
        return Alert.IllegalParameter
    if (code >= 4000 && code < 5000) return Alert.DecryptError
    if (code >= 1000 && code < 2200) return -1
    return Alert.InternalError
}

/**
 * Reads an alert record: exactly two bytes, R6.
 *
 * The level is not looked at: in TLS 1.3 it says nothing (RFC 8446 6), and in 1.2 a warning that is not one of the two
 * below ends our connections as well.
 *
 * @returns true for close_notify, false for user_canceled, which a close_notify follows
 * @throws LeafError TlsAlert for every other one
 */
export function readAlert(data: Buffer, from: number, to: number): boolean {
    failIf(
        to - from !== 2,
        ErrorCode.TlsMalformed,
        "tls: an alert is malformed"
    )
    const description = data[from + 1]
    if (description !== Alert.CloseNotify && description !== Alert.UserCanceled)
        fail(ErrorCode.TlsAlert, "tls: the server sent alert " + description)
    return description === Alert.CloseNotify
}

/** Sends an alert, unless it is -1. A stream that cannot take it any more is no further error. */
export async function sendAlert(
    records: RecordLayer,
    description: number
): Promise<void> {
    if (description < 0) return
    try {
        // Level: close_notify is a warning (1), every other alert fatal (2).
        await records.write(
            ContentType.Alert,
            Buffer.from([description === 0 ? 1 : 2, description])
        )
    } catch (e: any) {
        if (errorCode(e) === 0) throw e
    }
}
