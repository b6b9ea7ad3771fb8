/** Alerts (RFC 8446 chapter 6): which one tells the peer of an error, and which one the peer told us of. */
import { ErrorCode, errorCode, fail, failIf } from "../errors"
import { ContentType, RecordLayer } from "./record"

export const enum Alert {
    CloseNotify = 0,
    IllegalParameter = 47,
    DecryptError = 51,
    InternalError = 80,
    UserCanceled = 90,
    /** None is to be sent. */
    None = 255,
}

/** From which group of ten codes on, counted from 1000, which alert is sent; 80 where there are no codes. */
const GROUPS: Buffer = hex`
    00 ff
    64 0a  65 14  66 16  67 28  68 2f  69 32  6a 33  6b 46  6c 6d  6d 6e
    6e ff  78 2f  79 50
    c8 2a  c9 2b  ca 2d  cb 2e  cc 30  cd 50
`

/**
 * The alert for an error code.
 *
 * The codes of tls and x509 are grouped by tens, a group an alert, in this order:
 * tls: unexpected_message, bad_record_mac, record_overflow, handshake_failure, illegal_parameter, decode_error,
 * decrypt_error, protocol_version, missing_extension, unsupported_extension;
 * and 2200 to 2209 illegal_parameter again;
 * x509: bad_certificate, unsupported_certificate, certificate_expired, certificate_unknown, unknown_ca.
 *
 * @returns Alert.None if none is to be sent: the connection is broken or the peer has ended it
 */
export function alertFor(code: number): number {
    // The last row that is not above the code holds.
    const group = Math.idiv(code, 10)
    let alert = Alert.InternalError
    for (let i = 0; i < GROUPS.length; i = i + 2)
        if (group >= 100 + GROUPS[i]) alert = GROUPS[i + 1]
    if (code >= 4000) alert = Alert.DecryptError
    if (code >= 5000) alert = Alert.InternalError
    if (code === ErrorCode.CryptoWeakKeyShare) alert = Alert.IllegalParameter
    if (code === ErrorCode.CryptoPoint) alert = Alert.IllegalParameter
    return alert
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
    if (description === Alert.CloseNotify) return true
    if (description !== Alert.UserCanceled)
        fail(ErrorCode.TlsAlert, "tls: the server sent alert " + description)
    return false
}

/** Sends an alert, unless it is Alert.None. A stream that cannot take it any more is no further error. */
export async function sendAlert(
    records: RecordLayer,
    description: number
): Promise<void> {
    if (description === Alert.None) return
    try {
        // Level: close_notify is a warning (1), every other alert fatal (2).
        const alert = Buffer.from([2, description])
        if (description === Alert.CloseNotify) alert[0] = 1
        await records.write(ContentType.Alert, alert)
    } catch (e: any) {
        if (errorCode(e) === 0) throw e
    }
}
