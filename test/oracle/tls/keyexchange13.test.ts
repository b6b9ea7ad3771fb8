/**
 * Key exchange and signature of TLS 1.3, against servers that violate them: the error's code and the alert on the wire.
 *
 * Names start with the id of the check in SECURITY.md.
 */
import { constants, generateKeyPairSync, randomBytes, sign } from "node:crypto"
import { before, describe, test } from "node:test"
import { P256, signWith, X25519 } from "../../../sim/faults/algorithms"
import { Alert, extension, uint } from "../../../sim/faults/wire"
import { issueServer, makeChain } from "../../../sim/pki/chain"
import { HOST, TlsSite } from "../tlssite"
import { badPoints, LOW_ORDER, X25519_LENGTHS } from "./points"
import { allSet } from "./sets"

let site: TlsSite
let ec: TlsSite
before(async () => {
    site = await TlsSite.create()
    ec = await TlsSite.create({ keyType: "ec" })
})

/** A client with every group and scheme. */
const client = { parts: allSet() }

describe("key exchange and signature of TLS 1.3", () => {
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

    test("K2: X25519 points of low order are refused", async () => {
        for (const share of LOW_ORDER)
            await site.refuses("CryptoWeakKeyShare", Alert.IllegalParameter, {
                serverHello: { share },
            })
    })

    test("K2: X25519 keys of another length are refused", async () => {
        for (const share of X25519_LENGTHS)
            await site.refuses("TlsMalformed", Alert.DecodeError, {
                serverHello: { share },
            })
    })

    test("K2: P-256 points of another length, or that are none, are refused", async () => {
        for (const share of badPoints())
            await site.refuses(
                "CryptoPoint",
                Alert.IllegalParameter,
                { serverHello: { share } },
                { client, server: { groups: [P256] } }
            )
    })

    test("K1: P-256 and ECDSA are taken", async () => {
        for (const groups of [[X25519], [P256]])
            await ec.accepts({}, { client, server: { groups } })
    })

    test("K4: RSA-PSS is taken with each hash", async () => {
        for (const scheme of [0x0804, 0x0805, 0x0806])
            await site.accepts({ certificateVerify: { scheme } })
    })

    test("K4: a scheme that was not offered, or not for handshakes, is refused", async () => {
        // PKCS#1 v1.5 (offered, for certificates only), SHA-1, ECDSA, Ed25519, PSS with a key of its own, nothing.
        for (const scheme of [
            0x0401, 0x0501, 0x0601, 0x0201, 0x0203, 0x0403, 0x0807, 0x0809,
            0x0000,
        ])
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

    test("S3: the certificate of another owner, or of another key, is refused", async () => {
        const other = await makeChain({
            names: [HOST],
            caBits: 2048,
            owner: "Somebody else",
        })
        await site.refuses("X509UnknownIssuer", Alert.UnknownCa, {
            certificates: [
                other.server.der,
                other.edgeCa.der,
                other.intermediate.der,
            ],
        })
        const leaf = await issueServer(site.owner.edgeCa, { names: [HOST] })
        await site.refuses("TlsServerSignature", Alert.DecryptError, {
            certificates: [leaf.der, ...site.chain.slice(1)],
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

    test("K4: ECDSA is P-256 with SHA-256, and nothing else in TLS 1.3", async () => {
        // 0x0503 and 0x0603 are for P-384 and P-521 here, though the client lists them for TLS 1.2.
        for (const scheme of [0x0503, 0x0603, 0x0203, 0x0804, 0x0807])
            await ec.refuses(
                "TlsSignatureScheme",
                Alert.IllegalParameter,
                { certificateVerify: { scheme } },
                { client }
            )
    })

    test("K5: an ECDSA signature is strict DER of two numbers in their range", async () => {
        const n =
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
        const cases: ((right: Buffer) => Buffer)[] = [
            () => Buffer.alloc(0),
            () => Buffer.from("3000", "hex"),
            () => Buffer.from("3006020100020100", "hex"),
            () => Buffer.from("3006020101020100", "hex"),
            () => Buffer.from("3006020100020101", "hex"),
            // r is n, or negative.
            () => Buffer.from(`3026022100${n}020101`, "hex"),
            () => Buffer.from("30060201ff020101", "hex"),
            right => Buffer.concat([right, Buffer.from([0])]),
            right => right.subarray(0, -1),
            // The length in a long form.
            right =>
                Buffer.concat([Buffer.from([0x30, 0x81]), right.subarray(1)]),
            // Both numbers as they are, without DER.
            () => randomBytes(64),
        ]
        for (const change of cases)
            await ec.refuses(
                "TlsServerSignature",
                Alert.DecryptError,
                {
                    certificateVerify: {
                        sign: content =>
                            change(signWith(0x0403, ec.key, content)),
                    },
                },
                { client }
            )
    })

    test("K7: SHA-1 is refused, in handshakes and in certificates", async () => {
        await site.refuses("TlsSignatureScheme", Alert.IllegalParameter, {
            certificateVerify: { scheme: 0x0201 },
        })
    })
})
