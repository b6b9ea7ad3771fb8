/**
 * What a device may lose, and nothing else: the allowances that the ledger takes from here. Each is one line, to be tightened
 * when the device gets better.
 */
export interface Policy {
    /** What the outbox holds in RAM, in bytes, counted as the device does. */
    outboxBytes: number
    /** What it needs for a message beside its body and the part of its topic that is not in every topic. */
    overheadBytes: number
    /** An outbox full of alerts lets go of the oldest one, and counts it; does this happen? */
    dropsAlerts: boolean
    /** A power cut takes what was in RAM and not acknowledged; are alerts among it? */
    cutTakesAlerts: boolean
    /** And how old may it be at most, in ms? */
    cutTakesMs: number
}

/**
 * An outbox in RAM, nothing in flash: `MAX_BYTES` and `HEADER_LENGTH` of `src/app/outbox.ts`, a test compares. As many alerts as
 * it holds do not come in a day without a gateway.
 */
export const POLICY: Policy = {
    outboxBytes: 2560,
    overheadBytes: 7,
    dropsAlerts: false,
    cutTakesAlerts: true,
    cutTakesMs: Infinity,
}
