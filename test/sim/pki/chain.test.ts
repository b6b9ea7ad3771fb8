import assert from "node:assert/strict"
import { X509Certificate } from "node:crypto"
import { describe, test } from "node:test"
import { pinnedAnchor } from "../../../sim/pki/anchor"
import {
    loadCertificate,
    pemChain,
    type Certificate,
} from "../../../sim/pki/certificate"
import { issueServer, makeChain, type Chain } from "../../../sim/pki/chain"
import { certificateParts } from "../../../sim/pki/der"
import { privateKeyPem } from "../../../sim/pki/keys"
import { pool, testChain } from "./keys"
import { openssl, withoutOpenssl } from "./openssl"

const DAY_MS = 86_400_000

/** What `openssl verify` says of the server certificate, with the root trusted and the others at hand. */
function verify(chain: Chain, ...options: string[]) {
    return openssl(
        [
            ..."verify -CAfile root -untrusted others -purpose sslserver".split(
                " "
            ),
            ...options,
            "server",
        ],
        {
            root: chain.root.pem,
            others: pemChain(chain.edgeCa, chain.intermediate),
            server: chain.server.pem,
        }
    )
}

function text(certificate: Certificate): string {
    return openssl(["x509", "-in", "it", "-noout", "-text"], {
        it: certificate.pem,
    }).output
}

for (const keyType of ["rsa", "ec"] as const)
    describe(`the ${keyType} chain`, () => {
        test("each certificate is signed by the one above it", async () => {
            const { root, intermediate, edgeCa, server } = await testChain({
                keyType,
            })
            const up = [server, edgeCa, intermediate, root]
            for (let i = 0; i < up.length; i++) {
                const issuer = up[Math.min(i + 1, up.length - 1)]
                assert.ok(up[i].x509.verify(issuer.keys.publicKey))
                assert.ok(up[i].x509.checkIssued(issuer.x509))
                assert.deepEqual(
                    certificateParts(up[i].der).issuerName,
                    certificateParts(issuer.der).subjectName
                )
            }
        })

        test(
            "openssl verifies it up to the root, for the name and the address of the gateway",
            {
                skip: withoutOpenssl,
            },
            async () => {
                const chain = await testChain({ keyType })
                for (const name of [
                    ["-verify_hostname", "localhost"],
                    ["-verify_ip", "127.0.0.1"],
                    ["-verify_hostname", "edgeHub"],
                ]) {
                    const { status, output } = verify(
                        chain,
                        "-x509_strict",
                        ...name
                    )
                    assert.equal(status, 0, output)
                }
            }
        )

        test(
            "openssl does not verify it under another owner's root",
            {
                skip: withoutOpenssl,
            },
            async () => {
                const chain = await testChain({ keyType })
                const other = await testChain({
                    keyType,
                    owner: "Someone Else",
                })
                const { status, output } = verify({
                    ...chain,
                    root: other.root,
                })
                assert.notEqual(status, 0)
                assert.match(
                    output,
                    /unable to get (local )?issuer certificate/
                )
            }
        )

        test(
            "openssl does not verify it for another name",
            {
                skip: withoutOpenssl,
            },
            async () => {
                const chain = await testChain({ keyType })
                const { status, output } = verify(
                    chain,
                    "-verify_hostname",
                    "elsewhere"
                )
                assert.notEqual(status, 0)
                assert.match(output, /hostname mismatch/i)
            }
        )

        test("the chain that is served is server, Edge CA and intermediate, without the root", async () => {
            const chain = await testChain({ keyType })
            const served = chain.chainPem.match(
                /-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g
            )
            assert.deepEqual(
                served?.map(pem => new X509Certificate(pem).subject),
                [
                    "CN=localhost",
                    "CN=Edge Leaf Edge CA",
                    "CN=Edge Leaf Intermediate CA",
                ]
            )
        })
    })

