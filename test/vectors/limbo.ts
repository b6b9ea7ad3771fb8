/**
 * x509-limbo (https://github.com/C2SP/x509-limbo) as a suite: server certificates through the device's path validation, at
 * each case's own time, with its trusted certificates pinned as anchors: name and key, as a device knows them.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { certificateParts } from "../../sim/pki/der"
import { Buffer as DeviceBuffer } from "../../sim/shim/buffer"
import { Row, Suite } from "./suite"

/** What the suite's file says of a case; only what is used here. */
export interface LimboCase {
    id: string
    description: string
    features: string[]
    trusted_certs: string[]
    untrusted_intermediates: string[]
    peer_certificate: string
    validation_time: string | null
    expected_result: "SUCCESS" | "FAILURE"
    expected_peer_name: { kind: "DNS" | "IP"; value: string }
}

/** When cases without a time of their own are judged. */
const DEFAULT_TIME = "2024-06-01T00:00:00Z"

const { validatePath } = require("../../src/x509/path") as {
    validatePath(sent: unknown[], policy: object): Promise<object>
}
const { Der } = require("../../src/x509/der") as {
    Der: new (bytes: DeviceBuffer, at: number, end: number) => unknown
}
const { rsaSet } = require("../../src/tls/sets") as {
    rsaSet(): { schemes: unknown[] }
}
const { EcdsaP256, ecdsaWithSha256, ecdsaWithSha384, ecdsaWithSha512 } =
    require("../../src/x509/ecdsascheme") as {
        EcdsaP256: new (
            hash: unknown,
            code: number,
            algorithm: unknown
        ) => unknown
        ecdsaWithSha256(): unknown
        ecdsaWithSha384(): unknown
        ecdsaWithSha512(): unknown
    }
const { sha256 } = require("../../src/crypto/hash") as { sha256(): unknown }
const { sha384, sha512 } = require("../../src/crypto/sha512") as {
    sha384(): unknown
    sha512(): unknown
}
const { MAX_MESSAGE } = require("../../src/tls/message") as {
    MAX_MESSAGE: number
}
const { ErrorCode, errorCode } = require("../../src/errors") as {
    ErrorCode: Record<number, string>
    errorCode(error: unknown): number
}

/** The DER of a PEM text, which Node need not be able to parse. */
export function decode(pem: string): Buffer {
    return Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64")
}

/** When a case is judged, Unix seconds. */
export function secondsOf(of: LimboCase): number {
    return Math.floor(Date.parse(of.validation_time ?? DEFAULT_TIME) / 1000)
}

/** What came of a case: the error's name, or undefined. */
export async function validate(
    of: LimboCase,
    schemes: unknown[]
): Promise<string | undefined> {
    const bytes = [of.peer_certificate, ...of.untrusted_intermediates].map(
        decode
    )
    // The frame of each certificate in TLS 1.3 is five bytes; what is longer is refused before it is read.
    const length = bytes.reduce((sum, one) => sum + one.length + 5, 8)
    if (length > MAX_MESSAGE) return "TlsMessageTooLong"
    const sent = bytes.map(one => {
        const device = DeviceBuffer.from(one)
        return new Der(device, 0, device.length)
    })
    const anchors = of.trusted_certs.map(pem => {
        const { subjectName, publicKeyInfo } = certificateParts(decode(pem))
        return {
            der: DeviceBuffer.from(Buffer.concat([subjectName, publicKeyInfo])),
            keyAt: subjectName.length,
        }
    })
    try {
        await validatePath(sent, {
            anchors,
            schemes,
            host: of.expected_peer_name.value,
            nowSec: secondsOf(of),
            floorSec: 0,
        })
        return undefined
    } catch (error) {
        const code = errorCode(error)
        // Anything else than an error of ours is a flaw of the validator.
        if (code === 0) throw error
        return ErrorCode[code]
    }
}

/** Everything that a device can verify in certificates: what `all` and the smaller sets have. */
function everyScheme(): unknown[] {
    return [
        ...rsaSet().schemes,
        new EcdsaP256(sha256(), 0x0403, ecdsaWithSha256()),
        new EcdsaP256(sha384(), 0x0503, ecdsaWithSha384()),
        new EcdsaP256(sha512(), 0x0603, ecdsaWithSha512()),
    ]
}

const FILE = join("x509-limbo", "limbo.json")

export const limbo: Suite = {
    name: "limbo",
    files: [FILE],
    async run(folder) {
        const { testcases } = JSON.parse(
            readFileSync(join(folder, FILE), "utf8")
        ) as { testcases: LimboCase[] }
        const schemes = everyScheme()
        const rows: Row[] = []
        for (const one of testcases) {
            let outcome: string | undefined
            let actual: string
            try {
                outcome = await validate(one, schemes)
                actual = outcome === undefined ? "accept" : "reject"
            } catch (error) {
                actual = String(error)
            }
            rows.push({
                id: one.id,
                expected:
                    one.expected_result === "SUCCESS" ? "accept" : "reject",
                actual,
                note: `${outcome ?? actual}: ${one.description.split("\n")[0]}`,
            })
        }
        return rows
    },
}
