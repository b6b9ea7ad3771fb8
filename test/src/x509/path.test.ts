/** How a path is found among what a server sends, in which order signatures are verified, and what that costs at most. */
import { describe, expect, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import { TrustAnchor, readTrustAnchor } from "../../../src/x509/path"
import { expectCode } from "../check"
import {
    basicConstraints,
    toyAnchor,
    toyCa,
    toyLeaf,
    toyName,
    toyPolicy,
    ToyScheme,
    validateFields,
} from "./toy"
import { extension, Fields } from "./write"

/** Root R with key r; A below it with key a; B below that with key b; the leaf below B. */
function ca(subject: string, issuer: string): Fields {
    return toyCa(subject, subject.toLowerCase(), issuer, issuer.toLowerCase())
}
function leaf(): Fields {
    return toyLeaf("B", "b")
}
function root(): TrustAnchor {
    return toyAnchor("R", "r")
}

/** Validates what was sent and compares the keys that were used, in this order. */
async function accepts(
    sent: Fields[],
    used: string,
    length = 3,
    ...anchors: TrustAnchor[]
): Promise<void> {
    const scheme = new ToyScheme()
    const policy = toyPolicy(scheme, root())
    if (anchors.length > 0) policy.anchors = anchors
    const path = await validateFields(policy, sent)
    expect(scheme.used).toBe(used)
    expect(path.length).toBe(length)
    expect(path.signatures).toBe(scheme.used.split(" ").length - 1)
    expect(path.leaf.keyBits.copy().toString()).toBe("leaf")
}

async function refuses(
    code: ErrorCode,
    sent: Fields[],
    used: string,
    ...anchors: TrustAnchor[]
): Promise<void> {
    const scheme = new ToyScheme()
    const policy = toyPolicy(scheme, root())
    if (anchors.length > 0) policy.anchors = anchors
    await expectCode(code, async () => {
        await validateFields(policy, sent)
    })
    expect(scheme.used).toBe(used)
}

/** Not valid in 2027 any more. */
function expired(of: Fields): Fields {
    of.validity = hex`170d3230303130313030303030305a 170d3235303130313030303030305a`
    return of
}

describe("a path is found", () => {
    test("in every order of the issuers, and verified from the anchor downwards", async () => {
        const a = ca("A", "R")
        const b = ca("B", "A")
        await accepts([leaf(), b, a], "r a b ")
        await accepts([leaf(), a, b], "r a b ")
    })

    test("with the root, with strangers and with doubles among the certificates", async () => {
        const a = ca("A", "R")
        const b = ca("B", "A")
        const r = ca("R", "R")
        const stranger = ca("S", "T")
        await accepts([leaf(), r, stranger, b, a, b, a, leaf()], "r a b ")
    })

    test("although one that is not needed has an unknown critical extension or is of version 1", async () => {
        const odd = toyCa(
            "S",
            "s",
            "R",
            "r",
            hex`300c 06022a03 0101ff 0403020100`
        )
        await accepts([leaf(), odd, ca("B", "A"), ca("A", "R")], "r a b ")
    })

    test("around issuers of the right name that fail a cheap check, without their signatures", async () => {
        const good = [ca("B", "A"), ca("A", "R")]
        const noCa = toyCa("B", "b", "R", "r", basicConstraints(hex`3000`))
        const noSigner = toyCa(
            "B",
            "b",
            "R",
            "r",
            Buffer.concat(
                basicConstraints(hex`3003 0101ff`),
                extension(hex`551d0f`, hex`0302 0780`)
            )
        )
        const clients = toyCa(
            "B",
            "b",
            "R",
            "r",
            Buffer.concat(
                basicConstraints(hex`3003 0101ff`),
                extension(hex`551d25`, hex`300a 06082b06010505070302`)
            )
        )
        for (const bad of [noCa, noSigner, clients, expired(ca("B", "R"))])
            await accepts([leaf(), bad, good[0], good[1]], "r a b ")
    })

    test("around a path length constraint that only one of two ways exceeds", async () => {
        const short = toyCa(
            "A",
            "a",
            "R",
            "r",
            basicConstraints(hex`3006 0101ff 020100`)
        )
        await accepts([leaf(), ca("B", "A"), short, ca("A", "R")], "r a b ")
        // Self-issued certificates do not count: A renewed its key, and signed that.
        const renewed = toyCa("A", "a2", "A", "a")
        const below = toyCa("B", "b", "A", "a2")
        const one = toyCa(
            "A",
            "a",
            "R",
            "r",
            basicConstraints(hex`3006 0101ff 020101`)
        )
        await accepts([leaf(), below, renewed, one], "r a a2 b ", 4)
    })

    test("where an issuer was renewed with another key, and both are sent", async () => {
        const old = toyCa("B", "b0", "A", "a")
        // The old one's key does not fit the leaf: what was right is not verified again.
        await accepts([leaf(), old, ca("B", "A"), ca("A", "R")], "r a b0 a b ")
    })

    test("where an issuer is cross-signed by an owner that is not pinned", async () => {
        const cross = toyCa("A", "a", "X", "x")
        const x = ca("X", "X")
        await accepts([leaf(), ca("B", "A"), cross, x, ca("A", "R")], "r a b ")
    })

    test("through CAs that signed each other, be it the shortest or not", async () => {
        const sent = [
            leaf(),
            toyCa("B", "b", "C", "c"),
            toyCa("C", "c", "B", "b"),
            ca("B", "R"),
        ]
        await accepts(sent, "r b c b ", 4)
        await accepts([leaf(), sent[3], sent[1], sent[2]], "r b ", 2)
    })
})

describe("two anchors", () => {
    test("are good both, also where they share a name", async () => {
        const sent = [leaf(), ca("B", "A"), ca("A", "R")]
        await accepts(sent, "r a b ", 3, toyAnchor("Q", "q"), root())
        await accepts(sent, "r a b ", 3, root(), toyAnchor("R", "q"))
        await accepts(sent, "q r a b ", 3, toyAnchor("R", "q"), root())
    })

    test("share a name, and each is the one of another issuer", async () => {
        // The old B is under the old key of R, the new one, with another key, under the new key of R.
        const sent = [
            toyLeaf("B", "b2"),
            toyCa("B", "b", "R", "r"),
            toyCa("B", "b2", "R", "r2"),
        ]
        await accepts(sent, "r b r r2 b2 ", 2, root(), toyAnchor("R", "r2"))
    })

    test("one of which has a key of a kind that is not in the set", async () => {
        const ed25519 = readTrustAnchor(
            Buffer.concat(
                toyName("R"),
                hex`302a 3005 06032b6570 0321 00 0000000000000000000000000000000000000000000000000000000000000000`
            )
        )
        const sent = [leaf(), ca("B", "A"), ca("A", "R")]
        await accepts(sent, "r a b ", 3, ed25519, root())
        await accepts(sent, "r a b ", 3, root(), ed25519)
        await refuses(ErrorCode.X509UnsupportedKey, sent, "", ed25519)
    })
})

describe("what is reported where no path is good", () => {
    test("is the first path up to an anchor that is not proven", async () => {
        await refuses(
            ErrorCode.X509BadSignature,
            [
                leaf(),
                expired(ca("B", "R")),
                toyCa("B", "b", "R", "x"),
                toyCa("B", "b", "Nobody", "n"),
            ],
            "r "
        )
    })

    test("is else the first reason against an issuer that was found", async () => {
        const noCa = toyCa("B", "b", "R", "r", basicConstraints(hex`3000`))
        const old = expired(ca("B", "R"))
        const lost = toyCa("B", "b", "Nobody", "n")
        await refuses(ErrorCode.X509Expired, [leaf(), lost, old, noCa], "")
        await refuses(ErrorCode.X509NotCa, [leaf(), noCa, old, lost], "")
    })

    test("is else that no issuer was found", async () => {
        await refuses(
            ErrorCode.X509UnknownIssuer,
            [leaf(), toyCa("B", "b", "Nobody", "n"), ca("S", "T")],
            ""
        )
    })
})

describe("P9: the work for a stranger is bounded", () => {
    test("wrong signatures: the third is the last", async () => {
        const sent = [leaf()]
        for (let i = 0; i < 7; i++) sent.push(toyCa("B", "b", "R", "x"))
        await refuses(ErrorCode.X509BadSignature, sent, "r r r ")
        await refuses(
            ErrorCode.X509BadSignature,
            sent,
            "r q r ",
            root(),
            toyAnchor("R", "q")
        )
    })

    test("signatures, the right ones of a captured chain included: eight", async () => {
        // Genuine issuers, and a leaf that none of them signed: each that is tried costs a wrong one.
        const forged = toyLeaf("B", "x")
        await refuses(
            ErrorCode.X509BadSignature,
            [forged, ca("B", "A"), ca("A", "R")],
            "r a b "
        )
        const sent = [forged, ca("C", "R")]
        for (const key of ["b1", "b2", "b3", "b4", "b5", "b6"])
            sent.push(toyCa("B", key, "C", "c"))
        await refuses(ErrorCode.X509BadSignature, sent, "r c b1 c b2 c b3 ")
        const long = [forged, ca("E", "R"), ca("D", "E"), ca("C", "D")]
        for (const key of ["b1", "b2", "b3", "b4"])
            long.push(toyCa("B", key, "C", "c"))
        await refuses(ErrorCode.X509BadSignature, long, "r e d c b1 c b2 c ")
    })

    test("a way through a signature that was found to be wrong is not looked at", async () => {
        // B is good, the leaf is not; that there are more ways up from B does not help.
        await refuses(
            ErrorCode.X509BadSignature,
            [
                toyLeaf("B", "x"),
                ca("B", "R"),
                ca("R", "R"),
                ca("R", "A"),
                ca("A", "R"),
            ],
            "r b "
        )
    })

    test("candidates: among CAs of one name that signed each other no way is looked for without end", async () => {
        const sent = [toyLeaf("A", "a")]
        for (let i = 0; i < 7; i++) sent.push(toyCa("A", "a", "A", "a"))
        await refuses(ErrorCode.X509PathTooLong, sent, "")
    })

    test("candidates: many ways that lead nowhere are not gone to the end", async () => {
        const sent = [leaf()]
        for (const key of ["1", "2"]) {
            sent.push(toyCa("B", "b" + key, "C", "c"))
            sent.push(toyCa("C", "c" + key, "D", "d"))
            sent.push(toyCa("D", "d" + key, "E", "e"))
        }
        await refuses(ErrorCode.X509UnknownIssuer, sent, "")
        sent.push(toyCa("E", "e", "F", "f"))
        await refuses(ErrorCode.X509SearchLimit, sent, "")
    })
})
