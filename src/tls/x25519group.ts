/** X25519 (RFC 7748) as a key exchange group of TLS: RFC 8446 7.4.2. */
import { wipe } from "../bytes"
import { x25519, x25519PublicKey } from "../crypto/x25519"
import { ErrorCode, failIf } from "../errors"
import { KeyExchangeGroup, KeyShare } from "./part"
import { randomBytes } from "./random"

const KEY_LENGTH = 32

/** The part for `TlsParts.groups`. */
export function x25519Group(): KeyExchangeGroup {
    return { code: 0x001d, generate: generateShare }
}

async function generateShare(): Promise<KeyShare> {
    const scalar = randomBytes(KEY_LENGTH)
    return new X25519Share(scalar, await x25519PublicKey(scalar))
}

class X25519Share implements KeyShare {
    constructor(
        private scalar: Buffer,
        readonly publicKey: Buffer
    ) {}

    wipe(): void {
        if (this.scalar !== null) wipe(this.scalar)
    }

    async agree(peer: Buffer): Promise<Buffer> {
        const scalar = this.scalar
        this.scalar = null
        try {
            failIf(
                peer.length !== KEY_LENGTH,
                ErrorCode.TlsMalformed,
                "tls: a key share has a wrong length"
            )
            // K2: an all-zero result is refused there.
            return await x25519(scalar, peer)
        } finally {
            wipe(scalar)
        }
    }
}
