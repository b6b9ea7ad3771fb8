/**
 * Pre-shared keys of TLS 1.3 (RFC 8446 4.2.11, 4.6.1), against servers that misuse them: the error's code and the alert
 * on the wire.
 *
 * Names start with the id of the check in SECURITY.md.
 */
import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { before, describe, test } from "node:test"
import { P256 } from "../../../sim/faults/algorithms"
import { Faults13, TlsServer13 } from "../../../sim/faults/tlsserver13"
import {
    Alert,
    Content,
    Ext,
    extension,
    handshake,
    NOTHING,
    Type,
    uint,
    vector,
} from "../../../sim/faults/wire"
import { TlsSite } from "../tlssite"
import { afterwards13, replacing } from "./misbehaviour"
import { Regular } from "./sessions"
import { allSet } from "./sets"

let site: TlsSite
before(async () => {
    site = await TlsSite.create()
})

const regular = async (client = {}) => {
    const device = new Regular<Faults13, TlsServer13>(site, client)
    await device.beginsSession()
    return device
}

describe("a pre-shared key of TLS 1.3", () => {
    test("T3: has a right binder, with psk_dhe_ke alone and no early data", async () => {
        // The server complains about anything else.
        const device = await regular()
        assert.equal(await device.visits(), true)
    })

    test("T3: has a right binder behind a HelloRetryRequest, with and without a cookie", async () => {
        const device = await regular({ parts: allSet() })
        for (const server of [
            { groups: [P256] },
            { cookie: Buffer.from("c") },
            { groups: [P256], cookie: randomBytes(300) },
        ])
            assert.equal(await device.visits({}, server), true)
    })

    test("T2: with an index that was not offered is refused", async () => {
        for (const psk of [1, 2, 0xffff])
            await (
                await regular()
            ).isRefused("TlsSession", Alert.IllegalParameter, {
                serverHello: { psk },
            })
    })

    test("T2: with another suite than its own is refused", async () => {
        // Both have the same hash, so that RFC 8446 would allow it; T1 does not.
        await (
            await regular()
        ).isRefused("TlsSession", Alert.IllegalParameter, {
            serverHello: { suite: 0x1303 },
        })
    })

    test("T2: with a malformed index is refused", async () => {
        for (const body of [NOTHING, uint(1, 0), uint(3, 0)])
            await (
                await regular()
            ).isRefused("TlsMalformed", Alert.DecodeError, {
                serverHello: {
                    psk: undefined,
                    more: [extension(Ext.PreSharedKey, body)],
                },
            })
    })

    test("T2: that nobody offered is refused", async () => {
        await site.refuses(
            "TlsUnofferedExtension",
            Alert.UnsupportedExtension,
            { serverHello: { psk: 0 } }
        )
        const device = new Regular(site)
        await site.refuses(
            "TlsUnofferedExtension",
            Alert.UnsupportedExtension,
            { serverHello: { psk: 0 } },
            device.options()
        )
    })

    test("T3: without a key exchange (psk_ke) is refused", async () => {
        await (
            await regular()
        ).isRefused("TlsMissingExtension", Alert.MissingExtension, {
            serverHello: { share: undefined },
            sharedSecret: NOTHING,
        })
    })

    test("T0: that the server does not have does not open the traffic", async () => {
        // It says that it resumes, and knows nothing of the secret: nor of the keys that the alert goes out with.
        await (
            await regular()
        ).isRefused("TlsBadRecord", undefined, {
            resumes: false,
            serverHello: { psk: 0 },
        })
    })

    test("T0: that the server uses without saying so does not open the traffic", async () => {
        await (
            await regular()
        ).isRefused("TlsBadRecord", undefined, {
            serverHello: { psk: undefined },
        })
    })

    test("S1: and a certificate do not go together", async () => {
        for (const type of [
            Type.Certificate,
            Type.CertificateRequest,
            Type.CertificateVerify,
        ])
            await (
                await regular()
            ).isRefused(
                "TlsUnexpectedMessage",
                Alert.UnexpectedMessage,
                replacing("finished", message => [
                    handshake(type, vector(1), vector(3)),
                    message,
                ])
            )
    })

    test("S3: needs a right Finished", async () => {
        for (const mac of [NOTHING, Buffer.alloc(32), randomBytes(32)])
            await (
                await regular()
            ).isRefused(
                "TlsFinished",
                Alert.DecryptError,
                replacing("finished", () => [handshake(Type.Finished, mac)])
            )
    })

    test("T3: early data is not accepted, as none is offered", async () => {
        await (
            await regular()
        ).isRefused("TlsUnofferedExtension", Alert.UnsupportedExtension, {
            encryptedExtensions: [extension(Ext.EarlyData)],
        })
    })
})

