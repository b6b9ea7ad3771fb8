/** The packet codec. The bytes are written down from the figures of MQTT 3.1.1, chapter 3. */
import { describe, expect, test } from "@devicescript/test"
import { writeUint16 } from "../../../src/bytes"
import { ErrorCode } from "../../../src/errors"
import {
    MAX_MESSAGE_BYTES,
    PacketType,
    checkHeader,
    decodePublish,
    encodeConnect,
    encodeEmpty,
    encodePuback,
    encodePublish,
    encodeSubscribe,
    encodeWill,
} from "../../../src/mqtt/packet"
import { expectBytes, expectCode } from "../check"

async function expectHeaderCode(
    code: ErrorCode,
    first: number,
    remaining: number
): Promise<void> {
    await expectCode(code, () => checkHeader(first, remaining))
}

async function expectPublishCode(
    code: ErrorCode,
    flags: number,
    body: Buffer
): Promise<void> {
    await expectCode(code, () => {
        decodePublish(flags, body, false)
    })
}

async function expectTopicRefused(topic: string): Promise<void> {
    await expectCode(ErrorCode.MqttTopic, () => {
        encodePublish(topic, Buffer.alloc(0), 0, 0, false)
    })
}

describe("mqtt packets out", () => {
    test("CONNECT has protocol name and level, flags, keep-alive, and the three texts in their order", () => {
        expectBytes(
            encodeConnect({
                clientId: "dev",
                username: "u",
                password: "pw",
                keepAliveSec: 120,
                cleanSession: false,
                will: hex``,
            }),
            // 3.1: flags user name and password
            hex`10 16 0004 4d515454 04 c0 0078 0003 646576 0001 75 0002 7077`
        )
    })

    test("CONNECT asks for a clean session when it is told to, and has both bytes of the keep-alive", () => {
        const packet = encodeConnect({
            clientId: "d",
            username: "",
            password: "",
            keepAliveSec: 1177,
            cleanSession: true,
            will: hex``,
        })
        expectBytes(
            packet,
            hex`10 11 0004 4d515454 04 c2 0499 0001 64 0000 0000`
        )
    })

    test("CONNECT has a will with QoS 1, not retained", () => {
        const packet = encodeConnect({
            clientId: "d",
            username: "u",
            password: "p",
            keepAliveSec: 1,
            cleanSession: false,
            will: encodeWill("t", hex`0102`),
        })
        expectBytes(
            packet,
            hex`10 1a 0004 4d515454 04 cc 0001 0001 64 0001 74 0002 0102 0001 75 0001 70`
        )
    })

    test("a will needs a topic that may be published to", async () => {
        await expectCode(ErrorCode.MqttTopic, () => {
            encodeWill("a/#", hex``)
        })
        await expectCode(ErrorCode.MqttTopic, () => {
            encodeWill("", hex``)
        })
    })

    test("PUBLISH with QoS 0 has no packet id", () => {
        expectBytes(
            encodePublish("a/b", hex`0102`, 0, 7, false),
            hex`30 07 0003 612f62 0102`
        )
    })

    test("PUBLISH with QoS 1 has its packet id, and DUP when it is told to", () => {
        expectBytes(
            encodePublish("a/b", hex`0102`, 1, 0xabcd, false),
            hex`32 09 0003 612f62 abcd 0102`
        )
        expectBytes(
            encodePublish("a/b", hex`0102`, 1, 1, true),
            hex`3a 09 0003 612f62 0001 0102`
        )
    })

    test("the remaining length takes one more byte from 128 and from 16,384 on", () => {
        const topicBytes = 3
        expectBytes(
            encodePublish("t", Buffer.alloc(127 - topicBytes), 0, 0, false)
                // The fixed header alone.
                .slice(0, 2),
            hex`30 7f`
        )
        expectBytes(
            encodePublish(
                "t",
                Buffer.alloc(128 - topicBytes),
                0,
                0,
                false
            ).slice(0, 3),
            hex`30 80 01`
        )
        expectBytes(
            encodePublish(
                "t",
                Buffer.alloc(16383 - topicBytes),
                0,
                0,
                false
            ).slice(0, 3),
            hex`30 ff 7f`
        )
        const long = encodePublish(
            "t",
            Buffer.alloc(16384 - topicBytes),
            0,
            0,
            false
        )
        expectBytes(long.slice(0, 4), hex`30 80 80 01`)
        expect(long.length).toBe(16388)
    })

    test("texts are UTF-8, and their length is in bytes", () => {
        expectBytes(
            encodePublish("é€", Buffer.alloc(0), 0, 0, false),
            hex`30 07 0005 c3a9 e282ac`
        )
    })

    test("PUBACK, SUBSCRIBE, PINGREQ and DISCONNECT are as the figures have them", () => {
        expectBytes(encodePuback(0x1234), hex`40 02 1234`)
        expectBytes(
            encodeSubscribe(10, "a/#", 1),
            hex`82 08 000a 0003 612f23 01`
        )
        expectBytes(encodeEmpty(PacketType.Pingreq), hex`c0 00`)
        expectBytes(encodeEmpty(PacketType.Disconnect), hex`e0 00`)
    })

    test("a topic that is empty, or has a wildcard or NUL in it, is not sent", async () => {
        await expectTopicRefused("")
        await expectTopicRefused("a/#")
        await expectTopicRefused("+/a")
        await expectTopicRefused("a\u0000b")
    })
})

