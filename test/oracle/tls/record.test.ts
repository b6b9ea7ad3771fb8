/**
 * The record layer, against servers that violate it: the error's code and the alert on the wire.
 *
 * Names start with the id of the check in SECURITY.md.
 */
import assert from "node:assert/strict"
import { before, describe, test } from "node:test"
import type { CommonFaults, HostileServer } from "../../../sim/faults/hostile"
import { Alert, Content, handshake, Type, uint } from "../../../sim/faults/wire"
import { Buffer as DeviceBuffer } from "../../../sim/shim/buffer"
import { assertCode, readAll, TlsSite } from "../tlssite"
import {
    afterwards,
    alert,
    around,
    ccs,
    data,
    inside,
    replacing,
} from "./misbehaviour"
import { VERSIONS } from "./versions"

/** Sends these bytes in the place of the server's first record, and nothing else. */
function answering(bytes: Buffer): CommonFaults {
    return {
        wire: (_record, index) => (index === 0 ? bytes : Buffer.alloc(0)),
    }
}

const times = <T>(count: number, one: T) =>
    Array.from({ length: count }, () => one)

const CASES = VERSIONS.flatMap(version =>
    version.suites.map(suite => ({ ...version, suite }))
)

for (const { name, Server, steps, protectedFrom, suite } of CASES)
    describe(`the record layer of ${name} with ${suite.name}`, () => {
        let site: TlsSite<CommonFaults, HostileServer>
        before(async () => {
            site = (await TlsSite.create({}, Server)).with({
                suites: [suite.code],
            })
        })

        test("R1: a record over the limit is refused by its header", async () => {
            // In the handshake 7 KB and a header is the most, and it may be too short for the rest to follow.
            for (const length of [7168 + 4 + 1, 0x4000, 0xffff])
                await site.refuses(
                    "TlsRecordTooLong",
                    Alert.RecordOverflow,
                    answering(
                        Buffer.concat([
                            Buffer.from([22, 3, 3]),
                            uint(2, length),
                        ])
                    )
                )
            // 2^14 and the most that protection may add: 2048 in TLS 1.2, 256 in 1.3. Ours adds less, and nothing is lost by that.
            const most = name === "TLS 1.2" ? 2048 : 256
            await site.breaksOff(
                "TlsRecordTooLong",
                Alert.RecordOverflow,
                afterwards(server =>
                    server.sendRecord(
                        Buffer.concat([
                            Buffer.from([23, 3, 3]),
                            uint(2, 0x4000 + most + 1),
                        ])
                    )
                )
            )
        })

        test("R1: content over 16 KB is refused, though the record is not too long", async () => {
            const { connection } = site.open(
                afterwards(server => {
                    server.sendData("x".repeat(16384))
                    server.sendAlert(1, Alert.CloseNotify)
                })
            )
            assert.equal((await readAll(await connection)).length, 16384)
            await site.breaksOff(
                "TlsRecordTooLong",
                Alert.RecordOverflow,
                afterwards(server => server.sendData("x".repeat(16385)))
            )
        })

        test("R1: a server that takes the small record size may not exceed it", async () => {
            const server = { smallRecords: true }
            const { connection } = site.open(
                afterwards(open => {
                    open.sendData("x".repeat(2048))
                    open.sendAlert(1, Alert.CloseNotify)
                }),
                { server }
            )
            assert.equal((await readAll(await connection)).length, 2048)
            await site.breaksOff(
                "TlsRecordTooLong",
                Alert.RecordOverflow,
                afterwards(open => open.sendData("x".repeat(2049))),
                { server }
            )
        })

        test("R1: the small record size holds for the handshake already", async () => {
            await site.refuses(
                "TlsRecordTooLong",
                Alert.RecordOverflow,
                {
                    ...replacing("certificate", () => [
                        handshake(Type.Certificate, Buffer.alloc(2045)),
                    ]),
                    fragments: (_, fragments) => [
                        {
                            ...fragments[0],
                            content: Buffer.concat(
                                fragments.map(({ content }) => content)
                            ),
                        },
                    ],
                },
                { server: { smallRecords: true } }
            )
        })

        test("R2: any changed bit of a record is noticed, with one error", async () => {
            const lengths: number[] = []
            const { connection } = site.open(
                afterwards(server =>
                    lengths.push(server.protect(data("hello")).length)
                )
            )
            await connection
            for (let at = 5; at < lengths[0]; at++)
                await site.breaksOff(
                    "TlsBadRecord",
                    Alert.BadRecordMac,
                    afterwards(server => {
                        const record = server.protect(data("hello"))
                        record[at] ^= 1 << (at % 8)
                        server.sendRecord(record)
                    })
                )
        })

        test("R2: a record shorter than its protection is noticed with the same error", async () => {
            const overhead =
                name === "TLS 1.3" ? 17 : suite.code === 0xc02f ? 24 : 16
            for (const length of [1, 7, 8, 15, overhead - 1])
                await site.breaksOff(
                    "TlsBadRecord",
                    Alert.BadRecordMac,
                    afterwards(server =>
                        server.sendRecord(
                            Buffer.concat([
                                Buffer.from([23, 3, 3]),
                                uint(2, length),
                                Buffer.alloc(length),
                            ])
                        )
                    )
                )
        })

        test("R2: a record whose header was changed is noticed", async () => {
            await site.breaksOff(
                "TlsBadRecord",
                Alert.BadRecordMac,
                afterwards(server => {
                    const record = server.protect(data("hello"))
                    record.writeUInt16BE(record.readUInt16BE(3) - 1, 3)
                    server.sendRecord(record.subarray(0, -1))
                })
            )
        })

        for (const [what, order] of [
            ["repeated", [0, 0]],
            ["missing", [1]],
            ["from before", [0, 1, 0]],
        ] as const)
            test(`R3: a ${what} record is noticed`, async () => {
                await site.breaksOff(
                    "TlsBadRecord",
                    Alert.BadRecordMac,
                    afterwards(server => {
                        const records = ["first", "second"].map(text =>
                            server.protect(data(text))
                        )
                        for (const i of order) server.sendRecord(records[i])
                    })
                )
            })

        test("R3: swapped records are noticed before either is delivered", async () => {
            const { connection } = site.open(
                afterwards(server => {
                    const first = server.protect(data("first"))
                    server.sendFragment(data("second"))
                    server.sendRecord(first)
                })
            )
            const open = await connection
            await assertCode(open.read(1000), "TlsBadRecord")
        })

        test("R3: our own record, sent back, is noticed", async () => {
            const { transport, connection } = site.open()
            const open = await connection
            let sent = Buffer.alloc(0)
            transport.write = async bytes => {
                sent = Buffer.from(bytes)
            }
            await open.write(DeviceBuffer.from("to the server"))
            transport.deliver(sent)
            await assertCode(open.read(1000), "TlsBadRecord")
        })

        for (const step of ["serverHello", "certificate", "finished"] as const)
            test(`R5: another record inside ${step} is refused`, async () => {
                const isClear =
                    steps.indexOf(step) < steps.indexOf(protectedFrom)
                for (const fragment of [
                    alert(1, Alert.UserCanceled),
                    ...(step === "certificate" || isClear ? [data("x")] : []),
                    ...(isClear || name === "TLS 1.3" ? [ccs()] : []),
                ])
                    await site.refuses(
                        "TlsInterrupted",
                        Alert.UnexpectedMessage,
                        inside(step, fragment)
                    )
            })

        test("R5: data inside a message after the handshake is refused", async () => {
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

        test("R5: a message over its limit is refused before it is read", async () => {
            for (const [step, type, limit] of [
                ["certificate", Type.Certificate, 7168],
                ["finished", Type.Finished, 2048],
            ] as const)
                await site.refuses(
                    "TlsMessageTooLong",
                    Alert.DecodeError,
                    replacing(step, () => [
                        Buffer.concat([
                            Buffer.from([type]),
                            uint(3, limit + 1),
                            Buffer.alloc(100),
                        ]),
                    ])
                )
        })

        for (const type of [Content.Handshake, Content.Alert])
            test(`R5: an empty record of type ${type} is refused`, async () => {
                const empty = { type, content: Buffer.alloc(0) }
                for (const step of ["certificate", "finished"] as const)
                    await site.refuses(
                        "TlsFlood",
                        Alert.UnexpectedMessage,
                        around(step, [empty])
                    )
                await site.breaksOff(
                    "TlsFlood",
                    Alert.UnexpectedMessage,
                    afterwards(server => server.sendFragment(empty))
                )
            })

        test("R5: a few empty data records pass, a flood is refused", async () => {
            const empty = (count: number) =>
                afterwards(server => {
                    for (let i = 0; i < count; i++) server.sendData("")
                    server.sendData("x")
                    server.sendAlert(1, Alert.CloseNotify)
                })
            const { connection } = site.open(empty(8))
            assert.equal(await readAll(await connection), "x")
            await site.breaksOff("TlsFlood", Alert.UnexpectedMessage, empty(9))
        })

        test("R5: a few warnings pass, a flood is refused", async () => {
            const warning = alert(1, Alert.UserCanceled)
            const { connection } = site.open(
                around("certificate", times(4, warning))
            )
            await connection
            await site.refuses(
                "TlsFlood",
                Alert.UnexpectedMessage,
                around("certificate", times(5, warning))
            )
            await site.breaksOff(
                "TlsFlood",
                Alert.UnexpectedMessage,
                afterwards(server => {
                    for (let i = 0; i < 40; i++)
                        server.sendAlert(1, Alert.UserCanceled)
                })
            )
        })

        for (const length of [1, 3])
            test(`R6: an alert of ${length} bytes is refused`, async () => {
                const odd = alert(...times(length, 0))
                for (const step of steps)
                    await site.refuses(
                        "TlsMalformed",
                        Alert.DecodeError,
                        around(step, [odd])
                    )
                await site.breaksOff(
                    "TlsMalformed",
                    Alert.DecodeError,
                    afterwards(server => server.sendFragment(odd))
                )
            })

        for (let records = 0; records < steps.length; records++)
            test(`R6: an end without close_notify before ${steps[records]} is an error`, async () => {
                const { transport, connection } = site.open(
                    {
                        wire: (record, i) =>
                            i < records ? record : Buffer.alloc(0),
                    },
                    records ? { endsAfter: records } : {}
                )
                if (!records) transport.end()
                await assertCode(connection, "TlsTruncated")
                assert.equal(transport.server.alert, undefined)
                assert.ok(transport.closed)
            })

        test("R6: an end in the middle of a record is an error, at every byte of its header and behind it", async () => {
            for (const bytes of [1, 2, 3, 4, 5, 6, 30]) {
                const { transport, connection } = site.open({
                    wire: (record, i) =>
                        i === 0 ? record.subarray(0, bytes) : Buffer.alloc(0),
                })
                transport.end()
                await assertCode(connection, "TlsTruncated")
            }
        })

        test("R6: an end without close_notify after the handshake is an error, behind the data", async () => {
            const { transport, connection } = site.open(
                afterwards(server => server.sendData("x"))
            )
            const open = await connection
            transport.end()
            assert.equal((await open.read(1000))?.toString(), "x")
            await assertCode(open.read(1000), "TlsTruncated")
        })

        test("R6: data after close_notify is not delivered", async () => {
            const { connection } = site.open(
                afterwards(server => {
                    server.sendData("before")
                    server.sendAlert(1, Alert.CloseNotify)
                    server.sendData("after")
                })
            )
            const open = await connection
            assert.equal(await readAll(open), "before")
            assert.equal(await open.read(100), null)
        })

        test("R6: close_notify in the handshake is an error, before every step", async () => {
            for (const step of steps)
                await site.refuses(
                    "TlsClosed",
                    undefined,
                    around(step, [alert(1, Alert.CloseNotify)])
                )
        })

        test("R6: a fatal alert ends the handshake before every step, and the connection", async () => {
            for (const step of steps)
                await site.refuses(
                    "TlsAlert",
                    undefined,
                    around(step, [alert(2, Alert.HandshakeFailure)])
                )
            await site.breaksOff(
                "TlsAlert",
                undefined,
                afterwards(server => server.sendAlert(2, Alert.InternalError))
            )
        })

        test("a server that does not speak TLS is recognised", async () => {
            for (const text of ["HTTP/1.1 400 Bad\r\n", "SSH-2.0-x\r\n"])
                await site.refuses(
                    "TlsNotTls",
                    Alert.ProtocolVersion,
                    answering(Buffer.from(text))
                )
        })

        test("a record of an unknown type is refused, also where records are protected", async () => {
            for (const type of [0, 19, 24, 25, 255]) {
                await site.refuses(
                    "TlsUnexpectedRecord",
                    Alert.UnexpectedMessage,
                    answering(Buffer.from([type, 3, 3, 0, 1, 0]))
                )
                await site.breaksOff(
                    "TlsUnexpectedRecord",
                    Alert.UnexpectedMessage,
                    afterwards(server =>
                        server.sendRecord(Buffer.from([type, 3, 3, 0, 1, 0]))
                    )
                )
            }
        })
    })
