/** `leaf certs show`, in this process: a good chain, and each chain that a gateway's fault can serve. */
import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { tmpdir } from "node:os"
import { readFileSync } from "node:fs"
import { before, test } from "node:test"
import { certs } from "../../sim/cli/certs"
import { Failure } from "../../sim/cli/failure"
import { Chain, makeChain } from "../../sim/pki/chain"
import { KeyPool } from "../../sim/pki/keys"
import { unfitCertificates } from "../../sim/pki/unfit"

const NAME = "gateway.test"
const keys = new KeyPool()
let chain: Chain
const files: Record<string, string | Uint8Array> = {}

before(async () => {
    chain = await makeChain({ names: [NAME], keyType: "ec", keys })
    files.chain = chain.chainPem
    files.root = chain.root.pem
    files["root.der"] = chain.root.der
    files.reversed = chain.sent
        .map(one => one.pem)
        .reverse()
        .join("")
    files.none = "no certificate"
    files.server = chain.server.pem
    const unfit = await unfitCertificates({
        names: [NAME],
        edgeCa: chain.edgeCa,
        intermediatePem: chain.intermediate.pem,
        keyType: "ec",
    })
    for (const [name, { cert }] of Object.entries(unfit))
        files[name] = String(cert)
})

async function show(...args: string[]) {
    let output = ""
    const exitCode = await certs(["show", ...args], {
        nowMs: () => Date.now() + 1000,
        readFile: name => {
            if (name === "folder") return readFileSync(tmpdir())
            if (!(name in files))
                throw Object.assign(new Error(), { code: "ENOENT" })
            return Buffer.from(files[name])
        },
        write: text => (output += text),
    })
    return { exitCode, output }
}

const judged = (file: string, name = NAME, ca = "root") =>
    show(file, "--ca", ca, "--name", name, "--json")

for (const ca of ["root", "root.der"])
    test(`a good chain is taken with ${ca}, and shown with its fingerprints`, async () => {
        const { exitCode, output } = await judged("chain", NAME, ca)
        const { ok, certificates } = JSON.parse(output)
        assert.equal(exitCode, 0)
        assert.equal(ok, true)
        assert.deepEqual(
            certificates.map((one: { sha256: string }) => one.sha256),
            chain.sent.map(({ der }) =>
                createHash("sha256").update(der).digest("hex").toUpperCase()
            )
        )
    })

for (const [file, code] of [
    ["expired", 3020],
    ["not-yet-valid", 3021],
    ["wrong-name", 3030],
    ["other-issuer", 3040],
    ["incomplete", 3040],
] as const)
    test(`the chain ${file} is refused with the device's code ${code}, and a hint`, async () => {
        const { exitCode, output } = await judged(file)
        const { verdict } = JSON.parse(output)
        assert.equal(exitCode, 1)
        assert.equal(verdict.code, code)
        assert.notEqual(verdict.hint, "Make the chain anew.")
    })

test("a chain in the wrong order is refused", async () => {
    const { exitCode, output } = await show(
        ...["reversed", "--ca", "root", "--name", NAME]
    )
    assert.equal(exitCode, 1)
    assert.match(output, /✗ A device refuses it/)
})

test("without a CA and a name the chain is explained, and not judged", async () => {
    const { exitCode, output } = await show("chain")
    assert.equal(exitCode, 0)
    assert.match(output, /^1\. CN=gateway\.test\n/)
    assert.match(output, /· Not judged/)
})

for (const [what, args, exitCode] of [
    ["a file without a certificate", ["none"], 1],
    ["a file that is not there", ["missing"], 1],
    ["a folder", ["folder"], 1],
    [
        "a CA file that holds a chain",
        ["chain", "--ca", "chain", "--name", NAME],
        1,
    ],
    [
        "a server's certificate as the CA",
        ["chain", "--ca", "server", "--name", NAME],
        1,
    ],
    ["a CA without a name", ["chain", "--ca", "root"], 2],
    ["an option that does not exist", ["chain", "--no-such"], 2],
    ["two files", ["chain", "chain"], 2],
] as const)
    test(`${what} is said in a sentence, with exit code ${exitCode}`, async () => {
        await assert.rejects(
            show(...args),
            (error: unknown) =>
                error instanceof Failure &&
                error.exitCode === exitCode &&
                !error.message.includes("\n")
        )
    })
