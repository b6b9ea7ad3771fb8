/**
 * The order of a TLS 1.2 handshake, against servers that violate it: the error's code and the alert on the wire.
 *
 * Names start with the id of the check in SECURITY.md.
 */
import { before, describe, test } from "node:test"
import { Faults12, TlsServer12 } from "../../../sim/faults/tlsserver12"
import {
    Alert,
    Content,
    handshake,
    Type,
    uint,
    vector,
} from "../../../sim/faults/wire"
import { TlsSite } from "../tlssite"
import { afterwards, around, ccs, data, replacing } from "./misbehaviour"

let site: TlsSite<Faults12, TlsServer12>
before(async () => {
    site = await TlsSite.create({}, TlsServer12)
})

/** The types of the messages of a full handshake. */
const TYPES = {
    serverHello: Type.ServerHello,
    certificate: Type.Certificate,
    serverKeyExchange: Type.ServerKeyExchange,
    serverHelloDone: Type.ServerHelloDone,
    finished: Type.Finished,
}
const STEPS = Object.keys(TYPES) as (keyof typeof TYPES)[]

/** Every HandshakeType that there is. */
const ALL_TYPES = [
    0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 254,
]

const unexpected = ["TlsUnexpectedMessage", Alert.UnexpectedMessage] as const
const unexpectedRecord = [
    "TlsUnexpectedRecord",
    Alert.UnexpectedMessage,
] as const

