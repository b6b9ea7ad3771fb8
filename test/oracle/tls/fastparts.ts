/**
 * Signature schemes that verify what they have verified before at no cost, for tests that make thousands of
 * handshakes with one chain. Nothing else differs; what is altered, and each signature of a handshake, is verified.
 */
import { createHash } from "node:crypto"
import type { Buffer as DeviceBuffer } from "../../../sim/shim/buffer"

interface Parts {
    schemes: Scheme[]
}
interface Scheme {
    verify(
        keyBits: { bytes: DeviceBuffer; at: number; end: number },
        signed: DeviceBuffer,
        signature: DeviceBuffer
    ): Promise<void>
}

/** A set with such schemes. */
export function fastParts<P extends object>(set: P): P {
    const parts = set as P & Parts
    return {
        ...parts,
        schemes: parts.schemes.map(remembering),
    }
}

/** A scheme that verifies the same signature of the same key over the same content only once. */
function remembering(scheme: Scheme): Scheme {
    const good = new Set<string>()
    const verify: Scheme["verify"] = async (keyBits, signed, signature) => {
        const id = createHash("sha256")
            .update(keyBits.bytes.subarray(keyBits.at, keyBits.end))
            .update(signed)
            .update(signature)
            .digest("base64")
        if (good.has(id)) return
        await scheme.verify(keyBits, signed, signature)
        good.add(id)
    }
    return Object.assign(Object.create(Object.getPrototypeOf(scheme)), scheme, {
        verify,
    })
}
