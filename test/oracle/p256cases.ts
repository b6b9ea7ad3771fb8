/** Random cases for P-256: judged by node:crypto (OpenSSL), and by BigInt for what OpenSSL does not show or make. */
import assert from "node:assert/strict"
import {
    createECDH,
    createHash,
    createPublicKey,
    generateKeyPairSync,
    sign,
    verify,
} from "node:crypto"
import {
    add,
    inverse,
    modulo,
    N,
    P,
    type Point,
    power,
    toHex,
} from "../../tools/p256curve"
import {
    assemble,
    CONSTANTS,
    type Instruction,
    multiply as product,
    PROGRAMS,
    R,
    REGISTERS,
    square,
    squares,
} from "../../tools/p256programs"
import type { Random } from "../random"
import { Calculate, ErrorCode, Operation } from "./calculate"
import type { Case } from "./cryptocases"

export const bytesOf = (value: bigint) => Buffer.from(toHex(value), "hex")
export const encoded = ({ x, y }: Point) =>
    Buffer.concat([Buffer.from([4]), bytesOf(x), bytesOf(y)])
export const opposite = ({ x, y }: Point) => ({ x, y: P - y })
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")
const numberOf = (bytes: Uint8Array) => BigInt(`0x${hex(bytes)}`)

const MAX = 2n ** 256n - 1n

/** The ends of ranges, digits and windows, and long runs. */
export const EDGES = [
    ...[0n, 1n, 2n, 3n, 15n, 16n, 17n, P - N, P - N - 1n],
    ...[N - 3n, N - 2n, N - 1n, N, N + 1n, (N - 1n) / 2n, (N + 1n) / 2n],
    ...[P - 2n, P - 1n, P, P + 1n, MAX, MAX - 1n, MAX / 3n],
    ...[2n ** 255n, 2n ** 255n - 1n, 2n ** 255n + 1n, 2n ** 240n - 1n],
    ...[2n ** 24n, 2n ** 32n, 2n ** 128n + 1n, 2n ** 256n - 2n ** 240n],
]

/** A number below 2^256: an edge, one of extreme digits of 24 bits, or any. */
function anyNumber(random: Random): bigint {
    if (random.oneIn(4)) return random.pick(EDGES)
    if (random.oneIn(2)) return numberOf(random.bytes(32))
    const digits = [0n, 1n, 0x7fffffn, 0x800000n, 0x800001n, 0xffffffn]
    let value = 0n
    for (let k = 0; k < 11; k++) value = (value << 24n) | random.pick(digits)
    return value & MAX
}

function anyScalar(random: Random): bigint {
    return modulo(anyNumber(random), N) || 1n
}

/** OpenSSL's key pair of a scalar. */
function keyPair(scalar: bigint) {
    const pair = createECDH("prime256v1")
    pair.setPrivateKey(bytesOf(scalar))
    return pair
}

/** k times the generator, by OpenSSL; `null` for infinity. */
export function multiple(k: bigint): Point | null {
    const scalar = modulo(k, N)
    if (scalar === 0n) return null
    const point = keyPair(scalar).getPublicKey()
    return {
        x: numberOf(point.subarray(1, 33)),
        y: numberOf(point.subarray(33)),
    }
}

// ---- the machine

/** A program as the machine takes it. */
function machineCode(program: Instruction[]): Buffer {
    const text = assemble(program).replace(/\/\/.*/g, "")
    return Buffer.from(text.replace(/\s/g, ""), "hex")
}

/** The registers in front of the constants. */
const VARIABLES = REGISTERS.filter(name => !(name in CONSTANTS))

/** Only what is between -p and p can be stored, and what more is added or multiplied by may be larger. */
const storable = (...names: string[]) =>
    names.map(name => product(name, name, "One"))

type Values = Record<string, bigint>

