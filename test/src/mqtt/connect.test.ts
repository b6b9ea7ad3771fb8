/** CONNECT, CONNACK and DISCONNECT of the session. */
import { describe, expect, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import { expectCode } from "../check"
import { Rig, connectOptions } from "./rig"

async function expectConnectCode(
    code: ErrorCode,
    answer: Buffer
): Promise<void> {
    const rig = new Rig()
    rig.pipe.send(answer)
    await expectCode(code, async () => {
        await rig.session.connect(connectOptions())
    })
}

describe("mqtt connect", () => {
    test("sends CONNECT and tells whether the gateway has kept the session", async () => {
        const fresh = new Rig()
        fresh.pipe.send(hex`20020000`)
        expect(await fresh.session.connect(connectOptions())).toBe(false)
        expect(fresh.takeLog()).toBe(
            "wrote 101500044d51545404c00078000364657600017500" + "0170"
        )
        const kept = new Rig()
        kept.pipe.send(hex`20020100`)
        expect(await kept.session.connect(connectOptions())).toBe(true)
    })

    test("takes a CONNACK that comes in pieces and after wake-ups", async () => {
        const rig = new Rig()
        rig.pipe.pieceBytes = 1
        rig.pipe.wake()
        rig.pipe.send(hex`20020100`)
        expect(await rig.session.connect(connectOptions())).toBe(true)
    })

    test("each return code has its own error", async () => {
        await expectConnectCode(ErrorCode.MqttProtocolVersion, hex`20020001`)
        await expectConnectCode(ErrorCode.MqttIdentifierRejected, hex`20020002`)
        await expectConnectCode(ErrorCode.MqttServerUnavailable, hex`20020003`)
        await expectConnectCode(ErrorCode.MqttBadCredentials, hex`20020004`)
        await expectConnectCode(ErrorCode.MqttNotAuthorized, hex`20020005`)
        await expectConnectCode(ErrorCode.MqttReturnCode, hex`20020006`)
        await expectConnectCode(ErrorCode.MqttReturnCode, hex`200200ff`)
    })

    test("a gateway that does not answer is given up", async () => {
        await expectConnectCode(ErrorCode.MqttConnackTimeout, hex``)
        await expectConnectCode(ErrorCode.MqttConnackTimeout, hex`200200`)
    })

    test("a trickle of bytes does not stretch the time for CONNACK", async () => {
        const rig = new Rig()
        // The beginning of a message of 262,144 bytes; one more each time.
        rig.pipe.send(hex`30808010`)
        rig.pipe.drip = hex`00`
        await expectCode(ErrorCode.MqttConnackTimeout, async () => {
            await rig.session.connect(connectOptions())
        })
    })

    test("a gateway that closes instead of answering is told from one that is silent", async () => {
        const rig = new Rig()
        rig.pipe.end()
        await expectCode(ErrorCode.ConnectionClosed, async () => {
            await rig.session.connect(connectOptions())
        })
    })

    test("[MQTT-3.2.0-1] another packet before CONNACK is refused", async () => {
        await expectConnectCode(ErrorCode.MqttUnexpectedPacket, hex`d000`)
        await expectConnectCode(ErrorCode.MqttUnexpectedPacket, hex`3003000161`)
    })

    test("a CONNACK with a reserved flag is refused", async () => {
        await expectConnectCode(ErrorCode.MqttFlags, hex`20020200`)
        await expectConnectCode(ErrorCode.MqttFlags, hex`20028100`)
    })

    test("disconnect sends DISCONNECT and leaves the transport to its owner", async () => {
        const rig = new Rig()
        rig.pipe.send(hex`20020000`)
        await rig.session.connect(connectOptions())
        rig.takeLog()
        await rig.session.disconnect()
        expect(rig.takeLog()).toBe("wrote e000")
        expect(rig.pipe.closes).toBe(0)
    })
})
