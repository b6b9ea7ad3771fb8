/** Chains of every kind of key and signature that a device verifies, and the kinds that it refuses by their names. */
import assert from "node:assert/strict"
import {
    constants,
    generateKeyPairSync,
    type KeyObject,
    sign,
} from "node:crypto"
import { before, describe, test } from "node:test"
import { pinnedAnchor } from "../../sim/pki/anchor"
import { type Certificate } from "../../sim/pki/certificate"
import {
    type Chain,
    type ChainOptions,
    crossSign,
    makeChain,
} from "../../sim/pki/chain"
import { KeyPool } from "../../sim/pki/keys"
import { Buffer as DeviceBuffer } from "../../sim/shim/buffer"
import { children, der, resign, Tbs, withField } from "./der"
import { ErrorCode, errorCode, HOST } from "./tlssite"

const { validatePath } = require("../../src/x509/path") as {
    validatePath(
        sent: unknown[],
        policy: object
    ): Promise<{ length: number; signatures: number }>
}
const { Der } = require("../../src/x509/der") as {
    Der: new (bytes: DeviceBuffer, at: number, end: number) => unknown
}
type Scheme = new (hash: unknown, code: number, algorithm: unknown) => unknown
const scheme = require("../../src/x509/scheme") as {
    RsaPkcs1: Scheme
    RsaPss: Scheme
} & Record<string, () => Uint8Array>
const ecdsa = require("../../src/x509/ecdsascheme") as {
    EcdsaP256: Scheme
} & Record<string, () => unknown>
const { sha256 } = require("../../src/crypto/hash") as { sha256(): unknown }
const { sha384, sha512 } = require("../../src/crypto/sha512") as {
    sha384(): unknown
    sha512(): unknown
}

const HASHES = ["SHA-256", "SHA-384", "SHA-512"] as const

const rsaSchemes = () => [
    new scheme.RsaPkcs1(sha256(), 0x0401, scheme.sha256WithRsa()),
    new scheme.RsaPkcs1(sha384(), 0x0501, scheme.sha384WithRsa()),
    new scheme.RsaPkcs1(sha512(), 0x0601, scheme.sha512WithRsa()),
]
const pssSchemes = () => [
    new scheme.RsaPss(sha256(), 0x0804, scheme.pssWithSha256()),
    new scheme.RsaPss(sha384(), 0x0805, scheme.pssWithSha384()),
    new scheme.RsaPss(sha512(), 0x0806, scheme.pssWithSha512()),
]
const ecSchemes = () => [
    new ecdsa.EcdsaP256(sha256(), 0x0403, ecdsa.ecdsaWithSha256()),
    new ecdsa.EcdsaP256(sha384(), 0x0503, ecdsa.ecdsaWithSha384()),
    new ecdsa.EcdsaP256(sha512(), 0x0603, ecdsa.ecdsaWithSha512()),
]
const allSchemes = () => [...rsaSchemes(), ...ecSchemes()]

const keys = new KeyPool()

function chainOf(options: Partial<ChainOptions>): Promise<Chain> {
    return makeChain({ names: [HOST], caBits: 2048, keys, ...options })
}

async function validate(
    sent: Buffer[],
    schemes: unknown[],
    ...roots: Certificate[]
): Promise<number> {
    const path = await validatePath(
        sent.map(one => {
            const bytes = DeviceBuffer.from(one)
            return new Der(bytes, 0, bytes.length)
        }),
        {
            anchors: roots.map(root => {
                const { subjectName, publicKeyInfo } = pinnedAnchor(root)
                return {
                    der: DeviceBuffer.from(
                        Buffer.concat([subjectName, publicKeyInfo])
                    ),
                    keyAt: subjectName.length,
                }
            }),
            schemes,
            host: HOST,
            nowSec: Math.floor(Date.now() / 1000) + 60,
            floorSec: 0,
        }
    )
    assert.equal(path.signatures, path.length)
    return path.length
}

const ders = (certificates: Certificate[]) => certificates.map(one => one.der)

async function refused(
    code: string,
    message: RegExp,
    sent: Buffer[],
    schemes: unknown[],
    ...roots: Certificate[]
): Promise<void> {
    await assert.rejects(
        () => validate(sent, schemes, ...roots),
        (error: Error) => {
            if (errorCode(error) === 0) throw error
            assert.equal(ErrorCode[errorCode(error)], code, error.message)
            assert.match(error.message, message)
            return true
        }
    )
}

