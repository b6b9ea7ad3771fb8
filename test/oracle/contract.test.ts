/**
 * The wire contract from both of its ends: what the device writes the gateway reads, and the other way round, on random input. Azure's
 * SDK and `mqtt-packet` judge each text and packet on its way, so that the two ends cannot be wrong in the same manner.
 *
 * `SEED=… node built/test/run.js oracle/contract` repeats a run.
 */
import assert from "node:assert/strict"
import { before, after, describe, test } from "node:test"
import { Message } from "azure-iot-common"
import fc from "fast-check"
import { parser, type Packet } from "mqtt-packet"
import { parseUsername } from "../../sim/gateway/authenticate"
import { newEntry } from "../../sim/gateway/cloudmessage"
import { Framer, readPacket } from "../../sim/gateway/frames"
import {
    methodTopic,
    readOperation,
    twinAnswerTopic,
} from "../../sim/gateway/operationtopics"
import { PROFILES, type ProfileName } from "../../sim/gateway/profiles"
import { checkToken } from "../../sim/gateway/token"
import { readTelemetryTopic } from "../../sim/gateway/topics"
import { check, deviceId, text } from "../sim/gateway/property"
import { SdkWire } from "./sdkwire"

interface CloudMessage {
    messageId?: string
    correlationId?: string
    contentType?: string
    contentEncoding?: string
    properties: Record<string, string>
}

// Device code: loosely typed, as it must not be checked with Node's types.
/* eslint-disable @typescript-eslint/no-require-imports */
const { createToken: deviceToken } = require("../../src/iothub/sas") as {
    createToken(
        host: string,
        id: string,
        key: Uint8Array,
        expirySec: number
    ): string
}
const { createUsername } = require("../../src/iothub/username") as {
    createUsername(
        hub: string,
        id: string,
        clientType: string,
        modelId: string
    ): string
}
const { createTelemetryTopic } = require("../../src/iothub/telemetry") as {
    createTelemetryTopic(id: string, message: object): string
}
const { readCloudMessage, cloudMessageTopic, MAX_PROPERTIES } =
    require("../../src/iothub/cloudmessage") as {
        readCloudMessage(
            topic: string,
            prefix: string,
            body: Uint8Array
        ): CloudMessage
        cloudMessageTopic(id: string): string
        MAX_PROPERTIES: number
    }
const deviceOperations = require("../../src/iothub/operations") as {
    readOperation(
        topic: string,
        prefix: string
    ): { name: string; rid: string } | undefined
    METHODS: string
    TWIN_ANSWERS: string
}
const { MAX_TOPIC_LENGTH } = require("../../src/iothub/telemetry") as {
    MAX_TOPIC_LENGTH: number
}
const codec = require("../../src/mqtt/packet") as {
    encodeConnect(fields: object): Uint8Array
    encodePublish(
        topic: string,
        payload: Uint8Array,
        qos: number,
        packetId: number,
        duplicate: boolean
    ): Uint8Array
    encodePuback(packetId: number): Uint8Array
    encodeSubscribe(packetId: number, filter: string, qos: number): Uint8Array
    encodeWill(topic: string, payload: Uint8Array): Uint8Array
}
const { errorCode } = require("../../src/errors") as {
    errorCode(error: unknown): number
}
const { Buffer: DeviceBuffer } = require("../../sim/shim/buffer") as {
    Buffer: { from(data: ArrayLike<number>): Uint8Array }
}
/* eslint-enable @typescript-eslint/no-require-imports */

const TOPIC_TOO_LONG = 6019
const TEXT_TOO_LONG = 6020
const PROPERTIES_TOO_LARGE = 6024

const NAMES: ProfileName[] = ["edgehub", "hub"]
const NOW_MS = Date.UTC(2026, 0, 31, 12)
const ID = "leaf-1"

const host = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9.-]{0,60}$/)
const key = fc.uint8Array({ minLength: 16, maxLength: 64 })
const propertyName = text.filter(
    name =>
        name !== "" &&
        !name.startsWith("$") &&
        name !== "iothub-ack" &&
        // Node's objects have it already; the device's do not.
        name !== "__proto__"
)
const properties = fc
    .array(fc.tuple(propertyName, text), { maxLength: 8 })
    .map(pairs => Object.fromEntries(pairs))
