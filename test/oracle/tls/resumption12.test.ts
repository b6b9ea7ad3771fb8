/**
 * Session tickets of TLS 1.2 (RFC 5077, RFC 7627 5.3), against servers that misuse them: the error's code and the alert
 * on the wire.
 *
 * Names start with the id of the check in SECURITY.md.
 */
import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { before, describe, test } from "node:test"
import { Faults12, TlsServer12 } from "../../../sim/faults/tlsserver12"
import { TlsServer13 } from "../../../sim/faults/tlsserver13"
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
import { around, ccs, data, replacing } from "./misbehaviour"
import { Regular } from "./sessions"

let site: TlsSite<Faults12, TlsServer12>
before(async () => {
    site = await TlsSite.create({}, TlsServer12)
})

const regular = async (client = {}) => {
    const device = new Regular(site, client)
    await device.beginsSession()
    return device
}

const unexpectedRecord = [
    "TlsUnexpectedRecord",
    Alert.UnexpectedMessage,
] as const

describe("a resumed session of TLS 1.2", () => {
    test("T2: has the suite that it had, and no other", async () => {
        const device = await regular()
        assert.equal(await device.visits(), true)
        await device.isRefused("TlsSession", Alert.IllegalParameter, {
            serverHello: { suite: 0xcca8 },
        })
    })

    test("N2: has no suite that was not offered", async () => {
        await (
            await regular()
        ).isRefused("TlsSuite", Alert.IllegalParameter, {
            serverHello: { suite: 0xc030 },
        })
    })

    test("N4: has the extended master secret", async () => {
        await (
            await regular()
        ).isRefused("TlsNoExtendedMasterSecret", Alert.HandshakeFailure, {
            serverHello: { extendedMasterSecret: false },
        })
    })

    test("S5: has the renegotiation indication", async () => {
        for (const renegotiation of [undefined, randomBytes(24)])
            await (
                await regular()
            ).isRefused("TlsRenegotiationInfo", Alert.HandshakeFailure, {
                serverHello: { renegotiation },
            })
    })

    test("N1: is not a downgrade", async () => {
        await (
            await regular()
        ).isRefused("TlsDowngrade", Alert.IllegalParameter, {
            serverHello: {
                random: Buffer.concat([
                    randomBytes(24),
                    Buffer.from("DOWNGRD\x01", "latin1"),
                ]),
            },
        })
    })

    test("T0: needs the session's secret", async () => {
        await (
            await regular()
        ).isRefused("TlsBadRecord", Alert.BadRecordMac, {
            session: { secret: randomBytes(48) },
        })
    })

    test("S3: needs a right Finished", async () => {
        for (const mac of [NOTHING, Buffer.alloc(12), randomBytes(12)])
            await (
                await regular()
            ).isRefused(
                "TlsFinished",
                Alert.DecryptError,
                replacing("finished", () => [handshake(Type.Finished, mac)])
            )
    })

    test("T2: is recognised by the session id: with another one the server must go on in full", async () => {
        for (const sessionId of [NOTHING, randomBytes(32)])
            await (
                await regular()
            ).isRefused("TlsUnexpectedMessage", Alert.UnexpectedMessage, {
                serverHello: { sessionId },
            })
    })

    test("T2: with our session id the server may not go on in full", async () => {
        const device = await regular()
        // With a ticket announced, that is waited for first.
        for (const ticket of [false, true])
            await device.isRefused(
                ticket ? "TlsUnexpectedMessage" : "TlsUnexpectedRecord",
                Alert.UnexpectedMessage,
                {
                    resumes: false,
                    echoesSessionId: true,
                    serverHello: { ticket },
                }
            )
    })

    test("S1: has no Certificate, ServerKeyExchange or ServerHelloDone", async () => {
        for (const type of [
            Type.Certificate,
            Type.ServerKeyExchange,
            Type.ServerHelloDone,
            Type.CertificateRequest,
            Type.Finished,
            Type.HelloRequest,
        ]) {
            const device = await regular()
            await device.isRefused(
                "TlsUnexpectedMessage",
                Alert.UnexpectedMessage,
                replacing("newSessionTicket", () => [handshake(type)])
            )
            await device.isRefused(
                ...unexpectedRecord,
                replacing("newSessionTicket", message => [
                    message,
                    handshake(type),
                ])
            )
        }
    })

    test("S2: has one ChangeCipherSpec, in its place", async () => {
        const device = await regular()
        await device.isRefused(
            ...unexpectedRecord,
            replacing("changeCipherSpec", () => [])
        )
        await device.isRefused(
            ...unexpectedRecord,
            around("newSessionTicket", [ccs()])
        )
        await device.isRefused(
            "TlsBadRecord",
            Alert.BadRecordMac,
            around("changeCipherSpec", [], [ccs()])
        )
        await device.isRefused(
            ...unexpectedRecord,
            replacing("changeCipherSpec", () => [Buffer.from([2])])
        )
    })

    test("S4: has no application data before the Finished", async () => {
        const device = await regular()
        for (const step of [
            "newSessionTicket",
            "changeCipherSpec",
            "finished",
        ] as const)
            await device.isRefused(
                ...unexpectedRecord,
                around(step, [data("early")])
            )
    })

    test("R5: leaves no bytes over where the keys change", async () => {
        const device = await regular()
        const behind = (step: string): Faults12 => ({
            fragments: (sent, [whole]) => [
                sent === step
                    ? {
                          ...whole,
                          content: Buffer.concat([
                              whole.content,
                              handshake(Type.HelloRequest),
                          ]),
                      }
                    : whole,
            ],
        })
        for (const step of ["newSessionTicket", "finished"])
            await device.isRefused(
                "TlsLeftover",
                Alert.UnexpectedMessage,
                behind(step)
            )
    })

    test("a gateway that has learnt TLS 1.3 is connected to with the session of 1.2 in hand", async () => {
        // The hello has no key share then: the server asks for one.
        const device = await regular()
        const server = await site.at(TlsServer13).accepts({}, device.options())
        assert.deepEqual(server.clientMessages, [1, 1, 20])
        assert.equal(server.resumed, false)
    })
})

