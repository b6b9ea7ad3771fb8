/**
 * Key exchange and signature of TLS 1.3, against servers that violate them: the error's code and the alert on the wire.
 *
 * Names start with the id of the check in SECURITY.md.
 */
import { constants, generateKeyPairSync, randomBytes, sign } from "node:crypto"
import { before, describe, test } from "node:test"
import { Alert, extension, uint } from "../../../sim/faults/wire"
import { TlsSite } from "../tlssite"

let site: TlsSite
before(async () => {
    site = await TlsSite.create()
})

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