const messageId = fc.option(
    fc.stringMatching(/^[A-Za-z0-9\-:.+%_#*?!(),=@;$']{1,60}$/),
    { nil: undefined }
)

describe("tokens and user names", () => {
    test("that the device makes are taken by the gateway, until they have expired there", t =>
        check(
            t,
            1000,
            fc.property(
                host,
                deviceId,
                key,
                fc.integer({ min: 1, max: 0x7fffffff }),
                (name, id, secret, expirySec) => {
                    const bytes = DeviceBuffer.from(secret)
                    const token = deviceToken(name, id, bytes, expirySec)
                    const base64 = Buffer.from(secret).toString("base64")
                    const at = (nowSec: number, device = id) =>
                        checkToken(token, {
                            deviceId: device,
                            hosts: [name.toUpperCase()],
                            keys: ["", base64],
                            nowMs: nowSec * 1000,
                            skewSec: 300,
                        })
                    assert.deepEqual(at(expirySec + 299), {
                        ok: true,
                        expirySec,
                    })
                    const late = at(expirySec + 300)
                    assert.equal(late.ok || late.reason, "expired-token")
                    const other = at(0, `${id}x`)
                    assert.equal(other.ok || other.reason, "wrong-audience")
                }
            )
        ))

    test("say to the gateway which device it is and of what kind", t =>
        check(
            t,
            1000,
            fc.property(
                host,
                deviceId,
                fc.string({ unit: "grapheme", maxLength: 40 }),
                fc.constantFrom("", "dtmi:example:leaf;1"),
                (hub, id, clientType, modelId) => {
                    const read = parseUsername(
                        createUsername(hub, id, clientType, modelId)
                    )
                    assert.deepEqual(read, {
                        host: hub,
                        deviceId: id,
                        moduleId: undefined,
                        parameters: new Map([
                            ["api-version", "2021-04-12"],
                            ...(clientType
                                ? [["DeviceClientType", clientType] as const]
                                : []),
                            ...(modelId
                                ? [["model-id", modelId] as const]
                                : []),
                        ]),
                    })
                }
            )
        ))
})

describe("property bags", () => {
    const sdk = new SdkWire(ID)
    before(() => sdk.open())
    after(() => sdk.close())

    test("of the device are read by the gateway, and by the SDK's reader, as they were meant", t => {
        let tooLong = 0
        return check(
            t,
            2000,
            fc.property(
                messageId,
                messageId,
                fc.constantFrom(undefined, "application/json"),
                properties,
                (id, correlationId, contentType, own) => {
                    const contentEncoding = contentType && "utf-8"
                    const sent = {
                        messageId: id,
                        correlationId,
                        contentType,
                        contentEncoding,
                        properties: own,
                    }
                    let topic: string
                    try {
                        topic = createTelemetryTopic(ID, sent)
                    } catch (error) {
                        assert.ok(
                            [TOPIC_TOO_LONG, TEXT_TOO_LONG].includes(
                                errorCode(error)
                            ),
                            String(error)
                        )
                        tooLong++
                        return
                    }
                    const read = readTelemetryTopic(topic, ID)
                    assert.ok(read.ok, topic)
                    assert.deepEqual(read.properties, own)
                    const system = Object.entries({
                        messageId: id,
                        correlationId,
                        contentType,
                        contentEncoding,
                    }).filter(([, value]) => value !== undefined)
                    assert.deepEqual(
                        read.systemProperties,
                        Object.fromEntries(system)
                    )
                    // The same bag, as if it had come from the cloud.
                    const judged = sdk.cloudMessage(
                        topic.replace("/events/", "/devicebound/")
                    )
                    assert.deepEqual(listed(judged), own)
                    assert.equal(judged?.messageId, id ?? "")
                    assert.equal(judged?.contentType, contentType)
                }
            )
        ).then(() => assert.ok(tooLong < 500, `${tooLong} were too long`))
    })

    test("of the SDK are read by the gateway as they were meant", t =>
        check(
            t,
            2000,
            fc.property(text, text, properties, (id, user, own) => {
                const message = new Message("x")
                if (id) message.messageId = id
                if (user) message.userId = user
                message.contentType = "application/json"
                for (const [name, value] of Object.entries(own))
                    message.properties.add(name, value)
                const read = readTelemetryTopic(sdk.telemetryTopic(message), ID)
                assert.ok(read.ok)
                assert.deepEqual(read.properties, own)
                assert.deepEqual(read.systemProperties, {
                    ...(id ? { messageId: id } : {}),
                    ...(user ? { userId: user } : {}),
                    contentType: "application/json",
                })
            })
        ))

    for (const profile of NAMES)
        test(`of ${profile} say the same to the device and to the SDK`, t => {
            let tooLarge = 0
            return check(
                t,
                2000,
                fc.property(
                    fc.record({
                        properties,
                        messageId: fc.option(text, { nil: undefined }),
                        correlationId: fc.option(text, { nil: undefined }),
                        contentType: fc.option(text, { nil: undefined }),
                        contentEncoding: fc.option(text, { nil: undefined }),
                        userId: fc.option(text, { nil: undefined }),
                        to: fc.constantFrom(null, undefined),
                    }),
                    sent => {
                        const { topic } = newEntry(
                            ID,
                            1,
                            sent,
                            PROFILES[profile],
                            NOW_MS
                        )
                        const prefix = cloudMessageTopic(ID)
                        const body = DeviceBuffer.from([])
                        const bag = topic.slice(prefix.length + 1)
                        if (
                            bag.length > MAX_TOPIC_LENGTH ||
                            bag.split("&").length > MAX_PROPERTIES
                        ) {
                            assert.equal(
                                codeOf(() =>
                                    readCloudMessage(topic, prefix, body)
                                ),
                                PROPERTIES_TOO_LARGE
                            )
                            tooLarge++
                            return
                        }
                        const read = readCloudMessage(topic, prefix, body)
                        const {
                            "$.to": to,
                            "$.uid": user,
                            ...own
                        } = read.properties
                        assert.deepEqual(own, sent.properties)
                        assert.deepEqual(
                            [
                                read.messageId,
                                read.correlationId,
                                read.contentType,
                                read.contentEncoding,
                                user,
                                to,
                            ],
                            [
                                sent.messageId,
                                sent.correlationId,
                                sent.contentType,
                                sent.contentEncoding,
                                sent.userId,
                                sent.to === null ? undefined : `/${prefix}`,
                            ]
                        )
                        // The SDK does not hear of a topic that has no slash at its end.
                        if (topic === prefix) return
                        const judged = sdk.cloudMessage(topic)
                        assert.deepEqual(listed(judged), sent.properties)
                        assert.equal(judged?.messageId, sent.messageId ?? "")
                        assert.equal(judged?.userId, sent.userId ?? "")
                    }
                )
            ).then(() => assert.ok(tooLarge < 500, `${tooLarge} too large`))
        })
})

describe("requests and answers", () => {
    const sdk = new SdkWire(ID)
    before(() => sdk.open())
    after(() => sdk.close())

    const rid = fc.oneof(
        fc.uuid(),
        fc.nat().map(n => n.toString(16)),
        fc.stringMatching(/^[A-Za-z0-9_.~-]{1,40}$/)
    )

    test("for methods are read by the device and the SDK, and the gateway knows the answer as its own", t =>
        check(
            t,
            1000,
            fc.property(
                // The SDK reads names as parts of a URL, so that others change for it.
                fc.stringMatching(/^[A-Za-z0-9!*\-._~]{1,40}$/),
                rid,
                fc.integer({ min: -1, max: 999 }),
                (name, id, status) => {
                    const topic = methodTopic(name, id)
                    const { METHODS } = deviceOperations
                    assert.deepEqual(
                        deviceOperations.readOperation(topic, METHODS),
                        { name, rid: id }
                    )
                    assert.equal(sdk.methodRid(name, topic), id)
                    assert.deepEqual(
                        readOperation(
                            `$iothub/methods/res/${status}/?$rid=${id}`
                        ),
                        { kind: "method-reply", rid: id, status }
                    )
                }
            )
        ))

    test("of the twin are answered so that who asked knows which it is", t =>
        check(
            t,
            1000,
            fc.property(
                rid,
                fc.constantFrom(200, 204, 400, 429, 503),
                fc.option(fc.nat(), { nil: undefined }),
                (id, status, version) => {
                    const asked = readOperation(`$iothub/twin/GET/?$rid=${id}`)
                    assert.deepEqual(asked, { kind: "read-twin", rid: id })
                    assert.deepEqual(
                        deviceOperations.readOperation(
                            twinAnswerTopic(status, id, version),
                            deviceOperations.TWIN_ANSWERS
                        ),
                        { name: `${status}`, rid: id }
                    )
                    const { heard } = sdk.twin(topic => {
                        const request = readOperation(topic)
                        assert.equal(request?.kind, "read-twin")
                        return twinAnswerTopic(
                            status,
                            (request as { rid: string }).rid,
                            version
                        )
                    })
                    assert.ok(heard)
                }
            )
        ))
})

describe("packets of the device", () => {
    const payload = fc.uint8Array({ maxLength: 300 })
    // No surrogate that stands alone, no NUL, and not what the device's VM replaces.
    const line = fc
        .string({ unit: "binary", maxLength: 60 })
        .map(s => s.replace(/[\0\ufffd-\uffff]/g, "x"))
    const topic = line.map(s => s.replace(/[+#]/g, "/") || "t")
    const packetId = fc.integer({ min: 1, max: 65_535 })

    /** As the gateway reads it, and `mqtt-packet` does not read it otherwise. */
    function received(bytes: Uint8Array): Packet {
        const framer = new Framer(262_144)
        framer.push(Buffer.from(bytes))
        const frame = framer.next()
        assert.ok(frame)
        assert.equal(frame.length, bytes.length)
        const read = readPacket(frame)
        const judge = parser({ protocolVersion: 4 })
        let judged: Packet | undefined
        judge.on("packet", packet => (judged = packet))
        judge.parse(Buffer.from(bytes))
        assert.deepEqual(read, judged)
        return read
    }

    test("PUBLISH, SUBSCRIBE and PUBACK are read as they were meant", t =>
        check(
            t,
            1000,
            fc.property(
                topic,
                payload,
                fc.constantFrom<0 | 1>(0, 1),
                packetId,
                fc.boolean(),
                (name, body, qos, id, again) => {
                    const dup = again && qos > 0
                    const publish = received(
                        codec.encodePublish(
                            name,
                            DeviceBuffer.from(body),
                            qos,
                            id,
                            dup
                        )
                    )
                    assert.ok(publish.cmd === "publish")
                    assert.deepEqual(
                        [
                            publish.topic,
                            publish.payload,
                            publish.qos,
                            publish.dup,
                            publish.retain,
                            publish.messageId,
                        ],
                        [
                            name,
                            Buffer.from(body),
                            qos,
                            dup,
                            false,
                            qos ? id : undefined,
                        ]
                    )
                    const subscribe = received(
                        codec.encodeSubscribe(id, `${name}/#`, qos)
                    )
                    assert.ok(subscribe.cmd === "subscribe")
                    assert.equal(subscribe.messageId, id)
                    assert.deepEqual(
                        subscribe.subscriptions.map(s => [s.topic, s.qos]),
                        [[`${name}/#`, qos]]
                    )
                    const puback = received(codec.encodePuback(id))
                    assert.equal(puback.messageId, id)
                }
            )
        ))

    test("CONNECT is read as it was meant, with a will and without", t =>
        check(
            t,
            1000,
            fc.property(
                line,
                line,
                line,
                fc.integer({ min: 0, max: 65_535 }),
                fc.option(fc.tuple(topic, payload), { nil: undefined }),
                (clientId, username, password, keepAliveSec, will) => {
                    const connect = received(
                        codec.encodeConnect({
                            clientId,
                            username,
                            password,
                            keepAliveSec,
                            cleanSession: false,
                            will: will
                                ? codec.encodeWill(
                                      will[0],
                                      DeviceBuffer.from(will[1])
                                  )
                                : DeviceBuffer.from([]),
                        })
                    )
                    assert.ok(connect.cmd === "connect")
                    assert.deepEqual(
                        [
                            connect.clientId,
                            connect.username,
                            String(connect.password),
                            connect.keepalive,
                            connect.clean,
                            connect.will?.topic,
                            connect.will?.payload,
                        ],
                        [
                            clientId,
                            username,
                            password,
                            keepAliveSec,
                            false,
                            will?.[0],
                            will && Buffer.from(will[1]),
                        ]
                    )
                }
            )
        ))
})

/** The application properties of a message of the SDK, without what the hub adds. */
function listed(message: Message | undefined): Record<string, string> {
    assert.ok(message, "the SDK takes it for no message")
    const pairs = message.properties.propertyList as {
        key: string
        value: string
    }[]
    return Object.fromEntries(pairs.map(({ key, value }) => [key, value]))
}

/** The code of the error that this throws. */
function codeOf(run: () => unknown): number {
    try {
        run()
    } catch (error) {
        return errorCode(error)
    }
    return 0
}
