/**
 * A bare TLS client: makes one connection after another, each with a request and its answer, and tells what came.
 *
 * Settings beside a device's own: `rounds`, the connections as `[port, name]` (left out: one, to the gateway); `p256first`,
 * whether P-256 is the first group; `request`.
 *
 * Lines: `client: round {n}` before each; `client: line {text}` for each line of the answer that begins with "New," or
 * "Reused," (as `openssl s_server -www` says whether it resumed) and for the first line; `client: got {bytes}`, the answer's
 * length; `client: closed`; `client: failed {code} {message}`; at the end `client: done`.
 */
import { readSetting } from "@devicescript/settings"
import { readSettings } from "../../src/app/flash"
import { Settings } from "../../src/app/settings"
import { errorCode } from "../../src/errors"
import { openLink } from "../../src/net/link"
import { TlsParts } from "../../src/tls/part"
import { Resumption, SessionStore } from "../../src/tls/session"
import { allSet } from "../../src/tls/sets"
import { Transport } from "../../src/transport"
import { readTrustAnchor } from "../../src/x509/path"

const ANSWER_TIMEOUT_MS = 10000

/** Has room for every ticket, which the settings in flash have not. */
class Memory implements SessionStore {
    private state: Buffer = null

    async load(): Promise<Buffer> {
        // The caller wipes what it gets.
        return this.state === null ? null : this.state.slice(0)
    }

    async save(state: Buffer): Promise<void> {
        this.state = state.slice()
    }
}

/** Reads to the end; of the text nothing is kept but the line that has not ended. */
async function readAnswer(transport: Transport): Promise<number> {
    let text = ""
    let length = 0
    let first = true
    while (true) {
        const piece = await transport.read(ANSWER_TIMEOUT_MS)
        if (piece === null || piece === undefined) return length
        length += piece.length
        text += piece.toString()
        while (true) {
            const end = text.indexOf("\n")
            if (end < 0) break
            const line = text.slice(0, end)
            text = text.slice(end + 1)
            if (first || line.startsWith("New,") || line.startsWith("Reused,"))
                console.log("client: line " + line.trim())
            first = false
        }
    }
    return length
}

async function connect(
    settings: Settings,
    parts: TlsParts,
    memory: SessionStore,
    request: string,
    port: number,
    host: string
): Promise<void> {
    try {
        const link = await openLink({
            parts,
            anchors: settings.anchors.map(readTrustAnchor),
            address: settings.gatewayAddress,
            port,
            host,
            nowSec: -1,
            floorSec: settings.provisionedSec,
            resumption: new Resumption(memory),
        })
        await link.transport.write(Buffer.from(request))
        console.log("client: got " + (await readAnswer(link.transport)))
        await link.transport.close()
        console.log("client: closed")
    } catch (e: any) {
        console.log("client: failed", errorCode(e), e.message)
    }
}

async function main() {
    const settings = await readSettings()
    const parts = allSet()
    const memory = new Memory()
    if (await readSetting("p256first", false))
        parts.groups = [parts.groups[1], parts.groups[0]]
    const request = await readSetting("request", "GET / HTTP/1.0\r\n\r\n")
    const rounds: any[][] = await readSetting("rounds", [
        [settings.mqttPort, settings.gateway],
    ])
    for (let n = 0; n < rounds.length; n++) {
        console.log("client: round " + n)
        await connect(
            settings,
            parts,
            memory,
            request,
            rounds[n][0],
            rounds[n][1]
        )
    }
    console.log("client: done")
}

await main()
