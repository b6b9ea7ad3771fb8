/**
 * Keeps a TLS session in flash, base64 in the settings of a slot (see `sessionNames`).
 *
 * A power cut between the writes can leave parts of two sessions. That does no harm: the first part holds what binds a
 * session and its secret, and a ticket that does not belong to it is refused by the server or fails its Finished; then the
 * session is forgotten and the next handshake is a full one.
 */
import { decodeBase64, encodeBase64 } from "../iothub/base64"
import type { SessionStore } from "../tls/session"
import { PART_BYTES, sessionNames, type ReadSetting } from "./settings"

/** Writes one setting to flash, as JSON. */
export type StoreSetting = (name: string, value: any) => Promise<void>

export class FlashSession implements SessionStore {
    private readonly names: string[]

    /** @param slot from 1 to SESSIONS */
    constructor(
        slot: number,
        private readonly read: ReadSetting,
        private readonly store: StoreSetting
    ) {
        this.names = sessionNames(slot)
    }

    /** What was saved last; null for none, and for one that cannot be read. */
    async load(): Promise<Buffer> {
        let state = Buffer.alloc(0)
        for (const name of this.names) {
            const part = await this.read(name)
            // None at all, or an empty one.
            if (!part) break
            try {
                state = Buffer.concat(state, decodeBase64(part))
            } catch {
                return null
            }
        }
        if (state.length === 0) return null
        return state
    }

    /** A state that is too long for its settings is not kept. */
    async save(state: Buffer): Promise<void> {
        let from = 0
        const kept = state.length <= PART_BYTES * this.names.length
        for (const name of this.names) {
            const to = kept ? Math.min(from + PART_BYTES, state.length) : 0
            const part = to > from ? encodeBase64(state.slice(from, to)) : ""
            // A part that is empty and was never there stays so.
            if (part.length > 0 || (await this.read(name)))
                await this.store(name, part)
            from = to
        }
    }
}
