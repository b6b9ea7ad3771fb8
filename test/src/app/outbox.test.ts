import { describe, expect, test } from "@devicescript/test"
import { MAX_BYTES, Outbox } from "../../../src/app/outbox"
import { ErrorCode } from "../../../src/errors"
import type { OutgoingMessage } from "../../../src/mqtt/session"
import { expectCode } from "../check"

/** What all topics begin with. */
const START = "devices/d/"

/** A message that takes `length` bytes of the outbox: seven beside the rest of its topic and its payload. */
function message(topic: string, qos: number, length: number): OutgoingMessage {
    return {
        topic: START + topic,
        payload: Buffer.alloc(length - 7 - topic.length),
        qos,
        packetId: 0,
        sent: false,
    }
}

const QUARTER = MAX_BYTES / 4

/** Takes all there is, as a session that has sent it. */
function takeAll(outbox: Outbox): string {
    let topics = ""
    let next = outbox.take()
    while (next !== undefined) {
        next.sent = true
        topics += next.topic.slice(START.length)
        next = outbox.take()
    }
    return topics
}

describe("outbox", () => {
    test("gives messages in the order in which they came", () => {
        const outbox = new Outbox(START)
        expect(outbox.isEmpty()).toBe(true)
        expect(outbox.take()).toBe(undefined)
        for (const topic of ["a", "b", "c"]) outbox.add(message(topic, 1, 100))
        expect(takeAll(outbox)).toBe("abc")
        expect(outbox.take()).toBe(undefined)
    })

    test("keeps a message of QoS 1 until it is acknowledged", () => {
        const outbox = new Outbox(START)
        outbox.add(message("a", 1, 100))
        const a = outbox.take()
        expect(outbox.isEmpty()).toBe(false)
        expect(outbox.isUnacknowledged()).toBe(true)
        outbox.acknowledge(a)
        expect(outbox.isEmpty()).toBe(true)
        expect(outbox.isUnacknowledged()).toBe(false)
    })

    test("forgets a message of QoS 0 when it is taken", () => {
        const outbox = new Outbox(START)
        outbox.add(message("a", 0, 100))
        outbox.add(message("b", 1, 100))
        expect(outbox.take().topic).toBe(START + "a")
        expect(outbox.isUnacknowledged()).toBe(false)
        expect(outbox.take().topic).toBe(START + "b")
        outbox.rewind()
        expect(takeAll(outbox)).toBe("b")
    })

    test("acknowledgements may come in any order, and twice", () => {
        const outbox = new Outbox(START)
        outbox.add(message("a", 1, 100))
        outbox.add(message("b", 1, 110))
        outbox.take()
        const b = outbox.take()
        outbox.add(message("c", 1, 120))
        outbox.acknowledge(b)
        outbox.acknowledge(b)
        expect(outbox.take().topic).toBe(START + "c")
        outbox.rewind()
        expect(takeAll(outbox)).toBe("ac")
    })

    test("after a new connection what was not acknowledged goes first", () => {
        const outbox = new Outbox(START)
        outbox.add(message("a", 1, 100))
        outbox.add(message("b", 1, 100))
        outbox.add(message("c", 1, 100))
        const a = outbox.take()
        takeAll(outbox)
        outbox.acknowledge(a)
        outbox.add(message("d", 1, 100))
        outbox.rewind()
        expect(takeAll(outbox)).toBe("bcd")
    })

    test("when it is full the oldest message makes room, and is counted", () => {
        const outbox = new Outbox(START)
        for (const topic of ["a", "b", "c", "d", "e", "f"])
            outbox.add(message(topic, 1, QUARTER))
        expect(outbox.dropped).toBe(2)
        expect(takeAll(outbox)).toBe("cdef")
    })

    test("a message comes out as it was put in", () => {
        const outbox = new Outbox(START)
        const payload = Buffer.from("00ff80c3bc", "hex")
        outbox.add({
            topic: START + "%24.mid=1&a=b",
            payload,
            qos: 1,
            packetId: 0,
            sent: false,
        })
        // The caller may use its buffer again.
        payload.fillAt(0, payload.length, 0x78)
        const taken = outbox.take()
        expect(taken.topic).toBe(START + "%24.mid=1&a=b")
        expect(taken.payload.toString("hex")).toBe("00ff80c3bc")
        expect(taken.qos).toBe(1)
        expect(taken.packetId).toBe(0)
        expect(taken.sent).toBe(false)
    })

    test("after a new connection a message has the packet id that it was sent with, and one that was not sent has none", () => {
        const outbox = new Outbox(START)
        outbox.add(message("a", 1, 100))
        outbox.add(message("b", 1, 100))
        const a = outbox.take()
        a.sent = true
        a.packetId = 0xfedc
        outbox.take()
        outbox.rewind()
        const again = outbox.take()
        expect(again.sent).toBe(true)
        expect(again.packetId).toBe(0xfedc)
        const b = outbox.take()
        expect(b.sent).toBe(false)
        expect(b.packetId).toBe(0)
        // And again on the connection after it.
        outbox.rewind()
        expect(outbox.take().packetId).toBe(0xfedc)
    })

    test("telemetry makes room before alerts do, each is counted", () => {
        const outbox = new Outbox(START)
        outbox.add(message("A", 1, QUARTER), true)
        outbox.add(message("b", 1, QUARTER))
        outbox.add(message("C", 1, QUARTER), true)
        outbox.add(message("d", 1, QUARTER))
        outbox.add(message("E", 1, QUARTER), true)
        outbox.add(message("f", 1, QUARTER))
        expect(outbox.dropped).toBe(2)
        expect(outbox.droppedAlerts).toBe(0)
        outbox.add(message("G", 1, QUARTER), true)
        outbox.add(message("H", 1, QUARTER), true)
        expect(outbox.dropped).toBe(4)
        expect(outbox.droppedAlerts).toBe(1)
        expect(takeAll(outbox)).toBe("CEGH")
    })

    test("no alert makes room for telemetry", () => {
        const outbox = new Outbox(START)
        for (const topic of ["A", "B", "C", "D"])
            outbox.add(message(topic, 1, QUARTER), true)
        outbox.add(message("e", 1, QUARTER))
        expect(outbox.dropped).toBe(1)
        expect(outbox.droppedAlerts).toBe(0)
        expect(takeAll(outbox)).toBe("ABCD")
    })

    test("a large message takes the place of several", () => {
        const outbox = new Outbox(START)
        for (const topic of ["a", "b", "c", "d"])
            outbox.add(message(topic, 1, QUARTER))
        outbox.add(message("L", 1, 2 * QUARTER))
        expect(outbox.dropped).toBe(2)
        expect(takeAll(outbox)).toBe("cdL")
    })

    test("a message that was sent is never dropped, neither in flight nor after a lost connection", () => {
        const outbox = new Outbox(START)
        outbox.add(message("a", 1, QUARTER))
        outbox.add(message("b", 1, QUARTER))
        takeAll(outbox)
        for (const topic of ["c", "d", "e"])
            outbox.add(message(topic, 1, QUARTER))
        outbox.rewind()
        outbox.add(message("f", 1, QUARTER))
        expect(outbox.dropped).toBe(2)
        expect(takeAll(outbox)).toBe("abef")
    })

    test("when only sent messages stand in the way the new one is dropped", () => {
        const outbox = new Outbox(START)
        for (const topic of ["a", "b", "c", "d"])
            outbox.add(message(topic, 1, QUARTER))
        takeAll(outbox)
        outbox.add(message("e", 1, QUARTER))
        expect(outbox.dropped).toBe(1)
        outbox.rewind()
        expect(takeAll(outbox)).toBe("abcd")
    })

    test("room comes back with acknowledgements", () => {
        const outbox = new Outbox(START)
        for (let round = 0; round < 3; round++) {
            outbox.add(message("a", 1, MAX_BYTES))
            outbox.acknowledge(outbox.take())
        }
        expect(outbox.dropped).toBe(0)
        expect(outbox.isEmpty()).toBe(true)
    })

    test("a message larger than the outbox is refused, and nothing is lost for it", async () => {
        const outbox = new Outbox(START)
        outbox.add(message("a", 1, QUARTER))
        await expectCode(ErrorCode.MessageTooLarge, () => {
            outbox.add(message("b", 1, MAX_BYTES + 1))
        })
        expect(outbox.dropped).toBe(0)
        expect(takeAll(outbox)).toBe("a")
    })
})
