/** The ledger finds each kind of loss that is not allowed: else the long runs would prove nothing. */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Message } from "../../sim/gateway/store"
import { Ledger } from "./ledger"
import { POLICY, type Policy } from "./policy"

const { SPILL_BYTES } = require("../../src/app/flashoutbox") as {
    SPILL_BYTES: number
}
const { MAX_RECORDS } = require("../../src/app/packedmessages") as {
    MAX_RECORDS: number
}
const { WINDOW } = require("../../src/mqtt/session") as { WINDOW: number }

/** RAM for two, and one sent. */
const BYTES = 100
const ROOM_FOR_THREE: Policy = {
    ...POLICY,
    overheadBytes: 0,
    ramBytes: 2 * BYTES,
    windowMessages: 1,
    pageMessages: 1,
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
        pass: (ms: number) => {
            nowMs += ms
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
        "1 readings (telemetry) are missing, 0 were dropped and 0 taken by cuts at most",
    ])
})

test("the last reading is missed, too", () => {
    const { ledger, read, deliver } = setUp()
    read(3)
    deliver(1, 2)
    ledger.settle()
    assert.deepEqual(ledger.problems, [
        "1 readings (telemetry) are missing, 0 were dropped and 0 taken by cuts at most",
    ])
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
        "3 readings (telemetry) dropped, but all but 2 came",
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

test("a power cut may take what is in RAM, one that was not in it yet, and the window; not more", () => {
    for (const [taken, problems] of [
        [4, []],
        [
            5,
            [
                "5 readings (telemetry) are missing, 0 were dropped and 4 taken by cuts at most",
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

test("of a window, what a cut has taken may be older than what was in flash", () => {
    for (const missing of [1, 2]) {
        const { ledger, read, deliver } = setUp()
        read(8)
        for (let i = missing + 1; i <= 5; i++) deliver(i)
        ledger.ended()
        ledger.settle()
        assert.equal(ledger.problems.length, missing - 1)
    }
})

test("a cut takes no alert but one that was just made", () => {
    const { ledger, read, deliver, pass } = setUp()
    read(1)
    deliver(1)
    read(1, true)
    pass(POLICY.keptMs)
    ledger.ended()
    assert.equal(ledger.settle().lostToCuts, 1)
    assert.deepEqual(ledger.problems, [])
    const late = setUp()
    late.read(1, true)
    late.pass(POLICY.keptMs + 1)
    late.ledger.ended()
    late.ledger.settle()
    assert.deepEqual(late.ledger.problems, [
        "1 readings (alerts) are missing, 0 were dropped and 0 taken by cuts at most",
    ])
})

test("a page that was given up may stay over a cut, and be sent; no more than that", () => {
    for (const dropped of [1, 2]) {
        const { ledger, read, deliver } = setUp()
        read(2)
        ledger.dropped(dropped, 0)
        ledger.ended()
        deliver(1, 2)
        ledger.settle()
        assert.equal(ledger.problems.length, dropped - 1)
    }
})

test("it is known how many readings waited when one was dropped", () => {
    const { ledger, read, deliver } = setUp()
    read(5)
    deliver(1, 2)
    ledger.dropped(1, 0)
    read(3)
    ledger.dropped(2, 0)
    assert.equal(ledger.leastDropped, 2)
})

test("telemetry that is missing is no alert that the device has counted, and the other way round", () => {
    const telemetry = setUp()
    telemetry.read(1, true)
    telemetry.read(3)
    telemetry.deliver(1, 3, 4)
    telemetry.ledger.dropped(1, 1)
    telemetry.ledger.settle()
    assert.deepEqual(telemetry.ledger.problems, [
        "1 readings (telemetry) are missing, 0 were dropped and 0 taken by cuts at most",
        "1 readings (alerts) dropped, but all but 0 came",
    ])
    const alert = setUp()
    alert.read(1, true)
    alert.read(3)
    alert.deliver(2, 3, 4)
    alert.ledger.dropped(1, 0)
    alert.ledger.settle()
    assert.deepEqual(alert.ledger.problems, [
        "1 readings (telemetry) dropped, but all but 0 came",
        "1 readings (alerts) are missing, 0 were dropped and 0 taken by cuts at most",
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

test("the policy knows the device's limits", () => {
    assert.equal(POLICY.ramBytes, SPILL_BYTES)
    assert.equal(POLICY.windowMessages, WINDOW)
    assert.equal(POLICY.pageMessages, MAX_RECORDS)
})
