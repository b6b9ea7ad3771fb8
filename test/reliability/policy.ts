/**
 * What a device may lose, and nothing else: the allowances that the ledger takes from here. Each is one line, to be tightened
 * when the device gets better.
 */
export interface Policy {
    /** Telemetry of which a power cut takes what is in RAM: so much that was never sent, in bytes, counted as the outbox does. */
    ramBytes: number
    /** What the outbox needs for a message beside its body and the part of its topic that is not in every topic. */
    overheadBytes: number
    /** And so many messages that were sent and not acknowledged. */
    windowMessages: number
    /** An alert is in flash by then, in ms after it was read: from then on no cut takes it. */
    keptMs: number
    /** A page of flash that was given up for want of room just before a cut may still be there after it: so many messages. */
    pageMessages: number
    /** Nothing is dropped before so many readings wait. */
    keeps: number
}

/** `SPILL_BYTES` of `src/app/flashoutbox.ts`, `HEADER_LENGTH` of `outbox.ts`, `WINDOW` of `mqtt/session.ts`, `MAX_RECORDS`: a test compares. */
export const POLICY: Policy = {
    ramBytes: 1024,
    overheadBytes: 7,
    windowMessages: 4,
    keptMs: 2000,
    pageMessages: 8,
    keeps: 30,
}