describe("a ticket of TLS 1.2", () => {
    const ticketOf = (lifetimeSec: number, ticket: Buffer) =>
        replacing("newSessionTicket", () => [
            handshake(
                Type.NewSessionTicket,
                uint(4, lifetimeSec),
                vector(2, ticket)
            ),
        ])

    test("is stored up to 512 bytes, also with no hint of its lifetime", async () => {
        for (const [lifetime, length, isStored] of [
            [100, 1, true],
            [100, 512, true],
            [0, 100, true],
            [0xffffffff, 100, true],
            [100, 513, false],
            [100, 5000, false],
            // RFC 5077 3.3: the server changed its mind.
            [100, 0, false],
        ] as const) {
            const device = new Regular(site)
            await device.visits({}, {}, ticketOf(lifetime, randomBytes(length)))
            assert.equal(!device.store.isEmpty, isStored, `${length} bytes`)
        }
    })

    test("an empty one takes the place of the session that was refused", async () => {
        const device = await regular()
        await device.visits(
            {},
            {},
            {
                resumes: false,
                ...ticketOf(100, NOTHING),
            }
        )
        assert.equal(await device.visits(), false)
    })

    test("is refused when it is malformed", async () => {
        const right = Buffer.concat([uint(4, 9), vector(2, randomBytes(50))])
        for (const content of [
            NOTHING,
            right.subarray(0, 3),
            right.subarray(0, 5),
            right.subarray(0, -1),
            Buffer.concat([right, uint(1, 0)]),
        ])
            await site.refuses(
                "TlsMalformed",
                Alert.DecodeError,
                replacing("newSessionTicket", () => [
                    handshake(Type.NewSessionTicket, content),
                ]),
                new Regular(site).options()
            )
    })

    test("S1: that was announced must come, once", async () => {
        const device = new Regular(site)
        await site.refuses(
            ...unexpectedRecord,
            replacing("newSessionTicket", () => []),
            device.options()
        )
        await site.refuses(
            ...unexpectedRecord,
            replacing("newSessionTicket", message => [message, message]),
            device.options()
        )
    })

    test("S1: that was not announced must not come", async () => {
        await site.refuses(
            ...unexpectedRecord,
            around("changeCipherSpec", [
                {
                    type: Content.Handshake,
                    content: handshake(
                        Type.NewSessionTicket,
                        uint(4, 9),
                        vector(2, randomBytes(50))
                    ),
                },
            ]),
            new Regular(site).options({}, { tickets: undefined })
        )
    })

    test("S1: does not come after the handshake", async () => {
        await site.breaksOff(
            "TlsUnexpectedMessage",
            Alert.UnexpectedMessage,
            {
                afterHandshake: server =>
                    server.sendHandshake(
                        Type.NewSessionTicket,
                        uint(4, 9),
                        vector(2, randomBytes(50))
                    ),
            },
            new Regular(site).options()
        )
    })

    test("N3: is not announced to a client that did not ask, and its announcement is empty", async () => {
        await site.refuses("TlsMisplacedExtension", Alert.IllegalParameter, {
            serverHello: { ticket: true },
        })
        await site.refuses(
            "TlsMalformed",
            Alert.DecodeError,
            {
                serverHello: {
                    ticket: false,
                    more: [extension(Ext.SessionTicket, uint(1, 0))],
                },
            },
            new Regular(site).options()
        )
    })

    test("T1: is not stored when the Finished behind it is wrong", async () => {
        const device = new Regular(site)
        await site.refuses(
            "TlsFinished",
            Alert.DecryptError,
            replacing("finished", () => [
                handshake(Type.Finished, randomBytes(12)),
            ]),
            device.options()
        )
        assert.ok(device.store.isEmpty)
    })
})
