/**
 * A leaf with handlers for everything that a gateway may send, over plain TCP: for gateways that misbehave, in `test/fuzz`.
 *
 * The handlers do what a call's payload or a message's first byte says. What they throw is a LeafError, so that a line with
 * the code 0 can only be a defect of the device's.
 */
import * as ds from "@devicescript/core"
import { readSettings, storeSetting } from "../../src/app/flash"
import { Leaf } from "../../src/app/leaf"
import { ErrorCode, fail } from "../../src/errors"
import { Backoff } from "../../src/net/backoff"
import { openTcp } from "../../src/net/tcp"

const CONNECT_TIMEOUT_MS = 5000

/** Of the certificate that there is none of. */
const LIFE_SEC = 30 * 86400

/** A message that begins with it fails. */
const BANG = 0x21

/** Longer than a method may take. */
const SLOW_MS = 25000

/** Of the waits between connections: 60 ms to 3 s. */
const SHORTENED = 0.05

const TELEMETRY_MS = 30000

function failOnPurpose(): never {
    fail(ErrorCode.MethodResult, "test: on purpose")
}

async function main() {
    const settings = await readSettings()
    const leaf = new Leaf(
        settings,
        async port => {
            // Nobody has the time here.
            if (port !== settings.mqttPort) failOnPurpose()
            return {
                transport: await openTcp(
                    settings.gatewayAddress,
                    port,
                    CONNECT_TIMEOUT_MS
                ),
                notBeforeSec: settings.provisionedSec,
                notAfterSec: settings.provisionedSec + LIFE_SEC,
                handshakeMs: 0,
            }
        },
        storeSetting
    )
    // Hundreds of connections: the waits between them are another test's.
    ;(leaf as any).backoff = new Backoff(() => SHORTENED)
    const twin = leaf.twin()
    leaf.onMessage(async message => {
        if (message.body[0] === BANG) failOnPurpose()
        await ds.sleep(message.body.length & 7)
    })
    leaf.onMethod("echo", async payload => ({ status: 200, payload }))
    leaf.onMethod("status", async status => ({ status }))
    leaf.onMethod("fail", async () => failOnPurpose())
    leaf.onMethod("slow", async () => {
        await ds.sleep(SLOW_MS)
        return { status: 200 }
    })
    leaf.onMethod("report", async payload => {
        await twin.report(payload)
        return { status: 200 }
    })
    twin.onDesired(async desired => {
        await twin.report({ seen: desired.$version })
    })
    leaf.setWill("gone")
    leaf.start()
    for (;;) {
        leaf.send({ uptimeMs: ds.millis() })
        await ds.sleep(TELEMETRY_MS)
    }
}

await main()
