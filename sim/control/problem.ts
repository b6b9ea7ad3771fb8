/**
 * What can be wrong with a call: a status of HTTP's, a code for programs and a sentence for people.
 *
 * No answer holds a key, a token, a path of this machine or a stack trace. What is the gateway's own fault is named here in general;
 * its operator sees the rest.
 */
import { GatewayError, type GatewayErrorCode } from "../gateway/errors"

export class Problem extends Error {
    constructor(
        readonly status: number,
        readonly code: string,
        message: string,
        readonly headers: Readonly<Record<string, string>> = {}
    ) {
        super(message)
        this.name = "Problem"
    }
}

export function badRequest(message: string): Problem {
    return new Problem(400, "bad-request", message)
}

export function notFound(message: string): Problem {
    return new Problem(404, "not-found", message)
}

/** What an error of the gateway's means to a caller. Those that are not here cannot be a caller's doing. */
const STATUS: Partial<Record<GatewayErrorCode, number>> = {
    "bad-fault": 400,
    "bad-identity": 400,
    "bad-message": 400,
    "bad-twin": 400,
    "bad-method": 400,
    "bad-authority": 400,
    "bad-proof": 400,
    "bad-policy": 400,
    "unknown-identity": 404,
    "unknown-authority": 404,
    "unknown-policy": 404,
    "duplicate-identity": 409,
    "duplicate-authority": 409,
    "duplicate-policy": 409,
    "device-not-online": 409,
    "device-disconnected": 409,
    "precondition-failed": 412,
    "message-too-large": 413,
    "twin-too-large": 413,
    "queue-full": 429,
    "bad-method-reply": 502,
    closed: 503,
    "method-timeout": 504,
}

/** Of what went wrong, the problem that the caller is told. */
export function problemOf(error: unknown): Problem {
    if (error instanceof Problem) return error
    if (error instanceof GatewayError) {
        const { [error.code]: status } = STATUS
        if (status !== undefined)
            return new Problem(status, error.code, error.message)
    }
    return new Problem(
        500,
        "failed",
        "the gateway could not do it, and that is not the call's fault: its operator can see why"
    )
}
