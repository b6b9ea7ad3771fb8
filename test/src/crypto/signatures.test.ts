import { describe, test } from "@devicescript/test"
import { Hash, sha256 } from "../../../src/crypto/hash"
import { verifyPkcs1 } from "../../../src/crypto/pkcs1"
import { verifyPss } from "../../../src/crypto/pss"
import { sha384, sha512 } from "../../../src/crypto/sha512"
import { ErrorCode } from "../../../src/errors"
import { expectCode } from "../check"
import {
    DIGEST,
    DIGEST_384,
    DIGEST_512,
    MODULUS,
    MODULUS_2049,
    PKCS1,
    PKCS1_2049,
    PKCS1_384,
    PKCS1_512,
    PKCS1_FIRST_BYTE,
    PKCS1_NO_NULL,
    PKCS1_OTHER_NAME,
    PKCS1_PADDING_BYTE,
    PKCS1_SHA1_NAME,
    PKCS1_SHORT_PADDING,
    PKCS1_TYPE_2,
    PSS,
    PSS_2049,
    PSS_2049_FIRST_BYTE,
    PSS_384,
    PSS_384_SALT_32,
    PSS_512,
    PSS_512_SALT_32,
    PSS_HASH,
    PSS_NO_SALT,
    PSS_SALT,
    PSS_SALT_20,
    PSS_SALT_33,
    PSS_SEPARATOR,
    PSS_TOP_BIT,
    PSS_TRAILER,
    PSS_ZEROS,
} from "./rsavectors"

async function pkcs1(code: number, signature: Buffer, digest = DIGEST) {
    const key = { modulus: MODULUS, exponent: 65537 }
    await expectCode(code, async () => {
        await verifyPkcs1(key, sha256(), digest, signature)
    })
}

async function pss(
    code: number,
    signature: Buffer,
    modulus = MODULUS,
    digest = DIGEST
) {
    const key = { modulus, exponent: 65537 }
    await expectCode(code, async () => {
        await verifyPss(key, sha256(), digest, signature)
    })
}

/** DIGEST with its last bit changed. */
function otherDigest(): Buffer {
    const other = DIGEST.slice()
    other[31] = other[31] ^ 1
    return other
}

const BAD = ErrorCode.CryptoBadSignature

describe("PKCS#1 v1.5", () => {
    test("a good signature verifies, with either modulus", async () => {
        await verifyPkcs1(
            { modulus: MODULUS, exponent: 65537 },
            sha256(),
            DIGEST,
            PKCS1
        )
        await verifyPkcs1(
            { modulus: MODULUS_2049, exponent: 65537 },
            sha256(),
            DIGEST,
            PKCS1_2049
        )
    })

    test("a signature over something else is refused", async () => {
        await pkcs1(BAD, PKCS1, otherDigest())
    })

    test("an altered signature is refused", async () => {
        const altered = PKCS1.slice()
        altered[255] = altered[255] ^ 1
        await pkcs1(BAD, altered)
    })

    test("a block that differs anywhere from the expected one is refused (K6)", async () => {
        await pkcs1(BAD, PKCS1_FIRST_BYTE)
        await pkcs1(BAD, PKCS1_TYPE_2)
        await pkcs1(BAD, PKCS1_PADDING_BYTE)
        await pkcs1(BAD, PKCS1_SHORT_PADDING)
        await pkcs1(BAD, PKCS1_NO_NULL)
    })

    test("another hash's name is refused, and a shorter hash (K7)", async () => {
        await pkcs1(BAD, PKCS1_OTHER_NAME)
        await pkcs1(BAD, PKCS1_SHA1_NAME)
    })

    test("a PSS signature is not one of PKCS#1 v1.5", async () => {
        await pkcs1(BAD, PSS)
    })

    test("a digest of another length is refused", async () => {
        const code = ErrorCode.CryptoDigestLength
        await pkcs1(code, PKCS1, DIGEST.slice(0, 20))
        await pkcs1(code, PKCS1, hex``)
    })

    test("a signature of another length is refused", async () => {
        await pkcs1(ErrorCode.CryptoSignatureLength, PKCS1.slice(1))
    })
})

