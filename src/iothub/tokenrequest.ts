/**
 * The request to a gateway's token service (docs/tokens.md), for a device that has an enrolment secret and no device key.
 *
 *     GET /token-service/nonce                                             200, a nonce
 *     POST /token-service/token  device=…&nonce=…&lifetime=…&proof=…       200, a shared access signature
 *
 * The proof is the HMAC-SHA-256 of `edge-leaf-token-v1`, device id, lifetime and nonce, a line each. A token has a line less, and begins
 * with a host: a secret that is used for both by mistake makes nobody a token of a proof.
 *
 * The service is believed, as its TLS is that of the pinned gateway: what it gives is a password that the gateway itself judges.
 */
import { wipe } from "../bytes"
import { hmac } from "../crypto/hash"
import { ErrorCode, fail, failIf } from "../errors"
import { readHttpAnswer } from "../net/http"
import type { Transport } from "../transport"
import { encodeBase64 } from "./base64"
import { encodeStrictly } from "./percent"

const DOMAIN = "edge-leaf-token-v1"

/** The service looks a device up and signs: on a loaded gateway a second. */
const ANSWER_TIMEOUT_MS = 10000

/**
 * Asks for a token. The result is a secret: it opens the hub to its bearer until it expires.
 *
 * @param transport open, to the service; stays the caller's to close
 * @param host for the Host header
 * @param secret the decoded enrolment secret; stays the caller's
 * @throws LeafError TokenStatus with the status added, TokenMalformed, TextTooLong, and those of `readHttpAnswer`
 */
export async function requestToken(
    transport: Transport,
    host: string,
    deviceId: string,
    secret: Buffer,
    lifetimeSec: number
): Promise<string> {
    const end = ` HTTP/1.1\r\nHost: ${host}\r\n`
    const nonce = await exchange(
        transport,
        `GET /token-service/nonce${end}\r\n`
    )
    const mac = hmac(secret, `${DOMAIN}\n${deviceId}\n${lifetimeSec}\n${nonce}`)
    const proof = encodeStrictly(encodeBase64(mac))
    wipe(mac)
    const body = `device=${encodeStrictly(deviceId)}&nonce=${encodeStrictly(nonce)}&lifetime=${lifetimeSec}&proof=${proof}`
    const token = await exchange(
        transport,
        `POST /token-service/token${end}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    )
    failIf(
        token.indexOf("SharedAccessSignature ") !== 0,
        ErrorCode.TokenMalformed,
        "iothub: the token service's answer is no token"
    )
    return token
}

/** What the service says to a request. */
async function exchange(
    transport: Transport,
    request: string
): Promise<string> {
    await transport.write(Buffer.from(request))
    const answer = await readHttpAnswer(transport, ANSWER_TIMEOUT_MS)
    if (answer.status !== 200)
        fail(
            ErrorCode.TokenStatus + answer.status,
            `iothub: the token service answered with status ${answer.status}`
        )
    return answer.text
}
