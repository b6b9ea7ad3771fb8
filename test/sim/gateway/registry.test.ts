import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { EventHub } from "../../../sim/gateway/events"
import { Registry } from "../../../sim/gateway/registry"

describe("the registry", () => {
    test("makes two random keys of 32 bytes for a device, and its parent is this gateway", () => {
        const registry = new Registry("my-edge")
        const one = registry.add({ deviceId: "one" })
        const two = registry.add({ deviceId: "two" })
        const keys = [one, two].flatMap(({ primaryKey, secondaryKey }) => [
            primaryKey,
            secondaryKey,
        ])
        assert.equal(new Set(keys).size, 4)
        for (const key of keys)
            assert.equal(Buffer.from(key, "base64").length, 32)
        assert.equal(one.parent, "my-edge")
        assert.equal(one.enabled, true)
        assert.deepEqual(registry.deviceIds, ["one", "two"])
    })

    test("takes a device once, and says what to do with the second", () => {
        const registry = new Registry()
        registry.add({ deviceId: "one" })
        assert.throws(() => registry.add({ deviceId: "one" }), {
            code: "duplicate-identity",
            message: /remove or change it/,
        })
        assert.ok(registry.add({ deviceId: "One" }))
    })

    test("refuses device ids that IoT Hub or MQTT do not allow", () => {
        const registry = new Registry()
        for (const deviceId of [
            "",
            "a b",
            "a/b",
            "a+b",
            "a#b",
            "é",
            "a\n",
            "x".repeat(129),
        ])
            assert.throws(() => registry.add({ deviceId }), {
                code: "bad-identity",
            })
        registry.add({ deviceId: "-.%_*?!(),:=@$'" })
        registry.add({ deviceId: "x".repeat(128) })
    })

    test("refuses keys that are no base64, too short or too long", () => {
        const registry = new Registry()
        for (const primaryKey of [
            "",
            "no base64!",
            Buffer.alloc(15).toString("base64"),
            Buffer.alloc(65).toString("base64"),
            Buffer.alloc(32).toString("base64").slice(0, -1),
        ])
            assert.throws(() => registry.add({ deviceId: "d", primaryKey }), {
                code: "bad-identity",
            })
        assert.deepEqual(registry.deviceIds, [])
    })

    test("tells each change to who watches, until they stop", () => {
        const registry = new Registry()
        const seen: string[] = []
        const stop = registry.watch(id => seen.push(id))
        registry.add({ deviceId: "d" })
        registry.change("d", { enabled: false })
        registry.remove("d")
        assert.equal(registry.remove("d"), false)
        stop()
        registry.add({ deviceId: "e" })
        assert.deepEqual(seen, ["d", "d", "d"])
        assert.throws(() => registry.change("d", {}), {
            code: "unknown-identity",
        })
    })

    test("gives identities that nobody can change behind its back", () => {
        const registry = new Registry()
        const identity = registry.add({ deviceId: "d" })
        assert.throws(() => Object.assign(identity, { enabled: false }))
    })
})

describe("the events", () => {
    const alive = (deviceId: string) => ({ deviceId, silentMs: 1 })

    test("reach who asked for them, with the time, until they stop", () => {
        const events = new EventHub(() => 42)
        const seen: object[] = []
        const stop = events.on("alive", event => seen.push(event))
        events.emit("alive", alive("a"))
        events.emit("late", {
            deviceId: "a",
            lastSeenMs: 0,
            expectedIntervalMs: 0,
        })
        stop()
        events.emit("alive", alive("b"))
        assert.deepEqual(seen, [{ ...alive("a"), atMs: 42 }])
    })

    test("are waited for by name and content", async () => {
        const events = new EventHub(() => 0)
        const wait = events.waitFor("alive", e => e.deviceId === "b")
        events.emit("alive", alive("a"))
        events.emit("alive", alive("b"))
        assert.equal((await wait).deviceId, "b")
    })

    test("that do not come are an error after the time that was given", async () => {
        const events = new EventHub(() => 0)
        await assert.rejects(
            events.waitFor("alive", () => true, 5),
            { code: "wait-timeout", message: /no such alive event/ }
        )
    })
})
