/** Cipher suites, groups and signature schemes of the hostile servers, over Node's crypto and nothing of the device's. */
import {
    constants,
    createCipheriv,
    createDecipheriv,
    createECDH,
    createHash,
    createHmac,
    createPublicKey,
    diffieHellman,
    generateKeyPairSync,
    KeyObject,
    sign,
} from "node:crypto"

export function sha256(...parts: Buffer[]): Buffer {
    const hash = createHash("sha256")
    for (const part of parts) hash.update(part)
    return hash.digest()
}

export function hmac256(key: Buffer, ...data: Buffer[]): Buffer {
    const mac = createHmac("sha256", key)
    for (const part of data) mac.update(part)
    return mac.digest()
}

export interface Suite {
    code: number
    cipher: "aes-128-gcm" | "chacha20-poly1305"
    keyLength: number
    /** The key that signs, in TLS 1.2; any in 1.3. */
    auth?: "rsa" | "ec"
}

const AES = { cipher: "aes-128-gcm", keyLength: 16 } as const
const CHACHA = { cipher: "chacha20-poly1305", keyLength: 32 } as const

/** TLS 1.2: RFC 5289 3.2, RFC 7905 2. In the order of a server's preference. */
export const SUITES_12: Suite[] = [
    { code: 0xc02b, ...AES, auth: "ec" },
    { code: 0xc02f, ...AES, auth: "rsa" },
    { code: 0xcca9, ...CHACHA, auth: "ec" },
    { code: 0xcca8, ...CHACHA, auth: "rsa" },
]

/** TLS 1.3: RFC 8446 B.4. */
export const SUITES_13: Suite[] = [
    { code: 0x1301, ...AES },
    { code: 0x1303, ...CHACHA },
]

export const TAG_LENGTH = 16

/** @returns ciphertext and tag */
export function sealAead(
    { cipher }: Suite,
    key: Buffer,
    nonce: Buffer,
    associated: Buffer,
    plaintext: Buffer
): Buffer {
    // Node's types know each cipher by a literal of its own.
    const state = createCipheriv(cipher as "chacha20-poly1305", key, nonce, {
        authTagLength: TAG_LENGTH,
    })
    state.setAAD(associated, { plaintextLength: plaintext.length })
    return Buffer.concat([
        state.update(plaintext),
        state.final(),
        state.getAuthTag(),
    ])
}

/** @throws Error if it does not authenticate */
export function openAead(
    { cipher }: Suite,
    key: Buffer,
    nonce: Buffer,
    associated: Buffer,
    sealed: Buffer
): Buffer {
    const end = sealed.length - TAG_LENGTH
    if (end < 0) throw new Error("there is no tag")
    const state = createDecipheriv(cipher as "chacha20-poly1305", key, nonce, {
        authTagLength: TAG_LENGTH,
    })
    state.setAAD(associated, { plaintextLength: end })
    state.setAuthTag(sealed.subarray(end))
    return Buffer.concat([state.update(sealed.subarray(0, end)), state.final()])
}

/** The nonce of TLS 1.3 and of ChaCha20-Poly1305 in 1.2: the IV and the sequence number, by exclusive or. */
export function xorNonce(iv: Buffer, sequence: number): Buffer {
    const nonce = Buffer.from(iv)
    const counter = nonce.readBigUInt64BE(4) ^ BigInt(sequence)
    nonce.writeBigUInt64BE(counter, 4)
    return nonce
}

export const X25519 = 0x001d
export const P256 = 0x0017

/** The server's side of a key exchange: its public key, and the secret as soon as the client's key is known. */
export interface ServerShare {
    publicKey: Buffer
    /** @throws Error if it is no public key of the group */
    agree(client: Buffer): Buffer
}

/** A new key of X25519 or P-256. */
export function generateShare(group: number): ServerShare {
    if (group === P256) {
        const ecdh = createECDH("prime256v1")
        return {
            publicKey: ecdh.generateKeys(),
            agree: client => ecdh.computeSecret(client),
        }
    }
    const { publicKey, privateKey } = generateKeyPairSync("x25519")
    return {
        publicKey: rawX25519(publicKey),
        agree: client =>
            diffieHellman({
                privateKey,
                publicKey: createPublicKey({
                    key: {
                        kty: "OKP",
                        crv: "X25519",
                        x: client.toString("base64url"),
                    },
                    format: "jwk",
                }),
            }),
    }
}

function rawX25519(key: KeyObject): Buffer {
    return Buffer.from(key.export({ format: "jwk" }).x!, "base64url")
}

interface Scheme {
    key: "rsa" | "ec"
    hash: string
    pss?: boolean
}

/** By code point, RFC 8446 4.2.3. The ones with SHA-1 are there to be refused. */
const SCHEMES: Record<number, Scheme> = {
    0x0804: { key: "rsa", hash: "sha256", pss: true },
    0x0805: { key: "rsa", hash: "sha384", pss: true },
    0x0806: { key: "rsa", hash: "sha512", pss: true },
    0x0403: { key: "ec", hash: "sha256" },
    0x0401: { key: "rsa", hash: "sha256" },
    0x0501: { key: "rsa", hash: "sha384" },
    0x0601: { key: "rsa", hash: "sha512" },
    0x0503: { key: "ec", hash: "sha384" },
    0x0603: { key: "ec", hash: "sha512" },
    0x0201: { key: "rsa", hash: "sha1" },
    0x0203: { key: "ec", hash: "sha1" },
}

export function keyKind(key: KeyObject): "rsa" | "ec" {
    return key.asymmetricKeyType === "ec" ? "ec" : "rsa"
}

/** Signs as the scheme says, with any key that it fits. */
export function signWith(
    code: number,
    key: KeyObject,
    content: Buffer
): Buffer {
    const scheme = SCHEMES[code]
    return sign(scheme.hash, content, {
        key,
        ...(scheme.pss && {
            padding: constants.RSA_PKCS1_PSS_PADDING,
            saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        }),
    })
}

/** The first scheme of ours that the client lists, fits the key, and may be used in the version. */
export function chooseScheme(
    offered: number[],
    key: KeyObject,
    isTls13: boolean
): number {
    const kind = keyKind(key)
    for (const code of Object.keys(SCHEMES).map(Number)) {
        const scheme = SCHEMES[code]
        const fits = !isTls13 || (kind === "rsa" ? scheme.pss : code === 0x0403)
        if (scheme.key === kind && fits && offered.includes(code)) return code
    }
    throw new Error("the client takes none of the server's signature schemes")
}

/** Whether `signWith` knows a scheme for this key. */
export function isScheme(code: number, key: KeyObject): boolean {
    return SCHEMES[code]?.key === keyKind(key)
}
