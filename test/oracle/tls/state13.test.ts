/**
 * The order of a TLS 1.3 handshake, against servers that violate it: the error's code and the alert on the wire.
 *
 * Names start with the id of the check in SECURITY.md.
 */
import { before, describe, test } from "node:test"
import {
    Alert,
    Content,
    handshake,
    Type,
    vector,
} from "../../../sim/faults/wire"
import { TlsSite } from "../tlssite"
import { afterwards, around, ccs, replacing } from "./misbehaviour"

let site: TlsSite
before(async () => {
    site = await TlsSite.create()
})

/** The types of the messages of a full handshake. */
const TYPES = {
    serverHello: Type.ServerHello,
    encryptedExtensions: Type.EncryptedExtensions,
    certificate: Type.Certificate,
    certificateVerify: Type.CertificateVerify,
    finished: Type.Finished,
}
const STEPS = Object.keys(TYPES) as (keyof typeof TYPES)[]

describe("the state machine of TLS 1.3", () => {
    for (const name of STEPS)
        test(`S1: only ${name} is accepted in its place`, async () => {
            const right = TYPES[name]
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

    for (const name of STEPS.slice(1, 4))
        test(`S1: ${name} cannot be left out`, async () => {
            await site.refuses(
                "TlsUnexpectedMessage",
                Alert.UnexpectedMessage,
                replacing(name, () => [])
            )
        })

    for (const name of STEPS.slice(1, 4))
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
        for (const name of STEPS) {
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

    test("S4: application data before the server's Finished is refused", async () => {
        const data = {
            type: Content.ApplicationData,
            content: Buffer.from("early"),
        }
        for (const name of STEPS.slice(1))
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
