/**
 * Full handshakes with the gateway of the settings, then resumed ones, for test/bench: between the lines `begin: {name}`
 * and `end: {name}` lies one connection, up to an answer of the server.
 *
 * Nothing is remembered of certificates: a full handshake verifies the whole chain. Sessions are kept in memory.
 */
import * as ds from "@devicescript/core"
import { readSettings } from "../../src/app/flash"
import { errorCode } from "../../src/errors"
import { openLink } from "../../src/net/link"
import { rsaSet } from "../../src/tls/sets"
import { Resumption, SessionStore } from "../../src/tls/session"
import { readTrustAnchor } from "../../src/x509/path"

/** The first of each kind is the warm-up. */
const ROUNDS = 4

const ANSWER_TIMEOUT_MS = 5000

class MemorySession implements SessionStore {
    private state: Buffer = null

    async load(): Promise<Buffer> {
        // Who loads it wipes what it got.
        return this.state !== null ? this.state.slice() : null
    }

    async save(state: Buffer): Promise<void> {
        this.state = state.slice()
    }
}

const store = new MemorySession()

async function connect(name: string, resumes: boolean): Promise<void> {
    const settings = await readSettings()
    const anchors = settings.anchors.map(readTrustAnchor)
    console.log("begin: " + name)
    const link = await openLink({
        parts: rsaSet(),
        anchors,
        address: settings.gatewayAddress,
        port: settings.mqttPort,
        host: settings.gateway,
        nowSec: -1,
        floorSec: settings.provisionedSec,
        resumption: resumes ? new Resumption(store) : undefined,
    })
    console.log("end: " + name)
    // Tickets come before the first data.
    await link.transport.write(Buffer.from("hello"))
    await link.transport.read(ANSWER_TIMEOUT_MS)
    await link.transport.close()
    await ds.sleep(20)
}

try {
    for (let i = 0; i < ROUNDS; i++) await connect("full handshake", false)
    await connect("(the first session)", true)
    for (let i = 0; i < ROUNDS; i++) await connect("resumed handshake", true)
    console.log("done")
} catch (e: any) {
    console.log("failed", errorCode(e), e.message)
}
