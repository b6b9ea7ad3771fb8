/**
 * A TLS client that connects again and again to a server which misbehaves in a new way each time, for `test/fuzz`.
 *
 * Sessions and verified issuers are kept in memory. Lines: `flight: {code} {message}`, the code 0 for a connection that
 * the server closed in order.
 */
import { readSettings } from "../../src/app/flash"
import { Settings } from "../../src/app/settings"
import { errorCode } from "../../src/errors"
import { openTcp } from "../../src/net/tcp"
import { connectTls } from "../../src/tls/client"
import { Resumption, SessionStore } from "../../src/tls/session"
import { rsaSet } from "../../src/tls/sets"
import { Transport } from "../../src/transport"
import { VerifiedIssuers } from "../../src/x509/issuers"
import { readTrustAnchor } from "../../src/x509/path"

/** Then the server, which answers at once, has nothing to say any more. */
const IDLE_MS = 60

/** A stream that ends when nothing comes. */
class Impatient implements Transport {
    constructor(private readonly inner: Transport) {}

    async read(timeoutMs: number): Promise<Buffer> {
        const piece = await this.inner.read(Math.min(timeoutMs, IDLE_MS))
        return piece === undefined ? null : piece
    }

    async write(data: Buffer): Promise<void> {
        await this.inner.write(data)
    }

    wake(): void {
        this.inner.wake()
    }

    async close(): Promise<void> {
        await this.inner.close()
    }
}

class SessionInMemory implements SessionStore {
    private state: Buffer = null

    async load(): Promise<Buffer> {
        return this.state !== null ? this.state.slice() : null
    }

    async save(state: Buffer): Promise<void> {
        this.state = state.slice()
    }
}

class IssuersInMemory implements VerifiedIssuers {
    private readonly ids: string[] = []

    has(id: Buffer): boolean {
        return this.ids.indexOf(id.toString("hex")) >= 0
    }

    async add(id: Buffer): Promise<void> {
        if (this.ids.length < 8) this.ids.push(id.toString("hex"))
    }
}

const sessions = new SessionInMemory()
const issuers = new IssuersInMemory()

async function fly(settings: Settings): Promise<void> {
    const tcp = await openTcp(settings.gatewayAddress, settings.mqttPort, 5000)
    const connection = await connectTls(new Impatient(tcp), {
        parts: rsaSet(),
        anchors: settings.anchors.map(readTrustAnchor),
        host: settings.gateway,
        port: settings.mqttPort,
        nowSec: -1,
        floorSec: settings.provisionedSec,
        issuers,
        resumption: new Resumption(sessions),
    })
    while ((await connection.read(IDLE_MS)) !== null) {}
    await connection.close()
}

async function main() {
    const settings = await readSettings()
    for (;;)
        try {
            await fly(settings)
            console.log("flight: 0")
        } catch (e: any) {
            console.log(`flight: ${errorCode(e)} ${e.message}`)
        }
}

await main()
