/** Command lines of openssl s_server and gnutls-serv for a case, and what they say of each connection. */
import { Case } from "./cases"

export interface ServerFiles {
    /** PEM: the server's certificate; what it sends behind it, "" for nothing; both, in this order. */
    certificate: string
    others: string
    chain: string
    /** PEM of the server's private key. */
    key: string
}

/** What a server says of a connection. */
export interface Verdict {
    resumed: boolean
    /** In the server's words. */
    text: string
}

export interface Server {
    program: string
    args(one: Case, files: ServerFiles, port: number): string[]
    /**
     * @param output of the server
     * @param lines of the answers that the device got, without `client: line `
     */
    verdicts(output: string, lines: string[]): Verdict[]
    /** What must stand in the output of a full handshake: that the server really did what the case is about. */
    evidence(one: Case): RegExp[]
}

const openssl: Server = {
    program: "openssl",

    args(one, files, port) {
        const { version, group, records, asks } = one
        const suite =
            one.cipher === "ChaCha20"
                ? "CHACHA20-POLY1305"
                : "AES128-GCM-SHA256"
        const authentication = one.keys === "P-256" ? "ECDSA" : "RSA"
        return [
            "s_server",
            ...["-accept", String(port), "-www", "-trace"],
            ...["-cert", files.certificate, "-key", files.key],
            ...(files.others ? ["-cert_chain", files.others] : []),
            ...(version === "1.3"
                ? ["-tls1_3", "-ciphersuites", OPENSSL_SUITES_13[one.cipher]]
                : ["-tls1_2", "-cipher", `ECDHE-${authentication}-${suite}`]),
            ...["-groups", group, "-sigalgs", opensslSignature(one)],
            ...(asks === "asks" ? ["-verify", "3"] : []),
            ...(records === "512 B" ? ["-max_send_frag", "512"] : []),
        ]
    },

    verdicts(_output, lines) {
        return lines
            .filter(line => /^(New|Reused),/.test(line))
            .map(text => ({ resumed: text.startsWith("Reused"), text }))
    },

    evidence(one) {
        const group = one.group === "X25519" ? "ecdh_x25519" : "secp256r1"
        const hash = handshakeHash(one).toLowerCase().replace("-", "")
        const scheme =
            one.padding === "PSS"
                ? `rsa_pss_rsae_${hash}`
                : one.padding === "PKCS#1"
                  ? `rsa_pkcs1_${hash}`
                  : `ecdsa_secp...r1_${hash}`
        return [
            one.version === "1.3"
                ? new RegExp(`NamedGroup: ${group} `)
                : new RegExp(`named_curve: ${group} `),
            new RegExp(`Signature Algorithm: ${scheme} `),
            ...(one.asks === "asks" ? [/CertificateRequest, Length/] : []),
            ...(one.version === "1.3" && one.share === "other"
                ? [/ServerHello, Length[^]*?ClientHello, Length/]
                : []),
        ]
    },
}

const OPENSSL_SUITES_13 = {
    ChaCha20: "TLS_CHACHA20_POLY1305_SHA256",
    "AES-128": "TLS_AES_128_GCM_SHA256",
}

/** In TLS 1.3 P-256 signs with SHA-256 and nothing else, RFC 8446 4.2.3. */
function handshakeHash(one: Case): string {
    return one.version === "1.3" && one.keys === "P-256" ? "SHA-256" : one.hash
}

function opensslSignature(one: Case): string {
    const hash = handshakeHash(one).replace("-", "")
    return one.padding === "PSS"
        ? `rsa_pss_rsae_${hash.toLowerCase()}`
        : `${one.padding === "PKCS#1" ? "RSA" : "ECDSA"}+${hash}`
}

const gnutls: Server = {
    program: "gnutls-serv",

    args(one, files, port) {
        const exchange =
            one.version === "1.3"
                ? []
                : [one.keys === "P-256" ? "ECDHE-ECDSA" : "ECDHE-RSA"]
        const priority = [
            "NONE",
            `VERS-TLS${one.version}`,
            ...exchange,
            GNUTLS_CIPHERS[one.cipher],
            "AEAD",
            one.group === "X25519" ? "GROUP-X25519" : "GROUP-SECP256R1",
            `SIGN-${gnutlsSignature(one)}`,
            "CTYPE-SRV-X509",
            "CTYPE-CLI-X509",
            "COMP-NULL",
        ]
        return [
            ...["-p", String(port), "--http"],
            ...["--x509certfile", files.chain, "--x509keyfile", files.key],
            ...["--priority", priority.join(":+")],
            ...(one.asks === "asks" ? [] : ["--disable-client-cert"]),
        ]
    },

    verdicts(output) {
        const connections = output.split("* Accepted connection").slice(1)
        return connections
            .map(text => ({
                resumed: text.includes("*** This is a resumed session"),
                text: /^- Description: (.*)$/m.exec(text)?.[1] ?? "",
            }))
            .filter(({ text }) => text)
    },

    evidence(one) {
        const signature = gnutlsSignature(one)
        // As it names it in its descriptions.
        const named =
            one.keys === "P-256" && one.version === "1.3"
                ? "ECDSA-SECP256R1-SHA256"
                : signature
        const exchange = one.group === "X25519" ? "X25519" : "SECP256R1"
        return [
            new RegExp(
                `\\(TLS${one.version}-X.509\\)-\\(ECDHE-${exchange}\\)-` +
                    `\\(${named}\\)-\\(${GNUTLS_CIPHERS[one.cipher]}\\)`
            ),
        ]
    },
}

const GNUTLS_CIPHERS = {
    ChaCha20: "CHACHA20-POLY1305",
    "AES-128": "AES-128-GCM",
}

function gnutlsSignature(one: Case): string {
    const hash = handshakeHash(one).replace("-", "")
    if (one.padding === "PSS") return `RSA-PSS-RSAE-${hash}`
    if (one.padding === "PKCS#1") return `RSA-${hash}`
    return one.version === "1.3" ? `ECDSA-SECP256R1-${hash}` : `ECDSA-${hash}`
}

export const SERVERS: Record<Case["peer"], Server> = {
    openssl,
    "gnutls-serv": gnutls,
}
