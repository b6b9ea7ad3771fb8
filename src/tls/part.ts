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

/** An ephemeral key, for one handshake. */
export interface KeyShare {
    /** What goes into the key_share extension. */
    publicKey: Buffer

    /**
     * The secret shared with the owner of the public key `peer`. Wipes the private key: there is no second call.
     *
     * @throws LeafError CryptoWeakKeyShare, TlsMalformed
     */
    agree(peer: Buffer): Promise<Buffer>
}

export interface KeyExchangeGroup {
    /** NamedGroup, RFC 8446 4.2.7. */
    code: number
    generate(): Promise<KeyShare>
}

/** A cipher suite of TLS 1.3 with SHA-256. */
export interface CipherSuite {
    /** RFC 8446 B.4. */
    code: number
    aead: AeadAlgorithm
}

export interface TlsVersion {
    /** ProtocolVersion, 0x0304 for TLS 1.3. */
    code: number

    /** Goes through the handshake from behind the ServerHello, in the order of the protocol. */
    handshake(handshake: Handshake, hello: ServerHello): Promise<TlsConnection>
}

export interface TlsParts {
    versions: TlsVersion[]
    groups: KeyExchangeGroup[]
    suites: CipherSuite[]
    schemes: SignatureScheme[]
}
