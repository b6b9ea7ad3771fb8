/**
 * Days of a device's life in virtual time, see `days.ts`. `DAYS=30 SEED=7 node built/test/run.js reliability/days` runs others.
 *
 * Without SEED it is always the same days: what random days find is for the slow runs (`slow.ts`).
 */
import assert from "node:assert/strict"
import { before, test } from "node:test"
import { join } from "node:path"
import { compile, type Image } from "../../sim/vm/compiler"
import { runDays } from "./days"
import { judgeDays } from "./judge"

const DAYS = Number(process.env.DAYS ?? 3)
/**
 * Both kinds of outages, for half of the time; power cuts in an outage, at a write to flash that is lost with it, and at one that
 * is whole; a time that is read, and renewals.
 */
const SEED = Number(process.env.SEED ?? 4706)
/** In CI a message each two minutes: encrypting messages is most of the work. Who chooses days gets those of the slow runs. */
const TELEMETRY_SEC = process.env.SEED || process.env.DAYS ? 60 : 120

/** Some more than an hour, for what has to be done twice. */
const SHORT_DAYS = 0.05

const root = join(__dirname, "..", "..", "..")
let image: Image
before(async () => {
    image = await compile(join(root, "src/main.ts"), { root })
})

test(`in ${DAYS} days of outages, power cuts and renewals no reading is lost but by the policy, and every loss is counted`, async t => {
    const result = await runDays(
        image,
        DAYS,
        SEED,
        text => t.diagnostic(text),
        TELEMETRY_SEC
    )
    t.diagnostic(JSON.stringify(result.summary))
    judgeDays(result)
    if (process.env.SEED || process.env.DAYS) return
    // The days that were chosen have what they were chosen for.
    assert.ok(result.cuts >= 2, "power cuts")
    assert.ok(result.lostWrites > 0, "a write to flash that a cut took")
    assert.ok(result.outages >= 3, "outages")
    assert.ok(result.renewals >= 15, "renewals")
    assert.ok(result.timeReads >= 2, "readings of the time")
    assert.ok(result.resumed > result.renewals / 2, "resumed sessions")
    assert.ok(result.summary.dropped > 0, "a full outbox")
    assert.ok(result.summary.lostToCuts > 0, "readings that a cut took")
})

test("the same seed gives the same days, event by event", async () => {
    const first = await runDays(image, SHORT_DAYS, SEED)
    const second = await runDays(image, SHORT_DAYS, SEED)
    assert.equal(second.digest, first.digest)
    // And they are not alike because nothing happened.
    assert.ok(first.summary.received > 50 && first.outages > 0)
})
