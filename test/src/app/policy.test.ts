/** The numbers of the connection policy. */
import { describe, expect, test } from "@devicescript/test"
import { changePolicy, defaultPolicy } from "../../../src/app/policy"
import { ErrorCode } from "../../../src/errors"
import { expectCode } from "../check"

describe("policy", () => {
    test("every default lies within its own bounds", () => {
        const policy = defaultPolicy()
        changePolicy(policy, defaultPolicy())
        expect(Object.keys(policy).length).toBe(18)
    })

    test("a change counts for what it names, and for nothing else", () => {
        const policy = defaultPolicy()
        changePolicy(policy, { lostMaxMs: 120000, renewAt: 0.5 })
        expect(policy.lostMaxMs).toBe(120000)
        expect(policy.renewAt).toBe(0.5)
        expect(policy.tokenLifeSec).toBe(3600)
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
            await expectCode(ErrorCode.PolicyOutOfBounds, () => {
                changePolicy(policy, changes)
            })
        expect(policy.lostMaxMs).toBe(60000)
    })
})
