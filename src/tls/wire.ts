/** Reading and writing the presentation language of TLS (RFC 8446 chapter 3): integers and vectors, big-endian. */
import { readUint24 } from "../bytes"
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

    readUint8(): number {
        return this.bytes[this.skip(1)]
    }

    readUint16(): number {
        return this.bytes.readUInt16BE(this.skip(2))
    }

    readUint24(): number {
        return readUint24(this.bytes, this.skip(3))
    }

    /** Unsigned: it may be a double. */
    readUint32(): number {
        const high = this.readUint16()
        return high * 65536 + this.readUint16()
    }

    /** A copy of the next `length` bytes. */
    readBytes(length: number): Buffer {
        const from = this.skip(length)
        return this.bytes.slice(from, from + length)
    }

    /** A reader over a vector whose length stands before it. */
    private vector(length: number): WireReader {
        const from = this.skip(length)
        return new WireReader(this.bytes, from, from + length)
    }

    readVector8(): WireReader {
        return this.vector(this.readUint8())
    }

    readVector16(): WireReader {
        return this.vector(this.readUint16())
    }

    readVector24(): WireReader {
        return this.vector(this.readUint24())
    }

    /** Refuses bytes after the last field. */
    finish(): void {
        if (this.at !== this.end) malformed()
    }
}

function malformed(): never {
    fail(ErrorCode.TlsMalformed, "tls: a message is malformed")
}
