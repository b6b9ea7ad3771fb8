/** What is varied between the device's TLS client and servers of others, and which of it goes together. */
import { allCombinations, Combination } from "./combinations"

export const DIMENSIONS = {
    peer: ["openssl", "gnutls-serv"],
    version: ["1.2", "1.3"],
    cipher: ["ChaCha20", "AES-128"],
    /** The only group that the server has. */
    group: ["X25519", "P-256"],
    /** The group of the key share in the device's first hello: with another one TLS 1.3 needs a HelloRetryRequest. */
    share: ["fits", "other"],
    /** Of all certificates, and what the server signs with in the handshake. */
    keys: ["RSA-2048", "RSA-3072", "RSA-4096", "P-256"],
    padding: ["PSS", "PKCS#1", "none"],
    /** Under the certificates' signatures, and under the handshake's as far as the version lets it be chosen. */
    hash: ["SHA-256", "SHA-384", "SHA-512"],
    /** Certificates below the pinned one. */
    depth: [1, 2, 3, 4],
    /** How the server sends them. */
    order: ["in order", "reversed", "with root", "with stranger"],
    /** Whether the server asks for a certificate; the device has none. */
    asks: ["no", "asks"],
    /** What the server puts into a record at most. */
    records: ["as it is", "512 B"],
} as const

export type Case = Combination<typeof DIMENSIONS>

/** What cannot be, or what a peer cannot do. */
function isPossible(one: Case): boolean {
    const isRsa = one.keys !== "P-256"
    if (isRsa !== (one.padding !== "none")) return false
    // RFC 8446 4.2.3
    if (one.version === "1.3" && one.padding === "PKCS#1") return false
    // The server's own is always the first (RFC 8446 4.4.2): to be out of order takes two others.
    if (one.order === "reversed" && one.depth < 3) return false
    // GnuTLS has no such option: --recordsize is about what it receives.
    if (one.peer === "gnutls-serv" && one.records !== "as it is") return false
    return true
}

/** Every case there is. */
export function allCases(): Case[] {
    return allCombinations(DIMENSIONS, isPossible)
}

/** A case in a line, its values in columns. */
export function describeCase(one: Case): string {
    return (Object.keys(DIMENSIONS) as (keyof Case)[])
        .map(name => {
            const width = Math.max(
                name.length,
                ...DIMENSIONS[name].map(value => String(value).length)
            )
            return String(one[name]).padEnd(width)
        })
        .join(" | ")
}

/** The head of a table of such lines. */
export function describeColumns(): string {
    const names = Object.fromEntries(
        Object.keys(DIMENSIONS).map(name => [name, name])
    )
    return describeCase(names as unknown as Case)
}
