/**
 * One answer of an HTTP/1.1 server, status and text (RFC 9112), for small services of the gateway.
 *
 * Read is what has a Content-Length and nothing but ASCII, MAX_ANSWER bytes in all; no chunks, no interim answers, and nothing behind
 * the answer: one request at a time. The transport stays open for the next one.
 *
 * RAM: MAX_ANSWER bytes while it reads, and twice the answer's length as text. What was read is wiped, but for the text.
 */
import * as ds from "@devicescript/core"
import { wipe } from "../bytes"
import { ErrorCode, failIf } from "../errors"
import type { Transport } from "../transport"
import { decimal } from "../unixtime"

/** A token of the longest names, everything escaped, and the head before it. */
export const MAX_ANSWER = 2048

/** As servers send it: in any case, with one space. */
const LENGTH = "\r\ncontent-length: "

export interface HttpAnswer {
    status: number
    text: string
}

/**
 * @param transport open, to an HTTP server that was asked something
 * @param timeoutMs how long the whole answer may take
 * @throws LeafError HttpMalformed, HttpTimeout, ConnectionClosed
 */
export async function readHttpAnswer(
    transport: Transport,
    timeoutMs: number
): Promise<HttpAnswer> {
    const endMs = ds.millis() + timeoutMs
    const data = Buffer.alloc(MAX_ANSWER)
    let length = 0
    let answer: HttpAnswer
    while (answer === undefined) {
        const piece = await transport.read(Math.max(0, endMs - ds.millis()))
        failIf(
            piece === null,
            ErrorCode.ConnectionClosed,
            "net: it was closed before the answer was whole"
        )
        if (piece === undefined)
            failIf(
                ds.millis() >= endMs,
                ErrorCode.HttpTimeout,
                "net: no answer to the request"
            )
        else {
            failIfMalformed(length + piece.length > MAX_ANSWER)
            data.blitAt(length, piece, 0, piece.length)
            wipe(piece)
            length = length + piece.length
            answer = parseAnswer(data, length)
        }
    }
    wipe(data)
    return answer
}

/** What `length` bytes say; `undefined` if they are not all of it. */
function parseAnswer(data: Buffer, length: number): HttpAnswer {
    const text = data.slice(0, length).toString()
    // Then a place in the text is one in the bytes.
    failIfMalformed(text.length !== length)
    const headEnd = text.indexOf("\r\n\r\n")
    if (headEnd < 0) return undefined
    const head = text.slice(0, headEnd + 2).toLowerCase()
    const from = head.indexOf(LENGTH) + LENGTH.length
    const to = head.indexOf("\r", from)
    const status = decimal(data, 9, 3)
    const bodyLength = decimal(data, from, to - from)
    failIfMalformed(
        head.slice(0, 7) !== "http/1." ||
            status < 200 ||
            from < LENGTH.length ||
            to === from ||
            bodyLength < 0
    )
    const bodyAt = headEnd + 4
    failIfMalformed(length > bodyAt + bodyLength)
    if (length < bodyAt + bodyLength) return undefined
    return { status, text: text.slice(bodyAt) }
}

function failIfMalformed(isWrong: boolean): void {
    failIf(
        isWrong,
        ErrorCode.HttpMalformed,
        "net: the answer is not HTTP, or too long"
    )
}
