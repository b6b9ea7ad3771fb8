/** Random JSON through the whole path: gateway, TLS, topics, the VM's parser and printer, and back. */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Json } from "../../sim/gateway/twin"
import { type Random, seededRandom } from "../random"
import { DEVICE_ID, Site } from "../site"

const { MAX_JSON_BYTES, MAX_JSON_MARKS } = require("../../src/iothub/json") as {
    MAX_JSON_BYTES: number
    MAX_JSON_MARKS: number
}

const WAIT_MS = 30_000
const CALLS = 300

/** Names that objects have by themselves, and the shortest one. */
const NAMES = ["", "constructor", "length", "toString", "prototype"]

/** Well-formed text of characters of one to four bytes, control characters and what JSON escapes among them. */
function randomText(random: Random, length: number): string {
    let text = ""
    for (let i = 0; i < length; i++) {
        const code = random.below(
            random.pick([0x20, 0x80, 0x80, 0x100, 0x3000, 0x110000])
        )
        // No half of a pair.
        text += String.fromCodePoint(
            code >= 0xd800 && code < 0xe000 ? 0x22 : code
        )
    }
    return text
}

/** A value with the digits that the VM prints. */
function randomJson(random: Random, depth: number): Json {
    switch (random.below(depth > 0 ? 8 : 6)) {
        case 0:
            return null
        case 1:
            return random.oneIn(2)
        case 2:
            return random.between(-0x7fffffff, 0x7fffffff)
        case 3:
            return random.between(-99999, 99999) / random.pick([10, 100, 1000])
        case 4:
        case 5:
            return randomText(random, random.below(24))
        case 6:
            return Array.from({ length: random.below(5) }, () =>
                randomJson(random, depth - 1)
            )
        default:
            return Object.fromEntries(
                Array.from({ length: random.below(5) }, () => [
                    random.oneIn(8)
                        ? random.pick(NAMES)
                        : randomText(random, 1 + random.below(8)),
                    randomJson(random, depth - 1),
                ])
            )
    }
}

/** Brackets, commas and colons outside of texts, as the device counts them. */
function countMarks(value: Json): number {
    if (value === null || typeof value !== "object") return 0
    const children = Object.values(value)
    const separators = Math.max(0, children.length - 1)
    const colons = Array.isArray(value) ? 0 : children.length
    return children.reduce<number>(
        (sum, child) => sum + countMarks(child),
        1 + separators + colons
    )
}

function isTooLarge(payload: Json): boolean {
    return (
        Buffer.byteLength(JSON.stringify(payload)) > MAX_JSON_BYTES ||
        countMarks(payload) > MAX_JSON_MARKS
    )
}

test(`${CALLS} random JSON values and statuses come back from a device as they were sent, or are answered 413`, async () => {
    const random = seededRandom("echo")
    const site = await Site.create()
    try {
        const gateway = await site.startGateway({
            profile: random.pick(["edgehub", "hub"]),
        })
        const image = await site.compile("test/firmware/echo.ts")
        const subscribed = gateway.waitFor("subscribed", undefined, WAIT_MS)
        const device = await site.startDevice(image, {
            mqttPort: gateway.port,
        })
        await subscribed
        for (let i = 0; i < CALLS; i++) {
            const value = randomJson(random, 4)
            const status = random.below(1024)
            const payload = { status, value }
            const result = await gateway.methods.invoke(
                DEVICE_ID,
                "echo",
                payload
            )
            const call = `call ${i}, SEED=${random.seed}`
            if (isTooLarge(payload)) assert.equal(result.status, 413, call)
            else assert.deepEqual(result, { status, payload: value }, call)
        }
        assert.deepEqual(device.panics, [])
    } finally {
        await site.close()
    }
})