/** Runs a program on registers with these values, the others 0. Returns what they hold then, modulo p. */
async function run(
    calculate: Calculate,
    program: Instruction[],
    values: Values
): Promise<Values> {
    const { code, result } = await calculate(
        Operation.RunP256,
        machineCode(program),
        Buffer.concat(VARIABLES.map(name => bytesOf(values[name] ?? 0n)))
    )
    assert.equal(code, 0)
    return Object.fromEntries(
        VARIABLES.map((name, i) => [
            name,
            numberOf(result.subarray(32 * i, 32 * i + 32)),
        ])
    )
}

const toMontgomery = (value: bigint) => modulo(value * R, P)
const INVERSE_R = inverse(R, P)
const fromMontgomery = (value: bigint) => modulo(value * INVERSE_R, P)

/** a * b, a^2 or more of it, b / a^2: for values below and above p. */
export const fieldCase: Case = async (calculate, random, label) => {
    const a = anyNumber(random)
    const b = anyNumber(random)
    const what = `${label}: ${toHex(a)} ${toHex(b)}`

    const multiplied = await run(calculate, [product("C", "A", "B")], {
        A: a,
        B: b,
    })
    assert.equal(multiplied.C, fromMontgomery(a * b), what)

    const times = random.oneIn(20) ? random.between(2, 130) : 1
    const squared = await run(calculate, squares("A", "A", times), { A: a })
    const squaredValue = power(fromMontgomery(a), 1n << BigInt(times), P)
    assert.equal(squared.A, toMontgomery(squaredValue), `${what}: ${times}`)

    const all = await run(
        calculate,
        [
            product("C", "A", "B", { more: [-2, "A"], plus: [-3, "B"] }),
            square("D", "A", { plus: [3, "B"], scale: -1 }),
            ...storable("C", "D"),
        ],
        { A: a, B: b }
    )
    const difference = fromMontgomery(a * (b - 2n * a)) - 3n * b
    assert.equal(
        modulo(all.C, P),
        modulo(difference, P),
        `${what}: with more, plus`
    )
    assert.equal(
        all.D,
        modulo(-(fromMontgomery(a * a) + 3n * b), P),
        `${what}: with plus, scale`
    )

    // It divides by Z^2 by way of Fermat's theorem.
    const finished = await run(
        calculate,
        [...PROGRAMS.INVERT[1], ...PROGRAMS.FINISH[1]],
        { X: b, Z: a }
    )
    const x = fromMontgomery(b) * power(fromMontgomery(a), P - 3n, P)
    assert.equal(finished.PX, modulo(x, P), `${what}: division`)
}

/** a / b modulo p and modulo n. */
export const divideCase: Case = async (calculate, random, label) => {
    const m = random.pick([P, N])
    const a = anyNumber(random)
    const any = anyNumber(random)
    // 0 is the only multiple of m that is taken.
    const b = any % m === 0n ? 0n : any
    const { code, result } = await calculate(
        Operation.DivideModulo,
        ...[a, b, m].map(bytesOf)
    )
    assert.equal(code, 0, label)
    assert.equal(
        numberOf(result),
        modulo(a * inverse(b, m), m),
        `${label}: ${toHex(a)} / ${toHex(b)} modulo ${toHex(m)}`
    )
}

/** What the registers hold for a point with some Z. */
function registersOf({ x, y }: Point, z: bigint): Values {
    const [X, Y, Z] = [x * z * z, y * z * z * z, z].map(toMontgomery)
    return { X, Y, Z }
}

/** The point that registers hold; `null` for infinity. */
function pointOf(values: Values): Point | null {
    const [X, Y, Z] = ["X", "Y", "Z"].map(n => fromMontgomery(values[n]))
    const z = inverse(Z, P)
    return Z === 0n
        ? null
        : { x: modulo(X * z ** 2n, P), y: modulo(Y * z ** 3n, P) }
}

