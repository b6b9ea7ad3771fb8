/** Ready-made sets of parts. */
import { chacha20Poly1305 } from "../crypto/chacha20poly1305"
import { sha256 } from "../crypto/hash"
import { RsaPkcs1, RsaPss, sha256WithRsa } from "../x509/scheme"
import { tls13 } from "./handshake13"
import { TlsParts } from "./part"
import { x25519Group } from "./x25519group"

/**
 * For gateways with an RSA chain, as Microsoft's scripts make them: TLS 1.3, X25519, TLS_CHACHA20_POLY1305_SHA256,
 * RSA-PSS in the handshake, RSA PKCS#1 v1.5 with SHA-256 in certificates.
 */
export function rsaSet(): TlsParts {
    return {
        versions: [tls13()],
        groups: [x25519Group()],
        suites: [{ code: 0x1303, aead: chacha20Poly1305() }],
        schemes: [
            new RsaPss(sha256(), 0x0804),
            new RsaPkcs1(sha256(), 0x0401, sha256WithRsa()),
        ],
    }
}
