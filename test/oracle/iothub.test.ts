/** The IoT Hub layer against Microsoft's SDK, Node's own encoders and an independent decoder, on random input. */
import assert from "node:assert/strict"
import { createHash, randomInt } from "node:crypto"
import { parse as parseQuery, unescape } from "node:querystring"
import { describe, test } from "node:test"
import {
    ConnectionString as SdkString,
    SharedAccessSignature,
} from "azure-iot-common"
import { encodeUriComponentStrict } from "azure-iot-common/dist/authorization"

interface Parsed {
    hostName: string
    deviceId: string
    sharedAccessKey: string
    gatewayHostName?: string
    unknown: string[]
}

// Device code: loosely typed, as it must not be checked with Node's types.
/* eslint-disable @typescript-eslint/no-require-imports */
const { createToken } = require("../../src/iothub/sas") as {
    createToken(
        host: string,
        id: string,
        key: Uint8Array,
        expirySec: number
    ): string
}
const { encodeComponent, encodeStrictly } =
    require("../../src/iothub/percent") as {
        encodeComponent(text: string): string
        encodeStrictly(text: string): string
    }
const { encodeBase64, decodeBase64 } = require("../../src/iothub/base64") as {
    encodeBase64(data: Uint8Array): string
    decodeBase64(text: string): Uint8Array
}
const { parseConnectionString } =
    require("../../src/iothub/connectionstring") as {
        parseConnectionString(text: string): Parsed
    }
const { createTelemetryTopic } = require("../../src/iothub/telemetry") as {
    createTelemetryTopic(id: string, message: object): string
}
const { errorCode } = require("../../src/errors") as {
    errorCode(error: unknown): number
}
const { Buffer: DeviceBuffer } = require("../../sim/shim/buffer") as {
    Buffer: { from(data: ArrayLike<number>): Uint8Array }
}
/* eslint-enable @typescript-eslint/no-require-imports */

const seed = Number(process.env.SEED ?? randomInt(2 ** 31))
console.log(`SEED=${seed}`)

