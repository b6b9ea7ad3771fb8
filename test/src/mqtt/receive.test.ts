/** Messages in and subscriptions. */
import { describe, expect, test } from "@devicescript/test"
import { ErrorCode, LeafError } from "../../../src/errors"
import type { IncomingPublish } from "../../../src/mqtt/packet"
import { MAX_PACKET_BYTES } from "../../../src/mqtt/packetreader"
import { MAX_OWED } from "../../../src/mqtt/session"
import { expectCode } from "../check"
import { connectedRig, message } from "./rig"

async function expectPollCode(code: ErrorCode, bytes: Buffer): Promise<void> {
    const rig = await connectedRig()
    rig.pipe.send(bytes)
    await expectCode(code, async () => {
        await rig.handleAll()
    })
    expect(rig.takeLog()).toBe("")
}

describe("mqtt receive", () => {
    test("a message with QoS 0 reaches the handler and is not acknowledged", async () => {
        const rig = await connectedRig()
        rig.pipe.send(hex`30050001610102`)
        await rig.handleAll()
        expect(rig.takeLog()).toBe("received a 0102")
    })

    test("a message with QoS 1 is acknowledged when it was handled, and not before", async () => {
        const rig = await connectedRig()
        let held: IncomingPublish = undefined
        rig.onReceived = message => {
            held = message
        }
        rig.pipe.send(hex`320600016110ff09`)
        await rig.handleAll()
        await rig.session.poll(0)
        expect(rig.takeLog()).toBe("received a 09")
        held.isHandled = true
        await rig.session.poll(0)
        expect(rig.takeLog()).toBe("wrote 400210ff")
    })

    test("acknowledgements keep the order in which the messages came, whatever is handled first", async () => {
        const rig = await connectedRig()
        const held: IncomingPublish[] = []
        rig.onReceived = message => {
            held.push(message)
        }
        rig.pipe.send(
            hex`3205000161000a 3205000162000b 3003000164 3205000163000c`
        )
        for (let i = 0; i < 4; i++) await rig.session.poll(0)
        rig.takeLog()
        held[1].isHandled = true
        await rig.session.poll(0)
        expect(rig.takeLog()).toBe("")
        held[0].isHandled = true
        await rig.session.poll(0)
        expect(rig.takeLog()).toBe("wrote 4002000a, wrote 4002000b")
        expect(rig.session.isOwing()).toBe(true)
        held[3].isHandled = true
        await rig.session.poll(0)
        expect(rig.takeLog()).toBe("wrote 4002000c")
        expect(rig.session.isOwing()).toBe(false)
    })

    test("of unhandled messages only so many are kept", async () => {
        const rig = await connectedRig()
        rig.onReceived = () => {}
        for (let i = 0; i < MAX_OWED; i++) {
            rig.pipe.send(hex`32050001610001`)
            await rig.session.poll(0)
        }
        rig.pipe.send(hex`32050001610001`)
        await expectCode(ErrorCode.MqttTooManyMessages, async () => {
            await rig.session.poll(0)
        })
    })

    test("each poll handles one packet, and they keep their order", async () => {
        const rig = await connectedRig()
        rig.pipe.send(hex`3205000161000a 3205000162000b`)
        await rig.session.poll(0)
        expect(rig.takeLog()).toBe("received a , wrote 4002000a")
        await rig.session.poll(0)
        expect(rig.takeLog()).toBe("received b , wrote 4002000b")
    })

    test("messages with the same packet id are different messages, as edgeHub gives every one the id 1", async () => {
        const rig = await connectedRig()
        rig.pipe.send(hex`32060001610001 01 3a060001610001 02`)
        await rig.session.poll(0)
        await rig.session.poll(0)
        expect(rig.takeLog()).toBe(
            "received a 01, wrote 40020001, received a 02, wrote 40020001"
        )
    })

    test("an error of the handler ends the session as it is, without a PUBACK", async () => {
        const rig = await connectedRig()
        rig.onReceived = () => {
            throw new LeafError(ErrorCode.SettingInvalid, "app: by the test")
        }
        rig.pipe.send(hex`3205000161000a`)
        await expectCode(ErrorCode.SettingInvalid, async () => {
            await rig.handleAll()
        })
        expect(rig.takeLog()).toBe("received a ")
    })

    test("a message comes whole out of pieces of any size", async () => {
        for (let pieceBytes = 1; pieceBytes < 12; pieceBytes++) {
            const rig = await connectedRig()
            rig.pipe.pieceBytes = pieceBytes
            rig.pipe.send(hex`3206000161000a 09 3004000162 08`)
            await rig.handleAll()
            await rig.handleAll()
            expect(rig.takeLog()).toBe(
                "received a 09, wrote 4002000a, received b 08"
            )
        }
    })

    test("a message over the limit is told of with its beginning, counted and acknowledged, and the connection lives", async () => {
        const rig = await connectedRig()
        // Topic a, packet id 10; the remaining length is one over the limit.
        const long = Buffer.alloc(3 + MAX_PACKET_BYTES + 1)
        long.set(hex`32 8118 000161 000a`, 0)
        rig.pipe.pieceBytes = 1024
        rig.pipe.send(long)
        rig.pipe.send(hex`3003000162`)
        await rig.handleAll()
        expect(rig.takeLog()).toBe(
            `received a ${MAX_PACKET_BYTES - 5} bytes, cut, wrote 4002000a, received b `
        )
        expect(rig.session.oversized).toBe(1)
    })

    test("a message of just the limit reaches the handler", async () => {
        const rig = await connectedRig()
        const most = Buffer.alloc(3 + MAX_PACKET_BYTES)
        most.set(hex`30 8018 000162`, 0)
        rig.pipe.send(most)
        await rig.handleAll()
        expect(rig.takeLog()).toBe(`received b ${MAX_PACKET_BYTES - 3} bytes`)
        expect(rig.session.oversized).toBe(0)
    })

    test("what a gateway does not send, or not in this form, ends the session", async () => {
        await expectPollCode(ErrorCode.MqttQos2, hex`3405000161000a`)
        await expectPollCode(ErrorCode.MqttUnexpectedPacket, hex`20020000`)
        await expectPollCode(ErrorCode.MqttUnexpectedPacket, hex`9003000101`)
        await expectPollCode(ErrorCode.MqttUnexpectedPacket, hex`c000`)
        await expectPollCode(ErrorCode.MqttFlags, hex`d100`)
        await expectPollCode(ErrorCode.MqttMalformed, hex`4003000100`)
        await expectPollCode(ErrorCode.MqttTopic, hex`3003000123`)
        await expectPollCode(ErrorCode.MqttLength, hex`30ffffffff01`)
    })
})

