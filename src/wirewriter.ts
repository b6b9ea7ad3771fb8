/** Writes the messages of TLS and the packets of MQTT, which are both big-endian, from the front to the back. */
import { writeUint16, writeUint24 } from "./bytes"

/** Writes into a buffer of fixed size; a message that outgrows it is an error of ours, and the runtime throws. */
export class WireWriter {
    at = 0

    constructor(readonly bytes: Buffer) {}

    writeUint8(value: number): void {
        this.bytes[this.at] = value
        this.at = this.at + 1
    }

    writeUint16(value: number): void {
        writeUint16(this.bytes, this.at, value)
        this.at = this.at + 2
    }

    writeBytes(bytes: Buffer): void {
        if (bytes.length === 0) return
        const end = this.at + bytes.length
        // blitAt would cut off silently.
        this.bytes[end - 1] = 0
        this.bytes.blitAt(this.at, bytes, 0, bytes.length)
        this.at = end
    }

    /** Leaves room for a length of `size` bytes; give the returned place to `endVector`. */
    beginVector(size: number): number {
        this.at = this.at + size
        return this.at
    }

    endVector(size: number, from: number): void {
        const length = this.at - from
        if (size === 1) this.bytes[from - 1] = length
        else if (size === 2) writeUint16(this.bytes, from - 2, length)
        else writeUint24(this.bytes, from - 3, length)
    }

    finish(): Buffer {
        return this.bytes.slice(0, this.at)
    }
}
