/** Watchdog and safe mode; what takes ten minutes or more is in `test/e2e/health.test.ts`. */
import { sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { Health, MAX_EARLY } from "../../../src/app/health"
import { PolicyAt } from "../../../src/app/policy"
import { ErrorCode } from "../../../src/errors"
import { Bench } from "./bench"

/** A leaf with a watchdog, and what is in flash. */
class Rig {
    readonly bench = new Bench()
    readonly leaf = this.bench.create()
    readonly health: Health
    /** What was written, the latest last. */
    readonly written: string[] = []
    restarts = 0

    /** @param kept what is in flash at the start */
    constructor(kept: number[]) {
        const self = this
        this.health = new Health(
            this.leaf,
            async () => kept,
            async (name, value) => {
                self.written.push(`${name} ${value.join()}`)
            },
            () => {
                self.restarts++
            }
        )
    }

    /** The first message that goes out. */
    async firstMessage(): Promise<string> {
        this.leaf.start()
        await this.bench.gateway.waitForPublished(1)
        this.leaf.stop()
        return this.bench.gateway.published[0]
    }
}

describe("health", () => {
    test("a first start is counted, and there is nothing to tell", async () => {
        const rig = new Rig(undefined)
        await rig.health.start()
        expect(rig.written.join()).toBe("health 1,0,0")
        expect(rig.health.isSafe).toBe(false)
        rig.leaf.send("x", { messageId: "m" })
        const message = await rig.firstMessage()
        expect(message.endsWith("mid=m x")).toBe(true)
    })

    test("an early end is counted and told, by a message and in heartbeats", async () => {
        const rig = new Rig([1, 6, 0])
        await rig.health.start()
        expect(rig.written.join()).toBe("health 2,7,0")
        expect(rig.leaf.vitals.early).toBe(7)
        const message = await rig.firstMessage()
        expect(message.indexOf("health=early") > 0).toBe(true)
        expect(message.indexOf('"early":7') > 0).toBe(true)
        expect(message.indexOf('"safe":false') > 0).toBe(true)
    })

    test("after five early ends in a row there is safe mode, with long intervals", async () => {
        const rig = new Rig([MAX_EARLY, 7, 0])
        await rig.health.start()
        expect(rig.health.isSafe).toBe(true)
        expect(rig.leaf.settings.telemetrySec).toBe(900)
        expect(rig.leaf.settings.heartbeatSec).toBe(900)
        expect(rig.leaf.policy[PolicyAt.LostWaitMs]).toBe(60000)
        expect(rig.leaf.policy[PolicyAt.LostWaitMs + 1]).toBe(600000)
        const message = await rig.firstMessage()
        expect(message.indexOf("health=safe") > 0).toBe(true)
    })

    test("one early end less is no safe mode", async () => {
        const rig = new Rig([MAX_EARLY - 1, 7, 0])
        await rig.health.start()
        expect(rig.health.isSafe).toBe(false)
        expect(rig.leaf.settings.telemetrySec !== 900).toBe(true)
    })

    test("a restart's reason is told once, and not kept", async () => {
        const rig = new Rig([0, 3, ErrorCode.Offline])
        await rig.health.start()
        expect(rig.written.join()).toBe("health 1,3,0")
        expect(rig.health.reason).toBe(ErrorCode.Offline)
        const message = await rig.firstMessage()
        expect(message.indexOf("health=restarted") > 0).toBe(true)
        expect(message.indexOf(`"reason":${ErrorCode.Offline}`) > 0).toBe(true)
    })

    test("a connection that does nothing any more ends the program, with the reason in flash", async () => {
        const rig = new Rig(undefined)
        await rig.health.start()
        await rig.health.check()
        expect(rig.restarts).toBe(0)
        // Beyond the largest wait of the policy, ten minutes.
        rig.health.stallMs = -600000
        await sleep(5)
        await rig.health.check()
        expect(rig.restarts).toBe(1)
        expect(rig.written[rig.written.length - 1]).toBe(
            `health 1,0,${ErrorCode.Stalled}`
        )
    })

    test("progress of the connection, or a firmware that says it is alive, puts the end off", async () => {
        const rig = new Rig(undefined)
        await rig.health.start()
        rig.health.stallMs = -600000 + 60000
        rig.health.begin()
        rig.health.alive()
        await rig.health.check()
        await rig.health.serve()
        await rig.health.check()
        expect(rig.restarts).toBe(0)
    })

    test("a gateway that was away for too long ends the program", async () => {
        const rig = new Rig(undefined)
        await rig.health.start()
        rig.health.offlineMs = -1
        await rig.health.check()
        expect(rig.restarts).toBe(1)
        expect(rig.written[rig.written.length - 1]).toBe(
            `health 1,0,${ErrorCode.Offline}`
        )
    })
})
