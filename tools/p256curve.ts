/** The curve P-256 (FIPS 186-5, SP 800-186 section 3.2.1.3) in plain BigInt arithmetic: for constants and tables. */

export const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n
export const N =
    0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
export const B =
    0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn

export type Point = { x: bigint; y: bigint }

export const G: Point = {
    x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
    y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
}

export function modulo(a: bigint, m: bigint): bigint {
    return ((a % m) + m) % m
}

export function power(a: bigint, exponent: bigint, m: bigint): bigint {
    let result = 1n
    for (let x = modulo(a, m); exponent > 0n; exponent >>= 1n) {
        if (exponent & 1n) result = (result * x) % m
        x = (x * x) % m
    }
    return result
}

/** 1 / a modulo a prime m; 0 for 0. */
export function inverse(a: bigint, m: bigint): bigint {
    let [x, y] = [m, modulo(a, m)]
    let [u, v] = [0n, 1n]
    while (y > 0n) {
        const quotient = x / y
        ;[x, y] = [y, x - quotient * y]
        ;[u, v] = [v, u - quotient * v]
    }
    return x === 1n ? modulo(u, m) : 0n
}

/** The sum; `null` is the point at infinity. */
export function add(a: Point | null, b: Point | null): Point | null {
    if (!a) return b
    if (!b) return a
    if (a.x === b.x && modulo(a.y + b.y, P) === 0n) return null
    const slope =
        a.x === b.x
            ? (3n * a.x * a.x - 3n) * inverse(2n * a.y, P)
            : (b.y - a.y) * inverse(b.x - a.x, P)
    const x = modulo(slope * slope - a.x - b.x, P)
    return { x, y: modulo(slope * (a.x - x) - a.y, P) }
}

/** k times the point, for any whole k. */
export function multiply(k: bigint, point: Point | null): Point | null {
    let result: Point | null = null
    let addend = point
    for (let rest = modulo(k, N); rest > 0n; rest >>= 1n) {
        if (rest & 1n) result = add(result, addend)
        addend = add(addend, addend)
    }
    return result
}

export function toHex(value: bigint): string {
    return value.toString(16).padStart(64, "0")
}