describe("the fields of the chain", () => {
    test(
        "CAs are as Microsoft's scripts make them",
        {
            skip: withoutOpenssl,
        },
        async () => {
            const { root, intermediate, edgeCa } = await testChain()
            for (const ca of [root, intermediate, edgeCa]) {
                const shown = text(ca)
                assert.match(
                    shown,
                    /Basic Constraints: critical\s+CA:TRUE\s*\n(?!.*pathlen)/
                )
                assert.match(
                    shown,
                    /Key Usage: critical\s+Digital Signature, Certificate Sign, CRL Sign/
                )
                assert.match(shown, /Subject Key Identifier/)
                assert.match(shown, /Authority Key Identifier/)
                assert.match(
                    shown,
                    /Signature Algorithm: sha256WithRSAEncryption/
                )
            }
        }
    )

    test(
        "the server certificate is for serverAuth, with names by type, for 30 days from now",
        {
            skip: withoutOpenssl,
        },
        async () => {
            const before = Math.floor(Date.now() / 1000) * 1000
            const { server } = await testChain({
                names: ["gateway.example", "192.0.2.7", "2001:db8::7"],
            })
            const shown = text(server)
            assert.match(
                shown,
                /Key Usage: critical\s+Digital Signature, Key Encipherment/
            )
            assert.match(
                shown,
                /Extended Key Usage:\s+TLS Web Server Authentication/
            )
            assert.match(
                shown,
                /DNS:gateway.example, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7, DNS:edgeHub/
            )
            assert.doesNotMatch(shown, /Basic Constraints/)
            const from = Date.parse(server.x509.validFrom)
            assert.ok(from >= before && from <= Date.now())
            assert.equal(Date.parse(server.x509.validTo) - from, 30 * DAY_MS)
        }
    )

    test("the CAs have 4096 bits and the server 2048 where nothing else is asked for", async () => {
        const { root, intermediate, edgeCa, server } = await makeChain({
            names: ["localhost"],
            // One 4096-bit key for the three CAs: their sizes are what is looked at, and each takes seconds to make.
            keys: {
                keys: (_role, spec) => pool.keys(JSON.stringify(spec), spec),
            },
        })
        const bits = (certificate: Certificate) =>
            certificate.x509.publicKey.asymmetricKeyDetails?.modulusLength
        assert.deepEqual(
            [root, intermediate, edgeCa, server].map(bits),
            [4096, 4096, 4096, 2048]
        )
    })

    test("serial numbers are positive, at most 20 bytes, and never the same", async () => {
        const { edgeCa } = await testChain()
        const seen = new Set<string>()
        for (let i = 0; i < 20; i++) {
            const server = await issueServer(edgeCa, {
                names: ["localhost"],
                keys: pool,
            })
            const serial = server.x509.serialNumber
            assert.match(serial, /^[4-7][0-9A-F]{31}$/)
            seen.add(serial)
        }
        assert.equal(seen.size, 20)
    })

    test("a name with the special characters of RFC 4514 stays one common name", async () => {
        const { root } = await testChain({ owner: 'A+B, "C" <d>; e=f' })
        assert.deepEqual(
            { ...root.x509.toLegacyObject().subject },
            { CN: 'A+B, "C" <d>; e=f Root CA' }
        )
    })
})

describe("what is stored and loaded", () => {
    test("a CA that was stored as PEM issues as before", async () => {
        const { edgeCa } = await testChain()
        const loaded = loadCertificate(edgeCa.pem, privateKeyPem(edgeCa.keys))
        assert.deepEqual(loaded.der, edgeCa.der)
        const server = await issueServer(loaded, {
            names: ["localhost"],
            keys: pool,
        })
        assert.ok(server.x509.verify(edgeCa.keys.publicKey))
    })

    test("a certificate with another one's key is not loaded", async () => {
        const { edgeCa, server } = await testChain()
        assert.throws(
            () => loadCertificate(edgeCa.pem, privateKeyPem(server.keys)),
            /the private key is not that of the certificate/
        )
    })
})

describe("the pinned anchor", () => {
    test("is the subject and the public key of an RSA root", async () => {
        const { root } = await testChain()
        const anchor = pinnedAnchor(root)
        assert.deepEqual(
            anchor.publicKeyInfo,
            root.x509.publicKey.export({ type: "spki", format: "der" })
        )
        assert.equal(anchor.rsa?.exponent, 65537)
        assert.equal(anchor.rsa?.modulus.length, 256)
        assert.ok(anchor.publicKeyInfo.includes(anchor.rsa?.modulus ?? ""))
        assert.ok(
            root.der.includes(
                Buffer.concat([anchor.subjectName, anchor.publicKeyInfo])
            )
        )
    })

    test("is the subject and the point of an EC root", async () => {
        const { root } = await testChain({ keyType: "ec" })
        const { ecPoint, rsa, publicKeyInfo } = pinnedAnchor(root)
        assert.equal(rsa, undefined)
        assert.equal(ecPoint?.length, 65)
        assert.deepEqual(publicKeyInfo.subarray(-65), ecPoint)
    })
})