describe("a ticket of TLS 1.3", () => {
    /** What comes of a NewSessionTicket with this content. */
    const given = async (...content: Buffer[]): Promise<boolean> => {
        const device = new Regular<Faults13, TlsServer13>(site)
        await device.visits(
            {},
            { tickets: undefined },
            afterwards13(server =>
                server.sendHandshake(Type.NewSessionTicket, ...content)
            )
        )
        return !device.store.isEmpty
    }
    const ticket = (changes: {
        lifetimeSec?: number
        nonce?: Buffer
        ticket?: Buffer
        extensions?: Buffer[]
    }): Buffer[] => [
        uint(4, changes.lifetimeSec ?? 100),
        uint(4, 12345),
        vector(1, changes.nonce ?? uint(1, 0)),
        vector(2, changes.ticket ?? randomBytes(200)),
        vector(2, ...(changes.extensions ?? [])),
    ]

    test("is stored, with any nonce and extensions", async () => {
        for (const changes of [
            {},
            { nonce: NOTHING },
            { nonce: randomBytes(255) },
            { ticket: randomBytes(1) },
            { ticket: randomBytes(512) },
            { lifetimeSec: 0xffffffff },
            { extensions: [extension(Ext.EarlyData, uint(4, 1000))] },
            { extensions: [extension(0x0a0a)] },
        ])
            assert.equal(await given(...ticket(changes)), true)
    })

    test("T1: is dropped when it is too long, or good for no time", async () => {
        for (const changes of [
            { ticket: randomBytes(513) },
            { ticket: randomBytes(6000) },
            { lifetimeSec: 0 },
        ])
            assert.equal(await given(...ticket(changes)), false)
    })

    test("is refused when it is malformed", async () => {
        const right = Buffer.concat(ticket({}))
        const device = new Regular<Faults13, TlsServer13>(site)
        for (const content of [
            NOTHING,
            ...[1, 4, 8, 9, 10, 12, 100, right.length - 1].map(length =>
                right.subarray(0, length)
            ),
            Buffer.concat([right, uint(1, 0)]),
            Buffer.concat(ticket({ extensions: [uint(2, 42)] })),
        ])
            await site.breaksOff(
                "TlsMalformed",
                Alert.DecodeError,
                afterwards13(server =>
                    server.sendHandshake(Type.NewSessionTicket, content)
                ),
                { ...device.options(), server: {} }
            )
        await site.breaksOff(
            "TlsRepeatedExtension",
            Alert.IllegalParameter,
            afterwards13(server =>
                server.sendHandshake(
                    Type.NewSessionTicket,
                    ...ticket({ extensions: [extension(42), extension(42)] })
                )
            ),
            { ...device.options(), server: {} }
        )
        assert.ok(device.store.isEmpty)
    })

    test("comes again and again, and one a connection is stored", async () => {
        const device = new Regular<Faults13, TlsServer13>(site)
        await device.visits(
            {},
            {},
            afterwards13(server => {
                for (let i = 0; i < 50; i++) server.sendTicket()
            })
        )
        assert.equal(device.store.saves, 1)
        assert.equal(await device.visits(), true)
    })

    test("S4: does not come before the client's Finished is answered for", async () => {
        const device = new Regular<Faults13, TlsServer13>(site)
        await site.refuses(
            "TlsUnexpectedMessage",
            Alert.UnexpectedMessage,
            {
                fragments: (step, fragments) =>
                    step === "finished"
                        ? [
                              {
                                  type: Content.Handshake,
                                  content: handshake(
                                      Type.NewSessionTicket,
                                      ...ticket({})
                                  ),
                              },
                              ...fragments,
                          ]
                        : fragments,
            },
            device.options()
        )
        assert.ok(device.store.isEmpty)
    })
})
