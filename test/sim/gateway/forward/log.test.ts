/** The message log against a plain array, and against what happens to disks. */
import assert from "node:assert/strict"
import { cp, mkdtemp, readdir, rm, stat, truncate, writeFile } from "node:fs/promises" // prettier-ignore
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test, type TestContext } from "node:test"
import fc from "fast-check"
import { ManualClock } from "../../../../sim/gateway/clock"
import { GatewayError } from "../../../../sim/gateway/errors"
import {
    MessageLog,
    type Entry,
    type LogOptions,
} from "../../../../sim/gateway/forward/log"
import { readRecord, writeRecord } from "../../../../sim/gateway/forward/record"
import type { Message } from "../../../../sim/gateway/store"

export function message(n: number, change: Partial<Message> = {}): Message {
    return {
        kind: "telemetry",
        deviceId: "leaf-1",
        connection: 1,
        topic: `devices/leaf-1/messages/events/n=${n}`,
        properties: { n: String(n) },
        systemProperties: {},
        body: Buffer.from(`reading ${n}`),
        qos: 1,
        duplicate: false,
        receivedAtMs: 1_000_000,
        ...change,
    }
}

async function newFolder(t: TestContext): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "leaf-log-"))
    t.after(() => rm(folder, { recursive: true, force: true }))
    return folder
}

async function opened(
    t: TestContext,
    options: Partial<LogOptions> = {}
): Promise<MessageLog> {
    const folder = options.folder ?? (await newFolder(t))
    const log = await MessageLog.open({
        folder,
        clock: new ManualClock(1_000_000),
        ...options,
    })
    t.after(() => log.close().catch(() => undefined))
    return log
}

const numbers = (entries: Entry[]) =>
    entries.map(({ message: { properties } }) => Number(properties.n))

const refusedWith = (code: string) => (error: unknown) =>
    error instanceof GatewayError && error.code === code

test("a message comes back from the log as it was stored", async t => {
    const log = await opened(t)
    const stored = message(1, {
        body: Buffer.from([0, 255, 10, 0]),
        properties: { "ü/&=": "ß" },
    })
    await log.store(stored)
    const [{ message: read }] = await log.read(0, 10)
    assert.deepEqual(read, stored)
})

test("a record with any one byte changed is known to be damaged", () => {
    const record = writeRecord(message(1))
    for (let at = 0; at < record.length; at++) {
        const bad = Buffer.from(record)
        bad[at] ^= 1
        assert.equal(readRecord(bad), undefined)
        assert.equal(readRecord(record.subarray(0, at)), undefined)
    }
})

test("the log is as an array is, over closing and opening it", async t => {
    const step = fc.oneof(
        fc.record({ do: fc.constant("store" as const), count: fc.integer({ min: 1, max: 9 }) }), // prettier-ignore
        fc.record({ do: fc.constant("remove" as const), count: fc.integer({ min: 1, max: 9 }) }), // prettier-ignore
        fc.record({ do: fc.constant("reopen" as const), count: fc.constant(0) })
    )
    await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async steps => {
            const folder = await newFolder(t)
            let log = await opened(t, { folder })
            let model: number[] = []
            let n = 0
            for (const { do: what, count } of steps) {
                if (what === "store") {
                    const all = Array.from({ length: count }, () => ++n)
                    await Promise.all(all.map(k => log.store(message(k))))
                    model.push(...all)
                } else if (what === "remove") {
                    for (const { sequence } of await log.read(0, count))
                        log.remove(sequence)
                    model = model.slice(count)
                } else {
                    await log.close()
                    log = await opened(t, { folder })
                }
                assert.equal(log.size, model.length)
                assert.deepEqual(numbers(await log.read(0, 1000)), model)
            }
            await log.close()
        }),
        { numRuns: 25 }
    )
})

