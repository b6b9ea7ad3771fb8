/** P10: what was verified before is not verified again, and nothing else is skipped. */
import { sha256 } from "../../../src/crypto/hash"
import { describe, expect, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import { VerifiedIssuers } from "../../../src/x509/issuers"
import { PathPolicy, TrustAnchor } from "../../../src/x509/path"
import { expectCode } from "../check"
import {
    toyAnchor,
    toyCa,
    toyLeaf,
    toyPolicy,
    ToyScheme,
    validateFields,
} from "./toy"
import { certificate, Fields } from "./write"

/** Keeps every id, and the order in which they were added. */
class Memory implements VerifiedIssuers {
    ids: string[] = []

    has(id: Buffer): boolean {
        return this.ids.indexOf(id.toString("hex")) >= 0
    }

    async add(id: Buffer): Promise<void> {
        this.ids.push(id.toString("hex"))
    }
}

function chain(): Fields[] {
    return [
        toyLeaf("B", "b"),
        toyCa("B", "b", "A", "a"),
        toyCa("A", "a", "R", "r"),
    ]
}

function root(): TrustAnchor {
    return toyAnchor("R", "r")
}

function noChange(): void {}

/** Validates with a memory. @returns the keys that were used */
async function validate(
    sent: Fields[],
    memory: VerifiedIssuers,
    changes: (policy: PathPolicy) => void = noChange
): Promise<string> {
    const scheme = new ToyScheme()
    const policy = toyPolicy(scheme, root())
    policy.issuers = memory
    changes(policy)
    const path = await validateFields(policy, sent)
    expect(path.signatures).toBe(scheme.used.split(" ").length - 1)
    return scheme.used
}

describe("remembered issuers", () => {
    test("are verified once, from the anchor downwards, the leaf included", async () => {
        const memory = new Memory()
        expect(await validate(chain(), memory)).toBe("r a b ")
        expect(memory.ids.length).toBe(3)
        expect(await validate(chain(), memory)).toBe("")
        expect(memory.ids.length).toBe(3)
    })

    test("have ids of the whole certificate, the issuers above it and the anchor", async () => {
        const memory = new Memory()
        const sent = chain()
        await validate(sent, memory)
        const hash = sha256()
        let id = await hash.digest(root().der)
        for (let i = 0; i < 3; i++) {
            id = await hash.digest(id, certificate(sent[2 - i]))
            expect(memory.ids[i]).toBe(id.toString("hex"))
        }
    })

    test("go on where a connection was cut", async () => {
        const memory = new Memory()
        await validate(chain(), memory)
        const all = memory.ids
        for (let known = 0; known < 3; known++) {
            memory.ids = all.slice(0, known)
            expect(await validate(chain(), memory)).toBe(
                "r a b ".slice(2 * known)
            )
            expect(memory.ids.join(" ")).toBe(all.join(" "))
        }
    })

    test("leave one signature for a renewed leaf", async () => {
        const memory = new Memory()
        await validate(chain(), memory)
        const sent = chain()
        sent[0].key = Buffer.from("new")
        expect(await validate(sent, memory)).toBe("b ")
    })

    test("are others below another anchor, another issuer, or with one bit changed", async () => {
        const memory = new Memory()
        await validate(chain(), memory)
        // The same name and another key; the same key and another name.
        await expectCode(ErrorCode.X509BadSignature, async () => {
            await validate(chain(), memory, policy => {
                policy.anchors = [toyAnchor("R", "q")]
            })
        })
        const sent = chain()
        sent[2] = toyCa("A", "a", "Q", "r")
        expect(
            await validate(sent, memory, policy => {
                policy.anchors = [toyAnchor("Q", "r")]
            })
        ).toBe("r a b ")
        // A of another certificate with the same key: B and the leaf are below something else now.
        const renewed = chain()
        renewed[2].validity = hex`170d3230303130313030303030305a 170d3439303130313030303030315a`
        expect(await validate(renewed, memory)).toBe("r a b ")
        // Only the signature differs: the whole certificate counts.
        const altered = chain()
        altered[1].signature = Buffer.from("x")
        await expectCode(ErrorCode.X509BadSignature, async () => {
            await validate(altered, memory)
        })
    })

    test("that are wrong are not remembered, those above them are", async () => {
        const memory = new Memory()
        const forged = chain()
        forged[0] = toyLeaf("B", "x")
        for (let round = 0; round < 2; round++) {
            await expectCode(ErrorCode.X509BadSignature, async () => {
                await validate(forged, memory)
            })
            expect(memory.ids.length).toBe(2)
        }
        expect(await validate(chain(), memory)).toBe("b ")
    })

    test("have every other check made each time", async () => {
        const memory = new Memory()
        await validate(chain(), memory)
        const refused = async (
            code: ErrorCode,
            changes: (policy: PathPolicy) => void
        ) => {
            await expectCode(code, async () => {
                await validate(chain(), memory, changes)
            })
        }
        await refused(ErrorCode.X509Expired, policy => {
            policy.nowSec = 2600000000
        })
        await refused(ErrorCode.X509Expired, policy => {
            policy.nowSec = -1
            policy.floorSec = 2600000000
        })
        await refused(ErrorCode.X509NotYetValid, policy => {
            policy.nowSec = 1500000000
        })
        await refused(ErrorCode.X509NameMismatch, policy => {
            policy.host = "other"
        })
        await refused(ErrorCode.X509UnknownIssuer, policy => {
            policy.anchors = []
        })
        await refused(ErrorCode.X509UnsupportedSignature, policy => {
            const scheme = new ToyScheme()
            scheme.certificateAlgorithm = hex`06092a864886f70d01010c 0500`
            policy.schemes = [scheme]
        })
        await refused(ErrorCode.X509UnsupportedKey, policy => {
            const scheme = new ToyScheme()
            scheme.keyAlgorithm = hex`06032b6570`
            policy.schemes = [scheme]
        })
    })
})
