/**
 * Key exchange and signature of TLS 1.2, against servers that violate them: the error's code and the alert on the wire.
 *
 * Names start with the id of the check in SECURITY.md.
 */
import assert from "node:assert/strict"
import { generateKeyPairSync, KeyObject, randomBytes } from "node:crypto"
import { before, describe, test } from "node:test"
import { P256, signWith, X25519 } from "../../../sim/faults/algorithms"
import {
    Faults12,
    ServerKeyExchange12,
    TlsServer12,
} from "../../../sim/faults/tlsserver12"
import { Alert, handshake, Type, uint, vector } from "../../../sim/faults/wire"
import { issueServer, makeChain } from "../../../sim/pki/chain"
import { HOST, TlsSite } from "../tlssite"
import { replacing } from "./misbehaviour"
import { badPoints, LOW_ORDER, X25519_LENGTHS } from "./points"
import { allSet } from "./sets"

type Site = TlsSite<Faults12, TlsServer12>

let rsa: Site
let ec: Site
before(async () => {
    rsa = await TlsSite.create({}, TlsServer12)
    ec = await TlsSite.create({ keyType: "ec" }, TlsServer12)
})

/** A client with every group and scheme. */
const client = { parts: allSet() }

const exchange = (
    serverKeyExchange: Partial<ServerKeyExchange12>
): Faults12 => ({ serverKeyExchange })

describe("key exchange of TLS 1.2", () => {
    test("K1: either group is taken, from either kind of key", async () => {
        for (const site of [rsa, ec])
            for (const group of [X25519, P256])
                await site.accepts({}, { client, server: { groups: [group] } })
    })

    test("K1: a group that was not offered is refused", async () => {
        // P-384, X448, P-521, a finite field, nothing.
        for (const group of [0x0018, 0x001e, 0x0019, 0x0100, 0x0000])
            await rsa.refuses(
                "TlsGroup",
                Alert.IllegalParameter,
                exchange({ group })
            )
    })

    test("K1: P-256 is refused by a client that has X25519 alone", async () => {
        const parts = allSet()
        parts.groups = parts.groups.filter(({ code }) => code === X25519)
        await rsa.refuses(
            "TlsGroup",
            Alert.IllegalParameter,
            exchange({ group: P256 }),
            { client: { parts } }
        )
    })

    test("K1: explicit curves are refused", async () => {
        for (const curveType of [0, 1, 2, 4, 255])
            await rsa.refuses(
                "TlsGroup",
                Alert.IllegalParameter,
                exchange({ curveType })
            )
    })

    test("K2: X25519 points of low order are refused", async () => {
        for (const point of LOW_ORDER)
            await rsa.refuses(
                "CryptoWeakKeyShare",
                Alert.IllegalParameter,
                exchange({ point })
            )
    })

    test("K2: X25519 keys of another length are refused", async () => {
        for (const point of X25519_LENGTHS)
            await rsa.refuses(
                "TlsMalformed",
                Alert.DecodeError,
                exchange({ point })
            )
    })

    test("K2: P-256 points of another length, or that are none, are refused", async () => {
        for (const point of badPoints())
            await rsa.refuses(
                "CryptoPoint",
                Alert.IllegalParameter,
                exchange({ group: P256, point }),
                { client }
            )
    })
})

