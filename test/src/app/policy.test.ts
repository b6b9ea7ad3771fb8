/** The numbers of the connection policy. */
import { describe, expect, test } from "@devicescript/test"
import {
    PolicyAt,
    changePolicy,
    defaultPolicy,
    policyBounds,
    policyByName,
} from "../../../src/app/policy"
import { ErrorCode } from "../../../src/errors"
import { expectCode } from "../check"

async function refuses(policy: number[], changes: any): Promise<void> {
    await expectCode(ErrorCode.PolicyOutOfBounds, () => {
        changePolicy(policy, changes)
    })
}

describe("policy", () => {
    test("every default lies within its own bounds, and each place in the list has a name", () => {
        const policy = defaultPolicy()
        changePolicy(policy, policyByName(policy))
        expect(policy.join()).toBe(defaultPolicy().join())
        expect(Object.keys(policyBounds()).length).toBe(policy.length)
    })

    test("each number has the place of its name", () => {
        const policy = defaultPolicy()
        const names = Object.keys(policyBounds())
        const placed: string[] = []
        for (const at of [
            PolicyAt.TokenLifeSec,
            PolicyAt.RenewAt,
            PolicyAt.RenewUnknownMs,
            PolicyAt.DrainMs,
            PolicyAt.ConnackMs,
            PolicyAt.AnswerMs,
            PolicyAt.PingAfterMs,
            PolicyAt.PingTimeoutMs,
            PolicyAt.BootSpreadMs,
            PolicyAt.LostWaitMs,
            PolicyAt.LostWaitMs + 1,
            PolicyAt.BusyWaitMs,
            PolicyAt.BusyWaitMs + 1,
            PolicyAt.RefusedWaitMs,
            PolicyAt.RefusedWaitMs + 1,
            PolicyAt.KickedWaitMs,
            PolicyAt.KickedMaxMs,
            PolicyAt.StableMs,
        ])
            placed.push(names[at])
        expect(placed.join()).toBe(
            "tokenLifeSec,renewAt,renewUnknownMs,drainMs,connackMs,answerMs,pingAfterMs,pingTimeoutMs,bootSpreadMs,lostWaitMs,lostMaxMs,busyWaitMs,busyMaxMs,refusedWaitMs,refusedMaxMs,kickedWaitMs,kickedMaxMs,stableMs"
        )
        expect(policy.length).toBe(placed.length)
    })

    test("a change counts for what it names, and for nothing else", () => {
        const policy = defaultPolicy()
        changePolicy(policy, { lostMaxMs: 120000, renewAt: 0.5 })
        const byName = policyByName(policy)
        expect(byName.lostMaxMs).toBe(120000)
        expect(byName.renewAt).toBe(0.5)
        const defaults = defaultPolicy()
        let changed = 0
        for (let i = 0; i < policy.length; i++)
            if (policy[i] !== defaults[i]) changed++
        expect(changed).toBe(2)
    })

    test("what is out of bounds, no number or not known is refused, and nothing has changed then", async () => {
        const policy = defaultPolicy()
        for (const changes of [
            { lostMaxMs: 2000, pingAfterMs: 9999 },
            { lostMaxMs: 2000, pingAfterMs: 60001 },
            { lostMaxMs: 2000, renewAt: NaN },
            { lostMaxMs: 2000, renewAt: "0.8" },
            { lostMaxMs: 2000, pingAfter: 60000 },
        ])
            await refuses(policy, changes)
        expect(policy.join()).toBe(defaultPolicy().join())
    })
})
