/**
 * Writes `test/src/x509/limbocases.ts`, a sample of x509-limbo that runs in the ordinary tests and in the VM:
 * `VECTORS=… node built/tools/limbo.js` (see test/vectors/run.ts). Cases that we judge otherwise are not in it.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { format } from "prettier"
import { certificateParts } from "../sim/pki/der"
import { decode, limbo, type LimboCase, secondsOf } from "../test/vectors/limbo"

/** What says much in little space: each check once, good and bad. */
const IDS = [
    "pathlen::ee-with-intermediate-pathlen-1",
    "pathlen::intermediate-pathlen-may-increase",
    "pathlen::self-issued-certs-pathlen",
    "pathlen::intermediate-violates-pathlen-0",
    "pathological::intermediate-cycle-distinct-cas",
    "pathological::intermediate-cycle-same-logical-ca",
    "rfc5280::ca-empty-subject",
    "rfc5280::duplicate-extensions",
    "rfc5280::ee-critical-aia-invalid",
    "rfc5280::eku::ee-eku-empty",
    "rfc5280::eku::ee-wrong-eku",
    "rfc5280::leaf-ku-keycertsign",
    "rfc5280::nc::restrictive-permits-in-intermediates-narrows",
    "rfc5280::no-basicconstraints",
    "rfc5280::san::malformed",
    "rfc5280::unknown-critical-extension-intermediate",
    "rfc5280::unknown-critical-extension-unrelated-intermediate",
    "rfc5280::validity::expired-1-second",
    "rfc5280::validity::expired-intermediate",
    "rfc5280::validity::notafter-fractional",
    "rfc5280::validity::notbefore-fractional",
    "webpki::ee-basicconstraints-ca",
    "webpki::forbidden-dsa-leaf",
    "webpki::forbidden-p192-leaf",
    "webpki::san::exact-localhost-ip-san",
    "webpki::san::no-san",
    "webpki::san::san-wildcard-only-tld",
    "webpki::san::wildcard-match-across-labels-san",
    "webpki::v1-cert",
]

const literal = (bytes: Buffer) => `hex\`${bytes.toString("hex")}\``

function caseOf(one: LimboCase, code: string): string {
    const [trusted, ...more] = one.trusted_certs.map(decode)
    if (more.length > 0) throw new Error(`${one.id} has several anchors`)
    const { subjectName, publicKeyInfo } = certificateParts(trusted)
    const sent = [one.peer_certificate, ...one.untrusted_intermediates]
    return `{
        id: "${one.id}",
        code: ${code},
        host: "${one.expected_peer_name.value}",
        nowSec: ${secondsOf(one)},
        anchor: ${literal(Buffer.concat([subjectName, publicKeyInfo]))},
        sent: [${sent.map(pem => literal(decode(pem))).join(", ")}],
    }`
}

async function main(): Promise<void> {
    const folder = process.env.VECTORS ?? join("..", "shared", "vectors")
    const { testcases } = JSON.parse(
        readFileSync(join(folder, limbo.files[0]), "utf8")
    ) as { testcases: LimboCase[] }
    const rows = await limbo.run(folder)
    const cases = IDS.map(id => {
        const row = rows.find(row => row.id === id)
        if (!row || row.actual !== row.expected)
            throw new Error(`${id} is not there, or judged otherwise`)
        return caseOf(
            testcases.find(one => one.id === id)!,
            row.actual === "accept"
                ? "0"
                : `ErrorCode.${row.note.split(":")[0]}`
        )
    })
    const text = `/**
 * Cases of x509-limbo, https://github.com/C2SP/x509-limbo (limbo.json), under the Apache License, Version 2.0: values as
 * published, PEM as hexadecimal, the trusted certificate as the name and the key that a device pins. Made by
 * tools/limbo.ts. The whole suite runs with \`npm run test:vectors\`.
 */
import { ErrorCode } from "../../../src/errors"

export interface LimboCase {
    id: string
    /** Ours, where the suite expects a failure; 0: it expects success. */
    code: number
    host: string
    /** The suite's validation time; 2024-06-01 where it has none. */
    nowSec: number
    /** Name and key of the trusted certificate. */
    anchor: Buffer
    /** The server's certificate, and the others. */
    sent: Buffer[]
}

export function limboCases(): LimboCase[] {
    return [${cases.join(", ")}]
}
`
    writeFileSync(
        join(__dirname, "../../test/src/x509/limbocases.ts"),
        await format(text, {
            parser: "typescript",
            tabWidth: 4,
            semi: false,
            arrowParens: "avoid",
            trailingComma: "es5",
        })
    )
}

if (require.main === module) void main()
