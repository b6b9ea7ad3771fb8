/** The certificates that we make, against OpenSSL: Node's binding, and the program where it is installed. */
import "reflect-metadata"
import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { X509Certificate } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import * as x509 from "@peculiar/x509"
import { startGateway } from "../../sim/gateway/gateway"
import { Registry } from "../../sim/gateway/registry"
import {
    chainPem,
    createOwnerChain,
    createServerIdentity,
    Identity,
    keyPem,
    KeyType,
    OwnerChain,
    readIdentity,
} from "../../sim/pki/certificates"
import { findPeer, needsPeer } from "../peers"

const NAMES = ["gateway.test", "localhost", "127.0.0.1", "::1"]
const DAY_MS = 86400000

/** Runs OpenSSL to its end, with an empty standard input. @returns exit code and what it wrote */
function openssl(args: string[]): Promise<{ code: number; output: string }> {
    return new Promise(resolve => {
        const child = execFile(
            findPeer("openssl") ?? "openssl",
            args,
            (error, stdout, stderr) =>
                resolve({
                    code: error ? Number(error.code ?? 1) : 0,
                    output: stdout + stderr,
                })
        )
        child.stdin?.end()
    })
}

for (const type of ["rsa", "ec"] as KeyType[])
    describe(`a chain of ${type.toUpperCase()} keys`, () => {
        let chain: OwnerChain
        let server: Identity
        let folder: string
        const file = (name: string) => join(folder, name)

        before(async () => {
            folder = mkdtempSync(join(tmpdir(), "leaf-pki-"))
            chain = await createOwnerChain(type, 2048)
            server = await createServerIdentity(type, chain.edgeCa, NAMES)
            const { root, intermediate, edgeCa } = chain
            writeFileSync(file("root.pem"), chainPem(root))
            writeFileSync(file("issuers.pem"), chainPem(edgeCa, intermediate))
            writeFileSync(file("server.pem"), chainPem(server))
        })
        after(() => rmSync(folder, { recursive: true }))

        const node = (identity: Identity) =>
            new X509Certificate(chainPem(identity))

        test("each certificate is issued and signed by the next, and by no other", () => {
            const links = [
                server,
                chain.edgeCa,
                chain.intermediate,
                chain.root,
                chain.root,
            ].map(node)
            for (let i = 0; i + 1 < links.length; i++) {
                assert.ok(links[i].checkIssued(links[i + 1]))
                assert.ok(links[i].verify(links[i + 1].publicKey))
            }
            assert.ok(!links[0].verify(links[2].publicKey))
            assert.ok(!links[1].verify(links[3].publicKey))
        })

        test("a CA's extensions are those of Microsoft's scripts", () => {
            for (const identity of Object.values(chain) as Identity[]) {
                const { certificate } = identity
                const basic = certificate.getExtension(
                    x509.BasicConstraintsExtension
                )!
                assert.equal(basic.critical, true)
                assert.equal(basic.ca, true)
                assert.equal(basic.pathLength, undefined)
                const usage = certificate.getExtension(x509.KeyUsagesExtension)!
                assert.equal(usage.critical, true)
                assert.equal(
                    usage.usages,
                    x509.KeyUsageFlags.digitalSignature |
                        x509.KeyUsageFlags.cRLSign |
                        x509.KeyUsageFlags.keyCertSign
                )
                assert.ok(node(identity).ca)
            }
        })

        test("key identifiers link each certificate to its issuer", () => {
            const links = [
                server,
                chain.edgeCa,
                chain.intermediate,
                chain.root,
                chain.root,
            ].map(identity => identity.certificate)
            for (let i = 0; i + 1 < links.length; i++)
                assert.equal(
                    links[i].getExtension(x509.AuthorityKeyIdentifierExtension)!
                        .keyId,
                    links[i + 1].getExtension(
                        x509.SubjectKeyIdentifierExtension
                    )!.keyId
                )
        })

        test("the gateway's certificate is for its names by type, and edgeHub, for serverAuth", () => {
            const certificate = node(server)
            assert.equal(
                certificate.subjectAltName,
                "DNS:gateway.test, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:edgeHub"
            )
            assert.ok(certificate.checkHost("gateway.test"))
            assert.ok(certificate.checkHost("edgehub"))
            assert.ok(!certificate.checkHost("other.test"))
            assert.ok(certificate.checkIP("127.0.0.1"))
            assert.ok(!certificate.checkIP("127.0.0.2"))
            assert.equal(certificate.ca, false)
            assert.deepEqual(certificate.keyUsage, ["1.3.6.1.5.5.7.3.1"])
        })

        test("the gateway's certificate is good for 30 days, the CAs for years", () => {
            const { notBefore, notAfter } = server.certificate
            assert.equal(notAfter.getTime() - notBefore.getTime(), 30 * DAY_MS)
            assert.ok(notBefore.getTime() <= Date.now())
            for (const { certificate } of Object.values(chain) as Identity[])
                assert.ok(
                    certificate.notAfter.getTime() > Date.now() + 3000 * DAY_MS
                )
        })

        test("serial numbers are positive and differ", () => {
            const numbers = [
                server,
                ...(Object.values(chain) as Identity[]),
            ].map(({ certificate }) => certificate.serialNumber)
            for (const number of numbers)
                assert.match(number, /^[4-7][0-9a-f]{31}$/)
            assert.equal(new Set(numbers).size, 4)
        })

        test("an identity that is read from PEM signs as the one that was written", async () => {
            const again = await readIdentity(
                chainPem(chain.edgeCa),
                await keyPem(chain.edgeCa)
            )
            const renewed = await createServerIdentity(type, again, NAMES)
            assert.ok(node(renewed).verify(node(chain.edgeCa).publicKey))
        })

        test(
            "openssl verifies the chain, for the name and for serverAuth",
            needsPeer("openssl"),
            async () => {
                const { code, output } = await openssl([
                    "verify",
                    "-x509_strict",
                    "-purpose",
                    "sslserver",
                    "-verify_hostname",
                    "gateway.test",
                    "-CAfile",
                    file("root.pem"),
                    "-untrusted",
                    file("issuers.pem"),
                    file("server.pem"),
                ])
                assert.equal(output, `${file("server.pem")}: OK\n`)
                assert.equal(code, 0)
            }
        )

        for (const version of ["-tls1_2", "-tls1_3"])
            test(
                `openssl s_client ${version} connects to the gateway's two ports and verifies them`,
                needsPeer("openssl"),
                async () => {
                    const { edgeCa, intermediate } = chain
                    const gateway = await startGateway({
                        certificate: chainPem(server, edgeCa, intermediate),
                        key: await keyPem(server),
                        hosts: [],
                        registry: new Registry(),
                    })
                    try {
                        for (const port of [gateway.port, gateway.httpsPort]) {
                            const { code, output } = await openssl([
                                "s_client",
                                version,
                                "-connect",
                                `127.0.0.1:${port}`,
                                "-servername",
                                "gateway.test",
                                "-verify_hostname",
                                "gateway.test",
                                "-verify_return_error",
                                "-CAfile",
                                file("root.pem"),
                            ])
                            assert.match(output, /Verify return code: 0 \(ok\)/)
                            assert.equal(code, 0)
                        }
                    } finally {
                        await gateway.close()
                    }
                }
            )

        test(
            "a client that does not trust the root is told of with the alert that it sent",
            needsPeer("openssl"),
            async () => {
                const { edgeCa, intermediate } = chain
                const gateway = await startGateway({
                    certificate: chainPem(server, edgeCa, intermediate),
                    key: await keyPem(server),
                    hosts: [],
                    registry: new Registry(),
                })
                try {
                    const stranger = await createOwnerChain("ec")
                    writeFileSync(file("stranger.pem"), chainPem(stranger.root))
                    const told = gateway.waitFor("unsecured")
                    const { code } = await openssl([
                        "s_client",
                        "-connect",
                        `127.0.0.1:${gateway.port}`,
                        "-verify_return_error",
                        "-no-CAfile",
                        "-no-CApath",
                        "-CAfile",
                        file("stranger.pem"),
                    ])
                    assert.notEqual(code, 0)
                    assert.match((await told).reason, /unknown ca/)
                } finally {
                    await gateway.close()
                }
            }
        )
    })
