/**
 * What a TLS 1.3 server may choose, against servers that choose something else: the error's code and the alert on the wire.
 *
 * Names start with the id of the check in SECURITY.md.
 */
import { randomBytes } from "node:crypto"
import { before, describe, test } from "node:test"
import type { Faults13 } from "../../../sim/faults/tlsserver13"
import {
    Alert,
    extension,
    handshake,
    uint,
    vector,
} from "../../../sim/faults/wire"
import { TlsSite } from "../tlssite"
import { replacing } from "./misbehaviour"

let site: TlsSite
before(async () => {
    site = await TlsSite.create()
})

describe("negotiation in TLS 1.3", () => {
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
        for (const suite of [0x1302, 0x1304, 0xc02f, 0xcca8, 0x0000])
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
            { client: { host: "192.0.2.1" } }
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
        for (const size of [0, 1, 2, 4, 5])
            await site.refuses("TlsMaxFragment", Alert.IllegalParameter, {
                encryptedExtensions: [extension(1, Buffer.from([size]))],
            })
    })
    test("a CertificateRequest must have its mandatory extension and an empty context", async () => {
        const request = (content: Buffer): Faults13 => ({
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
