/**
 * HelloRetryRequest (RFC 8446 4.1.4), from correct servers and from servers that misuse it: the error's code and the
 * alert on the wire.
 *
 * Names start with the id of the check in SECURITY.md.
 */
import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { before, describe, test } from "node:test"
import { P256, X25519 } from "../../../sim/faults/algorithms"
import type { HelloRetry13 } from "../../../sim/faults/tlsserver13"
import { Alert, Ext, extension, uint, vector } from "../../../sim/faults/wire"
import { TlsSite } from "../tlssite"
import { around, ccs, cutting } from "./misbehaviour"
import { allSet } from "./sets"

let site: TlsSite
before(async () => {
    site = await TlsSite.create()
})

const client = { parts: allSet() }
/** A server that takes P-256 alone, of which the first hello has no share. */
const wantsP256 = { client, server: { groups: [P256] } }
const cookie = Buffer.from("a cookie")

/** One request with these fields, whether it is needed or not. */
const asking = (helloRetryRequest: Partial<HelloRetry13>) => ({
    retries: 1,
    helloRetryRequest,
})

describe("a correct second hello", () => {
    test("N6: has the group that was asked for, and nothing else changes", async () => {
        const server = await site.accepts({}, wantsP256)
        assert.deepEqual(server.clientMessages, [1, 1, 20])
    })

    test("N6: brings the cookie back, with the same key share or with another", async () => {
        for (const groups of [[X25519], [P256]])
            for (const bytes of [1, 100, 512])
                await site.accepts(
                    {},
                    {
                        client,
                        server: { groups, cookie: randomBytes(bytes) },
                    }
                )
    })

    test("N6: follows a request in fragments, and one with a ChangeCipherSpec behind it", async () => {
        await site.accepts(cutting(1), { ...wantsP256, pieceBytes: 7 })
        await site.accepts(around("helloRetryRequest", [], [ccs()]), wantsP256)
    })
})

describe("a HelloRetryRequest that is refused", () => {
    test("N6: comes a second time", async () => {
        const twice = { retries: 2 }
        for (const helloRetryRequest of [
            {},
            { cookie },
            { group: undefined, cookie },
        ])
            await site.refuses(
                "TlsUnexpectedMessage",
                Alert.UnexpectedMessage,
                { ...twice, helloRetryRequest },
                helloRetryRequest.cookie ? { client } : wantsP256
            )
    })

    test("N6: changes nothing", async () => {
        for (const group of [undefined, X25519])
            await site.refuses(
                "TlsRetryUnchanged",
                Alert.IllegalParameter,
                asking({ group }),
                { client }
            )
    })

    test("N6: asks for the group whose share it has, with a cookie", async () => {
        await site.refuses(
            "TlsRetryUnchanged",
            Alert.IllegalParameter,
            asking({ group: X25519, cookie }),
            { client }
        )
    })

    test("K1: asks for a group that was not offered", async () => {
        for (const group of [0x0018, 0x0019, 0x001e, 0x0100, 0x0000])
            await site.refuses(
                "TlsGroup",
                Alert.IllegalParameter,
                asking({ group }),
                { client }
            )
        // The client has one group.
        await site.refuses(
            "TlsGroup",
            Alert.IllegalParameter,
            asking({ group: P256 })
        )
    })

    test("N6: is malformed", async () => {
        for (const more of [
            // A whole key share, as in a ServerHello.
            extension(
                Ext.KeyShare,
                uint(2, P256),
                vector(2, Buffer.alloc(65, 4))
            ),
            extension(Ext.KeyShare, uint(1, 0)),
            extension(Ext.KeyShare),
            // A cookie without content, too long, or with something behind it.
            extension(Ext.Cookie),
            extension(Ext.Cookie, vector(2)),
            extension(Ext.Cookie, vector(2, Buffer.alloc(513))),
            extension(Ext.Cookie, vector(2, cookie), uint(1, 0)),
            extension(Ext.Cookie, cookie),
        ])
            await site.refuses(
                "TlsMalformed",
                Alert.DecodeError,
                asking({ group: undefined, more: [more] }),
                { client }
            )
    })

    test("N3: has an extension that has no place there, that was not offered, or twice", async () => {
        for (const type of [
            Ext.ServerName,
            Ext.MaxFragmentLength,
            Ext.SupportedGroups,
            Ext.SignatureAlgorithms,
            Ext.ExtendedMasterSecret,
        ])
            await site.refuses(
                "TlsMisplacedExtension",
                Alert.IllegalParameter,
                asking({ group: P256, more: [extension(type)] }),
                { client }
            )
        for (const type of [Ext.Alpn, Ext.EarlyData, Ext.PreSharedKey, 0x0a0a])
            await site.refuses(
                "TlsUnofferedExtension",
                Alert.UnsupportedExtension,
                asking({ group: P256, more: [extension(type)] }),
                { client }
            )
        await site.refuses(
            "TlsRepeatedExtension",
            Alert.IllegalParameter,
            asking({
                group: P256,
                more: [extension(Ext.KeyShare, uint(2, P256))],
            }),
            { client }
        )
    })

    test("N1: names another version", async () => {
        for (const version of [0x0303, 0x0302, 0x0305, 0x7f1c])
            await site.refuses(
                "TlsSelectedVersion",
                Alert.IllegalParameter,
                asking({ group: P256, version }),
                { client }
            )
    })

    test("N1: has a session id that is not ours", async () => {
        await site.refuses(
            "TlsSessionId",
            Alert.IllegalParameter,
            asking({ group: P256, sessionId: randomBytes(32) }),
            { client }
        )
    })

    test("N2: has a suite that was not offered, or of TLS 1.2", async () => {
        for (const suite of [0x1302, 0x1304, 0xcca8, 0x0000])
            await site.refuses(
                "TlsSuite",
                Alert.IllegalParameter,
                asking({ group: P256, suite }),
                { client }
            )
    })
})

describe("a ServerHello behind a HelloRetryRequest that is refused", () => {
    test("N1: chooses TLS 1.2", async () => {
        await site.refuses(
            "TlsSelectedVersion",
            Alert.IllegalParameter,
            {
                serverHello: {
                    version: undefined,
                    share: undefined,
                    suite: 0xcca8,
                },
            },
            wantsP256
        )
    })

    test("N2: changes the suite", async () => {
        for (const suite of [0x1303, 0x1302])
            await site.refuses(
                "TlsSuite",
                Alert.IllegalParameter,
                { serverHello: { suite } },
                wantsP256
            )
    })

    test("K1: has a share of the group that was dropped, or of none", async () => {
        for (const group of [X25519, 0x0018])
            await site.refuses(
                "TlsGroup",
                Alert.IllegalParameter,
                { serverHello: { group } },
                wantsP256
            )
        await site.refuses(
            "TlsMissingExtension",
            Alert.MissingExtension,
            { serverHello: { share: undefined } },
            wantsP256
        )
    })

    test("N3: has a cookie", async () => {
        await site.refuses(
            "TlsMisplacedExtension",
            Alert.IllegalParameter,
            {
                serverHello: {
                    more: [extension(Ext.Cookie, vector(2, cookie))],
                },
            },
            wantsP256
        )
    })

    test("S1: is left out", async () => {
        await site.refuses(
            "TlsUnexpectedRecord",
            Alert.UnexpectedMessage,
            { message: (step, sent) => (step === "serverHello" ? [] : [sent]) },
            wantsP256
        )
    })
})
