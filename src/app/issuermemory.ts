/**
 * Remembers in flash which certificates were verified, so that a later connection need not verify them again: check P10.
 *
 * One setting, `issuers`: base64 of a tag of 4 bytes and of up to five ids of 32 bytes (see `x509/issuers.ts`), the one that
 * was used last first. The tag is the beginning of SHA-256 over all pinned anchors: when they change, the memory is empty.
 * It is written only when an id was added, one write a verified signature; about 700 B of heap while a handshake runs.
 *
 * Whoever can write the flash could have put in ids, as they could have put in an anchor. A value that is malformed, for
 * whatever reason, is an empty memory.
 */
import { sha256 } from "../crypto/hash"
import { decodeBase64, encodeBase64 } from "../iothub/base64"
import { type VerifiedIssuers } from "../x509/issuers"
import type { StoreSetting } from "./clock"
import type { ReadSetting } from "./settings"

const SETTING = "issuers"
const TAG_LENGTH = 4
/** As many as a path is long, and as one setting has room for. */
const IDS = 5
/** Characters of an id in hexadecimal. */
const ID_TEXT = 64

export class IssuerMemory implements VerifiedIssuers {
    /** The ids in hexadecimal, one behind the other. */
    private ids = ""

    constructor(
        private readonly tag: Buffer,
        private readonly store: StoreSetting
    ) {}

    /** Takes the ids of a stored value, if it is one for the same anchors. */
    restore(value: any): void {
        if (typeof value !== "string") return
        try {
            const stored = decodeBase64(value)
            const text = stored.toString("hex")
            const count = Math.idiv(stored.length - TAG_LENGTH, ID_TEXT / 2)
            if (
                text.slice(0, 2 * TAG_LENGTH) === this.tag.toString("hex") &&
                count <= IDS &&
                stored.length === TAG_LENGTH + (count * ID_TEXT) / 2
            )
                this.ids = text.slice(2 * TAG_LENGTH)
        } catch {
            // It stays empty.
        }
    }

    /** One that is used comes to the front, and is written there with the next that is added. */
    has(id: Buffer): boolean {
        const text = id.toString("hex")
        const at = this.ids.indexOf(text)
        // Off its boundary it would not be an id; what is not found is at -1.
        if (at % ID_TEXT !== 0) return false
        this.ids = text + this.ids.slice(0, at) + this.ids.slice(at + ID_TEXT)
        return true
    }

    async add(id: Buffer): Promise<void> {
        this.ids = (id.toString("hex") + this.ids).slice(0, IDS * ID_TEXT)
        await this.store(
            SETTING,
            encodeBase64(Buffer.concat(this.tag, Buffer.from(this.ids, "hex")))
        )
    }
}

/**
 * The memory as it stands in flash, for these anchors.
 *
 * @param anchors all that are pinned, in the form in which they are kept
 */
export async function loadIssuers(
    anchors: Buffer[],
    read: ReadSetting,
    store: StoreSetting
): Promise<VerifiedIssuers> {
    const tag = await sha256().digest(...anchors)
    const memory = new IssuerMemory(tag.slice(0, TAG_LENGTH), store)
    memory.restore(await read(SETTING))
    return memory
}
