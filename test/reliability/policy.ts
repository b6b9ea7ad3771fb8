/**
 * What a device may lose, and nothing else: the allowances that the ledger takes from here. Each is one line, to be tightened
 * when the device gets better.
 */
export interface Policy {
    /** What the outbox holds in RAM, in bytes, counted as the device does: see `messageBytes`. */
    outboxBytes: number
    /** What it counts for a message beside topic and body. */
    overheadBytes: number
    /** A full outbox lets go of a message, which counts it; are alerts among them? */
    dropsAlerts: boolean
    /** Does telemetry go before any alert? Else the oldest goes, whatever it is. */
    alertsGoLast: boolean
    /** A power cut takes what was in RAM and not acknowledged; are alerts among it? */
    cutTakesAlerts: boolean
    /** And how old may it be at most, in ms? */
    cutTakesMs: number
}

/** An outbox in RAM, nothing in flash. */
export const POLICY: Policy = {
    outboxBytes: 4096,
    overheadBytes: 64,
    dropsAlerts: true,
    alertsGoLast: false,
    cutTakesAlerts: true,
    cutTakesMs: Infinity,
}
