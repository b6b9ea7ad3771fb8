/**
 * Cuts a byte stream into MQTT 3.1.1 packets, and reads them with `mqtt-packet`.
 *
 * Each packet is given to a parser of its own, whole and alone: the parser does not check lengths against the end of a packet, and
 * so never sees bytes of the next one. What it lets pass and the standard forbids is checked here, by clause.
 */
import { isUtf8 } from "node:buffer"
import { parser, type IConnectPacket, type Packet } from "mqtt-packet"

/** The four bytes of a remaining length (2.2.3). */
const MAX_LENGTH_BYTES = 4

/** The first byte of a CONNECT packet. */
const CONNECT = 0x10

export class FrameError extends Error {
    constructor(
        readonly kind: "malformed" | "too-large" | "protocol-error",
        message: string
    ) {
        super(message)
        this.name = "FrameError"
    }
}

/** Collects bytes until a packet is whole. Holds at most one packet of `maxBytes` and what was pushed with its last bytes. */
export class Framer {
    private pieces: Buffer[] = []
    private held = 0
    /** The size of the packet that is being collected, 0 while its header is not whole. */
    private wanted = 0

    constructor(private readonly maxBytes: number) {}

    push(bytes: Buffer): void {
        this.pieces.push(bytes)
        this.held += bytes.length
    }

    /** The next whole packet, if there is one. Throws a `FrameError` at a header that cannot be, or a packet over the limit. */
    next(): Buffer | undefined {
        // Pieces are joined once they make a packet, not at each byte that drops in.
        if (this.held < this.wanted) return undefined
        const bytes =
            this.pieces.length === 1
                ? this.pieces[0]
                : Buffer.concat(this.pieces)
        this.wanted = frameLength(bytes)
        if (this.wanted > this.maxBytes)
            throw new FrameError(
                "too-large",
                `a packet of ${this.wanted} bytes: the limit is ${this.maxBytes}`
            )
        const whole = this.wanted > 0 && this.wanted <= bytes.length
        const rest = whole ? bytes.subarray(this.wanted) : bytes
        const frame = whole ? bytes.subarray(0, this.wanted) : undefined
        if (whole) this.wanted = 0
        this.pieces = rest.length ? [rest] : []
        this.held = rest.length
        return frame
    }
}

/** The size of the packet that begins here, header included, or 0 if more bytes are needed to tell (2.2.3). */
function frameLength(bytes: Buffer): number {
    let length = 0
    for (let i = 0; i < MAX_LENGTH_BYTES; i++) {
        if (i + 1 >= bytes.length) return 0
        const byte = bytes[i + 1]
        length += (byte & 0x7f) << (7 * i)
        if (byte < 0x80) return 2 + i + length
    }
    throw malformed("the remaining length has more than four bytes (2.2.3)")
}

/** Reads one whole packet. Throws a `FrameError` of the kind `malformed`. */
export function readPacket(frame: Buffer): Packet {
    const packets: Packet[] = []
    const reader = parser({ protocolVersion: 4 })
    reader.on("packet", packet => packets.push(packet))
    reader.on("error", (error: Error) => {
        throw malformed(error.message)
    })
    try {
        const left = reader.parse(frame)
        need(packets.length === 1 && left === 0, "it does not fill its length")
        checkPacket(packets[0], frame.subarray(headerLength(frame)))
    } catch (error) {
        // Where a length leads beyond the packet, the parser or the checks run into the end of the buffer.
        throw error instanceof FrameError ? error : malformed("it is cut off")
    }
    return packets[0]
}

/** The protocol's name and level in a CONNECT, or nothing if it is none or cut off (3.1.2.1, 3.1.2.2). */
export function connectProtocol(
    frame: Buffer
): { name: string; level: number } | undefined {
    const body = frame.subarray(headerLength(frame))
    const length = body.length >= 2 ? body.readUInt16BE(0) : body.length
    if (frame[0] !== CONNECT || body.length < 2 + length + 1) return undefined
    return {
        name: body.toString("utf8", 2, 2 + length),
        level: body[2 + length],
    }
}

function headerLength(frame: Buffer): number {
    let at = 1
    while (frame[at] >= 0x80) at++
    return at + 1
}

function checkPacket(packet: Packet, body: Buffer): void {
    switch (packet.cmd) {
        case "connect":
            return checkConnect(packet, body)
        case "publish":
            need(
                isText(body.subarray(2, 2 + body.readUInt16BE(0))),
                "the topic is no UTF-8 (1.5.3)"
            )
            need(/^[^+#]+$/.test(packet.topic), "the topic is none (4.7)")
            need(packet.qos > 0 || !packet.dup, "DUP at QoS 0 (3.3.1.1)")
            if (packet.qos > 0) checkId(packet.messageId)
            return
        case "subscribe":
            checkId(packet.messageId)
            need(
                packet.subscriptions.length > 0,
                "a SUBSCRIBE without a filter (3.8.3)"
            )
            return checkFilters(body, 1)
        case "unsubscribe":
            checkId(packet.messageId)
            need(
                packet.unsubscriptions.length > 0,
                "an UNSUBSCRIBE without a filter (3.10.3)"
            )
            return checkFilters(body, 0)
        case "puback":
            checkId(packet.messageId)
            return need(body.length === 2, "a PUBACK of another length (3.4)")
        case "pingreq":
        case "disconnect":
            return need(!body.length, "a packet that has no body has one")
    }
}

/** Walks through a CONNECT: its strings, and that nothing comes after them (3.1.3). */
function checkConnect(packet: IConnectPacket, body: Buffer): void {
    // Name and level of MQTT 3.1.1 are seven bytes; flags, keep-alive.
    const flags = body[7]
    let at = 10
    const field = (text: boolean) => {
        need(at + 2 <= body.length, "the CONNECT is cut off")
        const from = at + 2
        at = from + body.readUInt16BE(at)
        need(at <= body.length, "the CONNECT is cut off")
        need(!text || isText(body.subarray(from, at)), "no UTF-8 (1.5.3)")
    }
    field(true)
    if (packet.will) {
        need((flags & 0x18) !== 0x18, "a will at QoS 3 (3.1.2.6)")
        field(true)
        field(false)
    }
    if (flags & 0x80) field(true)
    need((flags & 0xc0) !== 0x40, "a password without a user name (3.1.2.9)")
    if (flags & 0x40) field(false)
    need(at === body.length, "there is more after the CONNECT's last field")
}

/** Walks through the filters of a SUBSCRIBE, with a byte of QoS behind each, or of an UNSUBSCRIBE, without: texts of a character at least. */
function checkFilters(body: Buffer, bytesBehind: 0 | 1): void {
    // The packet id comes first. That lengths lead nowhere else, the parser has seen.
    for (let at = 2; at < body.length; at += bytesBehind) {
        const from = at + 2
        at = from + body.readUInt16BE(at)
        need(at > from, "an empty filter (4.7.3)")
        need(isText(body.subarray(from, at)), "a filter is no UTF-8 (1.5.3)")
    }
}

/** UTF-8 without the character that the standard forbids (1.5.3). */
function isText(bytes: Buffer): boolean {
    return isUtf8(bytes) && !bytes.includes(0)
}

function checkId(id: number | undefined): void {
    need(id !== undefined && id > 0, "a packet id of 0 or none (2.3.1)")
}

function need(condition: boolean, message: string): void {
    if (!condition) throw malformed(message)
}

function malformed(message: string): FrameError {
    return new FrameError("malformed", `a malformed packet: ${message}`)
}
