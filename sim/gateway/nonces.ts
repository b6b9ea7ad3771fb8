/**
 * The token service's nonces: random, good for a minute, and good for one token.
 *
 * A nonce carries its own end and a MAC under a key that this service has made at its start. So none is kept until a device has used it
 * well, and whoever asks for nonces without end takes no memory and no other device's nonce away. After a restart of the gateway all are
 * void, and devices ask for new ones.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"

/** A board that needs this long for two requests on one connection has lost it. */
export const NONCE_LIFE_MS = 60_000

const TIME_BYTES = 6
const RANDOM_BYTES = 16
const MAC_BYTES = 16
const TEXT = /^[A-Za-z0-9_-]{51}$/

/** Only requests that were answered with a token are kept, for a minute: a hub has no more devices that connect in that time. */
export const MAX_USED = 10_000

export class Nonces {
    private readonly key = randomBytes(32)
    /** Nonce and its end, in the order of use. */
    private readonly used = new Map<string, number>()

    /** base64url, 51 characters. */
    make(nowMs: number): string {
        const body = randomBytes(TIME_BYTES + RANDOM_BYTES)
        body.writeUIntBE(nowMs + NONCE_LIFE_MS, 0, TIME_BYTES)
        return Buffer.concat([body, this.mac(body)]).toString("base64url")
    }

    /** Whether it is of this service, in its life, and unused. */
    isGood(nonce: string, nowMs: number): boolean {
        const bytes = Buffer.from(nonce, "base64url")
        // The last character has bits to spare: only one spelling counts.
        if (!TEXT.test(nonce) || bytes.toString("base64url") !== nonce)
            return false
        const body = bytes.subarray(0, TIME_BYTES + RANDOM_BYTES)
        return (
            timingSafeEqual(bytes.subarray(body.length), this.mac(body)) &&
            body.readUIntBE(0, TIME_BYTES) > nowMs &&
            !this.used.has(nonce)
        )
    }

    /** It does not count any more. False: it did not, or so many were used that there is no room. */
    use(nonce: string, nowMs: number): boolean {
        if (!this.isGood(nonce, nowMs)) return false
        for (const [old, endMs] of this.used) {
            if (endMs > nowMs) break
            this.used.delete(old)
        }
        if (this.used.size >= MAX_USED) return false
        // Not its own end: so the order of use is the order of the ends.
        this.used.set(nonce, nowMs + NONCE_LIFE_MS)
        return true
    }

    private mac(body: Buffer): Buffer {
        return createHmac("sha256", this.key)
            .update(body)
            .digest()
            .subarray(0, MAC_BYTES)
    }
}
