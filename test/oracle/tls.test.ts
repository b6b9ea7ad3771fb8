/**
 * Every check of the TLS 1.3 client, against a server that violates it: the error's code and the alert on the wire.
 *
 * Names start with the id of the check in SECURITY.md.
 */
import assert from "node:assert/strict"
import nodeCrypto, {
    constants,
    generateKeyPairSync,
    randomBytes,
    sign,
} from "node:crypto"
import { before, describe, test } from "node:test"
import {
    Content,
    extension,
    Faults,
    Fragment,
    handshake,
    MessageName,
    TlsServer13,
    uint,
    vector,
} from "../../sim/faults/tlsserver13"
import { Buffer as DeviceBuffer } from "../../sim/shim/buffer"
import { seededRandom } from "../random"
import { assertCode, ErrorCode, errorCode, readAll, TlsSite } from "./tlssite"

const enum Alert {
    UnexpectedMessage = 10,
    BadRecordMac = 20,
    RecordOverflow = 22,
    HandshakeFailure = 40,
    BadCertificate = 42,
    IllegalParameter = 47,
    DecodeError = 50,
    DecryptError = 51,
    ProtocolVersion = 70,
    MissingExtension = 109,
    UnsupportedExtension = 110,
}

const MESSAGES: MessageName[] = [
    "serverHello",
    "encryptedExtensions",
    "certificate",
    "certificateVerify",
    "finished",
]

let site: TlsSite
before(async () => {
    site = await TlsSite.create()
})

/** Leaves a message out, or sends others in its place. */
function replacing(
    name: MessageName,
    replace: (message: Buffer) => Buffer[]
): Faults {
    return {
        message: (sent, message) =>
            sent === name ? replace(message) : [message],
    }
}

/** Sends records before or behind a message's own. */
function around(
    name: MessageName,
    before: Fragment[],
    behind: Fragment[] = []
): Faults {
    return {
        fragments: (sent, fragments) =>
            sent === name ? [...before, ...fragments, ...behind] : fragments,
    }
}

const ccs = (content = Buffer.from([1])): Fragment => ({
    type: Content.ChangeCipherSpec,
    content,
    plain: true,
})

function afterwards(afterHandshake: (server: TlsServer13) => void): Faults {
    return { afterHandshake }
}

describe("a correct server", () => {
    test("is connected to, and data goes both ways", async () => {
        const { transport, connection } = site.open(
            afterwards(server => server.sendData("from the server"))
        )
        const open = await connection
        assert.ok(transport.server.clientFinishedIsRight)
        assert.equal((await open.read(1000))?.toString(), "from the server")
        await open.write(DeviceBuffer.from("from the client"))
        assert.equal(
            String(transport.server.applicationData),
            "from the client"
        )
        await open.close()
        assert.equal(transport.server.alert, 0, "close_notify")
    })

    test("asks for a client certificate and gets an empty one", async () => {
        const { transport, connection } = site.open({
            requestCertificate: true,
        })
        await connection
        assert.deepEqual(transport.server.clientMessages, [1, 11, 20])
        assert.ok(transport.server.clientFinishedIsRight)
    })

    test("asks for none and gets none", async () => {
        const { transport, connection } = site.open()
        await connection
        assert.deepEqual(transport.server.clientMessages, [1, 20])
    })

    for (const bytes of [1, 2, 7, 100])
        test(`cuts every message into fragments of ${bytes} bytes, in TCP pieces of ${bytes + 2}`, async () => {
            const { connection } = site.open(
                {
                    fragments: (_, fragments) =>
                        fragments.flatMap(({ type, content }) =>
                            cut(content, bytes).map(part => ({
                                type,
                                content: part,
                            }))
                        ),
                },
                bytes + 2
            )
            await connection
        })

    test("sends its flight in as few records as it can", async () => {
        const held: Buffer[] = []
        const { connection } = site.open({
            fragments: (name, [{ type, content }]) => {
                if (name === "serverHello") return [{ type, content }]
                held.push(content)
                return name === "finished"
                    ? [{ type, content: Buffer.concat(held) }]
                    : []
            },
        })
        await connection
    })

    test("acknowledges the small record size, and then may not exceed it", async () => {
        const small = { encryptedExtensions: [extension(1, Buffer.from([4]))] }
        const { connection } = site.open({
            ...small,
            ...afterwards(server => {
                server.sendData("x".repeat(4096))
                server.sendAlert(1, 0)
            }),
        })
        assert.equal((await readAll(await connection)).length, 4096)
        await site.breaksOff("TlsRecordTooLong", Alert.RecordOverflow, {
            ...small,
            ...afterwards(server => server.sendData("x".repeat(4097))),
        })
    })

    test("does not know the small record size, and sends records of 16 KB", async () => {
        const { connection } = site.open(
            afterwards(server => {
                server.sendData("y".repeat(16384))
                server.sendAlert(1, 0)
            })
        )
        assert.equal((await readAll(await connection)).length, 16384)
    })

    test("sends tickets, which are dropped, and updates its keys with and without asking for ours", async () => {
        const { transport, connection } = site.open(
            afterwards(server => {
                server.sendFragment({
                    type: Content.Handshake,
                    content: handshake(4, randomBytes(200)),
                })
                server.sendData("a")
                server.updateKeys(0)
                server.sendData("b")
                server.updateKeys(1)
                server.sendData("c")
                server.sendAlert(1, 0)
            })
        )
        const open = await connection
        assert.equal(await readAll(open), "abc")
        assert.ok(transport.server.clientMessages.includes(24))
        await open.write(DeviceBuffer.from("under the new key"))
        assert.equal(
            String(transport.server.applicationData),
            "under the new key"
        )
    })

    test("pads its records", async () => {
        const { connection } = site.open(
            afterwards(server => {
                server.sendInner(
                    Buffer.concat([
                        Buffer.from("padded"),
                        Buffer.from([23]),
                        Buffer.alloc(100),
                    ])
                )
                server.sendAlert(1, 0)
            })
        )
        assert.equal(await readAll(await connection), "padded")
    })
})

