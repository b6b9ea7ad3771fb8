/**
 * DeviceScript's `Buffer` and `hex` for device sources under Node.
 *
 * A class of its own, which copies the VM's semantics where they differ from Node's; Node's own Buffer stays
 * untouched. `test/src/shim.test.ts` runs in both worlds and holds them against each other.
 *
 * Differences that remain, as an index cannot be intercepted at a bearable cost:
 * - A write by index past the end throws a RangeError in the VM and is ignored here.
 * - A write by index to a constant throws a TypeError in the VM; here it is found at the end of the process, which
 *   then fails.
 * - An index that is no integer is truncated in the VM.
 * On purpose, what the VM does with memory that is not its own (`getAt` and `setAt` with a negative offset, `blitAt`
 * onto an overlapping part of the same buffer further up) is a RangeError here.
 */
import { createHash, createHmac } from "node:crypto"
import { ALL_BYTES, decodeUtf8, parseHex } from "./text"

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

/** Bytes that a buffer shows when it is made a string without being asked for one. */
const SHOWN_BYTES = 32

class DeviceBuffer extends Bytes {
    /** Made at the first `getAt` or `setAt`. */
    private numbers?: DataView

    /** SHA-256, or HMAC-SHA-256 with a key. */
    static digest(
        key: Uint8Array | undefined,
        algorithm: string,
        parts: (Uint8Array | string)[]
    ): DeviceBuffer {
        if (algorithm !== "sha256") throw new TypeError("unknown algorithm")
        const hash = key ? createHmac(algorithm, key) : createHash(algorithm)
        for (const part of parts) hash.update(part)
        return copy(hash.digest())
    }

    static alloc(size: number): DeviceBuffer {
        const bytes = size ? Math.trunc(size) : 0
        if (!(bytes >= 0 && bytes <= MAX_ALLOCATION))
            throw new RangeError("buffer too big")
        return new DeviceBuffer(bytes)
    }

    static from(
        data: string | ArrayLike<number>,
        encoding?: "utf-8" | "utf8" | "hex"
    ): DeviceBuffer {
        if (typeof data === "string") {
            if (isHex(encoding)) return copy(parseHex(data))
            return copy(globalThis.Buffer.from(data))
        }
        if (!(data instanceof Uint8Array) && !Array.isArray(data))
            throw new TypeError("Expecting string, buffer or array")
        return copy(data)
    }

    static concat(...buffers: (DeviceBuffer | string)[]): DeviceBuffer {
        const parts = buffers.map(sourceBytes)
        const result = DeviceBuffer.alloc(
            parts.reduce((sum, { length }) => sum + length, 0)
        )
        let at = 0
        for (const part of parts) {
            result.set(part, at)
            at += part.length
        }
        return result
    }

    concat(other: DeviceBuffer): DeviceBuffer {
        return DeviceBuffer.concat(this, other)
    }

    /** @returns `undefined` past the end */
    getAt(offset: number, format: Format): number | undefined {
        const at = Math.trunc(offset)
        if (at < 0) throw new RangeError("a read before a buffer")
        if (at + SIZES[format] > this.length) return undefined
        const view = (this.numbers ??= new DataView(
            this.buffer,
            this.byteOffset
        ))
        switch (format) {
            case "u8":
                return view.getUint8(at)
            case "i8":
                return view.getInt8(at)
            case "u16":
                return view.getUint16(at, true)
            case "i16":
                return view.getInt16(at, true)
            case "u32":
                return view.getUint32(at, true)
            case "i32":
                return view.getInt32(at, true)
            case "f32":
                return view.getFloat32(at, true)
            case "f64":
                return view.getFloat64(at, true)
        }
    }

    /** Rounds to an integer (negative fractions in a way of their own), and keeps to the format's range. */
    setAt(offset: number, format: Format, value: number): void {
        const at = Math.trunc(offset)
        if (at < 0 || at + SIZES[format] > this.length)
            throw new RangeError("buffer store out of range")
        const view = (this.numbers ??= new DataView(
            this.buffer,
            this.byteOffset
        ))
        const range = 2 ** (8 * SIZES[format])
        const number = Number(value)
        if (format === "f32") return view.setFloat32(at, number, true)
        if (format === "f64") return view.setFloat64(at, number, true)
        const lowest = format[0] === "u" ? 0 : -range / 2
        const rounded = Number.isInteger(number)
            ? number
            : Math.trunc(number + 0.5)
        const integer = Math.min(Math.max(rounded, lowest), lowest + range - 1)
        if (range === 2 ** 8) view.setUint8(at, integer)
        else if (range === 2 ** 16) view.setUint16(at, integer, true)
        else view.setUint32(at, integer, true)
    }

    /** A negative length means all of the rest. */
    fillAt(offset: number, length: number, value: number): void {
        const from = Math.trunc(offset)
        if (from < 0) return
        this.fill(
            value,
            from,
            length < 0 ? this.length : from + Math.trunc(length)
        )
    }

