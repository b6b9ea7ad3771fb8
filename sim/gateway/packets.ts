/**
 * From bytes to MQTT packets: cuts the stream, and lets `mqtt-packet` read one packet at a time.
 *
 * We cut ourselves, so that a packet that is too long is known from its header, and so that the caller decides how many
 * packets are taken. (MQTT 3.1.1, sections 2.2.3 and 3.1.2.)
 */
import mqtt from "mqtt-packet"

/** Bytes of the whole packet, its header included: edgeHub's limit. */
export const MAX_PACKET_BYTES = 262144

/** A length has at most four bytes, seven bits each. */
const MAX_LENGTH_BYTES = 4

export class PacketCutter {
    private bytes: Buffer = Buffer.alloc(0)

    push(data: Buffer): void {
        this.bytes = this.bytes.length
            ? Buffer.concat([this.bytes, data])
            : data
    }

    /**
     * The next whole packet, or undefined until more has come.
     *
     * @throws Error if the length is malformed or too long
     */
    next(): Buffer | undefined {
        let length = 0
        for (let i = 1; i < this.bytes.length; i++) {
            const byte = this.bytes[i]
            length += (byte & 0x7f) * 2 ** (7 * (i - 1))
            if (byte < 0x80) return this.take(i + 1 + length)
            if (i === MAX_LENGTH_BYTES)
                throw new Error("the length has more than four bytes")
        }
        return undefined
    }

    private take(total: number): Buffer | undefined {
        if (total > MAX_PACKET_BYTES)
            throw new Error(`it has ${total} bytes, over ${MAX_PACKET_BYTES}`)
        if (this.bytes.length < total) return undefined
        const packet = this.bytes.subarray(0, total)
        this.bytes = this.bytes.subarray(total)
        return packet
    }
}

/** Reads one whole packet. @throws Error if it is malformed */
export function readPacket(bytes: Buffer): mqtt.Packet {
    const parser = mqtt.parser({ protocolVersion: 4 })
    let result: mqtt.Packet | undefined
    parser.on("packet", packet => (result = packet))
    parser.on("error", error => {
        throw error
    })
    parser.parse(bytes)
    if (!result) throw new Error("its type is unknown")
    return result
}

/**
 * Whether a CONNECT is of another protocol or version: it is answered, while `mqtt-packet` only reports an error.
 * One that is cut off before the version is not decided here.
 */
export function isOtherProtocol(bytes: Buffer): boolean {
    if (bytes[0] !== 0x10) return false
    let at = 1
    while (bytes[at] >= 0x80) at++
    at++
    if (bytes.length < at + 2) return false
    const end = at + 2 + bytes.readUInt16BE(at)
    if (bytes.length <= end) return false
    return bytes.toString("latin1", at + 2, end) !== "MQTT" || bytes[end] !== 4
}