describe("the state machine of TLS 1.2", () => {
    for (const step of STEPS)
        test(`S1: only ${step} is accepted in its place`, async () => {
            for (const type of ALL_TYPES) {
                // A CertificateRequest may stand before the ServerHelloDone.
                if (
                    type === TYPES[step] ||
                    (type === Type.CertificateRequest &&
                        step === "serverHelloDone")
                )
                    continue
                await site.refuses(
                    ...unexpected,
                    replacing(step, () => [handshake(type, vector(2))])
                )
            }
        })

    for (const step of STEPS.slice(1, 4))
        test(`S1: ${step} cannot be left out`, async () => {
            // Without ServerHelloDone the server would wait for ever; here it goes on at once.
            const faults: Faults12 = replacing(step, () =>
                step === "serverHelloDone" ? [handshake(Type.Finished)] : []
            )
            await site.refuses(...unexpected, faults)
        })

    for (const step of STEPS.slice(0, 3))
        test(`S1: ${step} cannot come twice`, async () => {
            await site.refuses(
                ...unexpected,
                replacing(step, message => [message, message])
            )
        })

    test("S1: certificate and serverKeyExchange cannot be swapped", async () => {
        let certificate: Buffer
        await site.refuses(...unexpected, {
            message: (step, message) => {
                if (step === "certificate") certificate = message
                if (step === "certificate") return []
                return step === "serverKeyExchange"
                    ? [message, certificate]
                    : [message]
            },
        })
    })

    test("S1: a message behind serverHelloDone is refused, in a record of its own or not", async () => {
        for (const type of ALL_TYPES) {
            const content = handshake(type)
            await site.refuses(
                ...unexpectedRecord,
                around(
                    "serverHelloDone",
                    [],
                    [{ type: Content.Handshake, content }]
                )
            )
            await site.refuses("TlsLeftover", Alert.UnexpectedMessage, {
                fragments: (step, [whole]) => [
                    step === "serverHelloDone"
                        ? {
                              ...whole,
                              content: Buffer.concat([whole.content, content]),
                          }
                        : whole,
                ],
            })
        }
    })

    test("S1: serverHelloDone has no content", async () => {
        await site.refuses(
            "TlsMalformed",
            Alert.DecodeError,
            replacing("serverHelloDone", () => [
                handshake(Type.ServerHelloDone, uint(1, 0)),
            ])
        )
    })

    test("S1: a ticket that was not announced is refused", async () => {
        await site.refuses(...unexpectedRecord, {
            ...around("changeCipherSpec", [
                {
                    type: Content.Handshake,
                    content: handshake(
                        Type.NewSessionTicket,
                        uint(4, 100),
                        vector(2, Buffer.alloc(50))
                    ),
                },
            ]),
        })
    })

    // Before the ServerHello it could still be that of a TLS 1.3 server (RFC 8446 D.4).
    for (const step of STEPS.slice(0, 4))
        test(`S2: ChangeCipherSpec before ${step} is refused`, async () => {
            await site.refuses(...unexpectedRecord, around(step, [ccs()]))
        })

    test("S2: ChangeCipherSpec cannot be left out", async () => {
        // The Finished that comes then may be protected or not.
        const missing = replacing("changeCipherSpec", () => [])
        await site.refuses(...unexpectedRecord, missing)
        await site.refuses(...unexpectedRecord, {
            ...missing,
            fragments: (_, fragments) =>
                fragments.map(fragment => ({ ...fragment, plain: true })),
        })
    })

    test("S2: a Finished that is not protected is refused behind ChangeCipherSpec", async () => {
        await site.refuses("TlsBadRecord", Alert.BadRecordMac, {
            fragments: (_, fragments) =>
                fragments.map(fragment => ({ ...fragment, plain: true })),
        })
    })

    test("S2: a second ChangeCipherSpec is refused, protected or not", async () => {
        await site.refuses(
            "TlsBadRecord",
            Alert.BadRecordMac,
            replacing("changeCipherSpec", content => [content, content])
        )
        await site.refuses(
            ...unexpectedRecord,
            around("finished", [{ ...ccs(), plain: false }])
        )
    })

    test("S2: ChangeCipherSpec with another content is refused", async () => {
        for (const content of [[0], [2], [1, 1], [1, 0]])
            await site.refuses(
                ...unexpectedRecord,
                replacing("changeCipherSpec", () => [Buffer.from(content)])
            )
    })

    test("S2: an empty ChangeCipherSpec is refused", async () => {
        await site.refuses(
            "TlsFlood",
            Alert.UnexpectedMessage,
            replacing("changeCipherSpec", () => [Buffer.alloc(0)])
        )
    })

    test("S2: ChangeCipherSpec after the handshake is refused, protected or not", async () => {
        await site.breaksOff(
            "TlsBadRecord",
            Alert.BadRecordMac,
            afterwards(server => server.sendFragment(ccs()))
        )
        await site.breaksOff(
            ...unexpectedRecord,
            afterwards(server =>
                server.sendFragment({ ...ccs(), plain: false })
            )
        )
    })

    test("R5: a message that ends behind ChangeCipherSpec is refused", async () => {
        // The first bytes of the Finished come before the keys change.
        const finished = handshake(Type.Finished, Buffer.alloc(12))
        await site.refuses(
            ...unexpectedRecord,
            around("changeCipherSpec", [
                { type: Content.Handshake, content: finished.subarray(0, 8) },
            ])
        )
    })

    test("R5: bytes left over behind the Finished are refused", async () => {
        await site.refuses("TlsLeftover", Alert.UnexpectedMessage, {
            fragments: (step, [whole]) => [
                step === "finished"
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
    })

    test("S3: an empty certificate list, and an empty certificate, are refused", async () => {
        await site.refuses("TlsMalformed", Alert.DecodeError, {
            certificates: [],
        })
        await site.refuses("TlsMalformed", Alert.DecodeError, {
            certificates: [Buffer.alloc(0)],
        })
    })

    test("S3: a wrong Finished is refused, and so is a short or a long one", async () => {
        const flip = (at: number) => (mac: Buffer) => {
            mac[at] ^= 0x80
            return mac
        }
        for (const change of [
            ...Array.from({ length: 12 }, (_, at) => flip(at)),
            (mac: Buffer) => mac.subarray(1),
            (mac: Buffer) => mac.subarray(0, -1),
            (mac: Buffer) => Buffer.concat([mac, Buffer.from([0])]),
            (mac: Buffer) => Buffer.concat([mac, mac]),
            () => Buffer.alloc(12),
            () => Buffer.alloc(0),
        ])
            await site.refuses(
                "TlsFinished",
                Alert.DecryptError,
                replacing("finished", message => [
                    handshake(
                        Type.Finished,
                        change(Buffer.from(message.subarray(4)))
                    ),
                ])
            )
    })

    test("S4: application data before the server's Finished is refused", async () => {
        for (const step of STEPS)
            await site.refuses(
                ...unexpectedRecord,
                around(step, [data("early")])
            )
        await site.refuses(
            ...unexpectedRecord,
            around("changeCipherSpec", [data("early")])
        )
    })

    test("S5: a HelloRequest, and anything else of a new handshake, is refused", async () => {
        for (const type of ALL_TYPES)
            await site.breaksOff(
                ...unexpected,
                afterwards(server => server.sendHandshake(type, vector(2)))
            )
        await site.breaksOff(
            ...unexpected,
            afterwards(server => server.sendHandshake(Type.HelloRequest))
        )
    })
})
