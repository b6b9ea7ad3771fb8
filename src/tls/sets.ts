/**
 * Ready-made sets of parts. Every one speaks TLS 1.2 and 1.3, with AES-128-GCM and ChaCha20-Poly1305, and prefers the latter
 * (see `crypto/aesgcm.ts`).
 */
import { AeadAlgorithm } from "../crypto/aead"
import { aes128Gcm } from "../crypto/aesgcm"
import { chacha20Poly1305 } from "../crypto/chacha20poly1305"
import { sha256 } from "../crypto/hash"
import { sha384, sha512 } from "../crypto/sha512"
import {
    ecdsaWithSha256,
    ecdsaWithSha384,
    ecdsaWithSha512,
    EcdsaP256,
    p256Key,
} from "../x509/ecdsascheme"
import {
    rsaEncryption,
    RsaPkcs1,
    RsaPss,
    sha256WithRsa,
    sha384WithRsa,
    sha512WithRsa,
    SignatureScheme,
} from "../x509/scheme"
import { tls12 } from "./handshake12"
import { tls13 } from "./handshake13"
import { TLS12, TLS13 } from "./hello"
import { CipherSuite, TlsParts } from "./part"
import { p256Group } from "./p256group"
import { IV_LENGTH } from "./protection"
import { x25519Group } from "./x25519group"

/** GCM's nonce in TLS 1.2: the bytes that come from the key exchange, RFC 5288 3. */
const GCM_SALT_LENGTH = 4

/**
 * For gateways with an RSA chain, as Microsoft's scripts make them, and for IoT Hub: X25519; RSA with 2048 to 4096 bits,
 * PSS and PKCS#1 v1.5, with SHA-256, SHA-384 and SHA-512.
 */
export function rsaSet(): TlsParts {
    return {
        versions: [tls13(), tls12()],
        groups: [x25519Group()],
        suites: suites([[rsaEncryption(), 0xcca8, 0xc02f]]),
        schemes: rsaSchemes(),
    }
}

function rsaSchemes(): SignatureScheme[] {
    const first = sha256()
    const second = sha384()
    const third = sha512()
    return [
        new RsaPss(first, 0x0804),
        new RsaPss(second, 0x0805),
        new RsaPss(third, 0x0806),
        new RsaPkcs1(first, 0x0401, sha256WithRsa()),
        new RsaPkcs1(second, 0x0501, sha384WithRsa()),
        new RsaPkcs1(third, 0x0601, sha512WithRsa()),
    ]
}

/** For gateways with a P-256 chain: P-256 in the key exchange as well, so that no other arithmetic is in the image. */
export function ecSet(): TlsParts {
    return {
        versions: [tls13(), tls12()],
        groups: [p256Group()],
        suites: suites([[p256Key(), 0xcca9, 0xc02b]]),
        schemes: ecdsaSchemes(),
    }
}

/** Both. Its code leaves room for plain telemetry, not for much more. */
export function allSet(): TlsParts {
    const schemes = rsaSchemes()
    for (const scheme of ecdsaSchemes()) schemes.push(scheme)
    return {
        versions: [tls13(), tls12()],
        groups: [x25519Group(), p256Group()],
        suites: suites([
            [rsaEncryption(), 0xcca8, 0xc02f],
            [p256Key(), 0xcca9, 0xc02b],
        ]),
        schemes,
    }
}

function ecdsaSchemes(): SignatureScheme[] {
    return [
        new EcdsaP256(sha256(), 0x0403, ecdsaWithSha256()),
        new EcdsaP256(sha384(), 0x0503, ecdsaWithSha384()),
        new EcdsaP256(sha512(), 0x0603, ecdsaWithSha512()),
    ]
}

/**
 * The suites of TLS 1.3, and those of TLS 1.2 for some kinds of server keys.
 *
 * @param kinds for each: content of the key's AlgorithmIdentifier, the code with ChaCha20-Poly1305, and with AES-128-GCM
 */
function suites(kinds: any[][]): CipherSuite[] {
    const chacha = chacha20Poly1305()
    const gcm = aes128Gcm()
    const list = [
        suite(0x1303, TLS13, chacha, null, IV_LENGTH),
        suite(0x1301, TLS13, gcm, null, IV_LENGTH),
    ]
    for (const kind of kinds) {
        list.push(suite(kind[1], TLS12, chacha, kind[0], IV_LENGTH))
        list.push(suite(kind[2], TLS12, gcm, kind[0], GCM_SALT_LENGTH))
    }
    return list
}

function suite(
    code: number,
    version: number,
    aead: AeadAlgorithm,
    keyAlgorithm: Buffer,
    fixedIvLength: number
): CipherSuite {
    return { code, version, aead, keyAlgorithm, fixedIvLength }
}
