/** Public keys that a client must refuse, for both versions' key exchange tests (K2). */
import { createECDH, randomBytes } from "node:crypto"

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex")

/** X25519 points of small order: the shared secret is all zeros, RFC 7748 6.1. Source: cr.yp.to/ecdh.html, "validate". */
export const LOW_ORDER: Buffer[] = [
    Buffer.alloc(32),
    Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]),
    hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    hex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    hex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    // The same with the bit that is ignored.
    hex("0000000000000000000000000000000000000000000000000000000000000080"),
    hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
]

/** Lengths that no X25519 key has. */
export const X25519_LENGTHS = [0, 1, 31, 33, 64, 65].map(n => randomBytes(n))

const P = hex(
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
)
const B = BigInt(
    "0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"
)
const prime = BigInt("0x" + P.toString("hex"))

const bytes32 = (n: bigint) =>
    Buffer.from(n.toString(16).padStart(64, "0"), "hex")

function power(base: bigint, exponent: bigint): bigint {
    let result = 1n
    for (let e = exponent; e > 0n; e >>= 1n) {
        if (e & 1n) result = (result * base) % prime
        base = (base * base) % prime
    }
    return result
}

/** A point of P-256 whose x is so small that x + p fits into 32 bytes as well. */
function smallPoint(): { x: bigint; y: bigint } {
    for (let x = 1n; ; x++) {
        const square = (x * x * x - 3n * x + B) % prime
        // p is 3 modulo 4.
        const y = power(
            square < 0n ? square + prime : square,
            (prime + 1n) / 4n
        )
        if ((y * y - square) % prime === 0n) return { x, y }
    }
}

/** A good point, as it is sent. */
export function goodPoint(): Buffer {
    return createECDH("prime256v1").generateKeys()
}

/** What is no public key of P-256. */
export function badPoints(): Buffer[] {
    const good = goodPoint()
    const x = good.subarray(1, 33)
    const y = good.subarray(33)
    const four = Buffer.from([4])
    const { x: smallX, y: smallY } = smallPoint()
    const offCurve = Buffer.from(good)
    offCurve[64] ^= 1
    const twist = Buffer.concat([four, x, bytes32(prime - 1n)])
    return [
        Buffer.alloc(0),
        // The point at infinity, SEC 1 2.3.3.
        Buffer.from([0]),
        good.subarray(0, 64),
        Buffer.concat([good, Buffer.from([0])]),
        // Compressed, RFC 8422 5.4.1 deprecates it.
        Buffer.concat([Buffer.from([2 + (y[31] & 1)]), x]),
        good.subarray(1),
        offCurve,
        twist,
        // Another form than 4: hybrid, and none at all.
        Buffer.concat([Buffer.from([6 + (y[31] & 1)]), x, y]),
        Buffer.concat([Buffer.from([0]), x, y]),
        Buffer.concat([Buffer.from([5]), x, y]),
        Buffer.concat([four, Buffer.alloc(64)]),
        Buffer.concat([four, P, P]),
        // Right modulo p, and not below it.
        Buffer.concat([four, bytes32(smallX + prime), bytes32(smallY)]),
        Buffer.concat([four, bytes32(2n ** 256n - 1n), y]),
        Buffer.concat([four, x, bytes32(2n ** 256n - 1n)]),
        Buffer.concat([four, y, x]),
    ]
}