describe("the record layer", () => {
    test("R1: a record over the limit is refused by its header", async () => {
        await site.refuses("TlsRecordTooLong", Alert.RecordOverflow, {
            wire: (_record, index) =>
                index === 0
                    ? Buffer.from([22, 3, 3, 0x40, 0x01])
                    : Buffer.alloc(0),
        })
        await site.breaksOff(
            "TlsRecordTooLong",
            Alert.RecordOverflow,
            afterwards(server =>
                server.sendRecord(Buffer.from([23, 3, 3, 0x41, 0x01]))
            )
        )
    })

    test("R1: content over 16 KB is refused, though the record is not too long", async () => {
        await site.breaksOff(
            "TlsRecordTooLong",
            Alert.RecordOverflow,
            afterwards(server => server.sendData("x".repeat(16385)))
        )
    })

    test("R2: any changed bit of a record is noticed, with one error", async () => {
        for (const at of [5, 6, -17, -16, -1])
            await site.refuses("TlsBadRecord", Alert.BadRecordMac, {
                wire: (record, index) => {
                    if (index === 1) {
                        const i = at < 0 ? record.length + at : at
                        record[i] ^= 0x40
                    }
                    return record
                },
            })
    })

    test("R2: a record shorter than a tag is noticed with the same error", async () => {
        await site.refuses("TlsBadRecord", Alert.BadRecordMac, {
            wire: (record, index) =>
                index === 1
                    ? Buffer.concat([
                          Buffer.from([23, 3, 3, 0, 16]),
                          Buffer.alloc(16),
                      ])
                    : record,
        })
    })

    test("R3: a repeated record is noticed", async () => {
        await site.refuses("TlsBadRecord", Alert.BadRecordMac, {
            wire: (record, index) =>
                index === 1 ? Buffer.concat([record, record]) : record,
        })
    })

    test("R3: a missing record is noticed", async () => {
        await site.refuses("TlsBadRecord", Alert.BadRecordMac, {
            wire: (record, index) => (index === 1 ? Buffer.alloc(0) : record),
        })
    })

    test("R3: swapped records are noticed", async () => {
        let held: Buffer
        await site.refuses("TlsBadRecord", Alert.BadRecordMac, {
            wire: (record, index) => {
                if (index === 1) held = record
                if (index === 1) return Buffer.alloc(0)
                return index === 2 ? Buffer.concat([record, held]) : record
            },
        })
    })

    test("R4: compression is refused", async () => {
        await site.refuses("TlsMalformed", Alert.DecodeError, {
            serverHello: { compression: 1 },
        })
    })

    test("R5: another record inside a message is refused", async () => {
        const inside = (fragment: Fragment): Faults => ({
            fragments: (name, [whole]) =>
                name === "certificate"
                    ? [
                          {
                              ...whole,
                              content: whole.content.subarray(0, 100),
                          },
                          fragment,
                          { ...whole, content: whole.content.subarray(100) },
                      ]
                    : [whole],
        })
        await site.refuses(
            "TlsInterrupted",
            Alert.UnexpectedMessage,
            inside(ccs())
        )
        await site.refuses(
            "TlsInterrupted",
            Alert.UnexpectedMessage,
            inside({
                type: Content.ApplicationData,
                content: Buffer.from("x"),
            })
        )
        await site.breaksOff(
            "TlsInterrupted",
            Alert.UnexpectedMessage,
            afterwards(server => {
                server.sendFragment({
                    type: Content.Handshake,
                    content: handshake(4, Buffer.alloc(40)).subarray(0, 20),
                })
                server.sendData("x")
            })
        )
    })

    for (const name of ["serverHello", "finished"] as const)
        test(`R5: bytes left over behind ${name}, where the keys change, are refused`, async () => {
            await site.refuses("TlsLeftover", Alert.UnexpectedMessage, {
                fragments: (sent, [whole]) => [
                    sent === name
                        ? {
                              ...whole,
                              content: Buffer.concat([
                                  whole.content,
                                  handshake(8, vector(2)),
                              ]),
                          }
                        : whole,
                ],
            })
        })

    test("R5: a key update with bytes behind it is refused", async () => {
        await site.breaksOff(
            "TlsLeftover",
            Alert.UnexpectedMessage,
            afterwards(server =>
                server.sendFragment({
                    type: Content.Handshake,
                    content: Buffer.concat([
                        handshake(24, Buffer.from([0])),
                        Buffer.from([4]),
                    ]),
                })
            )
        )
    })

    test("R5: a message over 12 KB is refused before it is read", async () => {
        await site.refuses(
            "TlsMessageTooLong",
            Alert.DecodeError,
            replacing("certificate", () => [
                Buffer.concat([
                    Buffer.from([11]),
                    uint(3, 12289),
                    Buffer.alloc(100),
                ]),
            ])
        )
    })

    test("R5: an empty handshake record is refused", async () => {
        await site.refuses(
            "TlsFlood",
            Alert.UnexpectedMessage,
            around("certificate", [
                { type: Content.Handshake, content: Buffer.alloc(0) },
            ])
        )
    })

    test("R5: a few empty data records pass, a flood is refused", async () => {
        const empty = (count: number) =>
            afterwards(server => {
                for (let i = 0; i < count; i++) server.sendData("")
                server.sendData("x")
                server.sendAlert(1, 0)
            })
        const { connection } = site.open(empty(8))
        assert.equal(await readAll(await connection), "x")
        await site.breaksOff("TlsFlood", Alert.UnexpectedMessage, empty(9))
    })

    test("R5: a flood of warnings or of ChangeCipherSpec is refused", async () => {
        const warning = {
            type: Content.Alert,
            content: Buffer.from([1, 90]),
        }
        const five = <T>(one: T) => Array.from({ length: 5 }, () => one)
        await site.refuses(
            "TlsFlood",
            Alert.UnexpectedMessage,
            around("certificate", five(warning))
        )
        await site.refuses(
            "TlsFlood",
            Alert.UnexpectedMessage,
            around("certificate", five(ccs()))
        )
    })

    test("a key update that asks for something unknown, or is malformed, is refused", async () => {
        const update = (...content: number[]) =>
            afterwards(server =>
                server.sendFragment({
                    type: Content.Handshake,
                    content: handshake(24, Buffer.from(content)),
                })
            )
        for (const request of [2, 255])
            await site.breaksOff(
                "TlsKeyUpdateRequest",
                Alert.IllegalParameter,
                update(request)
            )
        for (const content of [[], [0, 0]])
            await site.breaksOff(
                "TlsMalformed",
                Alert.DecodeError,
                update(...content)
            )
    })

    test("R5: a flood of key updates is refused", async () => {
        await site.breaksOff(
            "TlsFlood",
            Alert.UnexpectedMessage,
            afterwards(server => {
                for (let i = 0; i < 17; i++) server.updateKeys(0)
            })
        )
    })

    test("R5: a flood of warnings after the handshake is refused", async () => {
        await site.breaksOff(
            "TlsFlood",
            Alert.UnexpectedMessage,
            afterwards(server => {
                for (let i = 0; i < 40; i++) server.sendAlert(1, 90)
            })
        )
    })

    for (const length of [0, 1, 3])
        test(`R6: an alert of ${length} bytes is refused`, async () => {
            const alert = {
                type: Content.Alert,
                content: Buffer.alloc(length),
            }
            const [code, description] =
                length === 0
                    ? ["TlsFlood", Alert.UnexpectedMessage]
                    : ["TlsMalformed", Alert.DecodeError]
            await site.refuses(
                code as string,
                description as number,
                around("certificate", [alert])
            )
            await site.breaksOff(
                code as string,
                description as number,
                afterwards(server => server.sendFragment(alert))
            )
        })

    test("R6: an end without close_notify is an error, at every record", async () => {
        for (let records = 1; records <= 5; records++)
            await site.refuses(
                "TlsTruncated",
                undefined,
                // Without the last record the handshake is never complete.
                { wire: (record, i) => (i < 5 ? record : Buffer.alloc(0)) },
                records === 5 ? 4 : records
            )
        const { transport, connection } = site.open(
            afterwards(server => server.sendData("x"))
        )
        const open = await connection
        transport.end()
        assert.equal((await open.read(1000))?.toString(), "x")
        await assert.rejects(
            async () => open.read(1000),
            error => ErrorCode[errorCode(error)] === "TlsTruncated"
        )
    })

    test("R6: data after close_notify is not delivered", async () => {
        const { connection } = site.open(
            afterwards(server => {
                server.sendData("before")
                server.sendAlert(1, 0)
                server.sendData("after")
            })
        )
        const open = await connection
        assert.equal(await readAll(open), "before")
        assert.equal(await open.read(100), null)
    })

    test("R6: a fatal alert ends the handshake and the connection", async () => {
        const alert = { type: Content.Alert, content: Buffer.from([2, 40]) }
        await site.refuses(
            "TlsAlert",
            undefined,
            around("encryptedExtensions", [alert])
        )
        await site.refuses("TlsAlert", undefined, {
            wire: (_record, index) =>
                index === 0
                    ? Buffer.from([21, 3, 3, 0, 2, 2, 70])
                    : Buffer.alloc(0),
        })
        await site.breaksOff(
            "TlsAlert",
            undefined,
            afterwards(server => server.sendAlert(2, 80))
        )
    })

    test("R6: close_notify in the handshake is an error", async () => {
        await site.refuses(
            "TlsClosed",
            undefined,
            around("certificate", [
                { type: Content.Alert, content: Buffer.from([1, 0]) },
            ])
        )
    })

    test("a server that does not speak TLS is recognised", async () => {
        await site.refuses("TlsNotTls", Alert.ProtocolVersion, {
            wire: (record, index) =>
                index === 0 ? Buffer.from("HTTP/1.1 400 Bad\r\n") : record,
        })
    })

    test("a record that is not protected is refused once keys are there", async () => {
        await site.refuses(
            "TlsUnexpectedRecord",
            Alert.UnexpectedMessage,
            around("encryptedExtensions", [
                {
                    type: Content.Handshake,
                    content: handshake(8, vector(2)),
                    plain: true,
                },
            ])
        )
        await site.refuses(
            "TlsUnexpectedRecord",
            Alert.UnexpectedMessage,
            around("encryptedExtensions", [
                {
                    type: Content.Alert,
                    content: Buffer.from([2, 40]),
                    plain: true,
                },
            ])
        )
    })

    test("a protected record without a content type, or with a wrong one, is refused", async () => {
        for (const inner of [
            Buffer.alloc(10),
            Buffer.from([1, 20]),
            Buffer.from([1, 99]),
        ])
            await site.breaksOff(
                "TlsUnexpectedRecord",
                Alert.UnexpectedMessage,
                afterwards(server => server.sendInner(inner))
            )
    })
})

