import { describe, expect, test } from "@devicescript/test"
import { MAX_BYTES, Outbox } from "../../../src/app/outbox"
import { ErrorCode } from "../../../src/errors"
import { expectCode } from "../check"

/** A message that takes a quarter of the outbox, or `length` bytes of it. */
function message(topic: string, qos: number, length: number) {
    return {
        topic,
        payload: Buffer.alloc(length - 64 - topic.length),
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
        topics += next.topic
        next = outbox.take()
    }
    return topics
}

describe("outbox", () => {
    test("gives messages in the order in which they came", () => {
        const outbox = new Outbox()
        expect(outbox.isEmpty()).toBe(true)
        expect(outbox.take()).toBe(undefined)
        for (const topic of ["a", "b", "c"]) outbox.add(message(topic, 1, 100))
        expect(takeAll(outbox)).toBe("abc")
        expect(outbox.take()).toBe(undefined)
    })

    test("keeps a message of QoS 1 until it is acknowledged", () => {
        const outbox = new Outbox()
        const a = message("a", 1, 100)
        outbox.add(a)
        outbox.take()
        expect(outbox.isEmpty()).toBe(false)
        expect(outbox.isUnacknowledged()).toBe(true)
        outbox.acknowledge(a)
        expect(outbox.isEmpty()).toBe(true)
        expect(outbox.isUnacknowledged()).toBe(false)
    })

    test("forgets a message of QoS 0 when it is taken", () => {
        const outbox = new Outbox()
        outbox.add(message("a", 0, 100))
        outbox.add(message("b", 1, 100))
        expect(outbox.take().topic).toBe("a")
        expect(outbox.isUnacknowledged()).toBe(false)
        expect(outbox.take().topic).toBe("b")
        outbox.rewind()
        expect(takeAll(outbox)).toBe("b")
    })

    test("acknowledgements may come in any order, and twice", () => {
        const outbox = new Outbox()
        const a = message("a", 1, 100)
        const b = message("b", 1, 100)
        const c = message("c", 1, 100)
        outbox.add(a)
        outbox.add(b)
        outbox.take()
        outbox.take()
        outbox.add(c)
        outbox.acknowledge(b)
        outbox.acknowledge(b)
        expect(outbox.take().topic).toBe("c")
        outbox.rewind()
        expect(takeAll(outbox)).toBe("ac")
    })

    test("after a new connection what was not acknowledged goes first", () => {
        const outbox = new Outbox()
        const a = message("a", 1, 100)
        outbox.add(a)
        outbox.add(message("b", 1, 100))
        outbox.add(message("c", 1, 100))
        takeAll(outbox)
        outbox.acknowledge(a)
        outbox.add(message("d", 1, 100))
        outbox.rewind()
        expect(takeAll(outbox)).toBe("bcd")
    })

    test("when it is full the oldest message makes room, and is counted", () => {
        const outbox = new Outbox()
        for (const topic of ["a", "b", "c", "d", "e", "f"])
            outbox.add(message(topic, 1, QUARTER))
        expect(outbox.dropped).toBe(2)
        expect(takeAll(outbox)).toBe("cdef")
    })

    test("a large message takes the place of several", () => {
        const outbox = new Outbox()
        for (const topic of ["a", "b", "c", "d"])
            outbox.add(message(topic, 1, QUARTER))
        outbox.add(message("L", 1, 2 * QUARTER))
        expect(outbox.dropped).toBe(2)
        expect(takeAll(outbox)).toBe("cdL")
    })

    test("a message that was sent is never dropped, neither in flight nor after a lost connection", () => {
        const outbox = new Outbox()
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
        const outbox = new Outbox()
        for (const topic of ["a", "b", "c", "d"])
            outbox.add(message(topic, 1, QUARTER))
        takeAll(outbox)
        outbox.add(message("e", 1, QUARTER))
        expect(outbox.dropped).toBe(1)
        outbox.rewind()
        expect(takeAll(outbox)).toBe("abcd")
    })

    test("room comes back with acknowledgements", () => {
        const outbox = new Outbox()
        for (let round = 0; round < 3; round++) {
            const a = message("a", 1, MAX_BYTES)
            outbox.add(a)
            outbox.take()
            outbox.acknowledge(a)
        }
        expect(outbox.dropped).toBe(0)
        expect(outbox.isEmpty()).toBe(true)
    })

    test("a message larger than the outbox is refused, and nothing is lost for it", async () => {
        const outbox = new Outbox()
        outbox.add(message("a", 1, QUARTER))
        await expectCode(ErrorCode.MessageTooLarge, () => {
            outbox.add(message("b", 1, MAX_BYTES + 1))
        })
        expect(outbox.dropped).toBe(0)
        expect(takeAll(outbox)).toBe("a")
    })
})
