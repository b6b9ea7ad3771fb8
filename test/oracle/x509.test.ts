/**
 * Every check of certificates and of paths, with chains in which exactly that is wrong, and the code of the error.
 *
 * Names start with the id of the check in SECURITY.md.
 */
import assert from "node:assert/strict"
import { generateKeyPairSync, KeyObject } from "node:crypto"
import { before, describe, test } from "node:test"
import { pinnedAnchor } from "../../sim/pki/anchor"
import {
    Certificate,
    CertificateFields,
    CLIENT_AUTH,
} from "../../sim/pki/certificate"
import { issueServer, Overrides } from "../../sim/pki/chain"
import { generateKeys } from "../../sim/pki/keys"
import { Buffer as DeviceBuffer } from "../../sim/shim/buffer"
import { issueCa } from "../ca"
import {
    children,
    contentOf,
    der,
    extensionOf,
    isExtension,
    replacingExtension,
    resign,
    SHA256_RSA,
    Tbs,
    withExtensions,
    withField,
} from "./der"
import { ErrorCode, errorCode, HOST, TlsSite } from "./tlssite"

interface Policy {
    anchors: { der: DeviceBuffer; keyAt: number }[]
    schemes: unknown[]
    host: string
    nowSec: number
    floorSec: number
    clockBehindSec?: number
}
const { validatePath, readTrustAnchor } = require("../../src/x509/path") as {
    validatePath(sent: unknown[], policy: Policy): Promise<{ length: number }>
    readTrustAnchor(both: DeviceBuffer): Policy["anchors"][0]
}
const { Der } = require("../../src/x509/der") as {
    Der: new (bytes: DeviceBuffer, at: number, end: number) => unknown
}
const { checkName } = require("../../src/x509/names") as {
    checkName(names: unknown, host: string): void
}
const { rsaSet } = require("../../src/tls/sets") as {
    rsaSet(): { schemes: unknown[] }
}

const DAY_MS = 86400000
const DAY_SEC = 86400

let site: TlsSite
let edgeKey: KeyObject
let rootKey: KeyObject
let nowSec: number
before(async () => {
    site = await TlsSite.create()
    edgeKey = site.owner.edgeCa.keys.privateKey
    rootKey = site.owner.root.keys.privateKey
    // Certificates are made all through this file, however long that takes.
    nowSec = Math.floor(Date.now() / 1000) + 3600
})

const server = () => site.owner.server.der
const edgeCa = () => site.owner.edgeCa.der
const intermediate = () => site.owner.intermediate.der
const root = () => site.owner.root.der

function anchorOf(certificate: Certificate): Policy["anchors"][0] {
    const { subjectName, publicKeyInfo } = pinnedAnchor(certificate)
    return readTrustAnchor(
        DeviceBuffer.from(Buffer.concat([subjectName, publicKeyInfo]))
    )
}

/** A server certificate under a CA, with the site's server key. */
function serverBelow(
    ca: Certificate,
    server: Overrides = {}
): Promise<Certificate> {
    return issueServer(ca, {
        names: [HOST],
        server: { keys: site.owner.server.keys, ...server },
    })
}

/** Validates certificates, given as DER, under the site's policy or a changed one. */
async function validate(
    certificates: Buffer[],
    changes: Partial<Policy> = {}
): Promise<number> {
    const path = await validatePath(
        certificates.map(certificate => {
            const bytes = DeviceBuffer.from(certificate)
            return new Der(bytes, 0, bytes.length)
        }),
        {
            anchors: [anchorOf(site.owner.root)],
            schemes: rsaSet().schemes,
            host: HOST,
            nowSec,
            floorSec: 0,
            ...changes,
        }
    )
    return path.length
}

async function refused(
    code: string,
    certificates: Buffer[],
    changes: Partial<Policy> = {}
): Promise<void> {
    await assert.rejects(
        () => validate(certificates, changes),
        (error: Error) => {
            if (errorCode(error) === 0) throw error
            assert.equal(ErrorCode[errorCode(error)], code, error.message)
            return true
        }
    )
}