describe("the state machine", () => {
    for (const name of MESSAGES)
        test(`S1: only ${name} is accepted in its place`, async () => {
            const right = {
                serverHello: 2,
                encryptedExtensions: 8,
                certificateRequest: 13,
                certificate: 11,
                certificateVerify: 15,
                finished: 20,
            }[name]
            for (const type of [0, 1, 2, 4, 8, 11, 12, 13, 14, 15, 20, 24]) {
                // A CertificateRequest may stand before the Certificate; its own test has wrong ones.
                if (type === right || (type === 13 && name === "certificate"))
                    continue
                await site.refuses(
                    "TlsUnexpectedMessage",
                    Alert.UnexpectedMessage,
                    replacing(name, () => [handshake(type, vector(2))])
                )
            }
        })

    for (const name of MESSAGES.slice(1, 4))
        test(`S1: ${name} cannot be left out`, async () => {
            await site.refuses(
                "TlsUnexpectedMessage",
                Alert.UnexpectedMessage,
                replacing(name, () => [])
            )
        })

    for (const name of MESSAGES.slice(1, 4))
        test(`S1: ${name} cannot come twice`, async () => {
            await site.refuses(
                "TlsUnexpectedMessage",
                Alert.UnexpectedMessage,
                replacing(name, message => [message, message])
            )
        })

    test("S1: serverHello cannot come twice: the second is not protected", async () => {
        await site.refuses("TlsUnexpectedRecord", Alert.UnexpectedMessage, {
            fragments: (name, fragments) =>
                name === "serverHello"
                    ? [...fragments, ...fragments]
                    : fragments,
        })
    })

    test("S2: ChangeCipherSpec is dropped before the server's Finished", async () => {
        for (const name of MESSAGES) {
            const { connection } = site.open(around(name, [ccs()]))
            await connection
        }
    })

    test("S2: ChangeCipherSpec with another content is refused", async () => {
        for (const content of [Buffer.from([0]), Buffer.from([1, 1])])
            await site.refuses(
                "TlsUnexpectedRecord",
                Alert.UnexpectedMessage,
                around("certificate", [ccs(content)])
            )
    })

    test("S2: ChangeCipherSpec after the handshake is refused", async () => {
        await site.breaksOff(
            "TlsUnexpectedRecord",
            Alert.UnexpectedMessage,
            afterwards(server => server.sendFragment(ccs()))
        )
    })

    test("S3: an empty certificate list is refused", async () => {
        await site.refuses("TlsMalformed", Alert.DecodeError, {
            certificates: [],
        })
    })

    test("S3: a wrong Finished is refused, and so is a short or a long one", async () => {
        const finished = (change: (mac: Buffer) => Buffer) =>
            replacing("finished", message => [
                handshake(20, change(Buffer.from(message.subarray(4)))),
            ])
        const flips = [0, 31].map(at => (mac: Buffer) => {
            mac[at] ^= 1
            return mac
        })
        for (const change of [
            ...flips,
            (mac: Buffer) => mac.subarray(1),
            (mac: Buffer) => Buffer.concat([mac, Buffer.from([0])]),
            () => Buffer.alloc(0),
        ])
            await site.refuses(
                "TlsFinished",
                Alert.DecryptError,
                finished(change)
            )
    })

    test("S3: traffic keys are not given without each piece of the evidence", () => {
        const { openTraffic13 } = require("../../src/tls/traffic13") as {
            openTraffic13(...evidence: unknown[]): unknown
        }
        const { ServerProof, FinishedProof } =
            require("../../src/tls/serverproof") as Record<
                string,
                new (of: unknown) => object
            >
        const { HandshakeSecrets } =
            require("../../src/tls/keyschedule") as Record<
                string,
                new (
                    psk: null,
                    shared: DeviceBuffer,
                    hash: DeviceBuffer
                ) => object
            >
        const hash = DeviceBuffer.alloc(32)
        const evidence = [
            new HandshakeSecrets(null, DeviceBuffer.alloc(32), hash),
            new ServerProof({ leaf: {} }),
            new FinishedProof(hash),
        ]
        const attempt = (pieces: unknown[]) => () =>
            openTraffic13({}, {}, false, ...pieces)
        for (let i = 0; i < evidence.length; i++)
            for (const instead of [null, undefined, true, { ...evidence[i] }])
                assert.throws(
                    attempt(evidence.map((e, j) => (j === i ? instead : e))),
                    error => ErrorCode[errorCode(error)] === "TlsNotVerified"
                )
        // With all of it another error comes first: there is no handshake to open traffic for.
        assert.throws(attempt(evidence), error => errorCode(error) === 0)
    })

    test("S4: application data before the server's Finished is refused", async () => {
        const data = {
            type: Content.ApplicationData,
            content: Buffer.from("early"),
        }
        for (const name of MESSAGES.slice(1))
            await site.refuses(
                "TlsUnexpectedRecord",
                Alert.UnexpectedMessage,
                around(name, [data])
            )
        await site.refuses(
            "TlsUnexpectedRecord",
            Alert.UnexpectedMessage,
            around("serverHello", [{ ...data, plain: true }])
        )
    })

    test("S5: nothing of a new handshake is accepted after the first", async () => {
        for (const type of [0, 1, 2, 8, 11, 13, 20])
            await site.breaksOff(
                "TlsUnexpectedMessage",
                Alert.UnexpectedMessage,
                afterwards(server =>
                    server.sendFragment({
                        type: Content.Handshake,
                        content: handshake(type, vector(2)),
                    })
                )
            )
    })
})