describe("mqtt subscribe", () => {
    test("sends the filter and returns when it is granted", async () => {
        const rig = await connectedRig()
        rig.pipe.send(hex`9003000101`)
        await rig.session.subscribe("a/#", 1)
        expect(rig.takeLog()).toBe("wrote 820800010003612f2301")
    })

    test("handles what comes before the answer", async () => {
        const rig = await connectedRig()
        await rig.session.publish(message("m"))
        rig.takeLog()
        rig.pipe.pieceBytes = 5
        rig.pipe.send(hex`3205000161000a 40020001 9003000201`)
        await rig.session.subscribe("a", 1)
        expect(rig.takeLog()).toBe(
            "wrote 820600020001" +
                "6101, received a , wrote 4002000a, acknowledged m"
        )
    })

    test("one session subscribes to one filter after the other", async () => {
        const rig = await connectedRig()
        rig.pipe.send(hex`9003000101 9003000200`)
        await rig.session.subscribe("a", 1)
        await rig.session.subscribe("b", 0)
        expect(rig.takeLog()).toBe(
            "wrote 8206000100016101, wrote 8206000200016200"
        )
    })

    test("takes a lower QoS than it has asked for", async () => {
        const rig = await connectedRig()
        rig.pipe.send(hex`9003000100`)
        await rig.session.subscribe("a", 1)
    })

    test("a refusal, a grant that was not asked for, and an unknown one are errors", async () => {
        const codes = [
            ErrorCode.MqttSubscribeRefused,
            ErrorCode.MqttMalformed,
            ErrorCode.MqttMalformed,
            ErrorCode.MqttMalformed,
        ]
        const answers = [
            hex`9003000180`,
            hex`9003000102`,
            hex`9003000103`,
            hex`90030001ff`,
        ]
        for (let i = 0; i < codes.length; i++)
            await expectSubscribeCode(codes[i], answers[i])
    })

    test("an answer to another subscription is an error", async () => {
        await expectSubscribeCode(ErrorCode.MqttMalformed, hex`9003000201`)
    })

    test("a second answer is an error", async () => {
        const rig = await connectedRig()
        rig.pipe.send(hex`9003000101 9003000101`)
        await rig.session.subscribe("a", 1)
        await expectCode(ErrorCode.MqttUnexpectedPacket, async () => {
            await rig.session.poll(0)
        })
    })

    test("a gateway that does not answer is given up, also while other messages come", async () => {
        await expectSubscribeCode(ErrorCode.MqttSubackTimeout, hex``)
        const rig = await connectedRig()
        rig.session.answerTimeoutMs = 30
        rig.pipe.drip = hex`3003000161`
        await expectCode(ErrorCode.MqttSubackTimeout, async () => {
            await rig.session.subscribe("a", 1)
        })
    })
})

async function expectSubscribeCode(
    code: ErrorCode,
    answer: Buffer
): Promise<void> {
    const rig = await connectedRig()
    rig.session.answerTimeoutMs = 30
    rig.pipe.send(answer)
    await expectCode(code, async () => {
        await rig.session.subscribe("a", 1)
    })
}
