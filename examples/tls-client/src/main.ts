/** A bare TLS client: one HTTPS request, to a server whose chain ends in your own CA. No MQTT and no IoT Hub are in its image. */
import { errorCode } from "devicescript-edge-leaf/src/errors"
import { decodeBase64 } from "devicescript-edge-leaf/src/iothub/base64"
import { openLink } from "devicescript-edge-leaf/src/net/link"
import { rsaSet } from "devicescript-edge-leaf/src/tls/sets"
import { readTrustAnchor } from "devicescript-edge-leaf/src/x509/path"
import { ADDRESS, CA, FLOOR_SEC, HOST, PORT } from "./config"

const ANSWER_TIMEOUT_MS = 10000

/** @returns the first line of the answer */
async function request(): Promise<string> {
    const link = await openLink({
        parts: rsaSet(),
        anchors: [readTrustAnchor(decodeBase64(CA))],
        address: ADDRESS,
        host: HOST,
        port: PORT,
        nowSec: -1,
        floorSec: FLOOR_SEC,
    })
    const transport = link.transport
    try {
        await transport.write(
            Buffer.from(
                `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`
            )
        )
        let text = ""
        while (text.indexOf("\r\n") < 0) {
            const piece = await transport.read(ANSWER_TIMEOUT_MS)
            // Nothing in time, or the end.
            if (piece === undefined || piece === null) break
            text += piece.toString()
        }
        const end = text.indexOf("\r\n")
        return end < 0 ? text : text.slice(0, end)
    } finally {
        await transport.close()
    }
}

async function main(): Promise<void> {
    try {
        console.log("answer: " + (await request()))
    } catch (e: any) {
        console.log(`failed: ${e.message} (${errorCode(e)})`)
    }
}

main.start()