describe("negotiation", () => {
    test("N1: a version that was not offered is refused", async () => {
        for (const version of [0, 0x0303, 0x0302, 0x0305, 0x7f1c])
            await site.refuses("TlsSelectedVersion", Alert.IllegalParameter, {
                serverHello: { version },
            })
        for (const legacyVersion of [0x0300, 0x0302, 0x0304, 0x0305])
            await site.refuses("TlsVersion", Alert.ProtocolVersion, {
                serverHello: { version: undefined, legacyVersion },
            })
        await site.refuses("TlsVersion", Alert.ProtocolVersion, {
            serverHello: { legacyVersion: 0x0304 },
        })
    })

    for (const last of [0, 1])
        test(`N1: the downgrade sentinel with ${last} is noticed`, async () => {
            await site.refuses("TlsDowngrade", Alert.IllegalParameter, {
                serverHello: {
                    version: undefined,
                    random: Buffer.concat([
                        randomBytes(24),
                        Buffer.from("DOWNGRD"),
                        Buffer.from([last]),
                    ]),
                },
            })
        })

    test("N1: a session id that is not ours is refused", async () => {
        await site.refuses("TlsSessionId", Alert.IllegalParameter, {
            serverHello: { sessionId: randomBytes(32) },
        })
    })

    test("N2: a cipher suite that was not offered is refused", async () => {
        for (const suite of [0x1301, 0x1302, 0xc02f, 0x0000])
            await site.refuses("TlsSuite", Alert.IllegalParameter, {
                serverHello: { suite },
            })
    })

    test("N3: extensions that were not offered are refused, wherever they stand", async () => {
        const unoffered = extension(16, vector(2, vector(1, Buffer.from("h2"))))
        for (const faults of [
            { serverHello: { more: [unoffered] } },
            { encryptedExtensions: [unoffered] },
            { certificateExtensions: [extension(5, Buffer.alloc(4))] },
        ])
            await site.refuses(
                "TlsUnofferedExtension",
                Alert.UnsupportedExtension,
                faults
            )
    })

    test("N3: extensions that we know are refused in messages where they have no place", async () => {
        // server_name, max_fragment_length, supported_groups, signature_algorithms, supported_versions, key_share
        const empty = (type: number) => extension(type)
        for (const type of [0, 1, 10, 13])
            await site.refuses(
                "TlsMisplacedExtension",
                Alert.IllegalParameter,
                { serverHello: { more: [empty(type)] } }
            )
        for (const type of [13, 43, 51])
            await site.refuses(
                "TlsMisplacedExtension",
                Alert.IllegalParameter,
                { encryptedExtensions: [empty(type)] }
            )
        for (const type of [0, 1, 10, 13, 43, 51])
            await site.refuses(
                "TlsMisplacedExtension",
                Alert.IllegalParameter,
                { certificateExtensions: [empty(type)] }
            )
    })

    test("N3: server_name is not answered where an address is connected to", async () => {
        const answer = { encryptedExtensions: [extension(0)] }
        await site.refuses(
            "TlsUnofferedExtension",
            Alert.UnsupportedExtension,
            answer,
            undefined,
            { host: "192.0.2.1" }
        )
    })

    test("N3: more extensions than any server sends are refused", async () => {
        const many = (count: number) =>
            Array.from({ length: count }, (_, i) => extension(0x1000 + i))
        // Two are there anyway; up to the limit it is the unknown ones that are wrong.
        await site.refuses("TlsMalformed", Alert.DecodeError, {
            serverHello: { more: many(31) },
        })
        await site.refuses(
            "TlsUnofferedExtension",
            Alert.UnsupportedExtension,
            { serverHello: { more: many(30) } }
        )
    })

    test("N3: repeated extensions are refused", async () => {
        await site.refuses("TlsRepeatedExtension", Alert.IllegalParameter, {
            serverHello: { more: [extension(43, uint(2, 0x0304))] },
        })
        await site.refuses("TlsRepeatedExtension", Alert.IllegalParameter, {
            encryptedExtensions: [extension(0), extension(0)],
        })
    })

    test("N3: an answer to server_name must be empty", async () => {
        const { connection } = site.open({
            encryptedExtensions: [extension(0)],
        })
        await connection
        await site.refuses("TlsMalformed", Alert.DecodeError, {
            encryptedExtensions: [extension(0, Buffer.from([1]))],
        })
    })

    test("N5: another record size than the one asked for is refused", async () => {
        for (const size of [0, 1, 3, 5])
            await site.refuses("TlsMaxFragment", Alert.IllegalParameter, {
                encryptedExtensions: [extension(1, Buffer.from([size]))],
            })
    })

    describe("a HelloRetryRequest", () => {
        const cookie = extension(44, vector(2, Buffer.from("cookie")))
        const retry = (...more: Buffer[]): Faults => ({
            serverHello: {
                random: Buffer.from(
                    "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c",
                    "hex"
                ),
                share: undefined,
                more,
            },
        })

        test("N6: is refused, whether it names another group or the one that it has", async () => {
            for (const group of [0x0017, 0x001d])
                for (const more of [[], [cookie]])
                    await site.refuses(
                        group === 0x001d ? "TlsRetryUnchanged" : "TlsGroup",
                        Alert.IllegalParameter,
                        retry(extension(51, uint(2, group)), ...more)
                    )
        })

        test("N6: is refused without anything", async () => {
            await site.refuses(
                "TlsRetryUnchanged",
                Alert.IllegalParameter,
                retry()
            )
        })

        test("N6: is malformed with a whole key share", async () => {
            await site.refuses(
                "TlsMalformed",
                Alert.DecodeError,
                retry(
                    extension(
                        51,
                        uint(2, 0x001d),
                        vector(2, Buffer.alloc(32, 9))
                    )
                )
            )
        })
    })

    test("N7: a random source that gives one byte over and over is refused", () => {
        const { requireRandomness } = require("../../src/tls/random") as {
            requireRandomness(bytes: DeviceBuffer): DeviceBuffer
        }
        for (const byte of [0, 0xff, 0x5a])
            assert.throws(
                () =>
                    requireRandomness(
                        DeviceBuffer.from(new Uint8Array(32).fill(byte))
                    ),
                error => ErrorCode[errorCode(error)] === "TlsNoRandomness"
            )
        requireRandomness(DeviceBuffer.from(randomBytes(32)))
    })

    test("N7: without randomness nothing is sent, and the transport is closed", async t => {
        t.mock.method(nodeCrypto, "randomBytes", (length: number) =>
            Buffer.alloc(length)
        )
        const { transport, connection } = site.open()
        await assertCode(connection, "TlsNoRandomness")
        assert.deepEqual(transport.server.clientMessages, [])
        assert.equal(transport.server.alert, undefined)
        assert.ok(transport.closed, "the transport is closed")
    })

    test("I1: without a name that can be verified nothing is sent, and the transport is closed", async () => {
        for (const host of ["", "a b", "gateway.", "x".repeat(254), "1.2.3"]) {
            const { transport, connection } = site.open({}, 1024, Infinity, {
                host,
            })
            await assertCode(connection, "X509NoReferenceName")
            assert.deepEqual(transport.server.clientMessages, [])
            assert.equal(transport.server.alert, undefined)
            assert.ok(transport.closed, "the transport is closed")
        }
    })

    test("a CertificateRequest must have its mandatory extension and an empty context", async () => {
        const request = (content: Buffer): Faults => ({
            requestCertificate: true,
            ...replacing("certificateRequest", () => [content]),
        })
        await site.refuses(
            "TlsMissingExtension",
            Alert.MissingExtension,
            request(handshake(13, vector(1), vector(2)))
        )
        await site.refuses(
            "TlsMalformed",
            Alert.DecodeError,
            request(
                handshake(
                    13,
                    vector(1, Buffer.from("x")),
                    vector(2, extension(13, vector(2, uint(2, 0x0804))))
                )
            )
        )
    })
})

