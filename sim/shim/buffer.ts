/**
 * DeviceScript's `Buffer` and `hex` for device sources under Node.
 *
 * A class of its own, which copies the VM's semantics where they differ from Node's: `slice` copies and pads with
 * zeros past the end, `readUInt32BE` is signed, `setAt` saturates, a read past the end gives `undefined`
 * (`readUInt…`: 0), `set` and `blitAt` clamp, an allocation over 57,344 bytes throws. Node's own Buffer stays
 * untouched. `test/src/shim.test.ts` runs in both worlds and holds them against each other.
 *
 * One difference remains: a write by index past the end throws in the VM and is ignored here.
 */

/** The largest single allocation of the VM, in bytes. */
const MAX_ALLOCATION = 57344

type Format = "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "f32" | "f64"

const SIZES: Record<Format, number> = {
    u8: 1,
    i8: 1,
    u16: 2,
    i16: 2,
    u32: 4,
    i32: 4,
    f32: 4,
    f64: 8,
}

/** `Uint8Array` without its static side, which `from` below could not match. */
const Bytes = Uint8Array as unknown as {
    new (length: number): Uint8Array<ArrayBuffer>
}

class DeviceBuffer extends Bytes {
    static alloc(size: number): DeviceBuffer {
        if (!(size >= 0 && size <= MAX_ALLOCATION))
            throw new RangeError(`can't allocate ${size} bytes`)
        return new DeviceBuffer(size)
    }

    static from(
        data: string | ArrayLike<number>,
        encoding?: "utf-8" | "utf8" | "hex"
    ): DeviceBuffer {
        const bytes =
            typeof data === "string"
                ? globalThis.Buffer.from(data, encoding)
                : data
        const result = DeviceBuffer.alloc(bytes.length)
        for (let i = 0; i < bytes.length; i++) result[i] = bytes[i]
        return result
    }

    static concat(...buffers: DeviceBuffer[]): DeviceBuffer {
        const result = DeviceBuffer.alloc(
            buffers.reduce((sum, buffer) => sum + buffer.length, 0)
        )
        let at = 0
        for (const buffer of buffers) {
            result.set(buffer, at)
            at += buffer.length
        }
        return result
    }

    concat(other: DeviceBuffer): DeviceBuffer {
        return DeviceBuffer.concat(this, other)
    }

    getAt(offset: number, format: Format): number | undefined {
        if (offset < 0 || offset + SIZES[format] > this.length) return undefined
        const view = new DataView(this.buffer, this.byteOffset)
        switch (format) {
            case "u8":
                return view.getUint8(offset)
            case "i8":
                return view.getInt8(offset)
            case "u16":
                return view.getUint16(offset, true)
            case "i16":
                return view.getInt16(offset, true)
            case "u32":
                return view.getUint32(offset, true)
            case "i32":
                return view.getInt32(offset, true)
            case "f32":
                return view.getFloat32(offset, true)
            case "f64":
                return view.getFloat64(offset, true)
        }
    }

    setAt(offset: number, format: Format, value: number): void {
        if (offset < 0 || offset + SIZES[format] > this.length)
            throw new RangeError("buffer store out of range")
        const view = new DataView(this.buffer, this.byteOffset)
        const bits = 8 * SIZES[format]
        switch (format) {
            case "f32":
                return view.setFloat32(offset, value, true)
            case "f64":
                return view.setFloat64(offset, value, true)
            case "u8":
            case "u16":
            case "u32":
                value = Math.min(Math.max(value, 0), 2 ** bits - 1)
                break
            default:
                value = Math.min(
                    Math.max(value, -(2 ** (bits - 1))),
                    2 ** (bits - 1) - 1
                )
        }
        if (bits === 8) view.setUint8(offset, value)
        else if (bits === 16) view.setUint16(offset, value, true)
        else view.setUint32(offset, value, true)
    }

    fillAt(offset: number, length: number, value: number): void {
        this.fill(value, offset, offset + length)
    }

    blitAt(
        offset: number,
        source: DeviceBuffer | string,
        sourceOffset: number,
        length: number
    ): void {
        const bytes =
            typeof source === "string" ? DeviceBuffer.from(source) : source
        const count = Math.min(
            length,
            bytes.length - sourceOffset,
            this.length - offset
        )
        if (count > 0)
            super.set(
                bytes.subarray(sourceOffset, sourceOffset + count),
                offset
            )
    }

    override set(source: ArrayLike<number>, offset = 0): void {
        const count = Math.min(source.length, this.length - offset)
        for (let i = 0; i < count; i++) this[offset + i] = source[i]
    }

    override slice(from = 0, to = this.length) {
        const result = DeviceBuffer.alloc(Math.max(0, to - from))
        for (let i = from; i < to && i < this.length; i++)
            result[i - from] = this[i]
        return result
    }

    override toString(encoding?: string): string {
        return globalThis.Buffer.from(
            this.buffer,
            this.byteOffset,
            this.length
        ).toString(encoding === "hex" ? "hex" : "utf8")
    }

    readUInt16LE(offset: number): number {
        return this.getAt(offset, "u16")!
    }

    readUInt32LE(offset: number): number {
        return this.getAt(offset, "u32")!
    }

    readUInt16BE(offset: number): number {
        if (offset < 0 || offset + 2 > this.length) return 0
        return (this[offset] << 8) | this[offset + 1]
    }

    readUInt32BE(offset: number): number {
        if (offset < 0 || offset + 4 > this.length) return 0
        return (
            (this[offset] << 24) |
            (this[offset + 1] << 16) |
            (this[offset + 2] << 8) |
            this[offset + 3]
        )
    }
}

export { DeviceBuffer as Buffer }

/** `` hex`00 ff // comment` ``: a constant buffer, which is in flash on the device. */
export function hex(text: TemplateStringsArray): DeviceBuffer {
    return DeviceBuffer.from(
        text.raw[0].replace(/\/\/.*$/gm, "").replace(/\s/g, ""),
        "hex"
    )
}
