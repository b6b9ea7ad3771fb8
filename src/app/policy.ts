/**
 * How a leaf keeps its connection, in numbers: how long tokens live, when what is given up, how long it waits between tries.
 *
 * docs/connection.md says what each number does, and why its default is what it is. Times are milliseconds, but for the token's
 * life, which is a token's seconds. On the device they are a list, as an object with so many names takes 0.7 KB of heap.
 *
 * Not among them, because the firmware's heap or the protocol depends on them: the deadlines of TCP (15 s) and of a step of the TLS
 * handshake (20 s), and the bytes that may wait to be read.
 */
import { ErrorCode, failIf } from "../errors"

/** The numbers by name, as `leaf.configure` takes them. */
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

/** The places in the list. The largest wait of a kind is behind its first. */
export const enum PolicyAt {
    TokenLifeSec = 0,
    RenewAt = 1,
    RenewUnknownMs = 2,
    DrainMs = 3,
    ConnackMs = 4,
    AnswerMs = 5,
    PingAfterMs = 6,
    PingTimeoutMs = 7,
    BootSpreadMs = 8,
    LostWaitMs = 9,
    BusyWaitMs = 11,
    RefusedWaitMs = 13,
    KickedWaitMs = 15,
    KickedMaxMs = 16,
    StableMs = 17,
}

/** JSON, as texts are no code. */
const DEFAULTS =
    "[3600,0.8,14400000,10000,30000,30000,60000,10000,10000,1000,60000,5000,120000,10000,300000,60000,600000,60000]"

/** The names in their order, each with its lowest and its highest value; only in the image of a firmware that changes one. */
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

export function defaultPolicy(): number[] {
    return JSON.parse(DEFAULTS)
}

/**
 * Changes some numbers of a policy; all of them or none.
 *
 * @throws LeafError PolicyOutOfBounds for a number outside its bounds, and for a name that there is not
 */
export function changePolicy(policy: number[], changes: any): void {
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
    const names = Object.keys(bounds)
    for (const name of Object.keys(changes))
        policy[names.indexOf(name)] = changes[name]
}

/** The numbers of a policy by name: for tests and tools. */
export function policyByName(policy: number[]): Policy {
    const byName: any = {}
    const names = Object.keys(JSON.parse(BOUNDS))
    for (let i = 0; i < names.length; i++) byName[names[i]] = policy[i]
    return byName
}

/** The bounds by name, likewise. */
export function policyBounds(): Record<string, number[]> {
    return JSON.parse(BOUNDS)
}
