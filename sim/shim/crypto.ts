/** `@devicescript/crypto` under Node: SHA-256, HMAC-SHA-256 and random bytes. */
import { createHash, createHmac, randomBytes } from "node:crypto"
import { Buffer } from "./buffer"

type Binary = Buffer | string

function onlySha256(algorithm: string) {
    if (algorithm !== "sha256")
        throw new TypeError(`invalid hash: ${algorithm}`)
}

export function digest(algorithm: "sha256", ...data: Binary[]): Buffer {
    onlySha256(algorithm)
    const hash = createHash("sha256")
    for (const part of data) hash.update(part)
    return Buffer.from(hash.digest())
}

export function hmac(
    key: Binary,
    algorithm: "sha256",
    ...data: Binary[]
): Buffer {
    onlySha256(algorithm)
    const mac = createHmac("sha256", key)
    for (const part of data) mac.update(part)
    return Buffer.from(mac.digest())
}

export function randomBuffer(size: number): Buffer {
    return Buffer.from(randomBytes(size))
}