/** Doubling, adding and taking off; what equal and opposite points leave. */
export const pointCase: Case = async (calculate, random, label) => {
    const a = multiple(anyScalar(random))!
    const b = random.oneIn(4)
        ? random.pick([a, opposite(a)])
        : multiple(anyScalar(random))!
    const z = modulo(anyNumber(random), P) || 1n
    const what = `${label}: ${hex(encoded(a))} ${hex(encoded(b))} ${toHex(z)}`
    const PX = toMontgomery(b.x)
    const PY = toMontgomery(b.y)

    const doubled = await run(
        calculate,
        [...PROGRAMS.DOUBLE[1], ...storable("X", "Y", "Z")],
        registersOf(a, z)
    )
    assert.deepEqual(pointOf(doubled), add(a, a), `${what}: doubled`)

    for (const [name, other] of [
        ["ADD", b],
        ["SUBTRACT", opposite(b)],
    ] as const) {
        const sum = await run(
            calculate,
            [...PROGRAMS[name][1], ...storable("X", "Y", "Z", "A", "B")],
            { ...registersOf(a, z), PX, PY }
        )
        if (a.x !== b.x) {
            assert.deepEqual(pointOf(sum), add(a, other), `${what}: ${name}`)
            continue
        }
        assert.equal(sum.Z, 0n, `${what}: ${name} of the same x`)
        assert.equal(sum.A, 0n, `${what}: ${name} of the same x`)
        assert.equal(sum.B === 0n, a.y === other.y, `${what}: ${name}`)
    }
}

// ---- Diffie-Hellman

export async function expectKey(
    calculate: Calculate,
    scalar: bigint,
    label: string
): Promise<void> {
    const { code, result } = await calculate(
        Operation.MultiplyP256,
        bytesOf(scalar)
    )
    assert.equal(code, 0, label)
    assert.equal(
        hex(result),
        hex(keyPair(scalar).getPublicKey()),
        `${label}: ${toHex(scalar)}`
    )
}

/** The public key of a scalar; one out of range is refused. */
export const keyCase: Case = async (calculate, random, label) => {
    const scalar = anyNumber(random)
    if (scalar > 0n && scalar < N) return expectKey(calculate, scalar, label)
    const { code } = await calculate(Operation.MultiplyP256, bytesOf(scalar))
    assert.equal(code, ErrorCode.CryptoScalar, `${label}: ${toHex(scalar)}`)
}

export async function expectSecret(
    calculate: Calculate,
    scalar: bigint,
    peer: bigint,
    label: string
): Promise<void> {
    const publicKey = keyPair(peer).getPublicKey()
    const { code, result } = await calculate(
        Operation.MultiplyP256,
        ...[bytesOf(scalar), publicKey]
    )
    assert.equal(code, 0, label)
    assert.equal(
        hex(result.subarray(1, 33)),
        hex(keyPair(scalar).computeSecret(publicKey)),
        `${label}: ${toHex(scalar)} ${toHex(peer)}`
    )
}

/** The shared secret; a point that is not on the curve is refused. */
export const agreeCase: Case = async (calculate, random, label) => {
    const [scalar, peer] = [anyScalar(random), anyScalar(random)]
    if (!random.oneIn(10)) return expectSecret(calculate, scalar, peer, label)
    const altered = keyPair(peer).getPublicKey()
    altered[1 + random.below(64)] ^= 1 << random.below(8)
    const { code } = await calculate(
        Operation.MultiplyP256,
        ...[bytesOf(scalar), altered]
    )
    assert.throws(() => keyPair(scalar).computeSecret(altered), label)
    assert.equal(code, ErrorCode.CryptoPoint, `${label}: ${hex(altered)}`)
}

// ---- ECDSA

/** The minimal DER of a number that is not negative. */
export function derInteger(value: bigint): Buffer {
    const digits = value.toString(16)
    const even = digits.length % 2 ? `0${digits}` : digits
    const bytes = Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, "hex")
    return Buffer.concat([Buffer.from([2, bytes.length]), bytes])
}

export function derSignature(r: bigint, s: bigint): Buffer {
    const body = Buffer.concat([derInteger(r), derInteger(s)])
    return Buffer.concat([Buffer.from([0x30, body.length]), body])
}

