/** Chains of every kind that a device may meet: OpenSSL verifies each of them up to its root. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { pinnedAnchor } from "../../../sim/pki/anchor"
import { pemChain, type Certificate } from "../../../sim/pki/certificate"
import { crossSign, type ChainOptions } from "../../../sim/pki/chain"
import { certificateParts } from "../../../sim/pki/der"
import { testChain } from "./keys"
import { openssl, withoutOpenssl } from "./openssl"

const signatureOf = ({ der }: Certificate) =>
    certificateParts(der).signatureAlgorithm.toString("hex")

function verify(root: Certificate, server: Certificate, others: Certificate[]) {
    const { status, output } = openssl(
        "verify -x509_strict -CAfile root -untrusted others -purpose sslserver server".split(
            " "
        ),
        { root: root.pem, others: pemChain(...others), server: server.pem }
    )
    assert.equal(status, 0, output)
}

describe("chains", { skip: withoutOpenssl }, () => {
    for (const depth of [1, 2, 3, 4] as const)
        for (const keyType of ["rsa", "ec"] as const)
            test(`of ${depth} ${keyType} certificates`, async () => {
                const chain = await testChain({ depth, keyType })
                assert.equal(chain.sent.length, depth)
                assert.equal(chain.sent[0], chain.server)
                assert.equal(chain.sent[1] ?? chain.root, chain.edgeCa)
                assert.equal(chain.sent[2] ?? chain.root, chain.intermediate)
                assert.ok(!chain.sent.includes(chain.root))
                assert.equal(chain.chainPem, pemChain(...chain.sent))
                verify(chain.root, chain.server, chain.sent)
            })

    const kinds: [string, Partial<ChainOptions>][] = [
        ["RSA-3072 CAs and server", { caBits: 3072, serverBits: 3072 }],
        ["an RSA-4096 server", { serverBits: 4096 }],
        ["an EC server below RSA CAs", { keyType: "ec", caKeyType: "rsa" }],
        ["an RSA server below EC CAs", { keyType: "rsa", caKeyType: "ec" }],
    ]
    for (const [what, options] of kinds)
        test(`with ${what}`, async () => {
            const chain = await testChain(options)
            const kind = (one: Certificate) =>
                one.keys.publicKey.asymmetricKeyType
            assert.equal(kind(chain.server), options.keyType ?? "rsa")
            assert.equal(
                kind(chain.root),
                options.caKeyType ?? options.keyType ?? "rsa"
            )
            verify(chain.root, chain.server, chain.sent)
        })

    // The last byte of the algorithm's identifier, by the hash.
    for (const [hash, rsa, ecdsa] of [
        ["SHA-256", "0b", "02"],
        ["SHA-384", "0c", "03"],
        ["SHA-512", "0d", "04"],
    ] as const)
        test(`signed with ${hash}, every certificate`, async () => {
            for (const keyType of ["rsa", "ec"] as const) {
                const chain = await testChain({ hash, keyType })
                for (const one of [...chain.sent, chain.root])
                    assert.equal(
                        signatureOf(one),
                        keyType === "rsa"
                            ? `300d06092a864886f70d0101${rsa}0500`
                            : `300a06082a8648ce3d0403${ecdsa}`
                    )
                verify(chain.root, chain.server, chain.sent)
            }
        })

    test("with an intermediate that another owner's root has signed too", async () => {
        const chain = await testChain()
        const other = await testChain({ owner: "Next", keyType: "ec" })
        const cross = await crossSign(chain.intermediate, other.root)
        const parts = certificateParts(cross.der)
        const old = certificateParts(chain.intermediate.der)
        assert.deepEqual(parts.subjectName, old.subjectName)
        assert.deepEqual(parts.publicKeyInfo, old.publicKeyInfo)
        verify(other.root, chain.server, [chain.edgeCa, cross])
        verify(chain.root, chain.server, [chain.edgeCa, chain.intermediate])
    })
})

test("a P-256 root is pinned by its name and its key, with the point", async () => {
    const { root } = await testChain({ keyType: "ec" })
    const anchor = pinnedAnchor(root)
    const parts = certificateParts(root.der)
    assert.deepEqual(anchor.subjectName, parts.subjectName)
    assert.deepEqual(anchor.publicKeyInfo, parts.publicKeyInfo)
    assert.equal(anchor.ecPoint?.length, 65)
    assert.deepEqual(anchor.ecPoint, anchor.publicKeyInfo.subarray(-65))
    assert.equal(anchor.rsa, undefined)
})
