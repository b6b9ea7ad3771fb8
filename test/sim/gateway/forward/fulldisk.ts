/**
 * A program that fills a message log until a write is torn, goes on while the disk takes nothing at all, then while it has room again, and is
 * gone without closing the log. One line a step on stdout: `stored n`, `refused n`; after `torn` and `full` it waits for a line.
 */
import { once } from "node:events"
import { MessageLog } from "../../../../sim/gateway/forward/log"
import { GatewayError } from "../../../../sim/gateway/errors"
import type { Message } from "../../../../sim/gateway/store"

const [folder, bodyBytes] = process.argv.slice(2)
/** More than the limit leaves room for. */
const MOST = 2000
const MEANWHILE = 3
const AFTERWARDS = 40

async function told(step: string) {
    console.log(step)
    await once(process.stdin, "data")
}

async function main() {
    const log = await MessageLog.open({ folder })
    let n = 0
    /** As a device: each refusal ends its connection. */
    let connection = 1
    const store = async (bytes: number) => {
        n++
        const message: Message = {
            kind: "telemetry",
            deviceId: "leaf-1",
            connection,
            topic: "devices/leaf-1/messages/events/",
            properties: { n: String(n) },
            systemProperties: {},
            body: Buffer.alloc(bytes, n),
            qos: 1,
            duplicate: false,
            receivedAtMs: Date.now(),
        }
        try {
            await log.store(message)
            console.log(`stored ${n}`)
            return true
        } catch (error) {
            if (!(error instanceof GatewayError)) throw error
            console.log(`refused ${n}`)
            connection++
            return false
        }
    }
    while (n < MOST && (await store(Number(bodyBytes))));
    await told("torn")
    for (let i = 0; i < MEANWHILE; i++) await store(10)
    await told("full")
    for (let i = 0; i < AFTERWARDS; i++) await store(10)
    // As if the power had gone.
    process.kill(process.pid, "SIGKILL")
}

void main()