/** The site's chain with a changed server certificate, signed by the Edge CA. */
function changed(
    change: Parameters<typeof resign>[2],
    outerAlgorithm?: Buffer
): Buffer[] {
    return [
        resign(server(), edgeKey, change, outerAlgorithm),
        edgeCa(),
        intermediate(),
    ]
}

/** A chain of CAs below the root, each with its own fields, and a server certificate at its end. */
async function chainOf(cas: Partial<CertificateFields>[]): Promise<Buffer[]> {
    const chain: Buffer[] = []
    let issuer = site.owner.root
    for (const [i, fields] of cas.entries()) {
        issuer = await issueCa(`CA ${i}`, site.owner.edgeCa.keys, {
            issuer,
            ...fields,
        })
        chain.unshift(issuer.der)
    }
    return [(await serverBelow(issuer)).der, ...chain]
}

const withPathLength = (pathLen: number): Partial<CertificateFields> => ({
    basicConstraints: { ca: true, pathLen },
})

describe("a good chain", () => {
    test("is accepted, and its length is told", async () => {
        assert.equal(await validate([server(), edgeCa(), intermediate()]), 3)
    })

    test("is accepted in another order, with the root and with a stranger", async () => {
        const stranger = await issueCa("Stranger", site.owner.server.keys)
        assert.equal(
            await validate([
                server(),
                stranger.der,
                root(),
                intermediate(),
                edgeCa(),
            ]),
            3
        )
    })

    test("is accepted below either of two anchors", async () => {
        const other = await issueCa("Other root", site.owner.server.keys)
        const good = anchorOf(site.owner.root)
        for (const anchors of [
            [good, anchorOf(other)],
            [anchorOf(other), good],
        ])
            await validate([server(), edgeCa(), intermediate()], { anchors })
    })

    test("is accepted where a CA with a new key has the old one's name", async () => {
        const renewed = await issueCa(
            "Edge Leaf Root CA",
            site.owner.server.keys
        )
        const good = anchorOf(site.owner.root)
        for (const anchors of [
            [good, anchorOf(renewed)],
            [anchorOf(renewed), good],
        ])
            await validate([server(), edgeCa(), intermediate()], { anchors })
    })

    test("may end at a pinned intermediate", async () => {
        assert.equal(
            await validate([server(), edgeCa()], {
                anchors: [anchorOf(site.owner.intermediate)],
            }),
            2
        )
    })
})

