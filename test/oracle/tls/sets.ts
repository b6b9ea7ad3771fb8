/** The device's ready-made sets, and what tests add to them. */
import { generateShare, P256 } from "../../../sim/faults/algorithms"
import { Buffer as DeviceBuffer } from "../../../sim/shim/buffer"
import { ErrorCode } from "../tlssite"

export interface Parts {
    versions: { code: number }[]
    groups: Group[]
    suites: { code: number; version: number }[]
    schemes: { code: number }[]
}
interface Group {
    code: number
    generate(): Promise<object>
}
export const { rsaSet, ecSet, allSet } =
    require("../../../src/tls/sets") as Record<
        "rsaSet" | "ecSet" | "allSet",
        () => Parts
    >
const { fail } = require("../../../src/errors") as {
    fail(code: number, message: string): never
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
                            ErrorCode.CryptoPoint,
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
