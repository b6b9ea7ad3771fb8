import { describe, expect, test } from "@devicescript/test"
import { AeadAlgorithm } from "../../../src/crypto/aead"
import { aes128Gcm } from "../../../src/crypto/aesgcm"
import { chacha20Poly1305 } from "../../../src/crypto/chacha20poly1305"
import { verifyEcdsaP256 } from "../../../src/crypto/ecdsa"
import { sha256 } from "../../../src/crypto/hash"
import { verifyPkcs1 } from "../../../src/crypto/pkcs1"
import { verifyPss } from "../../../src/crypto/pss"
import { x25519 } from "../../../src/crypto/x25519"
import { ErrorCode, errorCode } from "../../../src/errors"
import { expectBytes } from "../check"
import {
    aesGcmSamples,
    chacha20Poly1305Samples,
    ecdsaP256Samples,
    rsaPkcs1Samples,
    rsaPssSamples,
    Sample,
    x25519Samples,
} from "./wycheproof"

/** Runs each sample, and asserts that it is accepted, or refused with one of these codes. */
async function check(
    samples: Sample[],
    codes: ErrorCode[],
    body: (fields: Buffer[]) => Promise<void>
) {
    let good = 0
    for (const sample of samples) {
        let seen = 0
        try {
            await body(sample.fields)
        } catch (e: any) {
            seen = errorCode(e)
            if (seen === 0) throw e
        }
        const right = sample.good ? seen === 0 : codes.indexOf(seen) >= 0
        expect(`tcId ${sample.tcId}: ${right ? "" : seen}`).toBe(
            `tcId ${sample.tcId}: `
        )
        if (sample.good) good++
    }
    // A sample has both kinds.
    expect(good > 0 && good < samples.length).toBe(true)
}

async function checkAead(algorithm: AeadAlgorithm, samples: Sample[]) {
    const codes = [ErrorCode.CryptoBadTag, ErrorCode.CryptoNonceLength]
    await check(samples, codes, async fields => {
        const key = algorithm.create(fields[0])
        const text = fields[3]
        const data = fields[4].slice()
        await key.open(fields[1], fields[2], data, 0, text.length)
        expectBytes(data.slice(0, text.length), text)
        await key.seal(fields[1], fields[2], data, 0, text.length)
        expectBytes(data, fields[4])
    })
}

function rsaKey(fields: Buffer[]) {
    let exponent = 0
    for (let i = 0; i < fields[1].length; i++)
        exponent = exponent * 256 + fields[1][i]
    return { modulus: fields[0], exponent }
}

const RSA_CODES = [
    ErrorCode.CryptoBadSignature,
    ErrorCode.CryptoSignatureLength,
    ErrorCode.CryptoSignatureRange,
    ErrorCode.CryptoExponent,
]

describe("a sample of Wycheproof", () => {
    test("of AES-128-GCM is judged as it says", async () => {
        await checkAead(aes128Gcm(), aesGcmSamples())
    })

    test("of ChaCha20-Poly1305 is judged as it says", async () => {
        await checkAead(chacha20Poly1305(), chacha20Poly1305Samples())
    })

    test("of ECDSA P-256 is judged as it says (K5)", async () => {
        const codes = [
            ErrorCode.CryptoBadSignature,
            ErrorCode.CryptoSignatureEncoding,
            ErrorCode.CryptoSignatureRange,
        ]
        await check(ecdsaP256Samples(), codes, async fields => {
            await verifyEcdsaP256(fields[0], fields[1], fields[2])
        })
    })

    test("of RSA PSS is judged as it says (K6)", async () => {
        await check(rsaPssSamples(), RSA_CODES, async fields => {
            await verifyPss(rsaKey(fields), sha256(), fields[2], fields[3])
        })
    })

    test("of RSA PKCS#1 v1.5 is judged as it says (K6)", async () => {
        await check(rsaPkcs1Samples(), RSA_CODES, async fields => {
            await verifyPkcs1(rsaKey(fields), sha256(), fields[2], fields[3])
        })
    })

    test("of X25519 is judged as it says (K2)", async () => {
        const codes = [ErrorCode.CryptoWeakKeyShare]
        await check(x25519Samples(), codes, async fields => {
            expectBytes(await x25519(fields[0], fields[1]), fields[2])
        })
    })
})