describe("the form of a certificate", () => {
    test("X1: a length that is not minimal is refused", async () => {
        const serial = (bytes: number[]) =>
            changed(withField(Tbs.SerialNumber, () => Buffer.from(bytes)))
        await refused("X509Malformed", serial([2, 0x81, 1, 5]))
        await refused("X509Malformed", serial([2, 0x82, 0, 1, 5]))
        await refused("X509Malformed", serial([2, 0x84, 0, 0, 0, 1, 5]))
    })

    test("X1: an indefinite length is refused", async () => {
        await refused(
            "X509Malformed",
            changed(
                withField(Tbs.SerialNumber, () =>
                    Buffer.from([0x22, 0x80, 2, 1, 5, 0, 0])
                )
            )
        )
        await refused("X509Malformed", [
            Buffer.concat([Buffer.from([0x30, 0x80]), server().subarray(4)]),
        ])
    })

    test("X1: bytes behind the certificate, or inside behind the last field, are refused", async () => {
        await refused("X509Malformed", [
            Buffer.concat([server(), Buffer.from([0])]),
        ])
        await refused(
            "X509Malformed",
            changed(fields => [...fields, der(0x05)])
        )
        await refused("X509Malformed", [
            der(0x30, ...children(server()), der(0x05)),
        ])
    })

    test("X1: a certificate that is cut short is refused, at every byte of its header", async () => {
        for (const length of [0, 1, 2, 3, 4, 10, 100, server().length - 1])
            await refused("X509Malformed", [server().subarray(0, length)])
    })

    test("X1: integers that are not minimal, or empty, are refused", async () => {
        for (const content of [[0, 5], [0xff, 0x85], []])
            await refused(
                "X509Malformed",
                changed(
                    withField(Tbs.SerialNumber, () =>
                        der(0x02, Buffer.from(content))
                    )
                )
            )
    })

    test("X1: a boolean other than 0x00 and 0xff, or a default that is encoded, is refused", async () => {
        const constraints = (bytes: number[]) =>
            changed(
                replacingExtension(19, [
                    extensionOf(
                        19,
                        true,
                        der(0x30, der(0x01, Buffer.from(bytes)))
                    ),
                ])
            )
        await refused("X509Malformed", constraints([1]))
        await refused("X509Malformed", constraints([0]))
        await refused("X509Malformed", constraints([0xff, 0xff]))
    })

    test("X1: bit strings with unused bits that are wrong are refused", async () => {
        const usage = (bytes: number[]) =>
            changed(
                replacingExtension(15, [
                    extensionOf(15, true, der(0x03, Buffer.from(bytes))),
                ])
            )
        await validate(usage([7, 0x80]))
        await validate(usage([5, 0xa0]))
        for (const bytes of [
            [],
            [0],
            [8, 0x80],
            [4, 0xa0],
            [7, 0x81],
            [7, 0],
            [0, 0x80, 0, 0],
        ])
            await refused("X509Malformed", usage(bytes))
        await refused(
            "X509Malformed",
            changed(
                withField(Tbs.Key, field => {
                    const [algorithm, bits] = children(field)
                    const content = Buffer.from(contentOf(bits))
                    content[0] = 1
                    return der(0x30, algorithm, der(0x03, content))
                })
            )
        )
    })

    test("X1: an extension that stands twice is refused, known or not", async () => {
        for (const id of [17, 37, 35])
            await refused(
                "X509Malformed",
                changed(
                    withExtensions(extensions => [
                        ...extensions,
                        ...extensions.filter(one => isExtension(one, id)),
                    ])
                )
            )
    })

    test("X1: empty lists and too many extensions are refused", async () => {
        await refused("X509Malformed", changed(withExtensions(() => [])))
        await refused(
            "X509Malformed",
            changed(
                withExtensions(extensions => [
                    ...extensions,
                    ...Array.from({ length: 25 }, (_, i) =>
                        extensionOf(
                            Buffer.from([0x2a, 3, i]),
                            false,
                            Buffer.alloc(1)
                        )
                    ),
                ])
            )
        )
        for (const id of [17, 37])
            await refused(
                "X509Malformed",
                changed(
                    replacingExtension(id, [extensionOf(id, false, der(0x30))])
                )
            )
    })

    test("X1: times that do not exist, or in another form, are refused", async () => {
        const until = (tag: number, text: string) =>
            changed(
                withField(Tbs.Validity, field =>
                    der(0x30, children(field)[0], der(tag, Buffer.from(text)))
                )
            )
        await validate(until(0x17, "490101000000Z"))
        await validate(until(0x18, "20500101000000Z"))
        await validate(until(0x18, "99991231235959Z"))
        for (const text of [
            "491301000000Z",
            "490132000000Z",
            "490230000000Z",
            "490101240000Z",
            "490101006000Z",
            "490101000060Z",
            "4901010000Z",
            "490101000000",
            "490101000000+0000",
            "4901010000 0Z",
            "490101000000z",
            "",
        ])
            await refused("X509Malformed", until(0x17, text))
        for (const text of [
            "20490101000000Z",
            "20500101000000.5Z",
            "2050010100Z",
            "20500229000000Z",
        ])
            await refused("X509Malformed", until(0x18, text))
    })

    test("X2: inner and outer signature algorithm must be equal", async () => {
        const sha384 = Buffer.from("300d06092a864886f70d01010c0500", "hex")
        await refused(
            "X509AlgorithmMismatch",
            changed(fields => fields, sha384)
        )
        await refused(
            "X509AlgorithmMismatch",
            changed(withField(Tbs.Algorithm, () => sha384))
        )
        await refused(
            "X509AlgorithmMismatch",
            // Without the NULL.
            changed(fields => fields, der(0x30, children(SHA256_RSA)[0]))
        )
    })

    test("X4: an unknown critical extension is refused, one that is not critical is not", async () => {
        const more = (critical: boolean) =>
            changed(
                withExtensions(extensions => [
                    ...extensions,
                    extensionOf(
                        Buffer.from([0x2a, 3, 4]),
                        critical,
                        Buffer.alloc(2)
                    ),
                ])
            )
        await validate(more(false))
        await refused("X509UnknownCritical", more(true))
    })

    test("X5: versions 1 and 2 are refused, and unique identifiers", async () => {
        await refused(
            "X509Version",
            changed(fields => fields.slice(1, 7))
        )
        for (const version of [0, 1, 3])
            await refused(
                "X509Version",
                changed(
                    withField(Tbs.Version, () =>
                        der(0xa0, der(0x02, Buffer.from([version])))
                    )
                )
            )
        await refused(
            "X509Malformed",
            changed(fields => [
                ...fields.slice(0, 7),
                der(0x81, Buffer.from([0, 1])),
                fields[7],
            ])
        )
    })
})

