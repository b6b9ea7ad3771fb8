/**
 * A `Transport` in memory whose other side is written in the test.
 *
 * What the peer sends is queued with `send`, in pieces of any size, and ends with `end` (the stream closes) or `breakOff` (it
 * breaks). `onWrite` is the peer's program: it sees each write and may `send` an answer. A read with nothing queued waits,
 * in real time, until its own time is over or `wake` is called: the tests give short ones.
 */
import { millis, sleep } from "@devicescript/core"
import { ErrorCode, fail } from "../../src/errors"
import type { Transport } from "../../src/transport"

const enum Ending {
    None,
    Closed,
    Broken,
}

export class Pipe implements Transport {
    /** What was written, one buffer a write. */
    readonly written: Buffer[] = []
    /** How long each read was ready to wait, in milliseconds. */
    readonly waits: number[] = []
    closes = 0
    /** The largest piece that the peer's bytes come in. */
    pieceBytes = 16384
    /** When there is nothing else to read, this comes, again and again: a peer that never falls silent. */
    drip: Buffer = null
    /** Called with each write; undefined: the peer is silent. */
    onWrite: (data: Buffer) => void = undefined
    /** Whether writes fail. */
    refusesWrites = false

    private readonly pieces: Buffer[] = []
    private ending = Ending.None
    private woken = false

    /** The peer sends `data`. */
    send(data: Buffer): void {
        for (let at = 0; at < data.length; at += this.pieceBytes)
            this.pieces.push(
                data.slice(at, Math.min(at + this.pieceBytes, data.length))
            )
    }

    /** The peer closes; what it has sent before can still be read. */
    end(): void {
        this.ending = Ending.Closed
    }

    /** The stream breaks, as TCP does with a reset. */
    breakOff(): void {
        this.ending = Ending.Broken
    }

    /** Pieces that were not read. */
    waiting(): number {
        return this.pieces.length
    }

    /** All that was written, as hexadecimal digits. */
    writtenHex(): string {
        let text = ""
        for (const data of this.written) text += data.toString("hex")
        return text
    }

    async read(timeoutMs: number): Promise<Buffer> {
        this.waits.push(timeoutMs)
        const endMs = millis() + timeoutMs
        while (true) {
            if (this.pieces.length > 0) return this.pieces.shift()
            if (this.ending === Ending.Closed) return null
            if (this.ending === Ending.Broken)
                fail(ErrorCode.ConnectionReset, "net: broken by the test")
            if (this.drip !== null) {
                await sleep(1)
                return this.drip.slice(0)
            }
            if (this.woken || millis() >= endMs) {
                this.woken = false
                return undefined
            }
            await sleep(1)
        }
    }

    async write(data: Buffer): Promise<void> {
        if (this.refusesWrites)
            fail(ErrorCode.ConnectionReset, "net: broken by the test")
        this.written.push(data.slice(0))
        if (this.onWrite !== undefined) this.onWrite(data.slice(0))
        // TLS encrypts in place: what was given away must not be used again.
        data.fillAt(0, data.length, 0xee)
    }

    wake(): void {
        this.woken = true
    }

    async close(): Promise<void> {
        this.closes++
    }
}
