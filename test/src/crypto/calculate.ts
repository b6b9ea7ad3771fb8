/**
 * The device's cryptography as one function over bytes, for tests that hold it against other implementations: called
 * directly under Node, and through `test/firmware/calculator.ts` in the VM.
 */
import { wipe } from "../../../src/bytes"
import { AeadAlgorithm } from "../../../src/crypto/aead"
import { aes128Gcm } from "../../../src/crypto/aesgcm"
import { chacha20Poly1305 } from "../../../src/crypto/chacha20poly1305"
import {
    invertModulo,
    loadDigits,
    multiplyModulo,
    storeDigits,
} from "../../../src/crypto/digits"
import { verifyEcdsaP256 } from "../../../src/crypto/ecdsa"
import { P256_P, REGISTERS, runP256 } from "../../../src/crypto/fieldp256.g"
import { Hash, sha256 } from "../../../src/crypto/hash"
import { hkdfExpand, hkdfExtract } from "../../../src/crypto/hkdf"
import { multiplyP256 } from "../../../src/crypto/p256"
import { verifyPkcs1 } from "../../../src/crypto/pkcs1"
import { verifyPss } from "../../../src/crypto/pss"
import { rsaPublicOperation } from "../../../src/crypto/rsa"
import { sha384, sha512 } from "../../../src/crypto/sha512"
import { x25519, x25519PublicKey } from "../../../src/crypto/x25519"
import { errorCode } from "../../../src/errors"

/** What can be asked for, with its fields; numbers are of two bytes, big-endian. */
export const enum Operation {
    /** scalar, u */
    X25519 = 1,
    /** scalar */
    X25519PublicKey = 2,
    /** key, nonce, associated data, data, from, length: the answer is all of data */
    Seal = 3,
    /** As Seal; when it fails, data comes with the code. */
    Open = 4,
    /** salt, input key material: the answer is the pseudorandom key */
    HkdfExtract = 5,
    /** pseudorandom key, info, length */
    HkdfExpand = 6,
    /** modulus, input */
    RsaPublicOperation = 7,
    /** modulus, digest, signature, bytes of the hash */
    VerifyPkcs1 = 8,
    /** modulus, digest, signature, bytes of the hash */
    VerifyPss = 9,
    /** As Seal and Open, with AES-128-GCM. */
    SealGcm = 20,
    OpenGcm = 21,
    /** bytes of the hash, and any number of parts */
    Digest = 22,
    /** program, and what the first registers hold, 32 bytes each: the answer is what they hold then */
    RunP256 = 30,
    /** scalar, point; without a point times the generator */
    MultiplyP256 = 31,
    /** public key, digest, signature */
    VerifyEcdsaP256 = 32,
    /** a, b, modulus: a / b, by way of digits */
    DivideModulo = 33,
}

/** The hash whose length is in a field. */
function hashOf(field: Buffer): Hash {
    const length = field.readUInt16BE(0)
    if (length === 48) return sha384()
    return length === 64 ? sha512() : sha256()
}

async function run(operation: Operation, fields: Buffer[]): Promise<Buffer> {
    const key = { modulus: fields[0], exponent: 65537 }
    switch (operation) {
        case Operation.X25519:
            return await x25519(fields[0], fields[1])
        case Operation.X25519PublicKey:
            return await x25519PublicKey(fields[0])
        case Operation.HkdfExtract:
            return hkdfExtract(fields[0], fields[1])
        case Operation.HkdfExpand:
            return hkdfExpand(fields[0], fields[1], fields[2].readUInt16BE(0))
        case Operation.RsaPublicOperation:
            return await rsaPublicOperation(key, fields[1])
        case Operation.VerifyPkcs1:
            await verifyPkcs1(key, hashOf(fields[3]), fields[1], fields[2])
            return hex``
        case Operation.VerifyPss:
            await verifyPss(key, hashOf(fields[3]), fields[1], fields[2])
            return hex``
        case Operation.RunP256:
            return await runProgram(fields[0], fields[1])
        case Operation.MultiplyP256:
            return await multiplyP256(
                fields[0],
                fields.length === 1 ? null : fields[1]
            )
        case Operation.VerifyEcdsaP256:
            await verifyEcdsaP256(fields[0], fields[1], fields[2])
            return hex``
        case Operation.DivideModulo:
            return await divideModulo(fields[0], fields[1], fields[2])
        case Operation.Digest:
            return await hashOf(fields[0]).digest(...fields.slice(1))
        case Operation.Seal:
        case Operation.Open:
            await sealOrOpen(chacha20Poly1305(), operation, fields)
            return fields[3]
        default:
            await sealOrOpen(aes128Gcm(), operation, fields)
            return fields[3]
    }
}

async function runProgram(program: Buffer, values: Buffer): Promise<Buffer> {
    const registers: number[][] = []
    for (let at = 0; at < REGISTERS.length; at = at + 32)
        if (at < values.length) registers.push(loadDigits([], values, at))
        else registers.push(loadDigits([], REGISTERS, at))
    await runP256(program, registers)
    const p = loadDigits([], P256_P, 0)
    const result = Buffer.alloc(values.length)
    for (let at = 0; at < values.length; at = at + 32)
        storeDigits(registers[at >> 5], p, result, at)
    return result
}

async function divideModulo(
    a: Buffer,
    b: Buffer,
    modulus: Buffer
): Promise<Buffer> {
    const m = loadDigits([], modulus, 0)
    const inverse = await invertModulo(loadDigits([], b, 0), m)
    const quotient = await multiplyModulo(loadDigits([], a, 0), inverse, m)
    const result = Buffer.alloc(32)
    storeDigits(quotient, m, result, 0)
    return result
}

async function sealOrOpen(
    algorithm: AeadAlgorithm,
    operation: Operation,
    fields: Buffer[]
): Promise<void> {
    const aead = algorithm.create(fields[0])
    // It has its own copy.
    wipe(fields[0])
    const from = fields[4].readUInt16BE(0)
    const length = fields[5].readUInt16BE(0)
    if (operation === Operation.Seal || operation === Operation.SealGcm)
        await aead.seal(fields[1], fields[2], fields[3], from, length)
    else await aead.open(fields[1], fields[2], fields[3], from, length)
    aead.wipe()
}

/** The code of the error as two bytes, 0 for none, and then the result. */
export async function calculate(
    operation: Operation,
    fields: Buffer[]
): Promise<Buffer> {
    const code = Buffer.alloc(2)
    let result = hex``
    try {
        result = await run(operation, fields)
    } catch (e: any) {
        const number = errorCode(e)
        if (number === 0) throw e
        code[0] = number >> 8
        code[1] = number
        if (operation === Operation.Open || operation === Operation.OpenGcm)
            result = fields[3]
    }
    return Buffer.concat(code, result)
}
