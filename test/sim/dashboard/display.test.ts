/** The demonstration's lines for twins and direct methods. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { describe as line, JsonDisplay } from "../../../sim/dashboard/display"
import type { ShownEvent } from "../../../sim/dashboard/events"

const deviceId = "leaf-1"

describe("a line of the demonstration", () => {
    test("says what a device reported, or why that was refused", () => {
        assert.deepEqual(
            line({
                type: "reported",
                deviceId,
                version: 3,
                patch: { rate: 5, old: null },
            }),
            ["reported", "green", 'leaf-1, version 3: {"rate":5,"old":null}']
        )
        assert.deepEqual(
            line({ type: "reported", deviceId, failure: "no JSON" }),
            ["reported", "red", "leaf-1: no JSON"]
        )
    })

    test("says what a device is told to be", () => {
        assert.deepEqual(
            line({ type: "desired", deviceId, version: 2, patch: {} }),
            ["desired", "plain", "to leaf-1, version 2: {}"]
        )
    })

    test("says what was called, what came of it, and why nothing did", () => {
        const call = { type: "method", deviceId, name: "reboot" } as const
        const cases: [ShownEvent, string, string][] = [
            [{ ...call, payload: [1] }, "plain", "reboot([1]) at leaf-1"],
            [call, "plain", "reboot(null) at leaf-1"],
            [
                { ...call, status: 200, payload: null },
                "green",
                "reboot at leaf-1: 200 null",
            ],
            [
                { ...call, status: 404, payload: "what?" },
                "yellow",
                'reboot at leaf-1: 404 "what?"',
            ],
            [{ ...call, failure: "too late" }, "red", "too late"],
        ]
        for (const [event, colour, text] of cases)
            assert.deepEqual(line(event), ["method", colour, text])
    })

    test("says that a device was given up", () => {
        assert.deepEqual(line({ type: "lost", deviceId, silentSec: 90 }), [
            "LOST",
            "red",
            "leaf-1: no sign of life for 90 s: given up until it is back",
        ])
    })

    test("cuts long JSON short; for a program it is whole", () => {
        const event: ShownEvent = {
            type: "desired",
            deviceId,
            version: 2,
            patch: { a: "x".repeat(5000) },
        }
        const [, , text] = line(event)
        assert.equal(text.length, "to leaf-1, version 2: ".length + 201)
        assert.ok(text.endsWith("x…"))
        let written = ""
        new JsonDisplay(json => (written += json)).show(event)
        const { ms, ...read } = JSON.parse(written) as { ms: number }
        assert.ok(ms >= 0)
        assert.deepEqual(read, event)
    })
})