describe("key exchange and signature", () => {
    test("K1: a group that was not offered is refused", async () => {
        for (const group of [0x0017, 0x001e, 0x0018])
            await site.refuses("TlsGroup", Alert.IllegalParameter, {
                serverHello: { group },
            })
    })

    test("K1: a key share that is a group alone is malformed outside a HelloRetryRequest", async () => {
        await site.refuses("TlsMalformed", Alert.DecodeError, {
            serverHello: {
                share: undefined,
                more: [extension(51, uint(2, 0x001d))],
            },
        })
    })

    test("K1: a ServerHello without a key share is refused", async () => {
        await site.refuses("TlsMissingExtension", Alert.MissingExtension, {
            serverHello: { share: undefined },
        })
    })

    test("K2: points of low order are refused", async () => {
        const points = [
            Buffer.alloc(32),
            Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]),
            Buffer.from(
                "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                "hex"
            ),
        ]
        for (const share of points)
            await site.refuses("CryptoWeakKeyShare", Alert.IllegalParameter, {
                serverHello: { share },
            })
    })

    test("K2: a key share of another length is refused", async () => {
        for (const length of [1, 31, 33, 65])
            await site.refuses("TlsMalformed", Alert.DecodeError, {
                serverHello: { share: randomBytes(length) },
            })
    })

    test("K4: a scheme that was not offered, or not for handshakes, is refused", async () => {
        // PKCS#1 v1.5 with SHA-256 (offered, for certificates only), PKCS#1 with SHA-1, PSS with SHA-384, ECDSA.
        for (const scheme of [0x0401, 0x0201, 0x0805, 0x0403])
            await site.refuses("TlsSignatureScheme", Alert.IllegalParameter, {
                certificateVerify: { scheme },
            })
    })

    test("K4: a signature by another key, or over something else, is refused", async () => {
        const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 })
        const pss = {
            padding: constants.RSA_PKCS1_PSS_PADDING,
            saltLength: 32,
        }
        for (const signature of [
            (content: Buffer) =>
                sign("sha256", content, { key: stranger.privateKey, ...pss }),
            (content: Buffer) =>
                sign("sha256", content.subarray(1), { key: site.key, ...pss }),
            (content: Buffer) =>
                sign(
                    "sha256",
                    Buffer.from(
                        content.toString("latin1").replace("server", "client"),
                        "latin1"
                    ),
                    { key: site.key, ...pss }
                ),
            () => randomBytes(256).fill(0, 0, 1),
            () => Buffer.alloc(0),
            () => randomBytes(255),
        ])
            await site.refuses("TlsServerSignature", Alert.DecryptError, {
                certificateVerify: { sign: signature },
            })
    })

    test("K6: PKCS#1 v1.5 in place of PSS, and another salt length, are refused", async () => {
        for (const signature of [
            (content: Buffer) => sign("sha256", content, site.key),
            (content: Buffer) =>
                sign("sha256", content, {
                    key: site.key,
                    padding: constants.RSA_PKCS1_PSS_PADDING,
                    saltLength: 20,
                }),
        ])
            await site.refuses("TlsServerSignature", Alert.DecryptError, {
                certificateVerify: { sign: signature },
            })
    })

    test("K7: SHA-1 is refused, in handshakes and in certificates", async () => {
        await site.refuses("TlsSignatureScheme", Alert.IllegalParameter, {
            certificateVerify: { scheme: 0x0201 },
        })
    })
})

