/** Session tickets of the hostile servers, in a format of their own: the state as JSON, sealed with AES-128-GCM. */
import { randomBytes } from "node:crypto"
import { openAead, sealAead, SUITES_13 } from "./algorithms"
import { NOTHING } from "./wire"

const [AES] = SUITES_13
const NONCE_LENGTH = 12

/** What a server must know to go on with a session. */
export interface TicketState {
    version: number
    suite: number
    /** The master secret (1.2), or the pre-shared key that the ticket stands for (1.3). */
    secret: Buffer
    extendedMasterSecret: boolean
}

/** The key that servers share which take each other's tickets. */
export class TicketKey {
    private readonly key = randomBytes(AES.keyLength)

    seal(state: TicketState): Buffer {
        const nonce = randomBytes(NONCE_LENGTH)
        const text = JSON.stringify({
            ...state,
            secret: state.secret.toString("base64"),
        })
        return Buffer.concat([
            nonce,
            sealAead(AES, this.key, nonce, NOTHING, Buffer.from(text)),
        ])
    }

    /** undefined: not a ticket of this key's. */
    open(ticket: Buffer): TicketState | undefined {
        let text: Buffer
        try {
            text = openAead(
                AES,
                this.key,
                ticket.subarray(0, NONCE_LENGTH),
                NOTHING,
                ticket.subarray(NONCE_LENGTH)
            )
        } catch {
            return undefined
        }
        const state = JSON.parse(String(text))
        return { ...state, secret: Buffer.from(state.secret, "base64") }
    }
}
