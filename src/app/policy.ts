/**
 * How a leaf keeps its connection, in numbers: how long tokens live, when what is given up, how long it waits between tries.
 *
 * docs/connection.md says what each number does, and why its default is what it is. Times are milliseconds, but for the token's
 * life, which is a token's seconds.
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
    /**
     * Likewise, when it has closed one connection after the other: perhaps another device has the same id. Then this one's connections last
     * for as long as that one waits: one that has lasted for 1.5 times the largest wait was not closed for its sake.
     */
    kickedWaitMs: number
    kickedMaxMs: number
    /** A connection that has lasted this long starts the waits again. */
    stableMs: number
}

/** JSON, as texts are no code. */
const DEFAULTS = `{
    "tokenLifeSec": 3600,
    "renewAt": 0.8,
    "renewUnknownMs": 86400000,
    "drainMs": 10000,
    "connackMs": 30000,
    "answerMs": 30000,
    "pingAfterMs": 60000,
    "pingTimeoutMs": 10000,
    "bootSpreadMs": 10000,
    "lostWaitMs": 1000,
    "lostMaxMs": 60000,
    "busyWaitMs": 5000,
    "busyMaxMs": 120000,
    "refusedWaitMs": 10000,
    "refusedMaxMs": 300000,
    "kickedWaitMs": 60000,
    "kickedMaxMs": 600000,
    "stableMs": 60000
}`

/** The lowest and the highest value of each; only in the image of a firmware that changes one. */
const BOUNDS = `{
    "tokenLifeSec": [300, 86400],
    "renewAt": [0.5, 0.9],
    "renewUnknownMs": [3600000, 604800000],
    "drainMs": [1000, 60000],
    "connackMs": [5000, 120000],
    "answerMs": [5000, 120000],
    "pingAfterMs": [10000, 60000],
    "pingTimeoutMs": [2000, 60000],
    "bootSpreadMs": [0, 600000],
    "lostWaitMs": [100, 60000],
    "lostMaxMs": [1000, 3600000],
    "busyWaitMs": [1000, 600000],
    "busyMaxMs": [1000, 3600000],
    "refusedWaitMs": [1000, 600000],
    "refusedMaxMs": [1000, 3600000],
    "kickedWaitMs": [10000, 600000],
    "kickedMaxMs": [60000, 3600000],
    "stableMs": [10000, 3600000]
}`

export function defaultPolicy(): Policy {
    return JSON.parse(DEFAULTS)
}

/**
 * Changes some numbers of a policy; all of them or none.
 *
 * @throws LeafError PolicyOutOfBounds for a number outside its bounds, and for a name that there is not
 */
export function changePolicy(policy: Policy, changes: any): void {
    const bounds = JSON.parse(BOUNDS)
    for (const name of Object.keys(changes)) {
        const row = bounds[name] || [1, 0]
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