describe("fuzz", () => {
    test("a mutated flight gives an error with a code, and no data", async () => {
        const random = seededRandom("mutated server flights")
        const rounds = 2000
        let refused = 0
        for (let round = 0; round < rounds; round++) {
            const record = random.below(6)
            const plain = random.below(4) === 0
            const name = MESSAGES[random.below(MESSAGES.length)]
            const { transport, connection } = site.open({
                // Half of the mutations are inside the protection, where they reach the parsers.
                message: (sent, message) =>
                    plain || sent !== name
                        ? [message]
                        : [mutate(message, random)],
                wire: (bytes, index) =>
                    plain && index === record ? mutate(bytes, random) : bytes,
            })
            // A record that was made longer waits for more, which does not come.
            const timer = setTimeout(() => transport.end(), 100)
            try {
                await connection
            } catch (error) {
                if (errorCode(error) === 0) throw error
                refused++
            }
            clearTimeout(timer)
            assert.equal(transport.server.applicationData.length, 0)
        }
        // Some mutations change nothing that matters, such as a ServerHello's random before it is hashed.
        assert.ok(refused > rounds / 2, `${refused} of ${rounds}`)
    })
})

function cut(content: Buffer, bytes: number): Buffer[] {
    const parts: Buffer[] = []
    for (let at = 0; at < content.length; at += bytes)
        parts.push(content.subarray(at, at + bytes))
    return parts
}

/** Flips, inserts, removes or repeats some bytes. */
function mutate(
    bytes: Buffer,
    random: ReturnType<typeof seededRandom>
): Buffer {
    const at = random.below(bytes.length)
    const count = 1 + random.below(8)
    switch (random.below(4)) {
        case 0: {
            const copy = Buffer.from(bytes)
            copy[at] ^= 1 << random.below(8)
            return copy
        }
        case 1:
            return Buffer.concat([
                bytes.subarray(0, at),
                Buffer.from(random.bytes(count)),
                bytes.subarray(at),
            ])
        case 2:
            return Buffer.concat([
                bytes.subarray(0, at),
                bytes.subarray(at + count),
            ])
        default:
            return Buffer.concat([
                bytes.subarray(0, at + count),
                bytes.subarray(at),
            ])
    }
}