export async function expectVerified(
    calculate: Calculate,
    expected: number,
    fields: Buffer[],
    label: string
): Promise<void> {
    const { code } = await calculate(Operation.VerifyEcdsaP256, ...fields)
    assert.equal(code, expected, [label, ...fields.map(hex)].join(" "))
}

const SUBJECT_KEY = Buffer.from(
    "3059301306072a8648ce3d020106082a8648ce3d030107034200",
    "hex"
)

/** Signatures by OpenSSL, with each hash: good, over something else, altered. */
export const ecdsaCase: Case = async (calculate, random, label) => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", {
        namedCurve: "prime256v1",
    })
    const key = publicKey.export({ type: "spki", format: "der" }).subarray(-65)
    const hash = random.pick(["sha256", "sha384", "sha512"])
    const message = random.bytes(random.below(100))
    const digest = createHash(hash).update(message).digest()
    const good = sign(hash, message, privateKey)
    if (random.oneIn(2))
        return expectVerified(calculate, 0, [key, digest, good], label)

    const [otherKey, otherDigest, altered] = [key, digest, good].map(bytes =>
        Buffer.from(bytes)
    )
    // An r or s of 32 bytes with a bit changed at its end is almost surely still in range.
    const bad = ErrorCode.CryptoBadSignature
    switch (random.below(4)) {
        case 0:
            otherDigest[random.below(32)] ^= 1 << random.below(8)
            break
        case 1:
            altered[good.length - 1 - random.below(16)] ^= 1 << random.below(8)
            break
        case 2:
            bytesOf(P - numberOf(key.subarray(33))).copy(otherKey, 33)
            break
        default: {
            // Any bit: whatever the code, OpenSSL refuses it too.
            altered[random.below(good.length)] ^= 1 << random.below(8)
            const { code } = await calculate(
                Operation.VerifyEcdsaP256,
                ...[key, digest, altered]
            )
            assert.notEqual(code, 0, `${label}: ${hex(altered)}`)
            assert.ok(!verify(hash, message, publicKey, altered), label)
            return
        }
    }
    const other = createPublicKey({
        key: Buffer.concat([SUBJECT_KEY, otherKey]),
        format: "der",
        type: "spki",
    })
    if (otherDigest.equals(digest))
        assert.ok(!verify(hash, message, other, altered), label)
    await expectVerified(
        calculate,
        bad,
        [otherKey, otherDigest, altered],
        label
    )
}

/**
 * A signature made so that u1 and u2 are these, for the key d G: with them all that can happen in the sum is reached,
 * infinity, equal and opposite points.
 */
export async function expectSum(
    calculate: Calculate,
    [u1, u2, d]: bigint[],
    label: string
): Promise<void> {
    const what = `${label}: u1 ${toHex(u1)} u2 ${toHex(u2)} d ${toHex(d)}`
    const sum = multiple(u1 + u2 * d)
    const r = sum ? modulo(sum.x, N) : 1n
    const s = modulo(r * inverse(u2, N), N)
    const key = encoded(multiple(d)!)
    const digest = bytesOf(modulo(u1 * s, N))
    const bad = ErrorCode.CryptoBadSignature
    await expectVerified(
        calculate,
        sum ? 0 : bad,
        [key, digest, derSignature(r, s)],
        what
    )
    // The same sum, but not the same r.
    const otherR = modulo(r + 1n, N) || 1n
    const otherS = modulo(otherR * inverse(u2, N), N)
    await expectVerified(
        calculate,
        bad,
        [key, bytesOf(modulo(u1 * otherS, N)), derSignature(otherR, otherS)],
        what
    )
}

export const sumCase: Case = async (calculate, random, label) => {
    const small = () => BigInt(random.below(40)) - 20n
    const any = () => modulo(random.oneIn(2) ? small() : anyNumber(random), N)
    const u2 = any() || 1n
    const d = any() || 1n
    // Now and then such that both multiples are the same, or opposite, or almost.
    const u1 = random.oneIn(3)
        ? modulo(random.pick([1n, -1n]) * u2 * d + (small() % 3n), N)
        : any()
    await expectSum(calculate, [u1, u2, d], label)
}
