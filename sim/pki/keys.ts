/**
 * Key pairs for certificates: RSA and EC P-256, as `node:crypto` key objects.
 *
 * A 4096-bit RSA key takes seconds to make. Whoever needs many chains in one process (tests do) hands a `KeyPool` to
 * `makeChain`; the product itself makes every key afresh. Nothing is cached on disk.
 */
import { generateKeyPair, type KeyObject } from "node:crypto"
import { promisify } from "node:util"

const generate = promisify(generateKeyPair)

export type KeySpec = { type: "rsa"; bits: number } | { type: "ec" }

export interface KeyPair {
    privateKey: KeyObject
    publicKey: KeyObject
}

/** Where keys come from. `role` tells apart keys that must differ ("root", "server", …). */
export interface KeySource {
    keys(role: string, spec: KeySpec): Promise<KeyPair>
}

/** Makes a key pair: RSA with the exponent 65537, or EC on P-256 as a named curve. */
export async function generateKeys(spec: KeySpec): Promise<KeyPair> {
    return spec.type === "rsa"
        ? generate("rsa", { modulusLength: spec.bits, publicExponent: 65537 })
        : generate("ec", { namedCurve: "P-256" })
}

/** A new key each time: what anything but a test wants. */
export const freshKeys: KeySource = {
    keys: (_role, spec) => generateKeys(spec),
}

/** One key for a role and kind, made on first use and kept as long as the pool: for tests, where only structure matters. */
export class KeyPool implements KeySource {
    private readonly made = new Map<string, Promise<KeyPair>>()

    keys(role: string, spec: KeySpec): Promise<KeyPair> {
        const name = JSON.stringify([role, spec])
        let pair = this.made.get(name)
        if (!pair) {
            pair = generateKeys(spec)
            this.made.set(name, pair)
        }
        return pair
    }
}

/** The private key as PKCS#8 PEM. */
export function privateKeyPem(keys: KeyPair): string {
    return keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString()
}

/** The DER of the SubjectPublicKeyInfo (RFC 5280 4.1.2.7). */
export function publicKeyInfo(keys: KeyPair): Buffer {
    return keys.publicKey.export({ type: "spki", format: "der" })
}