describe("mqtt headers in", () => {
    test("the answers to a client pass with their own length and no flags", () => {
        checkHeader(0x20, 2)
        checkHeader(0x40, 2)
        checkHeader(0x90, 3)
        checkHeader(0xd0, 0)
    })

    test("[MQTT-2.2.2-2] an answer with a reserved flag is refused", async () => {
        for (const first of [0x21, 0x22, 0x44, 0x48, 0x92, 0xdf])
            await expectHeaderCode(
                ErrorCode.MqttFlags,
                first,
                first < 0x90 ? 2 : first < 0xd0 ? 3 : 0
            )
    })

    test("an answer of another length than its own is refused before it is read", async () => {
        await expectHeaderCode(ErrorCode.MqttMalformed, 0x20, 3)
        await expectHeaderCode(ErrorCode.MqttMalformed, 0x40, 1)
        await expectHeaderCode(ErrorCode.MqttMalformed, 0x90, 268435455)
        await expectHeaderCode(ErrorCode.MqttMalformed, 0x90, 2)
        await expectHeaderCode(ErrorCode.MqttMalformed, 0xd0, 1)
    })

    test("packets that only clients send, QoS 2's, and the reserved types are refused", async () => {
        for (const type of [0, 1, 5, 6, 7, 8, 10, 11, 12, 14, 15])
            await expectHeaderCode(ErrorCode.MqttUnexpectedPacket, type << 4, 2)
    })

    test("a message passes with QoS 0 and 1, DUP with QoS 1 only, RETAIN with either", async () => {
        for (const first of [0x30, 0x31, 0x32, 0x33, 0x3a, 0x3b])
            checkHeader(first, 100)
        await expectHeaderCode(ErrorCode.MqttFlags, 0x38, 100)
        await expectHeaderCode(ErrorCode.MqttFlags, 0x39, 100)
    })

    test("a message with QoS 2 is refused, and so is one with QoS 3", async () => {
        await expectHeaderCode(ErrorCode.MqttQos2, 0x34, 100)
        await expectHeaderCode(ErrorCode.MqttQos2, 0x3d, 100)
        await expectHeaderCode(ErrorCode.MqttFlags, 0x36, 100)
    })

    test("a message longer than any gateway sends is refused", async () => {
        checkHeader(0x30, MAX_MESSAGE_BYTES)
        await expectHeaderCode(
            ErrorCode.MqttPacketTooLong,
            0x30,
            MAX_MESSAGE_BYTES + 1
        )
    })
})