describe("a chain is accepted", () => {
    for (const depth of [1, 2, 3, 4] as const)
        for (const keyType of ["rsa", "ec"] as const)
            test(`of ${depth} ${keyType} certificates`, async () => {
                const { sent, root } = await chainOf({ depth, keyType })
                assert.equal(
                    await validate(ders(sent), allSchemes(), root),
                    depth
                )
            })

    for (const hash of HASHES)
        for (const keyType of ["rsa", "ec"] as const)
            test(`with ${hash} under ${keyType} signatures`, async () => {
                const { sent, root } = await chainOf({ hash, keyType })
                await validate(ders(sent), allSchemes(), root)
                // Each of its signatures is needed.
                for (let i = 0; i < sent.length; i++) {
                    const wrong = ders(sent).map(one => Buffer.from(one))
                    wrong[i][wrong[i].length - 10] ^= 1
                    await refused(
                        "X509BadSignature",
                        /signature is wrong/,
                        wrong,
                        allSchemes(),
                        root
                    )
                }
            })

    for (const bits of [3072, 4096])
        test(`with RSA-${bits} for CAs and server`, async () => {
            const { sent, root } = await chainOf({
                caBits: bits,
                serverBits: bits,
            })
            await validate(ders(sent), rsaSchemes(), root)
        })

    for (const [keyType, caKeyType] of [
        ["ec", "rsa"],
        ["rsa", "ec"],
    ] as const)
        test(`of an ${keyType} server below ${caKeyType} CAs`, async () => {
            const { sent, root } = await chainOf({ keyType, caKeyType })
            await validate(ders(sent), allSchemes(), root)
        })

    test("below either root of an intermediate that is signed by both, one of which is of a kind that is not in the set", async () => {
        const chain = await chainOf({})
        const next = await chainOf({ owner: "Next", keyType: "ec" })
        const cross = await crossSign(chain.intermediate, next.root)
        const [server, edgeCa, old] = ders(chain.sent)
        for (const sent of [
            [server, edgeCa, old, cross.der],
            [server, edgeCa, cross.der, old],
        ])
            for (const roots of [
                [chain.root],
                [next.root],
                [chain.root, next.root],
            ])
                await validate(sent, allSchemes(), ...roots)
        for (const sent of [
            [server, edgeCa, old, cross.der],
            [server, cross.der, edgeCa, old],
        ])
            await validate(sent, rsaSchemes(), next.root, chain.root)
    })
})

describe("RSASSA-PSS in certificates", () => {
    /** The server's certificate, signed again with PSS. */
    function signedWithPss(
        chain: Chain,
        algorithm: Buffer,
        hash: string,
        saltLength: number
    ): Buffer[] {
        const [tbs] = children(chain.server.der)
        const fields = children(tbs).map((field, i) =>
            i === Tbs.Algorithm ? algorithm : field
        )
        const changed = der(0x30, ...fields)
        const signature = sign(hash, changed, {
            key: chain.edgeCa.keys.privateKey,
            padding: constants.RSA_PKCS1_PSS_PADDING,
            saltLength,
        })
        const server = der(
            0x30,
            changed,
            algorithm,
            der(0x03, Buffer.from([0]), signature)
        )
        return [server, ...ders(chain.sent.slice(1))]
    }

    test("is accepted with the one set of parameters of each hash, where it is in the set", async () => {
        const chain = await chainOf({})
        for (const [hash, length, name] of [
            ["sha256", 32, "pssWithSha256"],
            ["sha384", 48, "pssWithSha384"],
            ["sha512", 64, "pssWithSha512"],
        ] as const) {
            const algorithm = der(0x30, Buffer.from(scheme[name]()))
            const sent = signedWithPss(chain, algorithm, hash, length)
            const schemes = [...rsaSchemes(), ...pssSchemes()]
            await validate(sent, schemes, chain.root)
            await refused(
                "X509UnsupportedSignature",
                /algorithm RSA-PSS is/,
                sent,
                rsaSchemes(),
                chain.root
            )
            // K6: the salt is as long as the hash.
            await refused(
                "X509BadSignature",
                /wrong/,
                signedWithPss(chain, algorithm, hash, length - 1),
                schemes,
                chain.root
            )
        }
    })

    test("is refused with any other parameters", async () => {
        const chain = await chainOf({})
        const good = Buffer.from(scheme.pssWithSha256())
        const saltOf20 = Buffer.from(good)
        saltOf20[saltOf20.length - 1] = 20
        for (const content of [
            // None at all: SHA-1 with a salt of 20.
            good.subarray(0, 11),
            Buffer.concat([good.subarray(0, 11), der(0x30)]),
            saltOf20,
        ])
            await refused(
                "X509UnsupportedSignature",
                /RSA-PSS/,
                signedWithPss(chain, der(0x30, content), "sha256", 20),
                [...rsaSchemes(), ...pssSchemes()],
                chain.root
            )
    })
})

