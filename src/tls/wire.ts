/** Reading and writing the presentation language of TLS (RFC 8446 chapter 3): integers and vectors, big-endian. */
import { ErrorCode, fail } from "../errors"

export { WireWriter } from "../wirewriter"

/** Walks over a part of a buffer that belongs to somebody else. Every step checks the end: TlsMalformed. */
export class WireReader {
    /** The next field starts here. Not declared with the parameter: the compiler would take in `Array.at`. */
    at: number

    constructor(
        readonly bytes: Buffer,
        at: number,
        readonly end: number
    ) {
        this.at = at
    }

    left(): number {
        return this.end - this.at
    }

    /** Steps over `length` bytes and returns where they start. */
    skip(length: number): number {
        const from = this.at
        if (from + length > this.end) malformed()
        this.at = from + length
        return from
    }

    /** The next `size` bytes as a number; of four it may be a double. */
    readUint(size: number): number {
        let value = 0
        for (let at = this.skip(size); at < this.at; at++)
            value = value * 256 + this.bytes[at]
        return value
    }

    /** A copy of the next `length` bytes. */
    readBytes(length: number): Buffer {
        const from = this.skip(length)
        return this.bytes.slice(from, from + length)
    }

    /** A reader over a vector whose length stands before it, in `size` bytes. */
    readVector(size: number): WireReader {
        const length = this.readUint(size)
        const from = this.skip(length)
        return new WireReader(this.bytes, from, from + length)
    }

    /** A copy of a vector's content. */
    readOpaque(size: number): Buffer {
        return this.readBytes(this.readUint(size))
    }

    /** Refuses bytes after the last field. */
    finish(): void {
        if (this.at !== this.end) malformed()
    }
}

function malformed(): never {
    fail(ErrorCode.TlsMalformed, "tls: a message is malformed")
}