describe("a path", () => {
    test("P1: names must be equal, byte for byte", async () => {
        await refused(
            "X509UnknownIssuer",
            changed(
                withField(Tbs.Issuer, field => {
                    const other = Buffer.from(field)
                    other[other.length - 1] ^= 0x20
                    return other
                })
            )
        )
    })

    test("P1: a missing intermediate, an empty chain behind the leaf, and another owner's chain are refused", async () => {
        await refused("X509UnknownIssuer", [server(), edgeCa()])
        await refused("X509UnknownIssuer", [server(), intermediate()])
        await refused("X509UnknownIssuer", [server()])
        const other = await issueCa("Other root", site.owner.root.keys)
        await refused(
            "X509UnknownIssuer",
            [server(), edgeCa(), intermediate()],
            { anchors: [anchorOf(other)] }
        )
        await refused(
            "X509UnknownIssuer",
            [server(), edgeCa(), intermediate()],
            { anchors: [] }
        )
    })

    test("P1: a leaf that signs itself is refused, and so are two that sign each other", async () => {
        const self = await serverBelow(site.owner.edgeCa, {
            issuer: undefined,
        })
        await refused("X509UnknownIssuer", [self.der])
        const a = await issueCa("A", site.owner.server.keys)
        const b = await issueCa("B", site.owner.server.keys, { issuer: a })
        const a2 = await issueCa("A", site.owner.server.keys, { issuer: b })
        const leaf = await serverBelow(b)
        await refused("X509UnknownIssuer", [leaf.der, b.der, a2.der])
    })

    test("P2: a wrong signature is found at every place of the chain", async () => {
        for (let place = 0; place < 3; place++) {
            const chain = [server(), edgeCa(), intermediate()].map(one =>
                Buffer.from(one)
            )
            chain[place][chain[place].length - 10] ^= 1
            await refused("X509BadSignature", chain)
        }
    })

    test("P2: an impostor with the anchor's name and another key is found", async () => {
        const impostor = await issueCa(
            "Edge Leaf Root CA",
            site.owner.server.keys
        )
        const leaf = await serverBelow(impostor)
        await refused("X509BadSignature", [leaf.der, impostor.der])
        await refused("X509BadSignature", [leaf.der])
    })

    test("P2: a signature algorithm that is not supported is refused by its name", async () => {
        const ecKeys = await generateKeys({ type: "ec" })
        const ecCa = await issueCa("EC CA", ecKeys, { issuer: site.owner.root })
        const below = await serverBelow(ecCa)
        await refused("X509UnsupportedKey", [below.der, ecCa.der])
        const sha224 = Buffer.from("300d06092a864886f70d01010e0500", "hex")
        await refused(
            "X509UnsupportedSignature",
            changed(
                withField(Tbs.Algorithm, () => sha224),
                sha224
            )
        )
        // SHA-1, K7.
        const sha1 = Buffer.from("300d06092a864886f70d0101050500", "hex")
        await refused(
            "X509UnsupportedSignature",
            changed(
                withField(Tbs.Algorithm, () => sha1),
                sha1
            )
        )
    })

    test("P2: a signature algorithm must fit the issuer's key", async () => {
        const ecCa = await issueCa(
            "Edge Leaf Edge CA",
            await generateKeys({ type: "ec" }),
            { issuer: site.owner.intermediate }
        )
        const chain = [server(), ecCa.der, intermediate()]
        await refused("X509UnsupportedKey", chain)
        const p256 = {
            code: 0x0403,
            keyAlgorithm: DeviceBuffer.from(
                Buffer.from("06072a8648ce3d020106082a8648ce3d030107", "hex")
            ),
            certificateAlgorithm: null,
        }
        await refused("X509KeyMismatch", chain, {
            schemes: [...rsaSet().schemes, p256],
        })
    })

    test("P3: with the time known, every certificate must be valid now", async () => {
        const hourAgo = new Date(Date.now() - DAY_MS / 24)
        const longAgo = new Date(Date.now() - 9 * DAY_MS)
        const tomorrow = new Date(Date.now() + DAY_MS)
        for (const place of [0, 1]) {
            const cas: Partial<CertificateFields>[] = [{}, {}]
            cas[place] = { notBefore: longAgo, notAfter: hourAgo }
            await refused("X509Expired", await chainOf(cas))
            cas[place] = { notBefore: tomorrow }
            await refused("X509NotYetValid", await chainOf(cas))
        }
        const chain = [server(), edgeCa(), intermediate()]
        const { validFrom, validTo } = site.owner.server.x509
        const from = Date.parse(validFrom) / 1000
        const to = Date.parse(validTo) / 1000
        await validate(chain, { nowSec: from })
        await validate(chain, { nowSec: to })
        await refused("X509Expired", chain, { nowSec: to + 1 })
        await refused("X509NotYetValid", chain, { nowSec: from - 1 })
        // For each certificate of the path: the server's is the youngest or as old.
        await validate(chain, { nowSec: from - 60, clockBehindSec: 60 })
        await refused("X509NotYetValid", chain, {
            nowSec: from - 61,
            clockBehindSec: 60,
        })
        await refused("X509Expired", chain, {
            nowSec: to + 1,
            clockBehindSec: 60,
        })
    })

    test("P3: while the time is unknown, none may end before the floor", async () => {
        const chain = [server(), edgeCa(), intermediate()]
        const end = Date.parse(site.owner.server.x509.validTo) / 1000
        await validate(chain, { nowSec: -1, floorSec: end })
        await refused("X509Expired", chain, { nowSec: -1, floorSec: end + 1 })
        const early = await serverBelow(site.owner.edgeCa, {
            notBefore: new Date(Date.now() + DAY_MS),
        })
        await validate([early.der, edgeCa(), intermediate()], {
            nowSec: -1,
            floorSec: nowSec - DAY_SEC,
        })
    })

    test("P4: an issuer that is not a CA is refused", async () => {
        for (const basicConstraints of [{ ca: false }, null])
            await refused("X509NotCa", await chainOf([{ basicConstraints }]))
    })

    test("P5: a path length constraint is kept, and self-issued CAs do not count", async () => {
        await validate(await chainOf([withPathLength(0)]))
        await validate(await chainOf([withPathLength(1), {}]))
        await refused("X509PathLength", await chainOf([withPathLength(0), {}]))
        await refused(
            "X509PathLength",
            await chainOf([withPathLength(1), {}, {}])
        )
    })

    test("P1, P5: an issuer is not left in the path by what fails above it", async () => {
        const constrained = await issueCa("B", site.owner.edgeCa.keys, {
            issuer: site.owner.root,
            ...withPathLength(0),
        })
        // Two names of the same length that are too long to be compared.
        const longName = (last: string) => `CN=${"x".repeat(1200)}${last}`
        const delegated = await issueCa("B", site.owner.server.keys, {
            issuer: constrained,
            issuerName: longName("1"),
        })
        const junk = await issueCa("", site.owner.server.keys, {
            subject: longName("2"),
        })
        const leaf = await serverBelow(delegated)
        await refused("X509BadSignature", [
            leaf.der,
            delegated.der,
            junk.der,
            constrained.der,
        ])
    })

    test("P6: key usages must fit, where they stand", async () => {
        await validate(await chainOf([{ keyUsage: ["keyCertSign"] }]))
        await validate(await chainOf([{ keyUsage: null }]))
        await refused(
            "X509IssuerKeyUsage",
            await chainOf([{ keyUsage: ["digitalSignature", "cRLSign"] }])
        )
        // keyEncipherment alone.
        await refused(
            "X509LeafKeyUsage",
            changed(
                replacingExtension(15, [
                    extensionOf(15, true, der(0x03, Buffer.from([5, 0x20]))),
                ])
            )
        )
        await validate(changed(replacingExtension(15, [])))
    })

    test("P7: the leaf must be for servers, and an issuer that says what it is for, too", async () => {
        const clientAuth = der(
            0x30,
            der(0x06, Buffer.from("2b06010505070302", "hex"))
        )
        const any = der(0x30, der(0x06, Buffer.from("551d2500", "hex")))
        await refused("X509NotForServers", changed(replacingExtension(37, [])))
        for (const purposes of [clientAuth, any])
            await refused(
                "X509NotForServers",
                changed(
                    replacingExtension(37, [extensionOf(37, false, purposes)])
                )
            )
        await refused(
            "X509NotForServers",
            await chainOf([{ extendedKeyUsage: [CLIENT_AUTH] }])
        )
    })

    test("P8: name constraints are refused, critical or not", async () => {
        for (const critical of [true, false])
            await refused(
                "X509NameConstraints",
                changed(
                    withExtensions(extensions => [
                        ...extensions,
                        extensionOf(30, critical, der(0x30)),
                    ])
                )
            )
    })

    test("P9: five certificates are the longest path, eight the most that may be sent", async () => {
        assert.equal(await validate(await chainOf([{}, {}, {}, {}])), 5)
        await refused("X509PathTooLong", await chainOf([{}, {}, {}, {}, {}]))
        const many = [
            server(),
            ...Array.from({ length: 8 }, () => intermediate()),
        ]
        await refused("X509CertificateCount", many)
        await refused("X509CertificateCount", [])
    })

    test("P10: what the peer sends does not become an anchor", async () => {
        const evil = await issueCa("Evil root", site.owner.server.keys)
        const leaf = await serverBelow(evil)
        await refused("X509UnknownIssuer", [leaf.der, evil.der, root()])
    })

    test("P10: RSA keys under 2048 and over 4096 bits are refused, and other exponents", async () => {
        for (const [bits, code] of [
            [1024, "CryptoModulus"],
            [2040, "CryptoModulus"],
            [4104, "CryptoModulus"],
        ] as const) {
            const ca = await issueCa(
                "CA",
                await generateKeys({ type: "rsa", bits: bits }),
                { issuer: site.owner.root }
            )
            const leaf = await serverBelow(ca)
            await refused(code, [leaf.der, ca.der])
        }
        const { publicKey } = generateKeyPairSync("rsa", {
            modulusLength: 2048,
            publicExponent: 3,
        })
        const withExponent3 = resign(edgeCa(), rootKey, fields =>
            fields.map((field, i) =>
                i === Tbs.Key
                    ? publicKey.export({ format: "der", type: "spki" })
                    : i === Tbs.Issuer
                      ? children(children(root())[0])[Tbs.Subject]
                      : field
            )
        )
        await refused("CryptoExponent", [server(), withExponent3])
    })

    test("a CA's certificate is not accepted as a server's", async () => {
        await refused(
            "X509LeafIsCa",
            changed(
                replacingExtension(19, [
                    extensionOf(
                        19,
                        true,
                        der(0x30, der(0x01, Buffer.from([0xff])))
                    ),
                ])
            )
        )
    })
})

