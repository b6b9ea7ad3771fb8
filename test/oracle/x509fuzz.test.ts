/**
 * Certificates and DER that are random or almost right: the reader and the validator either refuse them with an error of
 * ours, or they are what they were.
 */
import assert from "node:assert/strict"
import { createPublicKey, verify } from "node:crypto"
import { before, describe, test } from "node:test"
import fc from "fast-check"
import { pinnedAnchor } from "../../sim/pki/anchor"
import { makeChain, type Chain } from "../../sim/pki/chain"
import { Buffer as DeviceBuffer } from "../../sim/shim/buffer"
import { seededRandom } from "../random"
import { check } from "../sim/gateway/property"
import { der } from "./der"
import { mayPass, mutate, mutateChain } from "./mutate"
import { ErrorCode, errorCode, HOST } from "./tlssite"

const CERTIFICATES = 20000
const CHAINS = 20000

interface Cursor {
    bytes: DeviceBuffer
    at: number
    end: number
    peek(): number
    read(tag: number): Cursor
    readInteger(): Cursor
    readPositiveInteger(): DeviceBuffer
    readSmallInteger(): number
    readFlag(): boolean
    copy(): DeviceBuffer
}
const { Der } = require("../../src/x509/der") as {
    Der: new (bytes: DeviceBuffer, at: number, end: number) => Cursor
}
const { Certificate } = require("../../src/x509/certificate") as {
    Certificate: new (whole: Cursor) => { readExtensions(): void }
}
const { validatePath } = require("../../src/x509/path") as {
    validatePath(sent: Cursor[], policy: object): Promise<object>
}
const { fail } = require("../../src/errors") as {
    fail(code: number, message: string): never
}

function over(bytes: Uint8Array): Cursor {
    const device = DeviceBuffer.from(Buffer.from(bytes))
    return new Der(device, 0, device.length)
}

/** The code of what a function throws, which is an error of ours in x509 or crypto; 0 if it throws nothing. */
async function codeOf(body: () => unknown): Promise<number> {
    try {
        await body()
        return 0
    } catch (error) {
        const code = errorCode(error)
        if (code < 3000 || code >= 5000) throw error
        return code
    }
}

/** ECDSA on P-256 and RSA with PKCS#1 v1.5, SHA-256, as OpenSSL verifies them: here the certificates are what is tested. */
function opensslSchemes(): object[] {
    const scheme = (
        keyAlgorithm: string,
        certificateAlgorithm: string
    ): object => ({
        keyAlgorithm: DeviceBuffer.from(Buffer.from(keyAlgorithm, "hex")),
        certificateAlgorithm: DeviceBuffer.from(
            Buffer.from(certificateAlgorithm, "hex")
        ),
        verify: async (
            keyBits: Cursor,
            signed: Uint8Array,
            signature: Uint8Array
        ) => {
            let good = false
            try {
                const key = createPublicKey({
                    key: der(
                        0x30,
                        der(0x30, Buffer.from(keyAlgorithm, "hex")),
                        der(0x03, Buffer.from([0]), Buffer.from(keyBits.copy()))
                    ),
                    format: "der",
                    type: "spki",
                })
                good = verify("sha256", signed, key, signature)
            } catch {
                // A key or a signature that OpenSSL cannot read is wrong.
            }
            if (!good) fail(ErrorCode.CryptoBadSignature, "test: wrong")
        },
    })
    return [
        scheme("06092a864886f70d0101010500", "06092a864886f70d01010b0500"),
        scheme(
            "06072a8648ce3d020106082a8648ce3d030107",
            "06082a8648ce3d040302"
        ),
    ]
}

