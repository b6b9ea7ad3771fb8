/** An answer of an HTTP server. */
import { describe, expect, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import { MAX_ANSWER, readHttpAnswer } from "../../../src/net/http"
import { expectCode } from "../check"
import { Pipe } from "../pipe"

const OK = "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 5\r\n\r\nhello"

async function expectRefused(code: number, text: string): Promise<void> {
    await expectCode(code, async () => {
        const pipe = new Pipe()
        pipe.send(Buffer.from(text))
        pipe.end()
        await readHttpAnswer(pipe, 1000)
    })
}

describe("http answer", () => {
    test("is read in pieces of any size, and the transport stays open", async () => {
        for (let pieceBytes = 1; pieceBytes < 80; pieceBytes += 13) {
            const pipe = new Pipe()
            pipe.pieceBytes = pieceBytes
            pipe.send(Buffer.from(OK))
            const answer = await readHttpAnswer(pipe, 1000)
            expect(answer.status).toBe(200)
            expect(answer.text).toBe("hello")
            expect(pipe.closes).toBe(0)
        }
    })

    test("has any status, a length in any case, and may be empty", async () => {
        const pipe = new Pipe()
        pipe.send(
            Buffer.from("HTTP/1.1 403 Forbidden\r\nCONTENT-LENGTH: 0\r\n\r\n")
        )
        const answer = await readHttpAnswer(pipe, 1000)
        expect(answer.status).toBe(403)
        expect(answer.text).toBe("")
    })

    test("is as long as there is room, and no longer", async () => {
        const head = "HTTP/1.1 200 OK\r\nContent-Length: 1900\r\nX: "
        const body = Buffer.alloc(1900)
        body.fillAt(0, 1900, 0x61)
        let room = MAX_ANSWER - head.length - 4 - 1900
        let filler = ""
        while (room > 0) {
            filler += "b"
            room--
        }
        const pipe = new Pipe()
        pipe.send(Buffer.from(head + filler + "\r\n\r\n"))
        pipe.send(body)
        expect((await readHttpAnswer(pipe, 1000)).text.length).toBe(1900)
        await expectRefused(
            ErrorCode.HttpMalformed,
            head + filler + "b\r\n\r\n" + body.toString()
        )
    })

    test("without a good length, or without HTTP, is refused", async () => {
        for (const text of [
            "HTTP/1.1 200 OK\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello",
            "HTTP/1.1 2x0 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
            "SSH-2.0-x  200\r\nContent-Length: 0\r\n\r\n",
            OK + "more",
        ])
            await expectRefused(ErrorCode.HttpMalformed, text)
    })

    test("with bytes outside ASCII is refused: places in it would not be those of its bytes", async () => {
        await expectRefused(
            ErrorCode.HttpMalformed,
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\u20ac"
        )
    })

    test("that ends too early is an error, and one that does not come in time", async () => {
        for (let length = 0; length < OK.length; length += 11)
            await expectRefused(ErrorCode.ConnectionClosed, OK.slice(0, length))
        const silent = new Pipe()
        silent.send(Buffer.from(OK.slice(0, 30)))
        await expectCode(ErrorCode.HttpTimeout, async () => {
            await readHttpAnswer(silent, 20)
        })
    })
})
