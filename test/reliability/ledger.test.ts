/** The ledger finds each kind of loss that is not allowed: else the long runs would prove nothing. */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Message } from "../../sim/gateway/store"
import { Ledger } from "./ledger"
import { POLICY, type Policy } from "./policy"

const { MAX_BYTES } = require("../../src/app/outbox") as { MAX_BYTES: number }

/** An outbox with room for three. */
const BYTES = 100
const ROOM_FOR_THREE: Policy = {
    ...POLICY,
    overheadBytes: 0,
    outboxBytes: 3 * BYTES,
}

function setUp(policy: Partial<Policy> = {}) {
    let nowMs = 0
    const ledger = new Ledger(
        () => nowMs,
        { ...ROOM_FOR_THREE, ...policy },
        () => BYTES
    )
    ledger.started()
    ledger.numbered(1)
    let value = 0
    return {
        ledger,
        read: (count: number, alert = false) => {
            for (let i = 0; i < count; i++) {
                nowMs += 60_000
                ledger.read(++value, alert)
            }
        },
        receive: (...ids: string[]) => {
            for (const id of ids) ledger.received(message(id, value))
        },
        /** With their own values, which are their numbers in the first boot. */
        deliver: (...numbers: number[]) => {
            for (const number of numbers)
                ledger.received(message(`1-${number}`, number))
        },
    }
}

function message(messageId: string, temperature: number): Message {
    return {
        systemProperties: { messageId },
        body: Buffer.from(JSON.stringify({ temperature })),
    } as Message
}

test("all came, one of them twice: nothing is wrong", () => {
    const { ledger, read, deliver } = setUp()
    read(3)
    deliver(1, 2, 2, 3)
    const { received, duplicates } = ledger.settle()
    assert.deepEqual(ledger.problems, [])
    assert.deepEqual([received, duplicates], [3, 1])
})

test("a reading that never came is found", () => {
    const { ledger, read, deliver } = setUp()
    read(3)
    deliver(1, 3)
    ledger.settle()
    assert.deepEqual(ledger.problems, [
        "boot 1: 1 readings (telemetry) are missing before 3, the device has counted 0",
    ])
})

test("the last reading is missed, too", () => {
    const { ledger, read, deliver } = setUp()
    read(3)
    deliver(1, 2)
    ledger.settle()
    assert.deepEqual(ledger.problems, ["boot 1: 1 readings never came"])
})

test("a drop that was counted is none that is missed; one that was counted twice is found", () => {
    const { ledger, read, deliver } = setUp()
    read(5)
    ledger.dropped(2, 0)
    deliver(3, 4, 5)
    assert.equal(ledger.settle().dropped, 2)
    assert.deepEqual(ledger.problems, [])
    ledger.dropped(3, 0)
    ledger.settle()
    assert.deepEqual(ledger.problems, [
        "boot 1: 3 readings (telemetry) dropped, but all but 2 came",
    ])
})

test("a message out of order, with another value, or of no reading, is found", () => {
    const { ledger, read, deliver, receive } = setUp()
    read(2)
    deliver(2, 1)
    receive("1-2", "1-3", "2-1")
    ledger.settle()
    assert.deepEqual(ledger.problems, [
        "1-1 came after 2",
        "1-3: no such reading",
        "2-1: no such reading",
    ])
    const other = setUp()
    other.read(2)
    other.receive("1-1")
    assert.deepEqual(other.ledger.problems, ["1-1: 2, but 1 was read"])
})

test("a power cut may take what fits the outbox, and one that was not in it yet; not more", () => {
    for (const [taken, problems] of [
        [4, []],
        [
            5,
            [
                "boot 1: the cut took 5 readings, 500 bytes: more than the outbox holds",
            ],
        ],
    ] as const) {
        const { ledger, read, deliver } = setUp()
        read(2)
        deliver(1, 2)
        read(taken)
        ledger.ended()
        assert.equal(ledger.settle().lostToCuts, taken)
        assert.deepEqual(ledger.problems, problems)
    }
})

test("readings that were dropped while there was room are found", () => {
    const { ledger, read } = setUp()
    read(2)
    ledger.dropped(1, 0)
    ledger.ended()
    ledger.settle()
    assert.deepEqual(ledger.problems, [
        "boot 1: 1 were dropped before the outbox was full",
    ])
})

test("what the policy does not allow is found: an alert that is lost or dropped, telemetry that is too old", () => {
    const strict = setUp({
        cutTakesAlerts: false,
        dropsAlerts: false,
        cutTakesMs: 60_000,
    })
    strict.read(1, true)
    strict.read(2)
    strict.ledger.dropped(1, 1)
    strict.read(1, true)
    strict.ledger.ended()
    strict.ledger.settle()
    assert.deepEqual(strict.ledger.problems, [
        "boot 1: reading 1, an alert, was dropped",
        "boot 1: reading 2 was lost 120 s after it was taken",
        "boot 1: reading 4, an alert, was lost",
    ])
})

test("telemetry that is missing is no alert that the device has counted, and the other way round", () => {
    const telemetry = setUp()
    telemetry.read(1, true)
    telemetry.read(3)
    telemetry.deliver(1, 3, 4)
    telemetry.ledger.dropped(1, 1)
    telemetry.ledger.settle()
    assert.deepEqual(telemetry.ledger.problems, [
        "boot 1: 1 readings (telemetry) are missing before 4, the device has counted 0",
        "boot 1: 1 readings (alerts) dropped, but all but 0 came",
    ])
    const alert = setUp()
    alert.read(1, true)
    alert.read(3)
    alert.deliver(2, 3, 4)
    alert.ledger.dropped(1, 0)
    alert.ledger.settle()
    assert.deepEqual(alert.ledger.problems, [
        "boot 1: 1 readings (telemetry) dropped, but all but 0 came",
        "boot 1: 1 readings (alerts) are missing before 4, the device has counted 0",
    ])
})

test("what is found has its time: when the reading was taken, in ms", () => {
    const { ledger, read, deliver } = setUp()
    read(3)
    deliver(1, 3)
    ledger.settle()
    assert.deepEqual(
        ledger.found.map(({ atMs }) => atMs),
        [120_000]
    )
})

test("a boot's number that is used again is allowed only if nothing was sent under it", () => {
    const { ledger, read, deliver } = setUp()
    read(1)
    ledger.ended()
    ledger.started()
    ledger.numbered(1)
    assert.deepEqual(ledger.problems, [])
    read(1)
    ledger.received(message("1-1", 2))
    ledger.ended()
    ledger.started()
    ledger.numbered(1)
    deliver()
    assert.deepEqual(ledger.problems, ["boot 1: a number that was used before"])
})

test("the policy knows how large the device's outbox is", () => {
    assert.equal(POLICY.outboxBytes, MAX_BYTES)
})
