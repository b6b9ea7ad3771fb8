/** Ready-made sets of parts. */
import { AeadAlgorithm } from "../crypto/aead"
import { chacha20Poly1305 } from "../crypto/chacha20poly1305"
import { sha256 } from "../crypto/hash"
import { rsaEncryption, RsaPkcs1, RsaPss, sha256WithRsa } from "../x509/scheme"
import { tls12 } from "./handshake12"
import { tls13 } from "./handshake13"
import { TLS12, TLS13 } from "./hello"
import { CipherSuite, TlsParts } from "./part"
import { IV_LENGTH } from "./protection"
import { x25519Group } from "./x25519group"

/**
 * For gateways with an RSA chain, as Microsoft's scripts make them: TLS 1.2 and 1.3, X25519,
 * CHACHA20_POLY1305_SHA256, RSA-PSS in the handshake (PKCS#1 v1.5 as well in TLS 1.2), RSA PKCS#1 v1.5 with SHA-256 in certificates.
 */
export function rsaSet(): TlsParts {
    const chacha = chacha20Poly1305()
    return {
        versions: [tls13(), tls12()],
        groups: [x25519Group()],
        suites: [
            suite13(0x1303, chacha),
            suite12(0xcca8, chacha, rsaEncryption(), IV_LENGTH),
        ],
        schemes: [
            new RsaPss(sha256(), 0x0804),
            new RsaPkcs1(sha256(), 0x0401, sha256WithRsa()),
        ],
    }
}

function suite13(code: number, aead: AeadAlgorithm): CipherSuite {
    return { code, version: TLS13, aead, keyAlgorithm: null, fixedIvLength: 0 }
}

function suite12(
    code: number,
    aead: AeadAlgorithm,
    keyAlgorithm: Buffer,
    fixedIvLength: number
): CipherSuite {
    return { code, version: TLS12, aead, keyAlgorithm, fixedIvLength }
}
