/**
 * A bare TLS client: connects to the gateway of the settings, sends a line, prints what comes back, and closes.
 *
 * Lines: `client: got {text}`, `client: closed`, `client: failed {code} {message}`.
 */
import { readSettings } from "../../src/app/flash"
import { errorCode } from "../../src/errors"
import { openLink } from "../../src/net/link"
import { rsaSet } from "../../src/tls/sets"
import { readTrustAnchor } from "../../src/x509/path"

const ANSWER_TIMEOUT_MS = 5000

async function main() {
    const settings = await readSettings()
    try {
        const link = await openLink({
            parts: rsaSet(),
            anchors: settings.anchors.map(readTrustAnchor),
            address: settings.gatewayAddress,
            port: settings.mqttPort,
            host: settings.gateway,
            nowSec: -1,
            floorSec: settings.provisionedSec,
        })
        await link.transport.write(Buffer.from("hello\n"))
        let text = ""
        while (text.indexOf("\n") < 0) {
            const piece = await link.transport.read(ANSWER_TIMEOUT_MS)
            if (piece === null || piece === undefined) break
            text += piece.toString()
        }
        console.log("client: got " + text.trim())
        await link.transport.close()
        console.log("client: closed")
    } catch (e: any) {
        console.log("client: failed", errorCode(e), e.message)
    }
}

await main()
