/**
 * Packets out of a byte stream (MQTT 3.1.1 chapter 2), in pieces of any size.
 *
 * Reading can be interrupted anywhere and goes on where it stopped. One buffer a packet, of at most MAX_PACKET bytes:
 * what a longer packet has behind them is read past and not kept.
 */
import { Transport } from "../transport"
import { ErrorCode, fail } from "../errors"
import { malformed } from "./packet"

/**
 * The most bytes that are kept of a packet, fixed header not counted. A message of that size, its record and its parsed
 * form fit the heap beside everything else.
 */
export const MAX_PACKET = 8192

export class PacketReader {
    /** The packet read last: type and flags, and what follows the remaining length, or its first MAX_PACKET bytes. */
    first = 0
    body: Buffer = null
    /** Whether the packet was longer than MAX_PACKET. */
    isCut = false

    private piece: Buffer = null
    private pieceAt = 0
    /** Bytes of the fixed header so far; -1 while the body is read. */
    private headerBytes = 0
    private remaining = 0
    private filled = 0
    private partial: Buffer = null

    constructor(private readonly transport: Transport) {}

    /**
     * Reads the next packet.
     *
     * @returns false if it was not there in time, or the transport was woken; then `read` may be called again
     * @throws LeafError ConnectionClosed at the end of the stream, MqttMalformed
     */
    async read(timeoutMs: number): Promise<boolean> {
        for (;;) {
            if (this.piece === null) {
                const piece = await this.transport.read(timeoutMs)
                if (piece === undefined) return false
                if (piece === null)
                    fail(
                        ErrorCode.ConnectionClosed,
                        "mqtt: the gateway closed the connection"
                    )
                this.piece = piece
                this.pieceAt = 0
            }
            const complete = this.consume()
            if (this.pieceAt === this.piece.length) this.piece = null
            if (complete) return true
        }
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
        if (this.filled < this.partial.length)
            this.partial.blitAt(this.filled, piece, this.pieceAt, count)
        this.filled = this.filled + count
        this.pieceAt = this.pieceAt + count
        if (this.filled < this.remaining) return false
        this.body = this.partial
        this.isCut = this.remaining > MAX_PACKET
        this.partial = null
        this.headerBytes = 0
        return true
    }

    /** Type and flags, then the remaining length, seven bits a byte, the lowest first. */
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
            // [MQTT-2.2.3]: four bytes at most.
            if (index === 4) malformed("a length is malformed")
            return
        }
        this.filled = 0
        this.partial = Buffer.alloc(Math.min(this.remaining, MAX_PACKET))
        this.headerBytes = -1
    }
}