/** Random bytes that the seed gives again: SHA-256 in counter mode. */
function createRandom(stream: string) {
    let pool = Buffer.alloc(0)
    let counter = 0
    const bytes = (count: number): Buffer => {
        while (pool.length < count)
            pool = Buffer.concat([
                pool,
                createHash("sha256")
                    .update(`${seed} ${stream} ${counter++}`)
                    .digest(),
            ])
        const result = pool.subarray(0, count)
        pool = pool.subarray(count)
        return Buffer.from(result)
    }
    const below = (limit: number): number => bytes(6).readUIntBE(0, 6) % limit
    const pick = <T>(items: ArrayLike<T>): T => items[below(items.length)]
    const text = (characters: string, length: number): string =>
        Array.from({ length }, () => pick(characters)).join("")
    return { bytes, below, pick, text }
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
const ID = LETTERS + "-:.%_*?!(),=@$'"
const HOST = LETTERS + "-._"

/** A well-formed text with characters of one to four bytes. */
function unicode(
    random: ReturnType<typeof createRandom>,
    length: number
): string {
    return Array.from({ length }, () => {
        const range = random.pick([0x80, 0x80, 0x800, 0x10000, 0x110000])
        const code = random.below(range)
        return String.fromCodePoint(
            code >= 0xd800 && code < 0xe000 ? 0x20ac : code
        )
    }).join("")
}

describe("the IoT Hub layer against independent implementations", () => {
    test("1,000 tokens are those of azure-iot-common, byte for byte", () => {
        const random = createRandom("token")
        for (let i = 0; i < 1000; i++) {
            const host = random.text(HOST, 1 + random.below(60))
            const id = random.text(ID, 1 + random.below(128))
            const key = random.bytes(16 + random.below(49))
            const expiry = 1 + random.below(i % 2 ? 2 ** 31 : 253402300799)
            assert.equal(
                createToken(host, id, DeviceBuffer.from(key), expiry),
                SharedAccessSignature.create(
                    encodeUriComponentStrict(`${host}/devices/${id}`),
                    null as unknown as string,
                    key.toString("base64"),
                    expiry
                ).toString(),
                `case ${i}, SEED=${seed}`
            )
        }
    })

    test("2,000 random Unicode texts are encoded as encodeURIComponent does it", () => {
        const random = createRandom("percent")
        for (let i = 0; i < 2000; i++) {
            const text = unicode(random, random.below(120))
            assert.equal(
                encodeComponent(text),
                encodeURIComponent(text),
                `case ${i}, SEED=${seed}`
            )
            assert.equal(
                encodeStrictly(text),
                encodeUriComponentStrict(text),
                `case ${i}, SEED=${seed}`
            )
        }
    })

    test("2,000 random buffers are encoded and decoded as Node does it", () => {
        const random = createRandom("base64")
        for (let i = 0; i < 2000; i++) {
            const data = random.bytes(random.below(100))
            const text = encodeBase64(DeviceBuffer.from(data))
            assert.equal(
                text,
                data.toString("base64"),
                `case ${i}, SEED=${seed}`
            )
            assert.deepEqual(
                Buffer.from(decodeBase64(text)),
                data,
                `case ${i}, SEED=${seed}`
            )
        }
    })

    test("4,000 damaged base64 texts are refused, or are what Node makes of them in strict form", () => {
        const random = createRandom("base64 damage")
        let accepted = 0
        for (let i = 0; i < 4000; i++) {
            const text = [
                ...random.bytes(1 + random.below(40)).toString("base64"),
            ]
            const at = random.below(text.length)
            if (i % 2) text[at] = random.pick(LETTERS + "+/=-_ \nä")
            else
                text.splice(
                    at,
                    random.below(4),
                    ...random.text(LETTERS + "=", random.below(4))
                )
            const damaged = text.join("")
            const canonical =
                Buffer.from(damaged, "base64").toString("base64") === damaged
            try {
                const data = decodeBase64(damaged)
                assert.ok(
                    canonical,
                    `${damaged} was accepted, case ${i}, SEED=${seed}`
                )
                assert.deepEqual(
                    Buffer.from(data),
                    Buffer.from(damaged, "base64")
                )
                accepted++
            } catch (error) {
                if (!errorCode(error)) throw error
                assert.ok(
                    !canonical,
                    `${damaged} was refused, case ${i}, SEED=${seed}`
                )
                assert.equal(errorCode(error), 6001)
            }
        }
        assert.ok(accepted > 100 && accepted < 3900, `${accepted} accepted`)
    })

    test("1,000 connection strings are read as azure-iot-common reads them, and round-trip", () => {
        const random = createRandom("connection string")
        for (let i = 0; i < 1000; i++) {
            const parts = [
                ["HostName", random.text(HOST, 1 + random.below(60))],
                ["DeviceId", random.text(ID, 1 + random.below(128))],
                [
                    "SharedAccessKey",
                    random.bytes(16 + random.below(49)).toString("base64"),
                ],
            ]
            if (i % 2)
                parts.push([
                    "GatewayHostName",
                    random.text(HOST, 1 + random.below(60)),
                ])
            if (i % 3 === 0) parts.push(["Unknown" + i, random.text(ID, 5)])
            parts.sort(() => random.below(3) - 1)
            const text = parts.map(part => part.join("=")).join(";")
            const parsed = parseConnectionString(text)
            const sdk = SdkString.parse(text)
            assert.deepEqual(
                [
                    parsed.hostName,
                    parsed.deviceId,
                    parsed.sharedAccessKey,
                    parsed.gatewayHostName,
                ],
                [
                    sdk.HostName,
                    sdk.DeviceId,
                    sdk.SharedAccessKey,
                    sdk.GatewayHostName,
                ],
                `case ${i}, SEED=${seed}`
            )
            assert.equal(parsed.unknown.length, i % 3 === 0 ? 1 : 0)
            assert.deepEqual(parseConnectionString(format(parsed)), {
                ...parsed,
                unknown: [],
            })
        }
    })

    test("20,000 mutilated connection strings give a LeafError or parts that round-trip, never the key in a message", () => {
        const random = createRandom("fuzz")
        let refused = 0
        for (let i = 0; i < 20000; i++) {
            const key = random.bytes(32).toString("base64")
            const text = [
                ...`HostName=hub.azure-devices.net;DeviceId=d-${i};SharedAccessKey=${key};GatewayHostName=gw`,
            ]
            for (let count = random.below(4); count >= 0; count--) {
                const at = random.below(text.length)
                const insert = random.pick([
                    "",
                    "",
                    ";",
                    "=",
                    "DeviceId",
                    "x509=",
                    ";ModuleId=m",
                    unicode(random, 2),
                    "HostName=",
                ])
                text.splice(at, random.below(12), ...insert)
            }
            try {
                const parsed = parseConnectionString(text.join(""))
                assert.deepEqual(
                    parseConnectionString(format(parsed)),
                    { ...parsed, unknown: [] },
                    `case ${i}, SEED=${seed}`
                )
            } catch (error) {
                const code = errorCode(error)
                if (!code) throw error
                assert.ok(code > 6000 && code < 7000, `case ${i}, SEED=${seed}`)
                for (let at = 0; at + 8 <= key.length; at++)
                    assert.ok(
                        !(error as Error).message.includes(
                            key.slice(at, at + 8)
                        ),
                        `case ${i}, SEED=${seed}`
                    )
                refused++
            }
        }
        assert.ok(
            refused > 2000 && refused < 19000,
            `${refused} of 20,000 refused`
        )
    })

    test("2,000 random property bags come out again by querystring", () => {
        const random = createRandom("telemetry")
        for (let i = 0; i < 2000; i++) {
            const properties: Record<string, string> = {}
            for (let count = random.below(4); count > 0; count--)
                properties[`k${count}${unicode(random, random.below(5))}`] =
                    unicode(random, random.below(15))
            const messageId = random.text(ID, 1 + random.below(128))
            const topic = createTelemetryTopic("device", {
                messageId,
                contentType: "application/json",
                contentEncoding: "utf-8",
                properties,
            })
            assert.match(topic, /^devices\/device\/messages\/events\/[^/#+]*$/)
            assert.deepEqual(
                {
                    ...parseQuery(topic.split("/")[4], "&", "=", {
                        decodeURIComponent: unescape,
                        maxKeys: 0,
                    }),
                },
                {
                    "$.mid": messageId,
                    "$.ct": "application/json",
                    "$.ce": "utf-8",
                    ...properties,
                },
                `case ${i}, SEED=${seed}`
            )
        }
    })
})

function format(parsed: Parsed): string {
    const gateway = parsed.gatewayHostName
    return (
        `HostName=${parsed.hostName};DeviceId=${parsed.deviceId};SharedAccessKey=${parsed.sharedAccessKey}` +
        (gateway === undefined ? "" : `;GatewayHostName=${gateway}`)
    )
}
