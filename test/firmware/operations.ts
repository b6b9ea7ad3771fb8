/**
 * Runs each of the device's cryptographic operations some times, for test/bench: between the lines `begin: {name}` and
 * `end: {name}` lies one operation and nothing else.
 */
import * as ds from "@devicescript/core"
import { Aead, AeadAlgorithm } from "../../src/crypto/aead"
import { aes128Gcm } from "../../src/crypto/aesgcm"
import { chacha20Poly1305 } from "../../src/crypto/chacha20poly1305"
import { verifyEcdsaP256 } from "../../src/crypto/ecdsa"
import { hkdfExtract } from "../../src/crypto/hkdf"
import { multiplyP256 } from "../../src/crypto/p256"
import { rsaPublicOperation } from "../../src/crypto/rsa"
import { sha256 } from "../../src/crypto/hash"
import { sha384 } from "../../src/crypto/sha512"
import { x25519 } from "../../src/crypto/x25519"

/** The first round is the warm-up. */
const ROUNDS = 4

/** Bytes that symmetric operations are measured with. */
const LENGTH = 1024

/** Any bytes do where nothing is compared. */
const SCALAR: Buffer = hex`
    38546d44b44937e38928301326fcbd9d4ef61349a5ecdc878bed60d67c868333
`

/** SHA-256 of "Edge Leaf", and an ECDSA signature over it by the key of this point; made with node:crypto. */
const DIGEST = SCALAR
const POINT: Buffer = hex`
    046df50420a42c23911ddcd122e127377789dc348aa8cd02122ebeef2c68ccdeec
    d06c804f3754a5cefd277052576bde70de245746425e28436338d13fe576c4e5
`
const SIGNATURE: Buffer = hex`
    3044022047216730f2ae46d583583c07ee3e6861a82cc7b33b53da3ee202a127354e49eb
    02201c5bdee6d0559532beaecd3e9b83d7afd456fa85d23410d14b8c5418223ab528
`

function begin(name: string): void {
    console.log("begin: " + name)
}

async function end(name: string): Promise<void> {
    console.log("end: " + name)
    // What one operation has left is collected, and its lines are out, before the next one.
    await ds.sleep(20)
}

/** A modulus of this length, as the time does not depend on its value; and something below it. */
async function rsa(bits: number): Promise<void> {
    const modulus = Buffer.alloc(bits >> 3)
    modulus.fillAt(0, modulus.length, 0xb5)
    const input = Buffer.alloc(bits >> 3)
    input.fillAt(0, input.length, 0x5a)
    const name = "RSA-" + bits
    begin(name)
    await rsaPublicOperation({ modulus, exponent: 65537 }, input)
    await end(name)
}

async function aead(name: string, algorithm: AeadAlgorithm): Promise<void> {
    const key = SCALAR.slice(0, algorithm.keyLength)
    begin(name + " key")
    const cipher: Aead = algorithm.create(key)
    await end(name + " key")
    const data = Buffer.alloc(LENGTH + 16)
    const nonce = SCALAR.slice(0, 12)
    const aad = SCALAR.slice(0, 5)
    begin(name + " seal 1 KB")
    await cipher.seal(nonce, aad, data, 0, LENGTH)
    await end(name + " seal 1 KB")
    begin(name + " open 1 KB")
    await cipher.open(nonce, aad, data, 0, LENGTH)
    await end(name + " open 1 KB")
    begin(name + " seal 16 B")
    await cipher.seal(nonce, aad, data, 0, 16)
    await end(name + " seal 16 B")
}

async function round(): Promise<void> {
    begin("X25519")
    await x25519(SCALAR, SCALAR)
    await end("X25519")
    begin("P-256, its own point")
    await multiplyP256(SCALAR, null)
    await end("P-256, its own point")
    begin("P-256")
    await multiplyP256(SCALAR, POINT)
    await end("P-256")
    begin("ECDSA P-256")
    await verifyEcdsaP256(POINT, DIGEST, SIGNATURE)
    await end("ECDSA P-256")
    await rsa(2048)
    await rsa(3072)
    await rsa(4096)
    await aead("ChaCha20-Poly1305", chacha20Poly1305())
    await aead("AES-128-GCM", aes128Gcm())
    const data = Buffer.alloc(LENGTH)
    begin("SHA-256 1 KB")
    await sha256().digest(data)
    await end("SHA-256 1 KB")
    begin("SHA-384 1 KB")
    await sha384().digest(data)
    await end("SHA-384 1 KB")
    begin("HKDF-Extract")
    hkdfExtract(SCALAR, SCALAR)
    await end("HKDF-Extract")
}

for (let i = 0; i < ROUNDS; i++) await round()
console.log("done")
