/**
 * Packets out of a byte stream (MQTT 3.1.1 chapter 2), in pieces of any size.
 *
 * Reading can be interrupted anywhere and goes on where it stopped. One buffer a packet, of at most MAX_PACKET_BYTES and
 * exactly as long as what is kept: what a longer message has behind them is read past. Each byte is copied once.
 *
 * RAM: the piece that the transport gave last, and the packet.
 */
import * as ds from "@devicescript/core"
import { ErrorCode, failIf } from "../errors"
import { Transport } from "../transport"
import { checkHeader } from "./packet"

/**
 * The most bytes that are kept of a packet, fixed header not counted. While a message is taken apart it is on the heap
 * twice; that, its record and its parsed form fit beside everything else. The beginning of a longer one is longer than any JSON
 * text that is parsed, so that it is not taken for one.
 */
export const MAX_PACKET_BYTES = 3072

/** What one `read` came to. */
export const enum Reading {
    /** Nothing came in time, or the transport was woken. */
    Nothing,
    /** Some of a packet came. */
    Part,
    /** A packet is complete. */
    Packet,
}

export class PacketReader {
    /** The packet read last: type and flags, and what follows the remaining length, or its first MAX_PACKET_BYTES. */
    first = 0
    body: Buffer = null
    /** Whether the packet was longer than MAX_PACKET_BYTES. */
    isCut = false
    /** When bytes came in last, as `ds.millis()` counts. */
    heardMs = 0

    private piece: Buffer = null
    private pieceAt = 0
    /** Bytes of the fixed header so far; -1 while the body is read. */
    private headerBytes = 0
    private remaining = 0
    private filled = 0

    constructor(private readonly transport: Transport) {}

    /**
     * Reads on, with one look at the transport at most: a peer that sends a byte now and then does not keep its caller from
     * other work.
     *
     * @throws LeafError ConnectionClosed at the end of the stream, MqttLength, and what `checkHeader` throws
     */
    async read(timeoutMs: number): Promise<Reading> {
        // A piece may hold thousands of packets, and the runtime stops a program that does not pause.
        await ds.sleep(0)
        if (this.piece === null) {
            const piece = await this.transport.read(timeoutMs)
            if (piece === undefined) return Reading.Nothing
            failIf(
                piece === null,
                ErrorCode.ConnectionClosed,
                "mqtt: the gateway closed the connection"
            )
            this.heardMs = ds.millis()
            this.piece = piece
            this.pieceAt = 0
        }
        const isComplete = this.consume()
        if (this.pieceAt === this.piece.length) this.piece = null
        return isComplete ? Reading.Packet : Reading.Part
    }

    /** Takes what it can of the current piece; true when that completes a packet. */
    private consume(): boolean {
        const piece = this.piece
        while (this.headerBytes >= 0) {
            if (this.pieceAt === piece.length) return false
            this.takeHeaderByte(piece[this.pieceAt])
            this.pieceAt = this.pieceAt + 1
        }
        const count = Math.min(
            this.remaining - this.filled,
            piece.length - this.pieceAt
        )
        // Clamps: what does not fit any more is the part that is not kept.
        if (this.filled < this.body.length)
            this.body.blitAt(this.filled, piece, this.pieceAt, count)
        this.filled = this.filled + count
        this.pieceAt = this.pieceAt + count
        if (this.filled < this.remaining) return false
        this.headerBytes = 0
        return true
    }

    /** Type and flags, then the remaining length, seven bits a byte, the lowest first (section 2.2.3). */
    private takeHeaderByte(byte: number): void {
        const index = this.headerBytes
        this.headerBytes = index + 1
        if (index === 0) {
            this.first = byte
            this.remaining = 0
            return
        }
        this.remaining = this.remaining | ((byte & 127) << (7 * (index - 1)))
        if (byte >= 128) {
            // Four bytes at most.
            failIf(
                index === 4,
                ErrorCode.MqttLength,
                "mqtt: a length is malformed"
            )
            return
        }
        checkHeader(this.first, this.remaining)
        this.isCut = this.remaining > MAX_PACKET_BYTES
        this.body = Buffer.alloc(Math.min(this.remaining, MAX_PACKET_BYTES))
        this.filled = 0
        this.headerBytes = -1
    }
}
