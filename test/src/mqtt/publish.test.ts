/** Messages out: packet ids, window, acknowledgements, duplicates. */
import { describe, expect, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import { WINDOW } from "../../../src/mqtt/session"
import { expectCode } from "../check"
import { connectedRig, message } from "./rig"

describe("mqtt publish", () => {
    test("a message with QoS 0 goes out without an id and takes no room", async () => {
        const rig = await connectedRig()
        const m = message("a")
        m.qos = 0
        await rig.session.publish(m)
        expect(rig.takeLog()).toBe("wrote 300400016107")
        expect(m.packetId).toBe(0)
        expect(m.sent).toBe(true)
        expect(rig.session.windowRoom()).toBe(WINDOW)
    })

    test("messages with QoS 1 get ids from 1 on, and the message remembers its own", async () => {
        const rig = await connectedRig()
        const a = message("a")
        const b = message("b")
        await rig.session.publish(a)
        await rig.session.publish(b)
        expect(rig.takeLog()).toBe(
            "wrote 3206000161000107, wrote 3206000162000207"
        )
        expect(a.packetId).toBe(1)
        expect(b.packetId).toBe(2)
        expect(a.sent).toBe(true)
    })

    test("a PUBACK is matched to its message, in any order", async () => {
        const rig = await connectedRig()
        await rig.session.publish(message("a"))
        await rig.session.publish(message("b"))
        await rig.session.publish(message("c"))
        rig.takeLog()
        rig.pipe.send(hex`40020002 40020003 40020001`)
        await rig.handleAll()
        await rig.handleAll()
        expect(rig.takeLog()).toBe(
            "acknowledged b, acknowledged c, acknowledged a"
        )
        expect(rig.session.windowRoom()).toBe(WINDOW)
    })

    test("four messages may be unacknowledged; a fifth is refused and not sent", async () => {
        const rig = await connectedRig()
        await rig.session.publish(message("a"))
        await rig.session.publish(message("b"))
        await rig.session.publish(message("c"))
        expect(rig.session.windowRoom()).toBe(1)
        await rig.session.publish(message("d"))
        expect(rig.session.windowRoom()).toBe(0)
        rig.takeLog()
        const fifth = message("e")
        await expectCode(ErrorCode.MqttWindowFull, async () => {
            await rig.session.publish(fifth)
        })
        expect(rig.takeLog()).toBe("")
        expect(fifth.sent).toBe(false)
        rig.pipe.send(hex`40020003`)
        await rig.handleAll()
        await rig.session.publish(fifth)
        expect(fifth.packetId).toBe(5)
    })

    test("a message with QoS 0 goes out though the window is full", async () => {
        const rig = await connectedRig()
        for (let i = 0; i < WINDOW; i++) await rig.session.publish(message("a"))
        rig.takeLog()
        const m = message("a")
        m.qos = 0
        await rig.session.publish(m)
        expect(rig.takeLog()).toBe("wrote 300400016107")
    })

    test("[MQTT-4.4.0-1] a message that was sent before goes out with DUP and its old id", async () => {
        const rig = await connectedRig()
        const m = message("a")
        m.sent = true
        m.packetId = 0x0102
        await rig.session.publish(m)
        expect(rig.takeLog()).toBe("wrote 3a06000161010207")
        rig.pipe.send(hex`40020102`)
        await rig.handleAll()
        expect(rig.takeLog()).toBe("acknowledged a")
    })

    test("a message that was sent before without an id gets one", async () => {
        const rig = await connectedRig()
        const m = message("a")
        m.sent = true
        await rig.session.publish(m)
        expect(rig.takeLog()).toBe("wrote 3a06000161000107")
    })

    test("[MQTT-3.3.1-2] a message with QoS 0 that was sent before has no DUP", async () => {
        const rig = await connectedRig()
        const m = message("a")
        m.qos = 0
        m.sent = true
        await rig.session.publish(m)
        expect(rig.takeLog()).toBe("wrote 300400016107")
    })

    test("[MQTT-2.3.1-2] ids that are in flight are passed over", async () => {
        const rig = await connectedRig()
        const old = message("a")
        old.packetId = 1
        old.sent = true
        const older = message("b")
        older.packetId = 2
        older.sent = true
        await rig.session.publish(old)
        await rig.session.publish(older)
        const fresh = message("c")
        await rig.session.publish(fresh)
        expect(fresh.packetId).toBe(3)
    })

    test("an old id that this session has given to another is changed", async () => {
        const rig = await connectedRig()
        await rig.session.publish(message("a"))
        const old = message("b")
        old.packetId = 1
        old.sent = true
        await rig.session.publish(old)
        expect(old.packetId).toBe(2)
    })

    test("[MQTT-2.3.1-1] after 65,535 comes 1, never 0", async () => {
        const rig = await connectedRig()
        const internals = rig.session as any
        internals.lastPacketId = 65534
        const last = message("a")
        const first = message("b")
        await rig.session.publish(last)
        await rig.session.publish(first)
        expect(last.packetId).toBe(65535)
        expect(first.packetId).toBe(1)
        expect(rig.takeLog()).toBe(
            "wrote 3206000161ffff07, wrote 3206000162000107"
        )
    })

    test("a PUBACK of nothing in flight is counted and changes nothing", async () => {
        const rig = await connectedRig()
        await rig.session.publish(message("a"))
        rig.takeLog()
        rig.pipe.send(hex`40020009 40020001 40020001 40020000`)
        for (let i = 0; i < 4; i++) await rig.session.poll(0)
        expect(rig.takeLog()).toBe("acknowledged a")
        expect(rig.session.strayAcknowledgements).toBe(3)
        expect(rig.session.windowRoom()).toBe(WINDOW)
    })

    test("a wrong topic is refused, and takes neither room nor the mark of having been sent", async () => {
        const rig = await connectedRig()
        const m = message("a/#")
        await expectCode(ErrorCode.MqttTopic, async () => {
            await rig.session.publish(m)
        })
        expect(rig.takeLog()).toBe("")
        expect(m.sent).toBe(false)
        expect(rig.session.windowRoom()).toBe(WINDOW)
    })

    test("a message whose write fails counts as sent: part of it may have got through", async () => {
        const rig = await connectedRig()
        rig.pipe.refusesWrites = true
        const m = message("a")
        await expectCode(ErrorCode.ConnectionReset, async () => {
            await rig.session.publish(m)
        })
        expect(m.sent).toBe(true)
        expect(m.packetId).toBe(1)
        expect(rig.takeLog()).toBe("")
    })

    test("the message keeps its payload, although the transport may overwrite what it is given", async () => {
        const rig = await connectedRig()
        const m = message("a")
        m.payload = Buffer.from("kept")
        await rig.session.publish(m)
        expect(m.payload.toString()).toBe("kept")
    })
})
