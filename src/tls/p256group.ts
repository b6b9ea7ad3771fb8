/** P-256 (secp256r1) as a key exchange group of TLS: RFC 8446 4.2.8.2 and 7.4.2, RFC 8422 5.4 and 5.10. */
import { wipe } from "../bytes"
import { isP256Scalar, multiplyP256, P256_LENGTH } from "../crypto/p256"
import { ErrorCode, fail } from "../errors"
import { KeyExchangeGroup, KeyShare } from "./part"
import { randomBytes } from "./random"

/** Random bytes are no scalar once in 2^32: eight times in a row they come from no random source. */
const MAX_TRIES = 8

/** The part for `TlsParts.groups`. */
export function p256Group(): KeyExchangeGroup {
    return { code: 0x0017, generate: generateShare }
}

async function generateShare(): Promise<KeyShare> {
    for (let i = 0; i < MAX_TRIES; i++) {
        const scalar = randomBytes(P256_LENGTH)
        if (isP256Scalar(scalar))
            return new P256Share(scalar, await multiplyP256(scalar, null))
    }
    fail(ErrorCode.TlsNoRandomness, "tls: the hardware gives no random numbers")
}

class P256Share implements KeyShare {
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
            // K2: whatever is no point of the curve is refused there.
            const point = await multiplyP256(scalar, peer)
            const secret = point.slice(1, 1 + P256_LENGTH)
            wipe(point)
            return secret
        } finally {
            wipe(scalar)
        }
    }
}
