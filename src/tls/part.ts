/**
 * The parts that a TLS client is put together from: versions, key exchange groups, cipher suites, signature schemes.
 *
 * A firmware names the parts it wants, and only those are in its image. Ready-made sets are in `sets.ts`.
 */
import { AeadAlgorithm } from "../crypto/aead"
import { SignatureScheme } from "../x509/scheme"
import { TlsConnection } from "./connection"
import { Handshake } from "./handshake"
import { ServerHello } from "./hello"
import { WireWriter } from "./wire"

/** An ephemeral key, for one handshake. */
export interface KeyShare {
    /** What goes to the server: into the key_share extension, or into the ClientKeyExchange. */
    publicKey: Buffer

    /**
     * The secret shared with the owner of the public key `peer`. Wipes the private key: there is no second call.
     *
     * @throws LeafError CryptoWeakKeyShare, CryptoPoint, TlsMalformed
     */
    agree(peer: Buffer): Promise<Buffer>

    /** Wipes the private key, if it is still there. */
    wipe(): void
}

export interface KeyExchangeGroup {
    /** NamedGroup, RFC 8446 4.2.7. */
    code: number
    generate(): Promise<KeyShare>
}

/** A cipher suite; all are with SHA-256. */
export interface CipherSuite {
    /** RFC 8446 B.4, RFC 5289, RFC 7905. */
    code: number
    /** The one version that it belongs to. */
    version: number
    aead: AeadAlgorithm
    /** TLS 1.2: content of the AlgorithmIdentifier of the server keys that it is for; null in 1.3. */
    keyAlgorithm: Buffer
    /**
     * TLS 1.2: the bytes of the nonce that come from the key exchange. 4: the other 8 stand in each record (RFC 5288);
     * 12: all, as in TLS 1.3 (RFC 7905).
     */
    fixedIvLength: number
}

export interface TlsVersion {
    /** ProtocolVersion, 0x0304 for TLS 1.3. */
    code: number

    /** Writes the extensions of the ClientHello that are there for this version alone. */
    writeExtensions(w: WireWriter, handshake: Handshake): void

    /** Goes through the handshake from behind the first ServerHello, in the order of the protocol. */
    handshake(handshake: Handshake, hello: ServerHello): Promise<TlsConnection>
}

export interface TlsParts {
    versions: TlsVersion[]
    /** The client offers a key share of the first one. */
    groups: KeyExchangeGroup[]
    suites: CipherSuite[]
    schemes: SignatureScheme[]
}
