/** The device's P-256 under Node, against OpenSSL and BigInt on random input. */
import assert from "node:assert/strict"
import { test } from "node:test"
import {
    add,
    B,
    inverse,
    modulo,
    multiply,
    N,
    P,
    power,
} from "../../tools/p256curve"
import { seededRandom } from "../random"
import { calculateHere, ErrorCode, Operation, runCases } from "./calculate"
import type { Case } from "./cryptocases"
import {
    agreeCase,
    bytesOf,
    derInteger,
    derSignature,
    divideCase,
    ecdsaCase,
    EDGES,
    encoded,
    expectKey,
    expectSecret,
    expectSum,
    expectVerified,
    fieldCase,
    keyCase,
    multiple,
    pointCase,
    sumCase,
} from "./p256cases"

const CASES = 2000

const calculate = calculateHere()

function underNode(what: string, theCase: Case): void {
    test(what, () =>
        runCases(what, CASES, (...args) => theCase(calculate, ...args))
    )
}

underNode("P-256's field multiplies, squares and inverts", fieldCase)
underNode("P-256's scalars divide modulo p and n", divideCase)
underNode("P-256's points add and double", pointCase)
underNode("P-256 gives OpenSSL's public key", keyCase)
underNode("P-256 gives OpenSSL's shared secret", agreeCase)
underNode("ECDSA verifies what OpenSSL signed", ecdsaCase)
underNode("ECDSA sums u1 G + u2 Q, whatever they are", sumCase)

const scalars = EDGES.filter(k => k > 0n && k < N)

test("P-256 agrees with every scalar at an edge, and with those that meet the point itself at the end of the windows", async () => {
    const met = Array.from({ length: 40 }, (_, i) => N - BigInt(i) - 1n)
    const small = Array.from({ length: 40 }, (_, i) => BigInt(i) + 1n)
    for (const scalar of [...scalars, ...met, ...small]) {
        await expectKey(calculate, scalar, "key")
        await expectSecret(calculate, scalar, 1n, "secret with G")
        await expectSecret(calculate, scalar, 123456789n, "secret")
    }
})

test("P-256 gives the public key of scalars that meet an entry of the comb in its last column", async () => {
    for (let i = 0; i < 128; i++) {
        let entry = 2n ** 224n
        for (let j = 0; j < 7; j++)
            entry += 2n ** BigInt(32 * j) * ((i >> j) & 1 ? 1n : -1n)
        // The scalar is twice the entry modulo n: half of it is there when the entry comes.
        await expectKey(calculate, modulo(2n * entry, N), `entry ${i}`)
        await expectKey(calculate, modulo(-2n * entry, N), `entry -${i}`)
    }
})

test("ECDSA sums small and opposite multiples of G and of itself", async () => {
    const few = [0n, 1n, 2n, 15n, N - 1n, N - 2n]
    for (const u1 of few)
        for (const u2 of few.slice(1))
            for (const d of [1n, 2n, N - 1n, (N + 1n) / 2n])
                await expectSum(calculate, [u1, u2, d], "small")
})

test("ECDSA takes the x of R modulo n: r may be x - n, but not x + p - n", async () => {
    const random = seededRandom("ECDSA with x from n on")
    const any = () => modulo(BigInt(`0x${random.bytes(32).toString("hex")}`), N)
    let found = 0
    for (let small = 1n; found < 20; small++) {
        const bad = ErrorCode.CryptoBadSignature
        for (const [x, r, code] of [
            [small + N, small, 0],
            [small, small, 0],
            [small, small + P - N, bad],
        ] as const) {
            const square = modulo(x * x * x - 3n * x + B, P)
            const y = power(square, (P + 1n) / 4n, P)
            if (modulo(y * y, P) !== square) continue
            if (x > N) found++
            // Q = (s R - e G) / r
            const [e, s] = [any(), any()]
            const sum = add(multiply(s, { x, y }), multiple(N - e))
            const q = multiply(inverse(r, N), sum)!
            const fields = [encoded(q), bytesOf(e), derSignature(r, s)]
            await expectVerified(calculate, code, fields, `${x} ${r}`)
        }
    }
})

