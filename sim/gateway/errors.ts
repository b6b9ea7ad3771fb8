/** The one error type of the gateway: a code for programs, and a sentence for people that ends with the way out. */

export type GatewayErrorCode =
    | "port-in-use"
    | "port-forbidden"
    | "bad-address"
    | "bad-certificate"
    | "bad-fault"
    | "bad-identity"
    | "duplicate-identity"
    | "unknown-identity"
    /** What was read has been changed since (If-Match). */
    | "precondition-failed"
    | "database-in-use"
    | "database-not-writable"
    | "database-damaged"
    /** A write has failed: what is on disk is not certain until it is opened again. */
    | "database-failed"
    | "bad-authority"
    | "duplicate-authority"
    | "unknown-authority"
    /** A certificate that is to prove that somebody has a CA's key, and does not. */
    | "bad-proof"
    | "bad-policy"
    | "duplicate-policy"
    | "unknown-policy"
    | "bad-message"
    | "message-too-large"
    | "queue-full"
    | "bad-twin"
    | "twin-too-large"
    | "bad-method"
    | "device-not-online"
    | "device-disconnected"
    | "method-timeout"
    | "bad-method-reply"
    | "store-full"
    | "store-failed"
    | "store-unusable"
    | "bad-upstream"
    | "wait-timeout"
    | "control-exposed"
    | "closed"

export class GatewayError extends Error {
    constructor(
        readonly code: GatewayErrorCode,
        message: string
    ) {
        super(message)
        this.name = "GatewayError"
    }
}