describe("PSS", () => {
    test("a good signature verifies", async () => {
        const key = { modulus: MODULUS, exponent: 65537 }
        await verifyPss(key, sha256(), DIGEST, PSS)
    })

    test("a good signature verifies when the message is a byte shorter than the modulus", async () => {
        const key = { modulus: MODULUS_2049, exponent: 65537 }
        await verifyPss(key, sha256(), DIGEST, PSS_2049)
    })

    test("that missing byte has to be 0", async () => {
        await pss(BAD, PSS_2049_FIRST_BYTE, MODULUS_2049)
    })

    test("a signature over something else is refused", async () => {
        await pss(BAD, PSS, MODULUS, otherDigest())
    })

    test("an altered signature is refused", async () => {
        const altered = PSS.slice()
        altered[255] = altered[255] ^ 1
        await pss(BAD, altered)
    })

    test("a salt of another length is refused (K6)", async () => {
        await pss(BAD, PSS_NO_SALT)
        await pss(BAD, PSS_SALT_20)
        await pss(BAD, PSS_SALT_33)
    })

    test("a wrong trailer, top bit, zero, separator, salt or hash is refused", async () => {
        await pss(BAD, PSS_TRAILER)
        await pss(BAD, PSS_TOP_BIT)
        await pss(BAD, PSS_ZEROS)
        await pss(BAD, PSS_SEPARATOR)
        await pss(BAD, PSS_SALT)
        await pss(BAD, PSS_HASH)
    })

    test("a PKCS#1 v1.5 signature is not one of PSS", async () => {
        await pss(BAD, PKCS1)
    })

    test("a digest of another length is refused", async () => {
        await pss(
            ErrorCode.CryptoDigestLength,
            PSS,
            MODULUS,
            DIGEST.slice(0, 20)
        )
    })
})

describe("RSA with SHA-384 and SHA-512", () => {
    const key = { modulus: MODULUS, exponent: 65537 }

    async function bothVerify(
        hash: Hash,
        digest: Buffer,
        pkcs1Signature: Buffer,
        pssSignature: Buffer
    ) {
        await verifyPkcs1(key, hash, digest, pkcs1Signature)
        await verifyPss(key, hash, digest, pssSignature)
    }

    test("good signatures verify", async () => {
        await bothVerify(sha384(), DIGEST_384, PKCS1_384, PSS_384)
        await bothVerify(sha512(), DIGEST_512, PKCS1_512, PSS_512)
    })

    test("a signature with another of the hashes is refused", async () => {
        await expectCode(BAD, async () => {
            await verifyPkcs1(key, sha512(), DIGEST_512, PKCS1_384)
        })
        await expectCode(BAD, async () => {
            await verifyPkcs1(key, sha256(), DIGEST, PKCS1_512)
        })
        await expectCode(BAD, async () => {
            await verifyPss(key, sha384(), DIGEST_384, PSS_512)
        })
        await expectCode(BAD, async () => {
            await verifyPss(key, sha512(), DIGEST_512, PSS)
        })
    })

    test("the start of a longer digest is not a digest of a shorter hash", async () => {
        await expectCode(BAD, async () => {
            const start = DIGEST_512.slice(0, 48)
            await verifyPkcs1(key, sha384(), start, PKCS1_512)
        })
        await expectCode(ErrorCode.CryptoDigestLength, async () => {
            await verifyPkcs1(key, sha384(), DIGEST_512, PKCS1_512)
        })
        await expectCode(ErrorCode.CryptoDigestLength, async () => {
            await verifyPss(key, sha512(), DIGEST_384, PSS_384)
        })
    })

    test("a salt as long as another hash is refused (K6)", async () => {
        await expectCode(BAD, async () => {
            await verifyPss(key, sha384(), DIGEST_384, PSS_384_SALT_32)
        })
        await expectCode(BAD, async () => {
            await verifyPss(key, sha512(), DIGEST_512, PSS_512_SALT_32)
        })
    })
})
