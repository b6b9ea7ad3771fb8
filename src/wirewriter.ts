/** Writes the messages of TLS and the packets of MQTT, which are both big-endian, from the front to the back. */
import { writeUint16 } from "./bytes"

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
        let length = this.at - from
        while (size > 0) {
            size--
            from--
            this.bytes[from] = length
            length = length >> 8
        }
    }

    finish(): Buffer {
        return this.bytes.slice(0, this.at)
    }
}
