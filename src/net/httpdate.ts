/**
 * The time, from the `Date` header of an HTTPS answer (RFC 9110 5.6.7 and 6.6.1).
 *
 * Any answer will do, whatever its status. Only the form that servers must send is read (IMF-fixdate). The head of the
 * answer is read a line at a time, and never more than MAX_HEAD bytes of it.
 */
import * as ds from "@devicescript/core"
import { ErrorCode, fail, failIf } from "../errors"
import { Transport } from "../transport"
import { decimal, decimals, unixSeconds } from "../unixtime"

/** More than a web server sends before its Date. */
const MAX_HEAD = 2048
/** A server that is there answers `HEAD /` at once; the connection to it took longer. */
const ANSWER_TIMEOUT_MS = 10000

/** Optional white space, and the CR before a line's LF. */
const SPACE = " \t\r"

const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
/** Day 0 of Unix time was a Thursday. */
const DAYS = "ThuFriSatSunMonTueWed"

/**
 * Asks for the time.
 *
 * @param transport open, to an HTTP server; stays the caller's to close
 * @param host for the Host header
 * @param timeoutMs how long the head of the answer may take
 * @returns Unix seconds
 * @throws LeafError HttpMalformed, HttpNoDate, HttpTimeout
 */
export async function readHttpDate(
    transport: Transport,
    host: string,
    timeoutMs = ANSWER_TIMEOUT_MS
): Promise<number> {
    await transport.write(
        Buffer.from(
            `HEAD / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
        )
    )
    const endMs = ds.millis() + timeoutMs
    const head = Buffer.alloc(MAX_HEAD)
    let length = 0
    let lineAt = 0
    for (;;) {
        const piece = await transport.read(Math.max(0, endMs - ds.millis()))
        if (piece === null) break
        if (piece === undefined) {
            failIf(
                ds.millis() >= endMs,
                ErrorCode.HttpTimeout,
                "net: no answer to the time request"
            )
            continue
        }
        head.blitAt(length, piece, 0, piece.length)
        length = Math.min(MAX_HEAD, length + piece.length)
        for (;;) {
            const end = head.indexOf(10, lineAt, length)
            if (end < 0) break
            const line = head.slice(lineAt, end)
            if (lineAt === 0) {
                failIf(
                    line.slice(0, 7).toString() !== "HTTP/1.",
                    ErrorCode.HttpMalformed,
                    "net: the answer is not HTTP"
                )
            } else if (line.length <= 1) noDate()
            else if (line.slice(0, 5).toString().toLowerCase() === "date:")
                return parseHttpDate(withoutSpace(line.slice(5).toString()))
            lineAt = end + 1
        }
        if (length === MAX_HEAD) break
    }
    noDate()
}

/** A field's value without the white space around it (RFC 9112 section 5), and without the CR of the line's end. */
function withoutSpace(text: string): string {
    let from = 0
    let to = text.length
    while (from < to && SPACE.indexOf(text[from]) >= 0) from++
    while (from < to && SPACE.indexOf(text[to - 1]) >= 0) to--
    return text.slice(from, to)
}

function noDate(): never {
    fail(ErrorCode.HttpNoDate, "net: the answer has no Date")
}

/**
 * IMF-fixdate as Unix seconds, nothing else and nothing around it. The day of the week must be the date's; a leap second is
 * refused, for Unix time has none.
 *
 * @throws LeafError HttpMalformed
 */
export function parseHttpDate(text: string): number {
    const b = Buffer.from(text)
    let sec = -1
    // `Sun, 06 Nov 1994 08:49:37 GMT`; that nothing follows is in the last comparison.
    if (
        text.length === 29 &&
        text.slice(3, 5) + text[7] + text[11] + text[16] === ",    " &&
        text[19] + text[22] + text.slice(25) === ":: GMT"
    ) {
        const month = MONTHS.indexOf(text.slice(8, 11))
        const fields = decimals(b, hex`05 05 11 14 17`)
        // No month's name is at another place; one that is not found is at -1.
        fields[0] = month / 3 + 1
        if (month % 3 === 0) sec = unixSeconds(decimal(b, 12, 4), fields)
    }
    // In doubles: seconds leave the range of int32 in 2038, days do not.
    const day = 3 * (Math.floor(sec / 86400) % 7)
    failIf(
        sec < 0 || text.slice(0, 3) !== DAYS.slice(day, day + 3),
        ErrorCode.HttpMalformed,
        "net: the Date is malformed"
    )
    return sec
}
