/**
 * What only TLS 1.3 has in its record layer, against servers that violate it: the error's code and the alert on the wire.
 *
 * Names start with the id of the check in SECURITY.md.
 */
import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { before, describe, test } from "node:test"
import { Alert, Content, handshake, vector } from "../../../sim/faults/wire"
import { Buffer as DeviceBuffer } from "../../../sim/shim/buffer"
import { readAll, TlsSite } from "../tlssite"
import { afterwards, afterwards13, around, ccs } from "./misbehaviour"

let site: TlsSite
before(async () => {
    site = await TlsSite.create()
})

describe("the record layer of TLS 1.3, where it differs", () => {
    test("sends tickets, which are dropped, and updates its keys with and without asking for ours", async () => {
        const { transport, connection } = site.open(
            afterwards13(server => {
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
            afterwards13(server => {
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
            afterwards13(server => {
                for (let i = 0; i < 17; i++) server.updateKeys(0)
            })
        )
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
                afterwards13(server => server.sendInner(inner))
            )
    })
})
