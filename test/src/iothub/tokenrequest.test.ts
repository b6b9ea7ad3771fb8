/** The request to a token service: what is sent, byte by byte, and what is taken for an answer. */
import { describe, expect, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import { requestToken } from "../../../src/iothub/tokenrequest"
import { expectCode } from "../check"
import { Pipe } from "../pipe"

const SECRET = "0123456789abcdef0123456789abcdef"
const TOKEN = "SharedAccessSignature sr=a&sig=b&se=1&skn=device"

function ok(text: string): string {
    return `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`
}

/** A service that answers its requests with these texts, one after the other, and is silent then. */
function service(answers: string[]): Pipe {
    const pipe = new Pipe()
    let next = 0
    pipe.onWrite = () => {
        if (next < answers.length) pipe.send(Buffer.from(answers[next]))
        else pipe.end()
        next++
    }
    return pipe
}

async function ask(pipe: Pipe): Promise<string> {
    return await requestToken(
        pipe,
        "gw.example",
        "leaf*1",
        Buffer.from(SECRET),
        3600
    )
}

async function expectAnswers(code: number, answers: string[]): Promise<void> {
    await expectCode(code, async () => {
        await ask(service(answers))
    })
}

describe("token request", () => {
    test("asks for a nonce, and proves itself with it", async () => {
        const pipe = service([ok("no/nce-1"), ok(TOKEN)])
        expect(await ask(pipe)).toBe(TOKEN)
        expect(pipe.written.length).toBe(2)
        expect(pipe.written[0].toString()).toBe(
            "GET /token-service/nonce HTTP/1.1\r\nHost: gw.example\r\n\r\n"
        )
        // openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef -binary, over
        // "edge-leaf-token-v1\nleaf*1\n3600\nno/nce-1"; base64.
        const body =
            "device=leaf%2a1&nonce=no%2Fnce-1&lifetime=3600&proof=rJjyfFNl3MRpM4Yoknk3sqb1NSnLmMrYW1ks53EuH9Y%3D"
        expect(pipe.written[1].toString()).toBe(
            "POST /token-service/token HTTP/1.1\r\nHost: gw.example\r\n" +
                "Content-Type: application/x-www-form-urlencoded\r\n" +
                `Content-Length: ${body.length}\r\n\r\n${body}`
        )
        expect(pipe.closes).toBe(0)
    })

    test("fails with the status of either answer", async () => {
        const refused = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
        const busy = "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"
        await expectAnswers(ErrorCode.TokenStatus + 403, [ok("n"), refused])
        await expectAnswers(ErrorCode.TokenStatus + 503, [busy])
    })

    test("takes no other text for a token, and no endless nonce", async () => {
        for (const text of ["", "hello", " " + TOKEN, "sharedaccesssignature "])
            await expectAnswers(ErrorCode.TokenMalformed, [ok("n"), ok(text)])
        let nonce = "0123456789"
        while (nonce.length <= 512) nonce += nonce
        await expectAnswers(ErrorCode.TextTooLong, [ok(nonce)])
    })

    test("fails when the service closes instead", async () => {
        await expectAnswers(ErrorCode.ConnectionClosed, [])
        await expectAnswers(ErrorCode.ConnectionClosed, [ok("n")])
    })
})