test("after a crash at any moment the log holds what was acknowledged, in order, and no half of a message", async t => {
    await fc.assert(
        fc.asyncProperty(
            fc.integer({ min: 1, max: 20 }),
            fc.integer({ min: 0, max: 200 }),
            async (count, cut) => {
                const folder = await newFolder(t)
                const log = await opened(t, { folder })
                for (let n = 1; n <= count; n++) await log.store(message(n))
                const [file] = (await readdir(folder)).filter(name =>
                    name.endsWith(".log")
                )
                const { size: safe } = await stat(join(folder, file))
                const late = log.store(message(count + 1))
                // What is on the disk now, while a write may be under way, is what a crash leaves.
                const left = await newFolder(t)
                await cp(folder, left, { recursive: true })
                await late
                await log.close()
                // Of the bytes behind the last acknowledged message any number may be missing.
                const { size } = await stat(join(left, file))
                await truncate(join(left, file), Math.max(safe, size - cut))
                const again = await opened(t, { folder: left })
                const found = numbers(await again.read(0, 1000))
                assert.ok(found.length >= count)
                found.forEach((n, i) => assert.equal(n, i + 1))
                await again.close()
            }
        ),
        { numRuns: 20 }
    )
})

test("when full, a message is refused, and later ones of its connection, which would overtake it", async t => {
    const log = await opened(t, { maxMessages: 2 })
    await log.store(message(1))
    await log.store(message(2))
    await assert.rejects(log.store(message(3)), refusedWith("store-full"))
    const [{ sequence }] = await log.read(0, 1)
    log.remove(sequence)
    await assert.rejects(log.store(message(4)), refusedWith("store-failed"))
    await log.store(message(3, { connection: 2 }))
    assert.deepEqual(numbers(await log.read(0, 9)), [2, 3])
    assert.equal(log.counts.refused, 2)
})

test("when full and told so, the oldest goes, counted and told", async t => {
    const log = await opened(t, { maxMessages: 2, whenFull: "drop-oldest" })
    const lost: string[] = []
    log.listener = {
        lost: (deviceId, _sequence, reason) =>
            lost.push(`${deviceId} ${reason}`),
        failed: () => assert.fail(),
        stored: () => undefined,
    }
    for (let n = 1; n <= 4; n++) await log.store(message(n))
    assert.deepEqual(numbers(await log.read(0, 9)), [3, 4])
    assert.deepEqual(lost, ["leaf-1 dropped", "leaf-1 dropped"])
    assert.equal(log.counts.dropped, 2)
})

test("bytes are bounded as messages are", async t => {
    const bytes = writeRecord(message(1)).length
    const log = await opened(t, { maxBytes: bytes * 2 })
    await Promise.all([log.store(message(1)), log.store(message(2))])
    assert.equal(log.bytes, bytes * 2)
    await assert.rejects(log.store(message(3)), refusedWith("store-full"))
})

test("a message that is too old is not forwarded any more", async t => {
    const clock = new ManualClock(1_000_000)
    const log = await opened(t, { clock, timeToLiveMs: 1000 })
    await log.store(message(1))
    clock.advance(600)
    await log.store(message(2, { receivedAtMs: clock.now() }))
    clock.advance(400)
    assert.deepEqual(numbers(await log.read(0, 9)), [2])
    assert.equal(log.counts.expired, 1)
})

test("a folder that is in use, or is none, or is damaged is refused with what to do", async t => {
    const folder = await newFolder(t)
    const log = await opened(t, { folder })
    await assert.rejects(
        MessageLog.open({ folder }),
        (error: GatewayError) =>
            error.code === "store-unusable" &&
            /another gateway uses it/.test(error.message) &&
            !error.message.includes(folder)
    )
    await log.store(message(1))
    await log.close()
    const file = join(await newFolder(t), "file")
    await writeFile(file, "no folder")
    await assert.rejects(
        MessageLog.open({ folder: file }),
        refusedWith("store-unusable")
    )
    await writeFile(join(folder, "CURRENT"), "nonsense")
    await assert.rejects(
        MessageLog.open({ folder }),
        refusedWith("store-unusable")
    )
})

test("the folder is its owner's only", async t => {
    const folder = join(await newFolder(t), "log")
    await opened(t, { folder })
    assert.equal((await stat(folder)).mode & 0o777, 0o700)
})
