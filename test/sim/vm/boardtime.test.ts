import assert from "node:assert/strict"
import { test } from "node:test"
import { setTimeout as wait } from "node:timers/promises"
import {
    BOARDS,
    KNOWN_OPERATIONS,
    operationOpcodes,
    operationSeconds,
} from "../../../sim/vm/boards"
import { DriftingClock } from "../../../sim/simulation/drift"
import { BoardClock, operationOf } from "../../../sim/vm/boardtime"
import { SkippingClock, VirtualClock } from "../../../sim/vm/virtualclock"

test("virtual time stands still until something is waited for, and then goes from timer to timer", async () => {
    const clock = new VirtualClock(1000)
    const fired: string[] = []
    const note = (name: string) => () => fired.push(`${name} ${clock.now()}`)
    clock.setTimeout(note("b"), 3_600_000)
    clock.setTimeout(note("a"), 10)
    clock.setTimeout(note("c"), 3_600_000)
    const cancel = clock.after(20, note("never"))
    clock.clearTimeout(clock.setTimeout(note("never"), 30))
    cancel()
    await wait(5)
    assert.equal(clock.now(), 1000)
    await clock.pass(3_600_000)
    assert.deepEqual(fired, ["a 1010", "b 3601000", "c 3601000"])
    await wait(5)
    assert.equal(clock.now(), 3_601_000)
})

test("virtual time gives what was waited for, errors too, and several may wait", async () => {
    const clock = new VirtualClock(0)
    const [one] = await Promise.all([
        clock.run(Promise.resolve(1)),
        clock.pass(50),
        assert.rejects(clock.run(Promise.reject(new Error("no"))), /no/),
    ])
    assert.equal(one, 1)
    await clock.pass(50)
    assert.equal(clock.now(), 100)
})

test("a clock that skips calls what comes due in its order, after the call that skipped", async () => {
    const clock = new SkippingClock()
    const before = clock.now()
    const fired: string[] = []
    clock.setTimeout(() => fired.push("late"), 60_000)
    clock.setTimeout(() => fired.push("early"), 30_000)
    const done = new Promise<void>(resolve =>
        clock.setTimeout(() => resolve(), 60_001)
    )
    clock.skip(60_001)
    assert.deepEqual(fired, [])
    await done
    assert.deepEqual(fired, ["early", "late"])
    assert.ok(clock.now() - before >= 60_001)
})

test("a board that is busy hears nothing during a slice, and everything between two", async () => {
    const clock = new VirtualClock(0)
    const slices: number[] = []
    const board = new BoardClock(clock, BOARDS["esp32-c3"], ms =>
        slices.push(ms)
    )
    const ticks: number[] = []
    const tick = () => {
        ticks.push(board.now())
        if (ticks.length < 40) board.setTimeout(tick, 1)
    }
    const cancelled = board.setTimeout(() => assert.fail("cancelled"), 400)
    board.setTimeout(() => board.clearTimeout(cancelled), 100)
    let seconds = 0
    board.setTimeout(() => {
        seconds = board.charge("X25519")
        tick()
    }, 0)
    await clock.pass(20_000)
    assert.equal(seconds, operationSeconds(BOARDS["esp32-c3"], "X25519"))
    assert.equal(
        slices.reduce((a, b) => a + b),
        seconds * 1000
    )
    assert.ok(slices.every(ms => ms <= 500))
    assert.deepEqual(
        ticks.slice(0, 14).map((at, i) => Math.round(at - 500 * i)),
        Array(14).fill(0)
    )
    // The operation is over: a tick each millisecond again.
    assert.equal(Math.round(ticks[39] - ticks[20]), 19)
})

test("what comes during a slice is heard before the next one, on a clock that knows parts of a millisecond as well", async () => {
    const base = new VirtualClock(0)
    const clock = new DriftingClock(base, 50)
    const board = new BoardClock(clock, BOARDS["esp32-c3"])
    const tick = () => void board.setTimeout(tick, 1)
    // A sensor announces itself each second, 107 ms before the end of a slice.
    const heard: number[] = []
    const announce = () => {
        const saidMs = clock.now()
        board.setTimeout(() => heard.push(clock.now() - saidMs), 0)
        clock.setTimeout(announce, 1000)
    }
    clock.setTimeout(announce, 393.3)
    board.setTimeout(() => {
        board.charge("X25519")
        tick()
    }, 0)
    await base.pass(7000)
    assert.equal(heard.length, 7)
    for (const ms of heard) assert.ok(ms <= 500, `${ms} ms`)
})

test("what came during a slice in which the board was switched off happens all the same", async () => {
    const clock = new VirtualClock(0)
    const board = new BoardClock(clock, BOARDS["pico-w"])
    board.setTimeout(() => board.charge("RSA-4096"), 0)
    const done: string[] = []
    board.setTimeout(() => done.push("kept"), 100)
    const cancelled = board.setTimeout(() => done.push("cancelled"), 100)
    clock.setTimeout(() => {
        board.reset()
        board.clearTimeout(cancelled)
    }, 200)
    await clock.pass(201)
    assert.deepEqual(done, ["kept"])
})

test("a board that was switched off owes nothing", async () => {
    const clock = new VirtualClock(0)
    const board = new BoardClock(clock, BOARDS["pico-w"])
    board.charge("RSA-4096")
    board.reset()
    let at = -1
    board.setTimeout(() => (at = board.now()), 5)
    await clock.pass(100)
    assert.equal(at, 5)
})

test("every operation takes longer on the slower board, and longer keys longer", () => {
    for (const name of KNOWN_OPERATIONS)
        assert.ok(
            operationSeconds(BOARDS["esp32-c3"], name) <
                operationSeconds(BOARDS["pico-w"], name),
            name
        )
    const opcodes = [2048, 2049, 3072, 3073, 4095, 4096].map(bits =>
        operationOpcodes(`RSA-${bits}`)
    )
    assert.deepEqual(
        opcodes,
        [...opcodes].sort((a, b) => a - b)
    )
})

test("an operation whose time is not known is an error, and never free", () => {
    for (const name of ["RSA", "RSA-", "Ed25519", "constructor"])
        assert.throws(
            () => operationSeconds(BOARDS["pico-w"], name),
            /is not known/
        )
})

test("only the firmware's own lines announce operations", () => {
    assert.equal(operationOf("crypto: RSA-4096"), "RSA-4096")
    assert.equal(operationOf("leaf: crypto: RSA-4096"), undefined)
})
