/**
 * Writes `test/src/crypto/wycheproof.ts`, a sample of the Wycheproof files that runs in the ordinary tests and in the VM:
 * `VECTORS=… node built/tools/wycheproof.js` (see test/vectors/run.ts). The choice of cases is below: for each file the
 * edges it is about, good and bad.
 */
import { createHash } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { format } from "prettier"

interface Case extends Record<string, unknown> {
    tcId: number
    comment: string
    flags?: string[]
    result: string
}

interface Group extends Record<string, unknown> {
    tests: Case[]
}

const sha256 = (hex: string) =>
    createHash("sha256").update(Buffer.from(hex, "hex")).digest("hex")

const aead = (_: Group, one: Case) =>
    [one.key, one.iv, one.aad, one.msg, `${one.ct}${one.tag}`] as string[]

/** modulus, exponent, digest, signature */
function rsa(group: Group, one: Case): string[] {
    const key = group.publicKey as { modulus: string; publicExponent: string }
    return [
        key.modulus.replace(/^(00)+/, ""),
        key.publicExponent,
        sha256(one.msg as string),
        one.sig as string,
    ]
}

const samples: {
    file: string
    name: string
    fields: string
    /** Flags of cases that the file leaves to us, or that we refuse. */
    refused: string[]
    fieldsOf(group: Group, one: Case): string[]
    ids: number[]
}[] = [
    {
        file: "aes_gcm",
        name: "aesGcm",
        fields: "key, nonce, associated data, text, sealed text with its tag",
        refused: ["SmallIv", "LongIv"],
        fieldsOf: aead,
        ids: [
            1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 28, 32, 36, 38, 39, 40, 41,
            48, 59, 60, 61, 62, 63, 64, 65, 66, 67, 69, 260, 311,
        ],
    },
    {
        file: "chacha20_poly1305",
        name: "chacha20Poly1305",
        fields: "key, nonce, associated data, text, sealed text with its tag",
        refused: [],
        fieldsOf: aead,
        ids: [
            1, 2, 3, 10, 20, 40, 80, 121, 122, 133, 145, 146, 165, 185, 203,
            206, 215, 216, 225, 226, 232, 233, 257, 306, 317, 318, 319, 325,
        ],
    },
    {
        file: "ecdsa_secp256r1_sha256",
        name: "ecdsaP256",
        fields: "public key, digest, signature",
        refused: [],
        fieldsOf: (group, one) => [
            (group.publicKey as { uncompressed: string }).uncompressed,
            sha256(one.msg as string),
            one.sig as string,
        ],
        ids: [
            1, 5, 9, 13, 69, 85, 109, 152, 154, 157, 160, 165, 169, 177, 193,
            201, 233, 295, 300, 355, 361, 373, 385, 392, 393, 397, 427, 428,
            429, 444, 446, 448, 457, 463, 469, 473, 477, 481,
        ],
    },
    {
        file: "rsa_pss_2048_sha256_mgf1_32",
        name: "rsaPss",
        fields: "modulus, exponent, digest, signature",
        refused: [],
        fieldsOf: rsa,
        ids: [
            1, 2, 9, 62, 65, 69, 73, 74, 77, 81, 85, 89, 93, 97, 98, 99, 100,
            101, 102, 105, 106, 108,
        ],
    },
    {
        file: "rsa_signature_2048_sha256",
        name: "rsaPkcs1",
        fields: "modulus, exponent, digest, signature",
        refused: ["MissingNull", "SmallPublicKey"],
        fieldsOf: rsa,
        ids: [
            1, 5, 8, 9, 25, 45, 65, 145, 193, 201, 209, 217, 222, 234, 237, 241,
            245, 246, 247, 249, 252, 253, 255, 258,
        ],
    },
    {
        file: "x25519",
        name: "x25519",
        fields: "scalar, public key, shared secret",
        refused: ["ZeroSharedSecret"],
        fieldsOf: (_, one) => [one.private, one.public, one.shared] as string[],
        ids: [
            1, 2, 7, 32, 33, 34, 63, 65, 67, 68, 84, 85, 87, 89, 95, 100, 101,
            103, 104, 117, 119, 165, 511, 513,
        ],
    },
]

function sampleOf(folder: string, index: number): string {
    const { file, name, fields, refused, fieldsOf, ids } = samples[index]
    const { testGroups } = JSON.parse(
        readFileSync(join(folder, "wycheproof", `${file}_test.json`), "utf8")
    ) as { testGroups: Group[] }
    const chosen = testGroups.flatMap(group =>
        group.tests
            .filter(({ tcId }) => ids.includes(tcId))
            .map(one => ({ one, fields: fieldsOf(group, one) }))
    )
    if (chosen.length !== ids.length)
        throw new Error(`${file} lacks some of the chosen cases`)
    const lines = chosen.map(({ one, fields }) => {
        const flags = one.flags ?? []
        const good =
            one.result !== "invalid" &&
            !flags.some(flag => refused.includes(flag))
        const note = [one.comment, ...flags].filter(Boolean).join(", ")
        const values = fields.map(value => `hex\`${value}\``).join(", ")
        return `        // ${note.replace(/\s+/g, " ")}
        sample(${one.tcId}, ${good}, [${values}]),`
    })
    return `/** Of ${file}_test.json. Fields: ${fields}. */
export function ${name}Samples(): Sample[] {
    return [
${lines.join("\n")}
    ]
}`
}

async function main(): Promise<void> {
    const folder = process.env.VECTORS
    if (!folder) throw new Error("VECTORS does not name the vectors' folder")
    const text = `/**
 * A sample of Wycheproof's vectors (https://github.com/C2SP/wycheproof, Apache License 2.0; values only, messages as
 * their SHA-256), written by tools/wycheproof.ts. \`npm run test:vectors\` runs the whole files.
 */

export interface Sample {
    /** In its file. */
    tcId: number
    /** Whether the device accepts it. */
    good: boolean
    fields: Buffer[]
}

function sample(tcId: number, good: boolean, fields: Buffer[]): Sample {
    return { tcId, good, fields }
}

${samples.map((_, index) => sampleOf(folder, index)).join("\n\n")}
`
    const path = join(__dirname, "../../test/src/crypto/wycheproof.ts")
    writeFileSync(
        path,
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
