/**
 * RSA keys of exactly the bit length asked for, for tests and test vectors. OpenSSL's own generator gives one bit less
 * when the length is odd, and odd lengths are where PSS has a case of its own.
 */
import {
    createPrivateKey,
    createPublicKey,
    generatePrime,
    type KeyObject,
} from "node:crypto"

const EXPONENT = 65537n

export interface RsaKey {
    bits: number
    privateKey: KeyObject
    publicKey: KeyObject
    /** Big-endian, without leading zeros. */
    modulus: Buffer
}

const primeOf = (bits: number) =>
    new Promise<bigint>((resolve, reject) =>
        generatePrime(bits, { bigint: true }, (error, prime) =>
            error ? reject(error) : resolve(prime)
        )
    )

function bytesOf(value: bigint): Buffer {
    const text = value.toString(16)
    return Buffer.from(text.length % 2 ? `0${text}` : text, "hex")
}

const base64url = (value: bigint) => bytesOf(value).toString("base64url")

/** value^-1 modulo a prime or any number that has no factor in common with it. */
function inverse(value: bigint, modulus: bigint): bigint {
    let [r0, r1] = [modulus, value % modulus]
    let [t0, t1] = [0n, 1n]
    while (r1 !== 0n) {
        const q = r0 / r1
        ;[r0, r1] = [r1, r0 - q * r1]
        ;[t0, t1] = [t1, t0 - q * t1]
    }
    return ((t0 % modulus) + modulus) % modulus
}

/** A new key with the exponent 65537. */
export async function rsaKey(bits: number): Promise<RsaKey> {
    for (;;) {
        const p = await primeOf(Math.ceil(bits / 2))
        const q = await primeOf(Math.floor(bits / 2))
        const n = p * q
        const phi = (p - 1n) * (q - 1n)
        if (n.toString(2).length !== bits || phi % EXPONENT === 0n) continue
        const d = inverse(EXPONENT, phi)
        const privateKey = createPrivateKey({
            format: "jwk",
            key: {
                kty: "RSA",
                n: base64url(n),
                e: base64url(EXPONENT),
                d: base64url(d),
                p: base64url(p),
                q: base64url(q),
                dp: base64url(d % (p - 1n)),
                dq: base64url(d % (q - 1n)),
                qi: base64url(inverse(q, p)),
            },
        })
        const publicKey = createPublicKey(privateKey)
        return { bits, privateKey, publicKey, modulus: bytesOf(n) }
    }
}