describe("names", () => {
    const dns = (text: string) => der(0x82, Buffer.from(text, "latin1"))
    const ip = (...bytes: number[]) => der(0x87, Buffer.from(bytes))

    function matches(host: string, ...names: Buffer[]): string {
        const bytes = DeviceBuffer.from(Buffer.concat(names))
        try {
            checkName(new Der(bytes, 0, bytes.length), host)
            return "ok"
        } catch (error) {
            if (errorCode(error) === 0) throw error
            return ErrorCode[errorCode(error)]
        }
    }

    test("I1: there is no connection without a name", () => {
        for (const host of [
            "",
            ".",
            "a..b",
            ".a",
            "a.",
            "a b",
            "a/b",
            "ä.de",
            "a\0b",
            "1.2.3",
            "1.2.3.4.5",
            "256.1.1.1",
            "01.2.3.4",
            "x".repeat(64) + ".de",
            ("x".repeat(63) + ".").repeat(4) + "de",
        ])
            assert.equal(
                matches(host, dns("a.b")),
                "X509NoReferenceName",
                JSON.stringify(host)
            )
    })

    test("I2: alternative names count by their type, the common name never", async () => {
        assert.equal(matches("gw.test", dns("gw.test")), "ok")
        assert.equal(matches("GW.Test", dns("gw.tEST")), "ok")
        assert.equal(matches("gw.test", dns("x.test"), dns("gw.test")), "ok")
        assert.equal(matches("10.0.0.1", ip(10, 0, 0, 1)), "ok")
        assert.equal(matches("10.0.0.1", dns("10.0.0.1")), "X509NameMismatch")
        assert.equal(matches("10.0.0.1", ip(10, 0, 0, 2)), "X509NameMismatch")
        assert.equal(
            matches("gw.test", ip(103, 119, 46, 116)),
            "X509NameMismatch"
        )
        // rfc822Name and uniformResourceIdentifier of the same text.
        for (const tag of [0x81, 0x86])
            assert.equal(
                matches("gw.test", der(tag, Buffer.from("gw.test"))),
                "X509NameMismatch"
            )
        assert.equal(matches("gw.test", ip(1, 2, 3)), "X509Malformed")
        // Without alternative names; the common name is the host.
        await refused("X509NameMismatch", changed(replacingExtension(17, [])))
    })

    test("I3: a wildcard is the whole left-most label, for one label, with two behind it", () => {
        assert.equal(matches("a.b.test", dns("*.b.test")), "ok")
        assert.equal(matches("xn--bcher-kva.b.test", dns("*.b.test")), "ok")
        for (const [host, pattern] of [
            ["b.test", "*.b.test"],
            ["x.a.b.test", "*.b.test"],
            ["a.test", "*.test"],
            ["a.b.test", "a*.b.test"],
            ["a.b.test", "*a.b.test"],
            ["a.b.test", "a.*.test"],
            ["a.b.test", "*.*.test"],
            ["a.b.test", "*"],
            ["a.b.test", "*."],
            ["a.b.test", "*.b.test."],
            ["a.b.test", ".b.test"],
        ])
            assert.equal(
                matches(host, dns(pattern)),
                "X509NameMismatch",
                `${host} ${pattern}`
            )
    })

    test("I3: a NUL hides nothing, and IDN are compared as A-labels", () => {
        assert.equal(
            matches("gw.test", dns("gw.test\0.evil.test")),
            "X509NameMismatch"
        )
        assert.equal(
            matches("xn--bcher-kva.test", dns("xn--bcher-kva.test")),
            "ok"
        )
        assert.equal(
            matches("xn--bcher-kva.test", dns("b\xfccher.test")),
            "X509NameMismatch"
        )
    })
})