describe("fuzz", () => {
    const chains: Chain[] = []
    before(async () => {
        for (const options of [
            { keyType: "rsa" },
            { keyType: "ec", depth: 4 },
            { keyType: "rsa", caKeyType: "ec", depth: 2 },
        ] as const)
            chains.push(
                await makeChain({ names: [HOST], caBits: 2048, ...options })
            )
    })

    test(`${CERTIFICATES} mutated certificates are read or refused with a code`, async () => {
        const random = seededRandom("mutated certificates")
        const originals = chains.flatMap(({ sent, root }) =>
            [...sent, root].map(one => one.der)
        )
        let refused = 0
        for (let round = 0; round < CERTIFICATES; round++) {
            const bytes = mutate(random, random.pick(originals), originals)
            const code = await codeOf(() =>
                new Certificate(over(bytes)).readExtensions()
            )
            if (code !== 0) refused++
        }
        assert.ok(refused > CERTIFICATES / 2, `${refused} refused`)
        assert.ok(refused < CERTIFICATES, "everything was refused")
    })

    test(`of ${CHAINS} mutated chains those are accepted in which nothing that is needed has changed`, async () => {
        const random = seededRandom("mutated chains")
        const schemes = opensslSchemes()
        const seen = new Map<number, number>()
        for (let round = 0; round < CHAINS; round++) {
            const chain = random.pick(chains)
            const originals = chain.sent.map(one => one.der)
            const { subjectName, publicKeyInfo } = pinnedAnchor(chain.root)
            const sent = mutateChain(random, originals)
            const code = await codeOf(() =>
                validatePath(sent.map(over), {
                    anchors: [
                        {
                            der: DeviceBuffer.from(
                                Buffer.concat([subjectName, publicKeyInfo])
                            ),
                            keyAt: subjectName.length,
                        },
                    ],
                    schemes,
                    host: HOST,
                    nowSec: Math.floor(Date.now() / 1000) + 60,
                    floorSec: 0,
                })
            )
            if (code === 0)
                assert.ok(
                    mayPass(sent, originals),
                    sent.map(one => one.toString("hex")).join("\n")
                )
            // What is sent beside a whole chain is refused if it is no certificate by its form, and else ignored.
            else if (mayPass(sent, originals))
                assert.ok(
                    code === ErrorCode.X509Malformed ||
                        code === ErrorCode.X509AlgorithmMismatch,
                    ErrorCode[code]
                )
            seen.set(code, (seen.get(code) ?? 0) + 1)
        }
        for (const name of [
            "X509Malformed",
            "X509BadSignature",
            "X509UnknownIssuer",
            "X509AlgorithmMismatch",
            "X509NameMismatch",
        ])
            assert.ok(seen.has(ErrorCode[name]), `never ${name}`)
        assert.ok((seen.get(0) ?? 0) > CHAINS / 100, "never accepted")
    })
})

describe("the DER reader", () => {
    /** Bytes that look like elements, more often than not. */
    const nearlyDer = fc
        .array(
            fc.oneof(
                fc.constantFrom(0, 1, 2, 3, 4, 5, 0x30, 0x7f, 0x80, 0x81, 0x82),
                fc.nat(255)
            ),
            { maxLength: 300 }
        )
        .map(bytes => Buffer.from(bytes))

    test("reads an element only if writing it again gives the same bytes", async t => {
        await check(
            t,
            20000,
            fc.asyncProperty(nearlyDer, async bytes => {
                const cursor = over(bytes)
                const tag = bytes[0] ?? 0
                let content: Uint8Array = Buffer.alloc(0)
                const code = await codeOf(() => {
                    content = cursor.read(tag).copy()
                })
                if (code === 0)
                    assert.deepEqual(
                        der(tag, Buffer.from(content)),
                        bytes.subarray(0, cursor.at)
                    )
                else {
                    assert.equal(code, ErrorCode.X509Malformed)
                    assert.equal(cursor.at, 0)
                }
            })
        )
    })

    test("reads what was written, whatever its length", async t => {
        await check(
            t,
            500,
            fc.asyncProperty(
                fc.integer({ min: 0, max: 40 }),
                fc.integer({ min: 0, max: 0x7000 }),
                async (tag, length) => {
                    const content = Buffer.alloc(length, 7)
                    const whole = der(tag, content)
                    const cursor = over(whole)
                    assert.ok(
                        content.equals(Buffer.from(cursor.read(tag).copy()))
                    )
                    assert.equal(cursor.at, whole.length)
                    // One byte less, and it is cut short.
                    assert.equal(
                        await codeOf(() =>
                            over(whole.subarray(0, -1)).read(tag)
                        ),
                        ErrorCode.X509Malformed
                    )
                }
            )
        )
    })

    test("reads integers in their one form, as a bignum says", async t => {
        await check(
            t,
            5000,
            fc.asyncProperty(fc.uint8Array({ maxLength: 6 }), async content => {
                const whole = der(2, Buffer.from(content))
                const { length } = content
                const first = content[0] ?? 0
                const next = content[1] ?? 0
                const minimal =
                    length > 0 &&
                    (length === 1 ||
                        !(
                            (first === 0 && next < 0x80) ||
                            (first === 0xff && next >= 0x80)
                        ))
                assert.equal(
                    (await codeOf(() => over(whole).readInteger())) === 0,
                    minimal
                )
                const value = BigInt(
                    `0x0${Buffer.from(content).toString("hex")}`
                )
                const natural = minimal && first < 0x80
                let small = -1
                const code = await codeOf(() => {
                    small = over(whole).readSmallInteger()
                })
                assert.equal(code === 0, natural && length <= 3)
                if (code === 0) assert.equal(BigInt(small), value)
                let positive: Uint8Array = Buffer.alloc(0)
                const other = await codeOf(() => {
                    positive = over(whole).readPositiveInteger()
                })
                assert.equal(other === 0, natural && value > 0n)
                if (other === 0) {
                    assert.notEqual(positive[0], 0)
                    assert.equal(
                        BigInt(`0x${Buffer.from(positive).toString("hex")}`),
                        value
                    )
                }
            })
        )
    })
})