describe("what is refused by its name", () => {
    let chain: Chain
    before(async () => {
        chain = await chainOf({})
    })

    /** The chain with another key in the server's certificate, or in the Edge CA's. */
    function withKey(place: 0 | 1, publicKeyInfo: Buffer): Buffer[] {
        const signer = place === 0 ? chain.edgeCa : chain.intermediate
        return ders(chain.sent).map((one, i) =>
            i === place
                ? resign(
                      one,
                      signer.keys.privateKey,
                      withField(Tbs.Key, () => publicKeyInfo)
                  )
                : one
        )
    }
    const spki = (key: KeyObject) => key.export({ type: "spki", format: "der" })

    test("P-384, P-521, secp256k1, Ed25519, Ed448, X25519, RSA-PSS and DSA keys, of the server and of an issuer", async () => {
        const ec = (namedCurve: string) =>
            generateKeyPairSync("ec", { namedCurve }).publicKey
        for (const [name, key] of [
            ["P-384", ec("P-384")],
            ["P-521", ec("P-521")],
            ["secp256k1", ec("secp256k1")],
            ["Ed25519", generateKeyPairSync("ed25519").publicKey],
            ["Ed448", generateKeyPairSync("ed448").publicKey],
            ["X25519", generateKeyPairSync("x25519").publicKey],
            [
                "RSA-PSS",
                generateKeyPairSync("rsa-pss", { modulusLength: 2048 })
                    .publicKey,
            ],
            [
                "DSA",
                generateKeyPairSync("dsa", {
                    modulusLength: 1024,
                    divisorLength: 160,
                }).publicKey,
            ],
        ] as const)
            for (const place of [0, 1] as const)
                await refused(
                    "X509UnsupportedKey",
                    new RegExp(`key type ${name} is not supported`),
                    withKey(place, spki(key)),
                    allSchemes(),
                    chain.root
                )
    })

    test("P-256 keys where only RSA is in the set, and the other way round", async () => {
        const { publicKey } = generateKeyPairSync("ec", {
            namedCurve: "P-256",
        })
        await refused(
            "X509UnsupportedKey",
            /key type P-256 /,
            withKey(0, spki(publicKey)),
            rsaSchemes(),
            chain.root
        )
        await refused(
            "X509UnsupportedKey",
            /key type RSA /,
            ders(chain.sent),
            ecSchemes(),
            chain.root
        )
    })

    test("X3: P-256 with its parameters written out", async () => {
        const { publicKey } = generateKeyPairSync("ec", {
            namedCurve: "P-256",
            paramEncoding: "explicit",
        })
        for (const place of [0, 1] as const)
            await refused(
                "X509UnsupportedKey",
                /key type EC without a named curve /,
                withKey(place, spki(publicKey)),
                allSchemes(),
                chain.root
            )
    })

    test("P10: RSA keys that are too short or too long, of the server too, before any signature", async () => {
        for (const modulusLength of [1024, 2047, 4104]) {
            const { publicKey } = generateKeyPairSync("rsa", { modulusLength })
            for (const place of [0, 1] as const)
                await refused(
                    "CryptoModulus",
                    /2048 to 4096/,
                    // The other signatures are wrong, and nobody looks at them.
                    withKey(place, spki(publicKey)).map((one, i) =>
                        i === place
                            ? one
                            : Buffer.concat([
                                  one.subarray(0, -1),
                                  Buffer.from([one[one.length - 1] ^ 1]),
                              ])
                    ),
                    allSchemes(),
                    chain.root
                )
        }
    })

    test("K7: MD5, SHA-1 and SHA-224 signatures, and SHA-384 where it is not in the set", async () => {
        const algorithm = (text: string) => der(0x30, Buffer.from(text, "hex"))
        for (const [name, content] of [
            ["RSA with MD5", "06092a864886f70d0101040500"],
            ["RSA with SHA-1", "06092a864886f70d0101050500"],
            ["RSA with SHA-224", "06092a864886f70d01010e0500"],
            ["ECDSA with SHA-1", "06072a8648ce3d0401"],
            ["Ed25519", "06032b6570"],
            ["1.2.3.4", "06032a0304"],
        ]) {
            const other = algorithm(content)
            const server = resign(
                chain.server.der,
                chain.edgeCa.keys.privateKey,
                withField(Tbs.Algorithm, () => other),
                other
            )
            await refused(
                "X509UnsupportedSignature",
                new RegExp(`signature algorithm ${name} is not supported`),
                [server, ...ders(chain.sent.slice(1))],
                allSchemes(),
                chain.root
            )
        }
        const { sent, root } = await chainOf({ hash: "SHA-384" })
        await refused(
            "X509UnsupportedSignature",
            /RSA with SHA-384/,
            ders(sent),
            rsaSchemes().slice(0, 1),
            root
        )
    })
})
