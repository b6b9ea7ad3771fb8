/** The device's ready-made sets, and what tests add to them. */
import { generateShare, P256 } from "../../../sim/faults/algorithms"
import { TLS12 } from "../../../sim/faults/wire"
import { Buffer as DeviceBuffer } from "../../../sim/shim/buffer"
import { ErrorCode } from "../tlssite"

export interface Parts {
    versions: { code: number }[]
    groups: Group[]
    suites: { code: number; version: number }[]
    schemes: Scheme[]
}
interface Scheme {
    code: number
}
const { fail } = require("../../../src/errors") as {
    fail(code: number, message: string): never
}
interface Group {
    code: number
    generate(): Promise<object>
}
export const { rsaSet } = require("../../../src/tls/sets") as {
    rsaSet(): Parts
}
const { p256Group } = require("../../../src/tls/p256group") as {
    p256Group(): Group
}
const ecdsa = require("../../../src/x509/ecdsascheme") as {
    p256Key(): object
    ecdsaWithSha256(): object
    ecdsaWithSha384(): object
    ecdsaWithSha512(): object
    EcdsaP256: new (hash: object, code: number, algorithm: object) => Scheme
}
const { sha256 } = require("../../../src/crypto/hash") as {
    sha256(): object
}
const { sha384, sha512 } = require("../../../src/crypto/sha512") as {
    sha384(): object
    sha512(): object
}

/** Everything: P-256 beside X25519, ECDSA beside RSA. */
export function allSet(): Parts {
    const parts = rsaSet()
    const forEcdsa = parts.suites
        .filter(({ version }) => version === TLS12)
        .map(suite => ({
            ...suite,
            code: suite.code === 0xc02f ? 0xc02b : 0xcca9,
            keyAlgorithm: ecdsa.p256Key(),
        }))
    return {
        ...parts,
        groups: [...parts.groups, p256Group()],
        suites: [...parts.suites, ...forEcdsa],
        schemes: [
            ...parts.schemes,
            new ecdsa.EcdsaP256(sha256(), 0x0403, ecdsa.ecdsaWithSha256()),
            new ecdsa.EcdsaP256(sha384(), 0x0503, ecdsa.ecdsaWithSha384()),
            new ecdsa.EcdsaP256(sha512(), 0x0603, ecdsa.ecdsaWithSha512()),
        ],
    }
}

/** P-256 with Node's arithmetic: a second group at no cost, for tests that are not about the group. */
function nodeP256(): Group {
    return {
        code: P256,
        generate: async () => {
            const share = generateShare(P256)
            return {
                publicKey: DeviceBuffer.from(share.publicKey),
                agree: async (peer: DeviceBuffer) => {
                    try {
                        return DeviceBuffer.from(share.agree(Buffer.from(peer)))
                    } catch {
                        return fail(
                            ErrorCode.CryptoWeakKeyShare,
                            "node: not a point of P-256"
                        )
                    }
                },
                wipe: () => undefined,
            }
        },
    }
}

/** The RSA set, and a second group. */
export function twoGroups(): Parts {
    const parts = rsaSet()
    return { ...parts, groups: [...parts.groups, nodeP256()] }
}

/** A set for one version alone. */
export function only(version: number, parts: Parts): Parts {
    return {
        ...parts,
        versions: parts.versions.filter(({ code }) => code === version),
        suites: parts.suites.filter(suite => suite.version === version),
    }
}
