/** The telemetry topic and its property bag. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { encodeUriComponentStrict } from "azure-iot-common"
import fc from "fast-check"
import {
    readPropertyBag,
    readTelemetryTopic,
    telemetryTopic,
    type SystemProperties,
} from "../../../sim/gateway/topics"
import { check, deviceId, text } from "./property"

const key = text.filter(name => name !== "" && !name.startsWith("$."))
const systemNames = [
    "messageId",
    "correlationId",
    "contentType",
    "contentEncoding",
    "userId",
    "creationTimeUtc",
    "expiryTimeUtc",
    "to",
    "outputName",
    "componentName",
] as const

describe("a telemetry topic", () => {
    test("that is built is read as it was meant, for any properties", t =>
        check(
            t,
            1000,
            fc.property(
                deviceId,
                fc.dictionary(fc.oneof(key, fc.constant("__proto__")), text),
                fc.dictionary(fc.constantFrom(...systemNames), text),
                fc.constantFrom("", "/"),
                (device, properties, systemProperties, slash) => {
                    const topic = telemetryTopic(device, {
                        properties,
                        systemProperties: systemProperties as SystemProperties,
                    })
                    assert.doesNotMatch(topic, /[+#\0]/)
                    assert.deepEqual(
                        readTelemetryTopic(
                            // The topic without a bag ends with its slash already.
                            topic.endsWith("/") ? topic : topic + slash,
                            device
                        ),
                        {
                            ok: true,
                            properties: { ...properties },
                            systemProperties: { ...systemProperties },
                        }
                    )
                }
            )
        ))

    test("whose bag is encoded by azure-iot-common is read", t =>
        check(
            t,
            1000,
            fc.property(
                deviceId,
                fc.uniqueArray(fc.tuple(key, text), {
                    selector: ([name]) => name,
                }),
                (device, pairs) => {
                    const bag = pairs
                        .map(pair =>
                            pair.map(encodeUriComponentStrict).join("=")
                        )
                        .join("&")
                    assert.deepEqual(
                        readTelemetryTopic(
                            `devices/${device}/messages/events/${bag}`,
                            device
                        ),
                        {
                            ok: true,
                            properties: Object.fromEntries(pairs),
                            systemProperties: {},
                        }
                    )
                }
            )
        ))

    test("may have an encoded device id, and its last slash may be missing", () => {
        for (const topic of [
            "devices/a%25b/messages/events",
            "devices/a%25b/messages/events/",
            "devices/a%b/messages/events/",
        ])
            assert.equal(readTelemetryTopic(topic, "a%b").ok, true, topic)
    })

    test("of random text never throws, and is none unless it is one", t =>
        check(
            t,
            1000,
            fc.property(
                fc
                    .array(
                        fc.oneof(
                            fc.constantFrom(
                                "devices",
                                "d",
                                "messages",
                                "events",
                                "/",
                                "/",
                                "a=1",
                                "%"
                            ),
                            text
                        )
                    )
                    .map(parts => parts.join("")),
                topic => {
                    const { ok } = readTelemetryTopic(topic, "d")
                    if (ok)
                        assert.match(
                            topic,
                            /^devices\/(d|%64)\/messages\/events(\/[^/]*\/?)?$/s
                        )
                }
            )
        ))

    for (const [topic, reason] of [
        ["devices/D/messages/events/", "the topic of another device"],
        ["devices/d/messages/events/a=1/b", "no telemetry topic"],
        ["devices/d/modules/m/messages/events/", "no telemetry topic"],
        ["/devices/d/messages/events/", "no telemetry topic"],
        ["devices/d/messages/eventsx/", "no telemetry topic"],
        ["Devices/d/messages/events/", "no telemetry topic"],
        ["devices/d/messages/events/%=1", "no property bag"],
        ["devices/d/messages/events/a=%c3", "no property bag"],
        ["devices/d/messages/events/a=1=2", "no property bag"],
        ["devices/d/messages/events/=1", "no property bag"],
        ["devices/d/messages/events/a=1&", "no property bag"],
        ["devices/d/messages/events/&a=1", "no property bag"],
    ])
        test(`is refused: ${topic}`, () => {
            assert.deepEqual(readTelemetryTopic(topic, "d"), {
                ok: false,
                reason,
            })
        })
})

describe("a property bag", () => {
    test("may have a key without a value, and the last of two keys wins", () => {
        assert.deepEqual(
            [...(readPropertyBag("a&b=&c=1&c=2") ?? [])],
            [
                ["a", ""],
                ["b", ""],
                ["c", "2"],
            ]
        )
    })

    test("keeps a plus sign", () => {
        assert.equal(readPropertyBag("a=1+2")?.get("a"), "1+2")
    })

    test("keeps a system property that nobody knows among the others", () => {
        const read = readTelemetryTopic(
            "devices/d/messages/events/%24.zz=1&%24.mid=2",
            "d"
        )
        assert.deepEqual(read, {
            ok: true,
            properties: { "$.zz": "1" },
            systemProperties: { messageId: "2" },
        })
    })
})
