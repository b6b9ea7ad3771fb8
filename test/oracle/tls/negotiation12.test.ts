/**
 * What a TLS 1.2 server may choose, against servers that choose something else: the error's code and the alert on the
 * wire.
 *
 * Names start with the id of the check in SECURITY.md.
 */
import { randomBytes } from "node:crypto"
import { before, describe, test } from "node:test"
import {
    downgraded,
    Faults12,
    ServerHello12,
    TlsServer12,
} from "../../../sim/faults/tlsserver12"
import { TlsServer13 } from "../../../sim/faults/tlsserver13"
import {
    Alert,
    Ext,
    extension,
    TLS12,
    TLS13,
    uint,
    vector,
} from "../../../sim/faults/wire"
import { TlsSite } from "../tlssite"
import { only, rsaSet } from "./sets"

let site: TlsSite<Faults12, TlsServer12>
before(async () => {
    site = await TlsSite.create({}, TlsServer12)
})

const hello = (serverHello: Partial<ServerHello12>): Faults12 => ({
    serverHello,
})
const answering = (...more: Buffer[]) => hello({ more })

describe("negotiation in TLS 1.2", () => {
    test("N1: an older version, or one that does not exist, is refused", async () => {
        for (const version of [0x0200, 0x0300, 0x0301, 0x0302, 0x0304, 0x0305])
            await site.refuses(
                "TlsVersion",
                Alert.ProtocolVersion,
                hello({ version })
            )
    })

    test("N1: TLS 1.2 cannot be chosen by supported_versions", async () => {
        for (const version of [0x0303, 0x0302, 0x0000])
            await site.refuses(
                "TlsSelectedVersion",
                Alert.IllegalParameter,
                answering(extension(Ext.SupportedVersions, uint(2, version)))
            )
    })

    for (const last of [0, 1] as const)
        test(`N1: the downgrade sentinel with ${last} is noticed`, async () => {
            await site.refuses(
                "TlsDowngrade",
                Alert.IllegalParameter,
                hello({ random: downgraded(last) })
            )
        })

    test("N1: a client without TLS 1.3 has nothing to be downgraded from", async () => {
        const client = { parts: only(TLS12, rsaSet()) }
        await site.accepts({}, { client })
        await site.accepts(hello({ random: downgraded(1) }), { client })
    })

    test("N1: a client without TLS 1.2 is told by the server, and takes no such ServerHello", async () => {
        const client = { parts: only(TLS13, rsaSet()) }
        await site.refuses("TlsAlert", undefined, {}, { client })
        await site
            .at(TlsServer13)
            .refuses(
                "TlsVersion",
                Alert.ProtocolVersion,
                { serverHello: { version: undefined } },
                { client }
            )
    })

    test("N1: a random that only looks like the sentinel is not one", async () => {
        const random = downgraded(0)
        random[31] = 2
        await site.accepts(hello({ random }))
        const moved = randomBytes(32)
        moved.write("DOWNGRD\x01", 23, "latin1")
        await site.accepts(hello({ random: moved }))
    })

    test("N2: a suite that was not offered is refused", async () => {
        // AES-256, CBC, static RSA, DHE, anonymous, NULL, and the signalling values.
        for (const suite of [
            0xc030, 0xc02c, 0xc027, 0xc013, 0x009c, 0x002f, 0x009e, 0xccaa,
            0xc018, 0x0000, 0x00ff, 0x5600,
        ])
            await site.refuses(
                "TlsSuite",
                Alert.IllegalParameter,
                hello({ suite })
            )
    })

    test("N2: a suite of TLS 1.3 is refused", async () => {
        for (const suite of [0x1301, 0x1303])
            await site.refuses(
                "TlsSuite",
                Alert.IllegalParameter,
                hello({ suite })
            )
    })

    test("R4: compression is refused", async () => {
        for (const compression of [1, 64, 255])
            await site.refuses(
                "TlsMalformed",
                Alert.DecodeError,
                hello({ compression })
            )
    })

    test("N3: extensions that were not offered are refused", async () => {
        for (const type of [
            Ext.StatusRequest,
            Ext.Alpn,
            Ext.EncryptThenMac,
            0x0a0a,
        ])
            await site.refuses(
                "TlsUnofferedExtension",
                Alert.UnsupportedExtension,
                answering(extension(type))
            )
    })

    test("N3: extensions that only a client sends, or only TLS 1.3 has, are refused", async () => {
        for (const type of [
            Ext.SupportedGroups,
            Ext.SignatureAlgorithms,
            Ext.KeyShare,
        ])
            await site.refuses(
                "TlsMisplacedExtension",
                Alert.IllegalParameter,
                answering(
                    type === Ext.KeyShare
                        ? extension(
                              type,
                              uint(2, 0x001d),
                              vector(2, randomBytes(32))
                          )
                        : extension(type)
                )
            )
    })

    test("N3: a repeated extension is refused", async () => {
        for (const repeated of [
            extension(Ext.ExtendedMasterSecret),
            extension(Ext.RenegotiationInfo, vector(1)),
        ])
            await site.refuses(
                "TlsRepeatedExtension",
                Alert.IllegalParameter,
                answering(repeated)
            )
    })

    test("N3: the answer to server_name must be empty, and there is none for an address", async () => {
        await site.accepts(answering(extension(Ext.ServerName)))
        await site.refuses(
            "TlsMalformed",
            Alert.DecodeError,
            answering(extension(Ext.ServerName, uint(1, 0)))
        )
        await site.refuses(
            "TlsUnofferedExtension",
            Alert.UnsupportedExtension,
            answering(extension(Ext.ServerName)),
            { client: { host: "192.0.2.1" } }
        )
    })

    test("N4: a server without the extended master secret is refused", async () => {
        for (const bare of [false, true])
            await site.refuses(
                "TlsNoExtendedMasterSecret",
                Alert.HandshakeFailure,
                hello({
                    extendedMasterSecret: false,
                    ...(bare && { renegotiation: undefined, bare }),
                })
            )
    })

    test("N4: the extended master secret has no content", async () => {
        await site.refuses("TlsMalformed", Alert.DecodeError, {
            serverHello: {
                extendedMasterSecret: false,
                more: [extension(Ext.ExtendedMasterSecret, uint(1, 0))],
            },
        })
    })

    test("N5: another record size than the one asked for is refused", async () => {
        for (const maxFragment of [0, 1, 2, 4, 5, 255])
            await site.refuses(
                "TlsMaxFragment",
                Alert.IllegalParameter,
                hello({ maxFragment })
            )
    })

    test("S5: a server without the renegotiation indication is refused", async () => {
        await site.refuses(
            "TlsRenegotiationInfo",
            Alert.HandshakeFailure,
            hello({ renegotiation: undefined })
        )
    })

    test("S5: a renegotiation indication of an earlier connection is refused", async () => {
        for (const length of [1, 12, 24])
            await site.refuses(
                "TlsRenegotiationInfo",
                Alert.HandshakeFailure,
                hello({ renegotiation: randomBytes(length) })
            )
    })

    test("S5: a malformed renegotiation indication is refused", async () => {
        for (const body of [[], [1], [0, 0]])
            await site.refuses("TlsMalformed", Alert.DecodeError, {
                serverHello: {
                    renegotiation: undefined,
                    more: [extension(Ext.RenegotiationInfo, Buffer.from(body))],
                },
            })
    })

    test("a session id of the server's own is taken, and not more than 32 bytes", async () => {
        await site.accepts(hello({ sessionId: randomBytes(32) }))
        await site.refuses(
            "TlsMalformed",
            Alert.DecodeError,
            hello({ sessionId: randomBytes(33) })
        )
    })
})
