/**
 * The Wycheproof files as suites, through the device's cryptography under Node.
 *
 * Flags of a case ("LowOrderPublic") are its rules, together with what the suites below name. A rejection has to be for
 * a reason that fits: an error of another code is neither "accept" nor "reject".
 */
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Buffer as DeviceBuffer } from "../../sim/shim/buffer"
import { Expected, Row, Suite } from "./suite"

type Bytes = InstanceType<typeof DeviceBuffer>

interface RsaKey {
    modulus: Bytes
    exponent: number
}

interface Aead {
    open(
        nonce: Bytes,
        aad: Bytes,
        data: Bytes,
        from: number,
        length: number
    ): Promise<void>
    seal: Aead["open"]
}

interface AeadAlgorithm {
    keyLength: number
    create(key: Bytes): Aead
}

/** A verifier of RSA signatures. */
type VerifyRsa = (
    key: RsaKey,
    hash: unknown,
    digest: Bytes,
    signature: Bytes
) => Promise<void>

const device = <T>(name: string) => module.require(`../../src/${name}`) as T

const { ErrorCode, errorCode } = device<{
    ErrorCode: Record<string, number>
    errorCode(error: unknown): number
}>("errors")
const { aes128Gcm } = device<{ aes128Gcm(): AeadAlgorithm }>("crypto/aesgcm")
const { chacha20Poly1305 } = device<{ chacha20Poly1305(): AeadAlgorithm }>(
    "crypto/chacha20poly1305"
)
const { verifyEcdsaP256 } = device<{
    verifyEcdsaP256(key: Bytes, digest: Bytes, signature: Bytes): Promise<void>
}>("crypto/ecdsa")
const { sha256 } = device<{ sha256(): unknown }>("crypto/hash")
const { verifyPkcs1 } = device<{ verifyPkcs1: VerifyRsa }>("crypto/pkcs1")
const { verifyPss } = device<{ verifyPss: VerifyRsa }>("crypto/pss")
const { x25519 } = device<{
    x25519(scalar: Bytes, u: Bytes): Promise<Bytes>
}>("crypto/x25519")

/** A case; fields that are not named here are strings in hexadecimal. */
interface Case {
    tcId: number
    comment: string
    flags?: string[]
    result: "valid" | "invalid" | "acceptable"
}

interface AeadCase extends Case {
    key: string
    iv: string
    aad: string
    msg: string
    ct: string
    tag: string
}

interface SignatureCase extends Case {
    msg: string
    sig: string
}

interface X25519Case extends Case {
    public: string
    private: string
    shared: string
}

interface File<Group, OneCase> {
    numberOfTests: number
    testGroups: (Group & { tests: OneCase[] })[]
}

const EXPECTED: Record<Case["result"], Expected> = {
    valid: "accept",
    invalid: "reject",
    acceptable: "acceptable",
}

const bytes = (hex: string) => DeviceBuffer.from(Buffer.from(hex, "hex"))
const hex = (buffer: Uint8Array) => Buffer.from(buffer).toString("hex")
const digestOf = (msg: string) =>
    DeviceBuffer.from(
        createHash("sha256").update(Buffer.from(msg, "hex")).digest()
    )

/**
 * What the device did. The body returns "" when it accepted and all of its results were right, else what was wrong.
 *
 * @param codes of the errors that are rejections
 */
async function outcome(
    body: () => Promise<string>,
    codes: string[]
): Promise<string> {
    try {
        return (await body()) || "accept"
    } catch (error) {
        const code = errorCode(error)
        if (codes.some(name => ErrorCode[name] === code)) return "reject"
        return code === 0 ? String(error) : `rejected with code ${code}`
    }
}

