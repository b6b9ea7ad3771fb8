/**
 * Tokens from the gateway's token service, for a firmware that asks for them: `useTokenService`. Then the setting `devkey` holds the
 * device's enrolment secret, and there is no device key in flash: whoever reads it out gets tokens for as long as the device is enrolled,
 * and no key of the hub. See docs/tokens.md.
 *
 * Before a connection that needs a new token the leaf connects to the gateway's HTTPS port, verified as ever, and asks. No clock is
 * needed: the token is as long as asked (`tokenLifeSec` of the policy), counted from then on. It is renewed at `renewAt` of its life. If the service is away
 * then, the old token goes on, and the service is asked again after half of what is left; with less left than MIN_LEFT_MS the connection
 * waits for a new one, as after any other error. A token with which a CONNECT came to nothing is replaced at the next try: perhaps it
 * was revoked.
 *
 *     leaf: token from the service
 *     leaf: token kept: {message} ({code})
 *
 * RAM: MAX_TOKEN_BYTES from the start on, so that a token that comes while the handshake's buffers lie on the heap divides no free block.
 * It is wiped when another one comes; the text that CONNECT is made of is the runtime's to collect. The secret stays, as a device key does.
 */
import * as ds from "@devicescript/core"
import { wipe } from "../bytes"
import { ErrorCode, failIf } from "../errors"
import { requestToken } from "../iothub/tokenrequest"
import type { Feature } from "./feature"
import type { Leaf } from "./leaf"
import { describe, log } from "./log"
import { PolicyAt } from "./policy"

/** The longest token is that of a device with 128 characters, everything escaped, behind a host of 253. */
export const MAX_TOKEN_BYTES = 1024

/** A token with less of its life left is not good for a connection: a handshake on a slow board takes up to a minute. */
export const MIN_LEFT_MS = 120000

/**
 * Has the leaf's tokens come from the token service. To be called before `leaf.start()`, and behind all other features, `watchHealth` above
 * all: while there is no token a try to connect ends here, and those behind it do not see that the leaf tries.
 */
export function useTokenService(leaf: Leaf): TokenService {
    const service = leaf.addFeature(new TokenService(leaf))
    leaf.createPassword = () => service.takePassword()
    return service
}

export class TokenService implements Feature {
    readonly filters: string[] = []
    readonly qos = 0
    private readonly token = Buffer.alloc(MAX_TOKEN_BYTES)
    private length = 0
    /** When it is to be replaced, and when it ends, as `ds.millis()` counts. */
    private renewMs = 0
    private endMs = 0
    /** It was sent in a CONNECT, and that has come to nothing so far. */
    private isDoubtful = false

    constructor(private readonly leaf: Leaf) {}

    async begin(): Promise<void> {
        if (!this.isDoubtful) if (ds.millis() < this.renewMs) return
        try {
            await this.renew()
        } catch (e: any) {
            const leftMs = this.endMs - ds.millis()
            if (this.isDoubtful || leftMs < MIN_LEFT_MS) throw e
            this.renewMs = ds.millis() + leftMs / 2
            log(`token kept: ${describe(e)}`)
        }
    }

    private async renew(): Promise<void> {
        const settings = this.leaf.settings
        const lifeSec = this.leaf.policy[PolicyAt.TokenLifeSec]
        const link = await this.leaf.openLink(settings.timePort)
        try {
            const askedMs = ds.millis()
            const token = Buffer.from(
                await requestToken(
                    link.transport,
                    settings.gateway,
                    settings.deviceId,
                    settings.deviceKey,
                    lifeSec
                )
            )
            failIf(
                token.length > MAX_TOKEN_BYTES,
                ErrorCode.TokenMalformed,
                "app: the token is too long"
            )
            wipe(this.token)
            this.length = token.length
            this.token.blitAt(0, token, 0, this.length)
            wipe(token)
            this.renewMs =
                askedMs + lifeSec * this.leaf.policy[PolicyAt.RenewAt] * 1000
            this.endMs = askedMs + lifeSec * 1000
            this.isDoubtful = false
        } finally {
            await link.transport.close()
        }
        log("token from the service")
    }

    /** The token, for a CONNECT. */
    takePassword(): string {
        this.isDoubtful = true
        return this.token.slice(0, this.length).toString()
    }

    take(): boolean {
        return false
    }

    async serve(): Promise<void> {
        this.isDoubtful = false
        if (ds.millis() >= this.renewMs) this.leaf.isRenewing = true
    }
}