    /** Copies what fits. A negative length means all of the source. */
    blitAt(
        offset: number,
        source: DeviceBuffer | string,
        sourceOffset: number,
        length: number
    ): void {
        const bytes = sourceBytes(source)
        const to = Math.trunc(offset)
        const from = Math.trunc(sourceOffset)
        if (to < 0 || from < 0) return
        const count = Math.min(
            length < 0 ? ALL_BYTES : Math.trunc(length),
            bytes.length - from,
            this.length - to
        )
        if (count <= 0) return
        if (source === this && to > from && to < from + count)
            throw new RangeError("a copy onto a part of itself further up")
        super.set(bytes.subarray(from, from + count), to)
    }

    /** Copies what fits. */
    override set(source: ArrayLike<number>, offset = 0): void {
        if (Array.isArray(source)) throw new TypeError("expecting buffer")
        this.blitAt(offset, source as unknown as DeviceBuffer, 0, ALL_BYTES)
    }

    /** A copy. It has zeros where it goes past the end, and none of it starts there. */
    override slice(from?: number, to?: number) {
        const start = Number(from ?? 0)
        const end = to === undefined ? this.length : Number(to)
        if (start >= this.length || end <= start) return DeviceBuffer.alloc(0)
        const result = DeviceBuffer.alloc(end - start)
        result.blitAt(0, this, start, ALL_BYTES)
        return result
    }

    /** The first place of a byte in `[from, to)`, or -1; with a negative `to`, the first from `from` downwards. */
    override indexOf(byte: number, from = 0, to = this.length): number {
        let at = Math.max(Math.trunc(from), 0)
        if (to < 0) {
            while (at >= 0 && this[at] !== byte) at--
            return at
        }
        while (at < Math.min(to, this.length)) {
            if (this[at] === byte) return at
            at++
        }
        return -1
    }

    /** The last place of a byte in `[from, to)`, or -1. */
    override lastIndexOf(byte: number, from = 0, to = this.length): number {
        for (let at = Math.min(to, this.length) - 1; at >= from; at--)
            if (this[at] === byte) return at
        return -1
    }

    getBit(index: number): boolean {
        return ((this[index >> 3] >> (index % 8)) & 1) === 1
    }

    setBit(index: number, on: boolean): void {
        const bit = 1 << (index % 8)
        if (on) this[index >> 3] |= bit
        else this[index >> 3] &= ~bit
    }

    override toString(encoding?: string): string {
        if (isHex(encoding))
            return globalThis.Buffer.from(
                this.buffer,
                this.byteOffset,
                this.length
            ).toString("hex")
        return decodeUtf8(this)
    }

    /** What a template or an addition makes of a buffer: not its text. */
    [Symbol.toPrimitive](): string {
        const shown = this.slice(0, Math.min(SHOWN_BYTES, this.length))
        const more = this.length > SHOWN_BYTES ? "..." : ""
        return `[Buffer[${this.length}] ${shown.toString("hex")}${more}]`
    }

    toJSON(): object {
        return {}
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

    /** Signed, whatever its name says. */
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

function isHex(encoding: string | undefined): boolean {
    if (encoding === "hex") return true
    if (encoding && encoding !== "utf8" && encoding !== "utf-8")
        throw new TypeError(`Unknown encoding: ${encoding}`)
    return false
}

function copy(bytes: ArrayLike<number>): DeviceBuffer {
    const result = DeviceBuffer.alloc(bytes.length)
    for (let i = 0; i < bytes.length; i++) result[i] = bytes[i]
    return result
}

function sourceBytes(source: DeviceBuffer | string): Uint8Array {
    if (typeof source === "string") return globalThis.Buffer.from(source)
    if (source instanceof Uint8Array) return source
    throw new TypeError("expecting buffer")
}

/** A buffer in flash: it cannot be written. */
class ConstantBuffer extends DeviceBuffer {
    override setAt(): void {
        throw new TypeError("expecting mutable Buffer")
    }

    override fillAt(): void {
        throw new TypeError("expecting mutable Buffer")
    }

    override blitAt(): void {
        throw new TypeError("expecting mutable Buffer")
    }
}

export { DeviceBuffer as Buffer }

/** Constants by where they stand in the source: each is one buffer, however often the line is run. */
const constants = new Map<TemplateStringsArray, ConstantBuffer>()

/** `` hex`00 ff // comment` ``: a constant buffer, which is in flash on the device. */
export function hex(text: TemplateStringsArray): DeviceBuffer {
    let constant = constants.get(text)
    if (!constant) {
        constant = new ConstantBuffer(constantBytes(text).length)
        Uint8Array.prototype.set.call(constant, constantBytes(text))
        constants.set(text, constant)
    }
    return constant
}

function constantBytes(text: TemplateStringsArray): number[] {
    return parseHex(text.raw[0].replace(/\/\/.*$/gm, ""))
}

process.once("exit", () => {
    for (const [text, constant] of constants)
        if (constantBytes(text).some((byte, at) => constant[at] !== byte)) {
            console.error(
                `The constant hex\`${text.raw[0]}\` was written to, which throws on a device.`
            )
            process.exitCode = 1
        }
})
