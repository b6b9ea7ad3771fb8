/** Bad certificates come out as bad as they were asked for: openssl and Node are the judges. */
import assert from "node:assert/strict"
import { X509Certificate } from "node:crypto"
import { describe, test } from "node:test"
import {
    CLIENT_AUTH,
    pemChain,
    type Certificate,
} from "../../../sim/pki/certificate"
import type { ChainOptions } from "../../../sim/pki/chain"
import { certificateParts } from "../../../sim/pki/der"
import { corruptSignature, forge, replaceOnce } from "../../../sim/pki/forge"
import { generateKeys } from "../../../sim/pki/keys"
import { pool, testChain } from "./keys"
import { openssl, withoutOpenssl } from "./openssl"

interface Bad extends Partial<ChainOptions> {
    /** What openssl's error must say. */
    says: RegExp
}

const now = Date.now()
const days = (count: number) => new Date(now + count * 86_400_000)

const bad: Record<string, Bad> = {
    "an expired server certificate": {
        server: { notBefore: days(-40), notAfter: days(-1) },
        says: /certificate has expired/,
    },
    "a server certificate of the future": {
        server: { notBefore: days(2), notAfter: days(32) },
        says: /certificate is not yet valid/,
    },
    "an expired intermediate": {
        intermediate: { notBefore: days(-40), notAfter: days(-1) },
        says: /certificate has expired/,
    },
    "an intermediate that is not a CA": {
        intermediate: { basicConstraints: { ca: false } },
        says: /invalid CA certificate/,
    },
    "an intermediate without basicConstraints and keyUsage": {
        intermediate: { basicConstraints: null, keyUsage: null },
        says: /invalid CA certificate/,
    },
    "an intermediate that may not sign certificates": {
        intermediate: { keyUsage: ["digitalSignature", "cRLSign"] },
        says: /invalid CA certificate|key usage does not include certificate signing/,
    },
    "a root whose path length is too short": {
        root: { basicConstraints: { ca: true, pathLen: 1 } },
        says: /path length constraint exceeded/,
    },
    "a server certificate for clients only": {
        server: { extendedKeyUsage: [CLIENT_AUTH] },
        says: /unsuitable certificate purpose/,
    },
    "an unknown critical extension": {
        server: {
            extraExtensions: [
                {
                    oid: "1.3.6.1.4.1.99999.1",
                    critical: true,
                    value: Buffer.from([0x05, 0x00]),
                },
            ],
        },
        says: /unhandled critical extension/,
    },
    "an issuer name that is nobody's": {
        server: { issuerName: "CN=Nobody", authorityKeyIdentifier: false },
        says: /unable to get local issuer certificate/,
    },
    "a server certificate without its name": {
        server: { names: ["elsewhere.example"] },
        says: /hostname mismatch/i,
    },
}

function verify(server: string, others: Certificate[], root: Certificate) {
    return openssl(
        "verify -CAfile root -untrusted others -purpose sslserver -verify_hostname localhost server".split(
            " "
        ),
        { root: root.pem, others: pemChain(...others), server }
    )
}