describe("the server's signature in TLS 1.2", () => {
    test("K3: cannot be left out, nor half of the message", async () => {
        for (const keep of [0, 1, 3, 4, 20, 36, 37, 38, 39, 40, 41, -1])
            await rsa.refuses(
                "TlsMalformed",
                Alert.DecodeError,
                replacing("serverKeyExchange", message => [
                    handshake(
                        Type.ServerKeyExchange,
                        message.subarray(4).subarray(0, keep)
                    ),
                ])
            )
    })

    test("K3: has nothing behind it", async () => {
        await rsa.refuses(
            "TlsMalformed",
            Alert.DecodeError,
            exchange({ trailing: Buffer.from([0]) })
        )
    })

    test("K3: must not be empty, short, long, random or zero", async () => {
        for (const signature of [
            Buffer.alloc(0),
            randomBytes(255),
            Buffer.alloc(256),
            randomBytes(256).fill(0, 0, 1),
            randomBytes(257),
        ])
            await rsa.refuses(
                "TlsServerSignature",
                Alert.DecryptError,
                exchange({ sign: () => signature })
            )
        for (const signature of [
            Buffer.alloc(0),
            randomBytes(64),
            // r and s zero, and a sequence of nothing.
            Buffer.from("3006020100020100", "hex"),
            Buffer.from("3000", "hex"),
        ])
            await ec.refuses(
                "TlsServerSignature",
                Alert.DecryptError,
                exchange({ sign: () => signature }),
                { client }
            )
    })

    const kinds: [string, () => Site, number[]][] = [
        ["rsa", () => rsa, [0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601]],
        ["ec", () => ec, [0x0403, 0x0503, 0x0603]],
    ]
    for (const [kind, site, schemes] of kinds) {
        test(`K3: by an ${kind} key is taken in each scheme that we offer`, async () => {
            for (const scheme of schemes)
                await site().accepts(exchange({ scheme }), { client })
        })

        test(`K3: by an ${kind} key must cover both randoms and the parameters`, async () => {
            for (const scheme of schemes) {
                const by = (change: (content: Buffer) => Buffer) =>
                    exchange({
                        scheme,
                        sign: content =>
                            signWith(scheme, site().key, change(content)),
                    })
                const flip = (at: number) => (content: Buffer) => {
                    content[at] ^= 1
                    return content
                }
                for (const change of [
                    flip(0),
                    flip(31),
                    flip(32),
                    flip(63),
                    flip(64),
                    flip(66),
                    flip(68),
                    flip(99),
                    (content: Buffer) => content.subarray(64),
                    (content: Buffer) => content.subarray(32),
                    (content: Buffer) => content.subarray(0, 64),
                    (content: Buffer) =>
                        Buffer.concat([
                            content.subarray(32, 64),
                            content.subarray(0, 32),
                            content.subarray(64),
                        ]),
                ])
                    await site().refuses(
                        "TlsServerSignature",
                        Alert.DecryptError,
                        by(change),
                        { client }
                    )
            }
        })
    }

    test("K3: by another key is refused", async () => {
        const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 })
        const ecStranger = generateKeyPairSync("ec", { namedCurve: "P-256" })
        const cases: [Site, KeyObject, number][] = [
            [rsa, stranger.privateKey, 0x0804],
            [rsa, stranger.privateKey, 0x0401],
            [ec, ecStranger.privateKey, 0x0403],
        ]
        for (const [site, key, scheme] of cases)
            await site.refuses(
                "TlsServerSignature",
                Alert.DecryptError,
                exchange({
                    scheme,
                    sign: content => signWith(scheme, key, content),
                }),
                { client }
            )
    })

    test("K3: in a scheme that was not offered is a failure, not a skip", async () => {
        // RSA and ECDSA with SHA-1 and SHA-224, DSA, anonymous, MD5, Ed25519, PSS with a key of its own, nothing.
        for (const scheme of [
            0x0201, 0x0203, 0x0301, 0x0303, 0x0402, 0x0400, 0x0101, 0x0807,
            0x0809, 0x0000, 0xffff,
        ])
            for (const site of [rsa, ec])
                await site.refuses(
                    "TlsSignatureScheme",
                    Alert.IllegalParameter,
                    exchange({ scheme }),
                    { client }
                )
    })

    test("K3: in a scheme that does not fit the certificate's key is refused", async () => {
        await rsa.refuses(
            "TlsSignatureScheme",
            Alert.IllegalParameter,
            exchange({ scheme: 0x0403 }),
            { client }
        )
        for (const scheme of [0x0804, 0x0401])
            await ec.refuses(
                "TlsSignatureScheme",
                Alert.IllegalParameter,
                exchange({ scheme }),
                { client }
            )
    })

    test("K6: PKCS#1 v1.5 in place of PSS, and the other way round, is refused", async () => {
        for (const [said, used] of [
            [0x0804, 0x0401],
            [0x0401, 0x0804],
            [0x0401, 0x0501],
            [0x0401, 0x0201],
        ])
            await rsa.refuses(
                "TlsServerSignature",
                Alert.DecryptError,
                exchange({
                    scheme: said,
                    sign: content => signWith(used, rsa.key, content),
                })
            )
    })

    test("N2: a suite that does not fit the certificate's key is refused", async () => {
        for (const suite of [0xc02b, 0xcca9])
            await rsa.refuses(
                "TlsSuiteKey",
                Alert.IllegalParameter,
                { serverHello: { suite } },
                { client }
            )
        for (const suite of [0xc02f, 0xcca8])
            await ec.refuses(
                "TlsSuiteKey",
                Alert.IllegalParameter,
                { serverHello: { suite } },
                { client }
            )
    })
})

describe("the certificate in TLS 1.2", () => {
    test("S3: of another owner is refused, also under the same names", async () => {
        for (const [owner, code, alert] of [
            ["Somebody else", "X509UnknownIssuer", Alert.UnknownCa],
            [undefined, "X509BadSignature", Alert.BadCertificate],
        ] as const) {
            const other = await makeChain({
                names: [HOST],
                caBits: 2048,
                owner,
            })
            await rsa.refuses(code, alert, {
                certificates: [
                    other.server.der,
                    other.edgeCa.der,
                    other.intermediate.der,
                ],
            })
        }
    })

    test("S3: of the right owner, but another key, does not help", async () => {
        const other = await issueServer(rsa.owner.edgeCa, { names: [HOST] })
        await rsa.refuses("TlsServerSignature", Alert.DecryptError, {
            certificates: [other.der, ...rsa.chain.slice(1)],
        })
    })

    test("S3: has well-formed lists", async () => {
        const [leaf] = rsa.chain
        for (const body of [
            Buffer.alloc(0),
            uint(3, 0),
            vector(3, vector(3)),
            vector(3, vector(3, leaf), Buffer.from([0])),
            Buffer.concat([vector(3, vector(3, leaf)), Buffer.from([0])]),
            vector(3, uint(3, leaf.length + 1), leaf),
            // As TLS 1.3 writes it.
            Buffer.concat([vector(1), vector(3, vector(3, leaf), vector(2))]),
        ])
            await rsa.refuses(
                "TlsMalformed",
                Alert.DecodeError,
                replacing("certificate", () => [
                    handshake(Type.Certificate, body),
                ])
            )
    })

    test("P9: with too many certificates is refused", async () => {
        assert.ok(rsa.chain.length < 20)
        await rsa.refuses("X509CertificateCount", Alert.BadCertificate, {
            certificates: Array.from({ length: 20 }, () => Buffer.from([0x30])),
        })
    })

    test("a malformed CertificateRequest is refused", async () => {
        const right = [
            vector(1, Buffer.from([1])),
            vector(2, uint(2, 0x0401)),
            vector(2),
        ]
        for (const body of [
            [],
            right.slice(0, 1),
            right.slice(0, 2),
            [...right, Buffer.from([0])],
            [right[0], vector(2, Buffer.alloc(3)), Buffer.from([0])],
        ])
            await rsa.refuses("TlsMalformed", Alert.DecodeError, {
                requestCertificate: true,
                ...replacing("certificateRequest", () => [
                    handshake(Type.CertificateRequest, ...body),
                ]),
            })
    })
})