test("K5: an ECDSA signature is exactly two positive integers from 1 to n - 1 in minimal DER", async () => {
    const key = encoded(multiple(5n)!)
    const digest = bytesOf(6n)
    const malformed = ErrorCode.CryptoSignatureEncoding
    const range = ErrorCode.CryptoSignatureRange
    const bad = ErrorCode.CryptoBadSignature
    const sequence = (...parts: Buffer[]) => {
        const body = Buffer.concat(parts)
        return Buffer.concat([Buffer.from([0x30, body.length]), body])
    }
    const raw = (text: string) => Buffer.from(text, "hex")
    const one = derInteger(1n)
    const cases: [string, number, Buffer][] = [
        ["in range", bad, derSignature(1n, N - 1n)],
        ["both at the top", bad, derSignature(N - 1n, N - 1n)],
        ["r = 0", range, derSignature(0n, 1n)],
        ["s = 0", range, derSignature(1n, 0n)],
        ["r = n", range, derSignature(N, 1n)],
        ["s = n", range, derSignature(1n, N)],
        ["r = n + 1", range, derSignature(N + 1n, 1n)],
        ["r of 33 bytes", range, derSignature(2n ** 256n + 1n, 1n)],
        ["s of 60 bytes", range, derSignature(1n, 2n ** 479n)],
        ["nothing", malformed, raw("")],
        ["a tag alone", malformed, raw("30")],
        ["an empty sequence", malformed, raw("3000")],
        ["one integer", malformed, sequence(one)],
        ["three integers", malformed, sequence(one, one, one)],
        ["another tag", malformed, raw("3106020101020101")],
        ["another tag for r", malformed, raw("3006030101020101")],
        ["another tag for s", malformed, raw("3006020101040101")],
        ["the sequence one too long", malformed, raw("3007020101020101")],
        ["the sequence one too short", malformed, raw("3005020101020101")],
        ["a byte behind", malformed, raw("300602010102010100")],
        ["a byte behind inside", malformed, raw("300702010102010100")],
        ["s cut short", malformed, raw("3006020101020201")],
        ["s without its content", malformed, raw("3005020101" + "0201")],
        ["s without its length", malformed, raw("3004020101" + "02")],
        ["r longer than all", malformed, raw("3006020501020101")],
        ["an empty r", malformed, raw("30050200020101")],
        ["an empty s", malformed, raw("30050201010200")],
        ["a negative r", malformed, raw("3006020181020101")],
        ["a negative s", malformed, raw("30060201010201ff")],
        ["a zero in front of r", malformed, raw("300702020001020101")],
        ["a zero in front of s", malformed, raw("300702010102020001")],
        [
            "two zeros in front",
            malformed,
            raw("3008" + "0203000080" + "020101"),
        ],
        ["the long form", malformed, raw("308106020101020101")],
        ["the long form of r", malformed, raw("300702810101020101")],
        ["the indefinite form", malformed, raw("30800201010201010000")],
        [
            "a length of 128",
            malformed,
            Buffer.concat([raw("3080"), derInteger(2n ** 990n), one]),
        ],
    ]
    for (const [label, code, signature] of cases)
        await expectVerified(calculate, code, [key, digest, signature], label)
})

/** Both uses of a key come to the same. */
async function expectKeyCode(key: Buffer, code: number): Promise<void> {
    const label = key.toString("hex")
    const agreed = await calculate(
        Operation.MultiplyP256,
        ...[bytesOf(3n), key]
    )
    assert.equal(agreed.code, code, label)
    const signature = derSignature(1n, 1n)
    const bad = ErrorCode.CryptoBadSignature
    const fields = [key, bytesOf(6n), signature]
    await expectVerified(calculate, code === 0 ? bad : code, fields, label)
}

test("K2: a public key that is not 65 bytes, not uncompressed, not below p, or not on the curve is refused", async () => {
    const { x, y } = multiple(7n)!
    const good = encoded({ x, y })
    const sevenths = [0, 1, 2, 3, 5, 6, 7, 255].map(first =>
        Buffer.concat([Buffer.from([first]), good.subarray(1)])
    )
    // x = 0 and x = 5 - they are on the curve - have second forms from p on.
    const small = [0n, 5n].map(value => ({
        x: value,
        y: power(modulo(value ** 3n - 3n * value + B, P), (P + 1n) / 4n, P),
    }))
    // A root of x^3 - 3 x + b = 5^2.
    const low = {
        x: 0xd7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7n,
        y: 5n,
    }
    for (const point of [...small, low]) await expectKeyCode(encoded(point), 0)
    for (const key of [
        Buffer.alloc(0),
        Buffer.from([0]),
        Buffer.alloc(65),
        good.subarray(0, 64),
        good.subarray(0, 33),
        Buffer.concat([good, Buffer.alloc(1)]),
        Buffer.concat([Buffer.from([2 + Number(y & 1n)]), bytesOf(x)]),
        ...sevenths,
        encoded({ x: y, y: x }),
        encoded({ x, y: y + 1n }),
        encoded({ x, y: 0n }),
        encoded({ x: 0n, y: 0n }),
        encoded({ x: P, y: 0n }),
        encoded({ x: 2n ** 256n - 1n, y: 2n ** 256n - 1n }),
        encoded({ x: low.x, y: low.y + P }),
        ...small.map(point => encoded({ x: point.x + P, y: point.y })),
    ])
        await expectKeyCode(key, ErrorCode.CryptoPoint)
})
