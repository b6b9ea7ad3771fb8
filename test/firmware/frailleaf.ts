/**
 * A leaf over plain TCP with watchdog and safe mode, whose own part ends the program after `telemetrySec`: by an error, or, when `alertat` is 1, by
 * saying nothing any more.
 */
import * as ds from "@devicescript/core"
import { readSettings, storeSetting, watchHealth } from "../../src/app/flash"
import { reportHealth } from "../../src/app/health"
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
    const health = await watchHealth(leaf)
    reportHealth(leaf, health)
    leaf.start()
    if (health.isSafe) return
    const lifeMs = settings.telemetrySec * 1000
    health.alive()
    await ds.sleep(lifeMs)
    if (settings.alertC !== 1) fail(ErrorCode.MethodResult, "test: on purpose")
}

await main()
