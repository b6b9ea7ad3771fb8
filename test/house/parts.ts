/**
 * What each part of the TLS client costs: a client with all parts is compiled, and then again without each of them.
 *
 * Code that two parts share (RSA's for both paddings, the field's of P-256 for key exchange and signatures) costs nothing in
 * the row of either: it goes only with the last of them, as in the rows that take both away.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { compile } from "../../sim/vm/compiler"

/** A place in `TlsParts` or `TlsOptions`, the expression that stands there, and what it needs to import. */
interface Part {
    name: string
    list:
        "versions" | "groups" | "suites" | "schemes" | "options" | "statements"
    value: string
    imports: Record<string, string>
}

const suite = (code: string, version: string, aead: string) =>
    `{ code: ${code}, version: ${version}, aead: ${aead}, keyAlgorithm: hex\`\`, fixedIvLength: 4 }`

const PARTS: Part[] = [
    {
        name: "TLS 1.2",
        list: "versions",
        value: "tls12()",
        imports: { tls12: "tls/handshake12" },
    },
    {
        name: "TLS 1.3",
        list: "versions",
        value: "tls13()",
        imports: { tls13: "tls/handshake13" },
    },
    {
        name: "X25519",
        list: "groups",
        value: "x25519Group()",
        imports: { x25519Group: "tls/x25519group" },
    },
    {
        name: "P-256",
        list: "groups",
        value: "p256Group()",
        imports: { p256Group: "tls/p256group" },
    },
    {
        name: "ChaCha20-Poly1305",
        list: "suites",
        value: suite("0x1303", "0x0304", "chacha20Poly1305()"),
        imports: { chacha20Poly1305: "crypto/chacha20poly1305" },
    },
    {
        name: "AES-128-GCM",
        list: "suites",
        value: suite("0x1301", "0x0304", "aes128Gcm()"),
        imports: { aes128Gcm: "crypto/aesgcm" },
    },
    {
        name: "RSA PKCS#1 v1.5",
        list: "schemes",
        value: "new RsaPkcs1(sha256(), 0x0401, sha256WithRsa())",
        imports: {
            RsaPkcs1: "x509/scheme",
            sha256WithRsa: "x509/scheme",
            sha256: "crypto/hash",
        },
    },
    {
        name: "RSA PSS",
        list: "schemes",
        value: "new RsaPss(sha256(), 0x0804)",
        imports: { RsaPss: "x509/scheme", sha256: "crypto/hash" },
    },
    {
        name: "ECDSA P-256",
        list: "schemes",
        value: "new EcdsaP256(sha256(), 0x0403, ecdsaWithSha256())",
        imports: {
            EcdsaP256: "x509/ecdsascheme",
            ecdsaWithSha256: "x509/ecdsascheme",
            sha256: "crypto/hash",
        },
    },
    {
        name: "SHA-384 and SHA-512",
        list: "statements",
        value: "console.log(sha384().length + sha512().length)",
        imports: { sha384: "crypto/sha512", sha512: "crypto/sha512" },
    },
    {
        name: "resumption",
        list: "options",
        value: "resumption: new Resumption({ load: async () => null, save: async () => {} }),",
        imports: { Resumption: "tls/session" },
    },
]

/** Rows: the parts that are left out together. */
const ROWS: string[][] = [
    ...PARTS.map(({ name }) => [name]),
    ["RSA PKCS#1 v1.5", "RSA PSS"],
    ["P-256", "ECDSA P-256"],
]

function source(parts: Part[]): string {
    const imports = new Map<string, Set<string>>()
    for (const part of parts)
        for (const [name, file] of Object.entries(part.imports))
            imports.set(file, (imports.get(file) ?? new Set()).add(name))
    const list = (of: Part["list"]) =>
        parts
            .filter(part => part.list === of)
            .map(({ value }) => value)
            .join(", ")
    return [
        'import { connectTls } from "../../src/tls/client"',
        ...[...imports].map(
            ([file, names]) =>
                `import { ${[...names].join(", ")} } from "../../src/${file}"`
        ),
        "async function main() {",
        "    const connection = await connectTls(null, {",
        `        parts: { versions: [${list("versions")}], groups: [${list("groups")}], suites: [${list("suites")}], schemes: [${list("schemes")}] },`,
        '        anchors: [], host: "", port: 0, nowSec: -1, floorSec: 0,',
        `        ${list("options")}`,
        "    })",
        `    ${list("statements")}`,
        "    await connection.close()",
        "}",
        "main.start()",
        "",
    ].join("\n")
}

/** Bytes of code by what is left out; the first row is the client with all parts. */
export async function partBytes(
    root: string
): Promise<{ name: string; bytes: number }[]> {
    // Compiled sources are below the project's folder; this one is ignored by git.
    const folder = join(root, ".devicescript", "parts")
    mkdirSync(folder, { recursive: true })
    const measure = async (parts: Part[], file: string) => {
        const entry = join(folder, file)
        writeFileSync(entry, source(parts))
        return (await compile(entry, { root })).codeBytes
    }
    const all = await measure(PARTS, "all.ts")
    const rows = [{ name: "a TLS client with all parts", bytes: all }]
    for (const [i, names] of ROWS.entries())
        rows.push({
            name: names.join(", "),
            bytes:
                all -
                (await measure(
                    PARTS.filter(({ name }) => !names.includes(name)),
                    `without${i}.ts`
                )),
        })
    return rows
}
