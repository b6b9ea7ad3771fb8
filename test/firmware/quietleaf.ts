/**
 * A leaf over plain TCP that says nothing by itself, but a message every `telemetrySec`: for what a connection does in the long run. Its waits
 * are those of every firmware.
 */
import * as ds from "@devicescript/core"
import { readSettings, storeSetting } from "../../src/app/flash"
import { Leaf } from "../../src/app/leaf"
import { ErrorCode, fail } from "../../src/errors"
import { openTcp } from "../../src/net/tcp"

const CONNECT_TIMEOUT_MS = 15000

/** Of the certificate that there is none of. */
const LIFE_SEC = 30 * 86400

async function main() {
    const settings = await readSettings()
    const leaf = new Leaf(
        settings,
        async port => {
            if (port !== settings.mqttPort)
                fail(ErrorCode.ConnectFailed, "test: nobody has the time here")
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
    leaf.start()
    for (;;) {
        await ds.sleep(settings.telemetrySec * 1000)
        leaf.send({ uptimeMs: ds.millis() })
    }
}

await main()
