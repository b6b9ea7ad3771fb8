/** A Transport that plays a script: what the tests of records and messages read from, in both worlds. */
import { Transport } from "../../../src/transport"

export class ScriptedTransport implements Transport {
    /** What was written, a buffer a call. */
    readonly written: Buffer[] = []
    closed = false
    private at = 0

    /** @param pieces what `read` gives, in order; `null` is the end of the stream, `undefined` that time is over */
    constructor(private readonly pieces: Buffer[]) {}

    async read(): Promise<Buffer> {
        if (this.at === this.pieces.length) return undefined
        this.at = this.at + 1
        return this.pieces[this.at - 1]
    }

    async write(data: Buffer): Promise<void> {
        this.written.push(data)
    }

    wake(): void {}

    async close(): Promise<void> {
        this.closed = true
    }
}

/** A record without protection. */
export function plainRecord(type: number, content: Buffer): Buffer {
    const record = Buffer.alloc(5 + content.length)
    record[0] = type
    record[1] = 3
    record[2] = 3
    record[3] = content.length >> 8
    record[4] = content.length & 255
    record.blitAt(5, content, 0, content.length)
    return record
}
