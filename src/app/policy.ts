/**
 * How a leaf keeps its connection, in numbers: how long tokens live, when what is given up, how long it waits between tries.
 *
 * One table has each number's name, bounds and default. It is JSON, as texts are no code. docs/connection.md says what each number does,
 * and why its default is what it is. Times are milliseconds, but for the token's life, which is a token's seconds.
 *
 * Not among them, because the firmware's heap or the protocol depends on them: the deadlines of TCP (15 s) and of a step of the TLS
 * handshake (20 s), and the bytes that may wait to be read.
 */
import { ErrorCode, failIf } from "../errors"

export interface Policy {
    /** How long a token lives once the time is known, in seconds. */
    tokenLifeSec: number
    /** When it is renewed, as a part of its life. */
    renewAt: number
    /** How often it is renewed while the time is unknown: it is an occasion to read the time. */
    renewUnknownMs: number
    /** How long a planned disconnect waits for acknowledgements. */
    drainMs: number

    /** How long a gateway may take to answer CONNECT. edgeHub 1.6.0 sometimes never does. */
    connackMs: number
    /** How long it may take to acknowledge a message or a subscription. */
    answerMs: number
    /** A ping goes out when nothing has come in for this long. */
    pingAfterMs: number
    /** When nothing comes in for this long after a ping, the link is dead. */
    pingTimeoutMs: number

    /** From the second boot on the first try waits for up to this: when power comes back to a house, it does to all its leaves at once. */
    bootSpreadMs: number
    /** The first range that the wait after a failure or a loss is drawn from, and the largest. */
    lostWaitMs: number
    lostMaxMs: number
    /** Likewise, when the gateway is not available, or sends faster than the device reads. */
    busyWaitMs: number
    busyMaxMs: number
    /** Likewise, when it does not let the device in. */
    refusedWaitMs: number
    refusedMaxMs: number
    /** Likewise, when it has closed one connection after the other: perhaps another device has the same id. */
    kickedWaitMs: number
    kickedMaxMs: number
    /** A connection that has lasted this long starts the waits again. */
    stableMs: number
    /** One that the gateway closes before it has lasted this long counts as kicked; longer than `kickedMaxMs`. */
    kickedMs: number
}

/** Lowest and highest value, and the default. */
const LIMITS = `{
    "tokenLifeSec": [300, 86400, 3600],
    "renewAt": [0.5, 0.9, 0.8],
    "renewUnknownMs": [3600000, 604800000, 86400000],
    "drainMs": [1000, 60000, 10000],
    "connackMs": [5000, 120000, 30000],
    "answerMs": [5000, 120000, 30000],
    "pingAfterMs": [10000, 600000, 60000],
    "pingTimeoutMs": [2000, 60000, 10000],
    "bootSpreadMs": [0, 600000, 10000],
    "lostWaitMs": [100, 60000, 1000],
    "lostMaxMs": [1000, 3600000, 60000],
    "busyWaitMs": [1000, 600000, 5000],
    "busyMaxMs": [1000, 3600000, 120000],
    "refusedWaitMs": [1000, 600000, 10000],
    "refusedMaxMs": [1000, 3600000, 300000],
    "kickedWaitMs": [10000, 600000, 60000],
    "kickedMaxMs": [60000, 3600000, 600000],
    "stableMs": [10000, 3600000, 60000],
    "kickedMs": [60000, 7200000, 900000]
}`

export function defaultPolicy(): Policy {
    const policy: any = {}
    const limits = JSON.parse(LIMITS)
    for (const name of Object.keys(limits)) policy[name] = limits[name][2]
    return policy
}

/**
 * Changes some numbers of a policy; all of them or none.
 *
 * @throws LeafError PolicyOutOfBounds for a number outside its bounds, and for a name that there is not
 */
export function changePolicy(policy: Policy, changes: any): void {
    const limits = JSON.parse(LIMITS)
    for (const name of Object.keys(changes)) {
        const row = limits[name] || [1, 0]
        const value = changes[name]
        failIf(
            typeof value !== "number" || !(value >= row[0] && value <= row[1]),
            ErrorCode.PolicyOutOfBounds,
            `app: the policy's ${name} is out of bounds, or there is none`
        )
    }
    for (const name of Object.keys(changes))
        (policy as any)[name] = changes[name]
}
