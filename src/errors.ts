/**
 * The one error type of Edge Leaf, and every code it can carry.
 *
 * A code names one rejection; each layer has a range of its own. Messages read `layer: plain clause` and hold no secret.
 */

export const enum ErrorCode {
    // net: 1000-1999
    ConnectFailed = 1001,
    ConnectTimeout = 1002,
    ConnectionReset = 1003,
    /** The peer closed the connection. */
    ConnectionClosed = 1004,
    ReadTimeout = 1005,
    WriteFailed = 1006,
    /** The peer sends faster than the device reads: more bytes wait than `MAX_BUFFERED_BYTES`. */
    ReceiveOverflow = 1007,
}

export class LeafError extends Error {
    constructor(
        readonly code: ErrorCode,
        message: string
    ) {
        super(message)
        this.name = "LeafError"
    }
}

/** Throws a `LeafError`. */
export function fail(code: ErrorCode, message: string): never {
    throw new LeafError(code, message)
}

/** The code of a caught error, or 0 for an error of another kind. */
export function errorCode(error: any): number {
    return error instanceof LeafError ? error.code : 0
}
