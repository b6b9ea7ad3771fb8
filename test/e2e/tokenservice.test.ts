/**
 * A device without a device key: the firmware of `maintokenservice.ts` in the VM, against the local gateway and its token service, both in
 * virtual time.
 */
import assert from "node:assert/strict"
import { join } from "node:path"
import { before, describe, test, type TestContext } from "node:test"
import { Enrolments } from "../../sim/gateway/enrolment"
import { Policies } from "../../sim/gateway/policies"
import { randomKey } from "../../sim/gateway/registry"
import { seededBytes } from "../../sim/simulation/random"
import { World } from "../../sim/simulation/world"
import { compile, type Image } from "../../sim/vm/compiler"
import { simulatedSensors } from "../../sim/vm/sensors"
import { constant } from "../../sim/vm/signals"
import { assertHeapBudget } from "../house/budgets"

const root = join(__dirname, "..", "..", "..")
const ID = "leaf-1"
const SEED = Number(process.env.SEED ?? 1)
const MINUTE_MS = 60_000

describe("a device without a device key", () => {
    let image: Image
    before(async () => {
        image = await compile(join(root, "src/maintokenservice.ts"), { root })
    })

    /** A gateway, and a device whose flash has an enrolment secret: the right one, unless told otherwise. */
    async function start(t: TestContext, enrolled = true) {
        t.diagnostic(`SEED=${SEED}`)
        const policies = Policies.builtIn()
        const enrolments = new Enrolments()
        const service = { isAway: false }
        const world = await World.create({
            seed: SEED,
            image,
            gateway: {
                policies,
                tokenService: {
                    policy: "device",
                    authenticator: {
                        authenticate: request => {
                            if (service.isAway) throw new Error("away")
                            return enrolments.authenticate(request)
                        },
                    },
                },
            },
        })
        t.after(() => world.close())
        const { gateway, clock, registry } = world
        // What provisioning puts where a device key would be.
        const inFlash = seededBytes(SEED, `${ID}'s key`)(32).toString("base64")
        const { device } = await world.addLeaf({
            id: ID,
            settings: { telemetrySec: 300, heartbeatSec: 900 },
            bus: deviceClock =>
                simulatedSensors({
                    temperatureC: constant(21.5),
                    humidityPercent: constant(45.25),
                    clock: deviceClock,
                    intervalMs: 1000,
                }),
        })
        // The device's own keys are in the registry alone.
        registry.change(ID, {
            primaryKey: randomKey(),
            secondaryKey: randomKey(),
        })
        enrolments.set(ID, enrolled ? inFlash : undefined)
        const told: Record<string, { atMs: number; [key: string]: unknown }[]> =
            {}
        gateway.events.onAny((name, event) => {
            ;(told[name] ??= []).push(event as never)
        })
        const lines = () => device.lines.map(({ text }) => text)
        t.after(() => {
            const text = lines().join("\n")
            assert.ok(!text.includes(inFlash), "the secret is in the log")
            assert.ok(
                !text.includes("SharedAccessSig"),
                "a token is in the log"
            )
            assert.deepEqual(device.panics, [])
        })
        return {
            gateway,
            clock,
            policies,
            enrolments,
            service,
            device,
            told,
            lines,
            inFlash,
        }
    }

    test("connects with a token of the service, sends telemetry, and has a new token before the old one ends", async t => {
        const { clock, device, told, gateway } = await start(t)
        const peak = device.watchHeap()
        await clock.pass(3 * MINUTE_MS)
        assertHeapBudget(peak)
        device.unwatchHeap()
        const { [0]: issued } = told.tokenIssued
        const { [0]: authenticated } = told.authenticated
        assert.equal(issued.policy, "device")
        assert.equal(issued.lifetimeSec, 3600)
        assert.equal(authenticated.tokenExpirySec, issued.expirySec)
        await clock.pass(50 * MINUTE_MS)
        const issues = told.tokenIssued.map(({ atMs }) => atMs)
        // 48 minutes each, and what reading the time and connecting takes.
        assert.ok(issues.length >= 2, `${issues.length} tokens`)
        for (const [i, atMs] of issues.entries())
            if (i > 0)
                assert.ok(
                    Math.abs(atMs - issues[i - 1] - 48 * MINUTE_MS) < 30_000,
                    `after ${atMs - issues[i - 1]} ms`
                )
        assert.equal(told.authenticated.length, issues.length)
        assert.equal(told.refused, undefined)
        assert.equal(told.tokenRefused, undefined)
        const ids = gateway.messages.map(
            ({ systemProperties }) => systemProperties.messageId
        )
        assert.ok(ids.length >= 10, `${ids.length} messages`)
        assert.deepEqual(
            ids,
            ids.map((_, i) => `1-${i + 1}`),
            "each once and in order"
        )
    })

    test("with a wrong secret says so, waits longer each time, and connects when it is enrolled", async t => {
        const { clock, told, lines, enrolments, inFlash } = await start(
            t,
            false
        )
        await clock.pass(10 * MINUTE_MS)
        assert.ok(!("authenticated" in told) && !("tokenIssued" in told))
        assert.ok(
            told.tokenRefused.every(({ status }) =>
                [403, 429].includes(status as number)
            )
        )
        // Ten seconds at first, five minutes at most, with jitter.
        const tries = told.tokenRefused.length
        assert.ok(tries >= 4 && tries < 15, `${tries} tries`)
        const refusals = lines().filter(line => /\((6403|6429)\)/.test(line))
        assert.equal(refusals.length, tries)
        assert.match(
            refusals[0],
            /^leaf: no connection: iothub: the token service answered with status 403 \(6403\).*, next try in [\d.]+ s$/
        )
        enrolments.set(ID, inFlash)
        await clock.pass(6 * MINUTE_MS)
        assert.equal(told.authenticated.length, 1)
    })

    test("keeps the old token while the service is away and it is good, asks again and again, and then waits for a new one", async t => {
        const { clock, told, lines, service } = await start(t)
        await clock.pass(3 * MINUTE_MS)
        service.isAway = true
        await clock.pass(47 * MINUTE_MS)
        assert.equal(told.tokenIssued.length, 1)
        // It was asked after 48 minutes, and has the connection with the old token since.
        const expiries = () =>
            told.authenticated.map(({ tokenExpirySec }) => tokenExpirySec)
        const [first] = expiries()
        assert.deepEqual(expiries(), [first, first])
        assert.ok(
            lines().some(line => /^leaf: token kept: .* \(6500\)$/.test(line))
        )
        // After half of what is left, again and again; and at its end no CONNECT with a token that is over.
        await clock.pass(15 * MINUTE_MS)
        assert.ok(told.tokenRefused.length >= 3)
        assert.equal(told.refused, undefined)
        assert.equal(told.tokenIssued.length, 1)
        service.isAway = false
        await clock.pass(3 * MINUTE_MS)
        assert.equal(told.tokenIssued.length, 2)
        assert.equal(expiries().pop(), told.tokenIssued[1].expirySec)
    })

    test("replaces a token that was revoked", async t => {
        const { clock, told, policies } = await start(t)
        await clock.pass(3 * MINUTE_MS)
        assert.equal(told.authenticated.length, 1)
        policies.change("device", { primaryKey: randomKey() })
        await clock.pass(2 * MINUTE_MS)
        assert.equal(told.tokenIssued.length, 2)
        assert.equal(told.authenticated.length, 2)
        assert.deepEqual(
            told.refused.map(({ reason }) => reason),
            ["wrong-signature"]
        )
    })
})
