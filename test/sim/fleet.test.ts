/** `leaf fleet`: its table, and two devices that connect and send. */
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { Failure } from "../../sim/cli/failure"
import { fleet } from "../../sim/cli/fleet"
import {
    describeTotals,
    fleetTable,
    totalsOf,
} from "../../sim/dashboard/fleettable"
import type { FleetRow } from "../../sim/simulation/fleet"

const row = (deviceId: string, change: Partial<FleetRow> = {}): FleetRow => ({
    deviceId,
    state: "connected",
    messages: 5,
    heartbeats: 0,
    perMinute: 2,
    connections: 1,
    panics: 0,
    lastSeenMs: 1000,
    ...change,
})

test("the table has a line a device, and those that need somebody first when there is no room", () => {
    const rows = [
        row("leaf-1"),
        row("leaf-2", { state: "lost", panics: 1 }),
        row("leaf-3", { state: "waiting", lastSeenMs: undefined }),
    ]
    const whole = fleetTable(rows, 3000, 24)
    assert.equal(whole.length, 5)
    assert.match(whole[1], /^leaf-1 {2}connected +5 +2 +0 +1 +0 +2 s ago$/)
    assert.match(whole[3], /never$/)
    const short = fleetTable(rows, 3000, 4)
    assert.match(short[1], /^leaf-2 {2}lost/)
    assert.equal(short[2], "… and 2 more")
    assert.equal(
        describeTotals(totalsOf(rows)),
        "3 devices: 1 connected, 1 lost, 1 waiting; 15 messages, 6 a minute; 1 panics"
    )
})

test("devices connect, send, and are switched off", async t => {
    const folder = mkdtempSync(join(tmpdir(), "leaf-fleet-"))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    let interrupt: () => void = () => undefined
    const interrupted = new Promise<void>(resolve => (interrupt = resolve))
    const seen: { states: Record<string, number>; messages: number }[] = []
    const code = await fleet(
        ["--devices", "2", "--telemetry", "1", "--json", "--dir", folder],
        {
            interrupted,
            write(text) {
                if (!text.startsWith("{")) return
                seen.push(JSON.parse(text) as (typeof seen)[number])
                const { states, messages } = seen[seen.length - 1]
                if (states.connected === 2 && messages >= 2) interrupt()
            },
        }
    )
    assert.equal(code, 0)
})

test("who has had enough before all have connected is told so by the exit code", async t => {
    const folder = mkdtempSync(join(tmpdir(), "leaf-fleet-"))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const code = await fleet(["--devices", "1", "--dir", folder], {
        interrupted: Promise.resolve(),
        write: () => undefined,
    })
    assert.equal(code, 1)
})

for (const [args, sentence] of [
    [["--devices", "201"], /1 to 200/],
    [["--chain", "dsa"], /rsa and ec/],
    [["--colour"], /--help/],
] as const)
    test(`${args.join(" ")} is one sentence`, () =>
        assert.rejects(
            fleet([...args]),
            (error: Failure) =>
                error.exitCode === 2 && sentence.test(error.message)
        ))