describe("mqtt messages in", () => {
    test("a message with QoS 0 is topic and payload", () => {
        const p = decodePublish(0, hex`0003 612f62 0102`, false)
        expect(p.topic).toBe("a/b")
        expect(p.packetId).toBe(0)
        expectBytes(p.payload, hex`0102`)
    })

    test("a message with QoS 1 has a packet id between them, and may have no payload", () => {
        const p = decodePublish(0xb, hex`0003 612f62 fffe`, false)
        expect(p.topic).toBe("a/b")
        expect(p.packetId).toBe(0xfffe)
        expect(p.payload.length).toBe(0)
    })

    test("a message that ends inside its topic or packet id is refused", async () => {
        await expectPublishCode(ErrorCode.MqttMalformed, 0, hex`0003 6162`)
        await expectPublishCode(ErrorCode.MqttMalformed, 2, hex`0001 61`)
        await expectPublishCode(ErrorCode.MqttMalformed, 2, hex`0001 61 00`)
        await expectPublishCode(ErrorCode.MqttMalformed, 0, hex`00`)
        await expectPublishCode(ErrorCode.MqttMalformed, 0, hex``)
    })

    test("[MQTT-2.3.1-1] a packet id of 0 is refused", async () => {
        await expectPublishCode(ErrorCode.MqttMalformed, 2, hex`0001 61 0000`)
    })

    test("[MQTT-4.7.3-1] [MQTT-3.3.2-2] [MQTT-1.5.3-2] an empty topic, a wildcard and NUL are refused", async () => {
        await expectPublishCode(ErrorCode.MqttTopic, 0, hex`0000 61`)
        await expectPublishCode(ErrorCode.MqttTopic, 0, hex`0002 612b`)
        await expectPublishCode(ErrorCode.MqttTopic, 0, hex`0002 2361`)
        await expectPublishCode(ErrorCode.MqttTopic, 0, hex`0003 610061`)
    })

    test("[MQTT-1.5.3-1] a topic that is no UTF-8 is refused", async () => {
        // A byte that never occurs, one that continues nothing, an overlong slash, a surrogate, past U+10FFFF, cut off.
        await expectPublishCode(ErrorCode.MqttTopic, 0, hex`0002 61ff`)
        await expectPublishCode(ErrorCode.MqttTopic, 0, hex`0001 80`)
        await expectPublishCode(ErrorCode.MqttTopic, 0, hex`0002 c0af`)
        await expectPublishCode(ErrorCode.MqttTopic, 0, hex`0003 eda080`)
        await expectPublishCode(ErrorCode.MqttTopic, 0, hex`0004 f4908080`)
        await expectPublishCode(ErrorCode.MqttTopic, 0, hex`0003 61e282`)
    })

    test("a topic beyond ASCII comes as it was sent; one with U+FFFD was damaged before", async () => {
        const p = decodePublish(0, hex`0009 c3a9 e282ac f09f9880`, false)
        expect(p.topic).toBe("é€😀")
        await expectPublishCode(ErrorCode.MqttTopic, 0, hex`0003 efbfbd`)
    })

    test("the longest topic that is kept takes no loop over its bytes", () => {
        const body = Buffer.alloc(8192)
        body.fillAt(0, 8192, 0x61)
        writeUint16(body, 0, 8190)
        for (let i = 0; i < 10; i++)
            expect(decodePublish(0, body, false).topic.length).toBe(8190)
    })

    test("of a cut message the topic must be whole", async () => {
        await expectCode(ErrorCode.MqttPacketTooLong, () => {
            decodePublish(2, hex`0003 6162`, true)
        })
        expect(decodePublish(2, hex`0001 61 0005 00`, true).packetId).toBe(5)
    })
})
