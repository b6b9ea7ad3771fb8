/** Record protection at sequence numbers that no test reaches by counting: against the servers' own, over Node's crypto. */
import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { describe, test } from "node:test"
import { Suite, SUITES_12, SUITES_13 } from "../../../sim/faults/algorithms"
import type { Protection } from "../../../sim/faults/hostile"
import { Protection12 } from "../../../sim/faults/tls12crypto"
import { Protection13 } from "../../../sim/faults/tls13crypto"
import { Content } from "../../../sim/faults/wire"
import { Buffer as DeviceBuffer } from "../../../sim/shim/buffer"
import { assertCode } from "../tlssite"
import { allSet } from "./sets"

/** What the tests call of the device's protections, and of what they read. */
interface DeviceProtection {
    sequence: number
    roomBefore: number
    roomBehind: number
    seal(record: DeviceBuffer, type: number, length: number): Promise<void>
    open(records: Records): Promise<void>
}
interface Records {
    header: DeviceBuffer
    data: DeviceBuffer
    type: number
    from: number
    to: number
    maxContent: number
}
type Maker = new (...of: unknown[]) => DeviceProtection
const device12 = require("../../../src/tls/protection12") as {
    Protection12: Maker
}
const device13 = require("../../../src/tls/protection13") as {
    Protection13: Maker
}

const aeadOf = (code: number) =>
    (allSet().suites.find(suite => suite.code === code) as { aead?: object })
        .aead

/** The same key on both sides. */
function pair(suite: Suite): [DeviceProtection, Protection] {
    const aead = aeadOf(suite.code)
    if (suite.auth === undefined) {
        const secret = randomBytes(32)
        return [
            new device13.Protection13(aead, DeviceBuffer.from(secret)),
            new Protection13(suite, secret),
        ]
    }
    const key = randomBytes(suite.keyLength)
    const iv = randomBytes(suite.cipher === "aes-128-gcm" ? 4 : 12)
    return [
        new device12.Protection12(
            aead,
            DeviceBuffer.from(key),
            DeviceBuffer.from(iv)
        ),
        new Protection12(suite, key, iv),
    ]
}

async function seal(
    protection: DeviceProtection,
    content: Buffer
): Promise<Buffer> {
    const { roomBefore, roomBehind } = protection
    const record = Buffer.concat([
        Buffer.alloc(5 + roomBefore),
        content,
        Buffer.alloc(roomBehind),
    ])
    const bytes = DeviceBuffer.from(record)
    await protection.seal(bytes, Content.ApplicationData, content.length)
    return Buffer.from(bytes)
}

async function open(
    protection: DeviceProtection,
    record: Buffer
): Promise<Buffer> {
    const records: Records = {
        header: DeviceBuffer.from(record.subarray(0, 5)),
        data: DeviceBuffer.from(record.subarray(5)),
        type: record[0],
        from: 0,
        to: record.length - 5,
        maxContent: 16384,
    }
    await protection.open(records)
    return Buffer.from(records.data.subarray(records.from, records.to))
}

/** The last number that a key is used with. */
const LAST = 16777215

for (const suite of [...SUITES_12, ...SUITES_13])
    describe(`record protection of suite ${suite.code.toString(16)}`, () => {
        for (const number of [
            0,
            1,
            255,
            256,
            32767,
            32768,
            65535,
            65536,
            65537,
            8388608,
            LAST,
        ])
            test(`R3: agrees with the server's at number ${number}, in both directions`, async () => {
                const [ours, theirs] = pair(suite)
                const content = randomBytes(33)
                ours.sequence = theirs.sequence = number
                const sent = theirs.open(await seal(ours, content))
                assert.deepEqual(sent.content, content)
                const [reader, writer] = pair(suite)
                reader.sequence = writer.sequence = number
                const record = writer.seal(Content.ApplicationData, content)
                assert.deepEqual(await open(reader, record), content)
            })

        test("R3: comes to an end before its numbers repeat", async () => {
            const [ours, theirs] = pair(suite)
            ours.sequence = theirs.sequence = LAST
            await seal(ours, Buffer.from("the last one"))
            await assertCode(
                seal(ours, Buffer.from("one more")),
                "TlsKeyExhausted"
            )
            ours.sequence = LAST + 1
            theirs.sequence = LAST + 1
            await assertCode(
                open(
                    ours,
                    theirs.seal(Content.ApplicationData, randomBytes(5))
                ),
                "TlsKeyExhausted"
            )
        })
    })