/** A suite over one file. */
function suite<Group, OneCase extends Case>(
    file: string,
    rulesOf: (group: Group) => string[],
    actualOf: (group: Group, one: OneCase) => Promise<string>
): Suite {
    const path = `wycheproof/${file}_test.json`
    return {
        name: file,
        files: [path],
        async run(folder) {
            const { testGroups, numberOfTests } = JSON.parse(
                readFileSync(join(folder, path), "utf8")
            ) as File<Group, OneCase>
            const rows: Row[] = []
            for (const group of testGroups)
                for (const one of group.tests)
                    rows.push({
                        id: String(one.tcId),
                        expected: EXPECTED[one.result],
                        actual: await actualOf(group, one),
                        note: [one.comment, ...(one.flags ?? [])]
                            .filter(Boolean)
                            .join(", "),
                        rules: [...rulesOf(group), ...(one.flags ?? [])],
                    })
            if (rows.length !== numberOfTests)
                throw new Error(
                    `${path} says ${numberOfTests} cases and has ${rows.length}`
                )
            return rows
        },
    }
}

interface AeadGroup {
    keySize: number
    ivSize: number
}

/** Opens what the file has sealed, and seals it again. */
async function openAndSeal(
    algorithm: AeadAlgorithm,
    one: AeadCase
): Promise<string> {
    const key = algorithm.create(bytes(one.key))
    const sealed = one.ct + one.tag
    const length = one.msg.length / 2
    const data = bytes(sealed)
    const rest = [bytes(one.iv), bytes(one.aad), data, 0, length] as const
    await key.open(...rest)
    if (hex(data.slice(0, length)) !== one.msg) return "opened as another text"
    await key.seal(...rest)
    return hex(data) === sealed ? "" : "sealed as another text"
}

const aead = (file: string, algorithm: AeadAlgorithm): Suite =>
    suite<AeadGroup, AeadCase>(
        file,
        ({ keySize, ivSize }) => [
            `key of ${keySize} bits`,
            ...(ivSize === 96 ? [] : ["nonce not of 96 bits"]),
        ],
        ({ keySize, ivSize }, one) => {
            let code = "CryptoBadTag"
            if (ivSize !== 96) code = "CryptoNonceLength"
            if (keySize !== 8 * algorithm.keyLength) code = "CryptoKeyLength"
            return outcome(() => openAndSeal(algorithm, one), [code])
        }
    )

interface RsaGroup {
    publicKey: { modulus: string; publicExponent: string }
}

const rsa = (file: string, verify: VerifyRsa): Suite =>
    suite<RsaGroup, SignatureCase>(
        file,
        ({ publicKey }) => [
            `exponent ${parseInt(publicKey.publicExponent, 16)}`,
        ],
        ({ publicKey }, one) => {
            const modulus = bytes(publicKey.modulus.replace(/^(00)+/, ""))
            const exponent = parseInt(publicKey.publicExponent, 16)
            return outcome(
                async () => {
                    const digest = digestOf(one.msg)
                    const key = { modulus, exponent }
                    await verify(key, sha256(), digest, bytes(one.sig))
                    return ""
                },
                exponent === 65537
                    ? [
                          "CryptoBadSignature",
                          "CryptoSignatureLength",
                          "CryptoSignatureRange",
                      ]
                    : ["CryptoExponent"]
            )
        }
    )

interface EcdsaGroup {
    publicKey: { uncompressed: string }
}

const ecdsa = suite<EcdsaGroup, SignatureCase>(
    "ecdsa_secp256r1_sha256",
    () => [],
    ({ publicKey }, one) =>
        outcome(async () => {
            const key = bytes(publicKey.uncompressed)
            await verifyEcdsaP256(key, digestOf(one.msg), bytes(one.sig))
            return ""
        }, [
            "CryptoBadSignature",
            "CryptoSignatureEncoding",
            "CryptoSignatureRange",
        ])
)

const keyExchange = suite<object, X25519Case>(
    "x25519",
    () => [],
    (_, one) =>
        outcome(async () => {
            const shared = await x25519(bytes(one.private), bytes(one.public))
            return hex(shared) === one.shared ? "" : "another shared secret"
        }, ["CryptoWeakKeyShare"])
)

export const wycheproof: Suite[] = [
    aead("aes_gcm", aes128Gcm()),
    aead("chacha20_poly1305", chacha20Poly1305()),
    ecdsa,
    rsa("rsa_pss_2048_sha256_mgf1_32", verifyPss),
    rsa("rsa_signature_2048_sha256", verifyPkcs1),
    keyExchange,
]
