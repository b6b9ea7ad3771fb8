/** The time from an HTTP answer. */
import { describe, expect, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import { parseHttpDate, readHttpDate } from "../../../src/net/httpdate"
import { expectCode } from "../check"
import { Pipe } from "../pipe"

const DATE = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
/** RFC 9110 5.6.7's own example, in Unix seconds. */
const SECONDS = 784111777

async function readAnswer(text: string, pieceBytes: number): Promise<number> {
    const pipe = new Pipe()
    pipe.pieceBytes = pieceBytes
    pipe.send(Buffer.from(text))
    pipe.end()
    return await readHttpDate(pipe, "gw")
}

async function expectAnswerCode(code: ErrorCode, text: string): Promise<void> {
    await expectCode(code, async () => {
        await readAnswer(text, 100)
    })
}

async function expectRefused(text: string): Promise<void> {
    await expectCode(ErrorCode.HttpMalformed, () => {
        parseHttpDate(text)
    })
}

describe("http date", () => {
    test("asks for the head of / and for nothing else, and leaves the transport open", async () => {
        const pipe = new Pipe()
        pipe.send(Buffer.from(`HTTP/1.1 200 OK\r\n${DATE}\r\n`))
        expect(await readHttpDate(pipe, "gateway.example")).toBe(SECONDS)
        expect(pipe.written.length).toBe(1)
        expect(pipe.written[0].toString()).toBe(
            "HEAD / HTTP/1.1\r\nHost: gateway.example\r\nConnection: close\r\n\r\n"
        )
        expect(pipe.closes).toBe(0)
    })

    test("takes the Date of any answer, whatever its status, and does not wait for the rest", async () => {
        expect(await readAnswer(`HTTP/1.1 404 Not Found\r\n${DATE}`, 100)).toBe(
            SECONDS
        )
        expect(await readAnswer(`HTTP/1.0 500 \r\n${DATE}`, 100)).toBe(SECONDS)
    })

    test("finds the Date behind other fields, in any case and with any space around it, in pieces of any size", async () => {
        const answer =
            "HTTP/1.1 200 OK\r\nServer: Kestrel\r\nX-Date: none\r\nDated: no\r\n" +
            "DATE:\tSun, 06 Nov 1994 08:49:37 GMT \t\r\nVia: x\r\n\r\n"
        for (let pieceBytes = 1; pieceBytes < 200; pieceBytes += 11)
            expect(await readAnswer(answer, pieceBytes)).toBe(SECONDS)
    })

    test("takes lines that end with LF alone, as RFC 9112 2.2 allows", async () => {
        expect(
            await readAnswer(
                "HTTP/1.1 200 OK\ndate:Sun, 06 Nov 1994 08:49:37 GMT\n\n",
                100
            )
        ).toBe(SECONDS)
    })

    test("an answer without a Date is an error, also if there is one in its body", async () => {
        await expectAnswerCode(
            ErrorCode.HttpNoDate,
            `HTTP/1.1 200 OK\r\nServer: x\r\n\r\n${DATE}`
        )
        await expectAnswerCode(ErrorCode.HttpNoDate, "HTTP/1.1 200 OK\r\n")
        await expectAnswerCode(ErrorCode.HttpNoDate, "")
    })

    test("a Date whose line is not whole is none", async () => {
        await expectAnswerCode(
            ErrorCode.HttpNoDate,
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT"
        )
    })

    test("what is not HTTP is refused", async () => {
        await expectAnswerCode(
            ErrorCode.HttpMalformed,
            `SSH-2.0-x\r\n${DATE}\r\n`
        )
        await expectAnswerCode(ErrorCode.HttpMalformed, `\r\n${DATE}\r\n`)
    })

    test("a malformed Date is refused, and no later one is looked for", async () => {
        await expectAnswerCode(
            ErrorCode.HttpMalformed,
            `HTTP/1.1 200 OK\r\nDate: now\r\n${DATE}\r\n`
        )
    })

    test("no more of the head is read than 2,048 bytes", async () => {
        let head = "HTTP/1.1 200 OK\r\n"
        while (head.length < 2048) head += "Padding: 0123456789\r\n"
        await expectAnswerCode(ErrorCode.HttpNoDate, head + DATE)
    })

    test("a head without an end is left after 2,048 bytes", async () => {
        const pipe = new Pipe()
        pipe.drip = Buffer.alloc(1000)
        await expectCode(ErrorCode.HttpNoDate, async () => {
            await readHttpDate(pipe, "gw")
        })
    })

    test("bytes that are no text do not disturb", async () => {
        const pipe = new Pipe()
        pipe.send(Buffer.from("HTTP/1.1 200 OK\r\n"))
        pipe.send(hex`ff00fe80c32f 3a20 e280 0d0a`)
        pipe.send(Buffer.from(DATE))
        expect(await readHttpDate(pipe, "gw")).toBe(SECONDS)
    })

    test("a server that does not answer, or stops in the middle, is given up", async () => {
        const silent = new Pipe()
        await expectCode(ErrorCode.HttpTimeout, async () => {
            await readHttpDate(silent, "gw", 20)
        })
        const slow = new Pipe()
        slow.send(Buffer.from("HTTP/1.1 200 OK\r\nDate: Sun, 06"))
        await expectCode(ErrorCode.HttpTimeout, async () => {
            await readHttpDate(slow, "gw", 20)
        })
    })

    test("a wake-up does not end the wait", async () => {
        const pipe = new Pipe()
        pipe.wake()
        pipe.onWrite = () => {
            pipe.send(Buffer.from(`HTTP/1.1 200 OK\r\n${DATE}`))
        }
        expect(await readHttpDate(pipe, "gw", 1000)).toBe(SECONDS)
        const woken = new Pipe()
        woken.wake()
        await expectCode(ErrorCode.HttpTimeout, async () => {
            await readHttpDate(woken, "gw", 20)
        })
    })

    test("a stream that breaks is the transport's error", async () => {
        const pipe = new Pipe()
        pipe.breakOff()
        await expectCode(ErrorCode.ConnectionReset, async () => {
            await readHttpDate(pipe, "gw")
        })
    })
})

describe("IMF-fixdate", () => {
    // The numbers are from `date -u -d … +%s`.
    test("is read as Unix seconds, past 2038 and past 2100 too", () => {
        expect(parseHttpDate("Thu, 01 Jan 1970 00:00:00 GMT")).toBe(0)
        expect(parseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT")).toBe(784111777)
        expect(parseHttpDate("Tue, 19 Jan 2038 03:14:07 GMT")).toBe(2147483647)
        expect(parseHttpDate("Tue, 19 Jan 2038 03:14:08 GMT")).toBe(2147483648)
        expect(parseHttpDate("Sun, 07 Feb 2106 06:28:16 GMT")).toBe(4294967296)
    })

    test("leap years are right, 2000 and 2100 among them", async () => {
        expect(parseHttpDate("Tue, 29 Feb 2000 12:00:00 GMT")).toBe(951825600)
        expect(parseHttpDate("Thu, 29 Feb 2024 00:00:00 GMT")).toBe(1709164800)
        expect(parseHttpDate("Mon, 01 Mar 2100 00:00:00 GMT")).toBe(4107542400)
        await expectRefused("Mon, 29 Feb 2100 00:00:00 GMT")
        await expectRefused("Sat, 29 Feb 2025 00:00:00 GMT")
    })

    test("the day of the week must be the date's, and written as the standard has it", async () => {
        await expectRefused("Mon, 06 Nov 1994 08:49:37 GMT")
        await expectRefused("sun, 06 Nov 1994 08:49:37 GMT")
        await expectRefused("unM, 06 Nov 1994 08:49:37 GMT")
    })

    test("days, hours, minutes and seconds stay within their bounds", async () => {
        await expectRefused("Wed, 31 Apr 2025 00:00:00 GMT")
        await expectRefused("Wed, 00 Apr 2025 00:00:00 GMT")
        await expectRefused("Tue, 01 Apr 2025 24:00:00 GMT")
        await expectRefused("Tue, 01 Apr 2025 00:60:00 GMT")
        await expectRefused("Tue, 01 Apr 2025 00:00:60 GMT")
        await expectRefused("Wed, 31 Dec 1969 23:59:59 GMT")
    })

    test("what is no digit where one must be is refused, wherever it is", async () => {
        await expectRefused("Sun, 0x Nov 1994 08:49:37 GMT")
        await expectRefused("Sun,  6 Nov 1994 08:49:37 GMT")
        await expectRefused("Sun, 06 Nov 199A 08:49:37 GMT")
        await expectRefused("Sun, 06 Nov 1994 x8:49:37 GMT")
        await expectRefused("Sun, 06 Nov 1994 08:-9:37 GMT")
        await expectRefused("Sun, 06 Nov 1994 08:49:3/ GMT")
        await expectRefused("Sun, 06 Nov 1994 08:49:+7 GMT")
    })

    test("months are written as the standard has them", async () => {
        await expectRefused("Sun, 06 nov 1994 08:49:37 GMT")
        await expectRefused("Sun, 06 ovD 1994 08:49:37 GMT")
        await expectRefused("Sun, 06 11. 1994 08:49:37 GMT")
    })

    test("the obsolete forms, other zones, and anything around it are refused", async () => {
        await expectRefused("Sunday, 06-Nov-94 08:49:37 GMT")
        await expectRefused("Sun Nov  6 08:49:37 1994")
        await expectRefused("Sun, 06 Nov 1994 08:49:37 UTC")
        await expectRefused("Sun, 06 Nov 1994 08:49:37 gmt")
        await expectRefused("Sun, 06 Nov 1994 08:49:37 GMT ")
        await expectRefused(" Sun, 06 Nov 1994 08:49:37 GMT")
        await expectRefused("Sun. 06 Nov 1994 08:49:37 GMT")
        await expectRefused("Sun, 06-Nov 1994 08:49:37 GMT")
        await expectRefused("Sun, 06 Nov 1994 08.49:37 GMT")
        await expectRefused("Sun, 06 Nov 1994 08:49.37 GMT")
        await expectRefused("")
    })

    test("letters of more than one byte do not shift what is compared", async () => {
        await expectRefused("Sun, 06 Nov 1994 08:49:3é GMT")
        await expectRefused("Sué, 06 Nov 1994 08:49:37 GM")
    })
})
