/** Topics of cloud-to-device messages: encoded here, decoded as Microsoft's SDK for Node does, on random input. */
import assert from "node:assert/strict"
import { parse } from "node:querystring"
import { describe, test } from "node:test"
import { Message } from "azure-iot-common"
import fc from "fast-check"
import {
    newEntry,
    type CloudMessageRequest,
} from "../../../sim/gateway/cloudmessage"
import { PROFILES, type ProfileName } from "../../../sim/gateway/profiles"
import { check, deviceId, text } from "./property"

const NAMES: ProfileName[] = ["edgehub", "hub"]
const NOW_MS = Date.UTC(2026, 0, 31, 12)

function topic(
    device: string,
    request: CloudMessageRequest,
    profile: ProfileName
): string {
    return newEntry(device, 1, request, PROFILES[profile], NOW_MS).topic
}

/** A message as azure-iot-device-mqtt makes it of a topic: the fifth part, cut at `&` and `=`. */
function sdkMessage(name: string): Message {
    const message = new Message("")
    const bag = name.split("/")[4]
    for (const pair of bag ? bag.split("&") : []) {
        const [key, value] = pair.split("=").map(decodeURIComponent)
        switch (key) {
            case "$.mid":
                message.messageId = value
                break
            case "$.to":
                message.to = value
                break
            case "$.exp":
                message.expiryTimeUtc = value
                break
            case "$.cid":
                message.correlationId = value
                break
            case "$.uid":
                message.userId = value
                break
            case "$.ct":
                message.contentType = value as never
                break
            case "$.ce":
                message.contentEncoding = value as never
                break
            default:
                message.properties.add(key, value)
        }
    }
    return message
}

const name = text.filter(
    value => value !== "" && !value.startsWith("$") && value !== "iothub-ack"
)
const short = fc.option(text, { nil: undefined })
const request: fc.Arbitrary<CloudMessageRequest> = fc.record({
    properties: fc
        .array(fc.tuple(name, text), { maxLength: 8 })
        .map(pairs => Object.fromEntries(pairs)),
    messageId: short,
    correlationId: short,
    userId: short,
    contentType: short,
    contentEncoding: short,
    to: fc.oneof(text, fc.constant(null), fc.constant(undefined)),
    expiryMs: fc.option(fc.integer({ min: 1, max: 172_800_000 }), {
        nil: undefined,
    }),
})

describe("the topic of a message", () => {
    for (const profile of NAMES)
        test(`of ${profile} says to the SDK what was sent`, t =>
            check(
                t,
                1000,
                fc.property(deviceId, request, (device, sent) => {
                    const made = topic(device, sent, profile)
                    const prefix = `devices/${device}/messages/devicebound`
                    assert.ok(made === prefix || made.startsWith(`${prefix}/`))
                    // No part of a bag is taken for a level of the topic, or a wildcard.
                    assert.match(made.slice(prefix.length), /^(\/[^/+#\0]*)?$/)
                    const read = sdkMessage(made)
                    const { to = `/${prefix}` } = sent
                    const expiry = sent.expiryMs
                    assert.deepEqual(
                        {
                            messageId: read.messageId,
                            correlationId: read.correlationId,
                            userId: read.userId,
                            contentType: read.contentType,
                            contentEncoding: read.contentEncoding,
                            to: read.to,
                            exp: read.expiryTimeUtc as unknown,
                        },
                        {
                            // In the SDK's message these are empty if they are not there.
                            messageId: sent.messageId ?? "",
                            correlationId: sent.correlationId ?? "",
                            userId: sent.userId ?? "",
                            contentType: sent.contentType,
                            contentEncoding: sent.contentEncoding,
                            to: to ?? "",
                            exp:
                                expiry === undefined
                                    ? undefined
                                    : new Date(NOW_MS + expiry).toISOString(),
                        }
                    )
                    assert.deepEqual(
                        read.properties.propertyList.map(
                            ({
                                key,
                                value,
                            }: {
                                key: string
                                value: string
                            }) => [key, value]
                        ),
                        Object.entries(sent.properties ?? {})
                    )
                })
            ))

    test("says the same to Node's own reader of such texts, and nothing that was not sent", t =>
        check(
            t,
            500,
            fc.property(request, sent => {
                const { to, properties, expiryMs } = sent
                const expected = new Map(Object.entries(properties ?? {}))
                for (const [wire, value] of [
                    ["$.mid", sent.messageId],
                    ["$.cid", sent.correlationId],
                    ["$.uid", sent.userId],
                    ["$.ct", sent.contentType],
                    ["$.ce", sent.contentEncoding],
                ] as const)
                    if (value !== undefined) expected.set(wire, value)
                const home = "/devices/d/messages/devicebound"
                if (to !== null) expected.set("$.to", to ?? home)
                if (expiryMs !== undefined)
                    expected.set(
                        "$.exp",
                        new Date(NOW_MS + expiryMs).toISOString()
                    )
                const bag = topic("d", sent, "hub").split("/")[4]
                const read = parse(bag, "&", "=", { maxKeys: 0 })
                assert.deepEqual(new Map(Object.entries(read)), expected)
            })
        ))

    test("is as a hub is known to write it", () => {
        assert.equal(
            topic(
                "leaf-1",
                { messageId: "m/1", contentEncoding: "utf-8", ack: "none" },
                "hub"
            ),
            "devices/leaf-1/messages/devicebound/%24.mid=m%2F1&%24.ce=utf-8&%24.to=%2Fdevices%2Fleaf-1%2Fmessages%2Fdevicebound&iothub-ack=none"
        )
    })

    test("has the application's properties first on edgehub, and the hub's first on a hub", () => {
        const sent = { properties: { a: "1" }, messageId: "m", to: null }
        const start = "devices/d/messages/devicebound"
        assert.equal(topic("d", sent, "edgehub"), `${start}/a=1&%24.mid=m`)
        assert.equal(topic("d", sent, "hub"), `${start}/%24.mid=m&a=1`)
    })

    test("without properties ends in a slash on a hub, and without one on edgehub", () => {
        const start = "devices/d/messages/devicebound"
        assert.equal(topic("d", { to: null }, "edgehub"), start)
        assert.equal(topic("d", { to: null }, "hub"), `${start}/`)
    })
})