describe("chains that openssl refuses", { skip: withoutOpenssl }, () => {
    for (const [name, { says, ...options }] of Object.entries(bad))
        test(name, async () => {
            const { root, intermediate, edgeCa, server } =
                await testChain(options)
            const { status, output } = verify(
                server.pem,
                [edgeCa, intermediate],
                root
            )
            assert.notEqual(status, 0, output)
            assert.match(output, says)
        })

    test("a chain without the intermediate", async () => {
        const { root, edgeCa, server } = await testChain()
        const { status, output } = verify(server.pem, [edgeCa], root)
        assert.notEqual(status, 0)
        assert.match(output, /unable to get (local )?issuer certificate/)
    })

    test("a self-signed server certificate", async () => {
        const { root, intermediate, edgeCa, server } = await testChain({
            server: { issuer: undefined },
        })
        assert.ok(server.x509.verify(server.keys.publicKey))
        const { status, output } = verify(
            server.pem,
            [edgeCa, intermediate],
            root
        )
        assert.notEqual(status, 0)
        assert.match(output, /self-signed certificate/)
    })

    test("a server certificate signed by a key that is not the issuer's", async () => {
        const stranger = await generateKeys({ type: "rsa", bits: 2048 })
        const { root, intermediate, edgeCa, server } = await testChain({
            server: { signingKey: stranger.privateKey },
        })
        const { status, output } = verify(
            server.pem,
            [edgeCa, intermediate],
            root
        )
        assert.notEqual(status, 0)
        assert.match(output, /certificate signature failure/)
    })

    test("a corrupted signature", async () => {
        const { root, intermediate, edgeCa, server } = await testChain()
        const { status, output } = verify(
            corruptSignature(server).pem,
            [edgeCa, intermediate],
            root
        )
        assert.notEqual(status, 0)
        assert.match(output, /certificate signature failure/)
    })
})

describe("unusual chains that are right", { skip: withoutOpenssl }, () => {
    for (const hash of ["SHA-384", "SHA-512"] as const)
        test(`signed with ${hash}`, async () => {
            const { root, intermediate, edgeCa, server } = await testChain({
                root: { hash },
                intermediate: { hash },
                edgeCa: { hash },
                server: { hash },
            })
            const shown = openssl(["x509", "-in", "it", "-noout", "-text"], {
                it: server.pem,
            }).output
            assert.match(
                shown,
                new RegExp(
                    `${hash.replace("-", "").toLowerCase()}WithRSAEncryption`
                )
            )
            const { status, output } = verify(
                server.pem,
                [edgeCa, intermediate],
                root
            )
            assert.equal(status, 0, output)
        })

    test("an RSA chain with an EC server key", async () => {
        const { root, intermediate, edgeCa, server } = await testChain({
            server: {
                keys: await pool.keys("server", { type: "ec" }),
                keyUsage: ["digitalSignature"],
            },
        })
        const { status, output } = verify(
            server.pem,
            [edgeCa, intermediate],
            root
        )
        assert.equal(status, 0, output)
    })
})

describe("forged certificates", () => {
    test("an inner and outer algorithm that differ are kept as forged", async () => {
        const { server, edgeCa } = await testChain()
        const sha384 = await testChain({ server: { hash: "SHA-384" } })
        const outer = certificateParts(sha384.server.der).signatureAlgorithm
        const der = forge(server, { signatureAlgorithm: outer })
        assert.deepEqual(certificateParts(der).signatureAlgorithm, outer)
        assert.deepEqual(
            certificateParts(der).tbs,
            certificateParts(server.der).tbs
        )
        // Node hands this one to OpenSSL, which finds the algorithms to differ.
        assert.ok(!new X509Certificate(der).verify(edgeCa.keys.publicKey))
    })

    test("a changed content that is signed again verifies", async () => {
        const { server, edgeCa } = await testChain()
        const der = forge(server, {
            tbs: tbs =>
                replaceOnce(
                    tbs,
                    Buffer.from("edgeHub"),
                    Buffer.from("EDGEHUB")
                ),
            signingKey: edgeCa.keys.privateKey,
        })
        const forged = new X509Certificate(der)
        assert.ok(forged.verify(edgeCa.keys.publicKey))
        assert.match(forged.subjectAltName ?? "", /DNS:EDGEHUB/)
    })

    test("a changed content that is not signed again does not verify", async () => {
        const { server, edgeCa } = await testChain()
        const der = forge(server, {
            tbs: tbs =>
                replaceOnce(
                    tbs,
                    Buffer.from("edgeHub"),
                    Buffer.from("EDGEHUB")
                ),
        })
        assert.ok(!new X509Certificate(der).verify(edgeCa.keys.publicKey))
    })
})
