/**
 * A board's description as the runtime reads it ("DCFG"): which pins are the I2C bus, the status LED and the log.
 *
 * The runtime looks into the program's image first and then at a fixed place of its own flash. So an image that was built for a
 * board carries the pins along, whichever runtime image the board has; a bundle has them in both places.
 *
 * Writing is DeviceScript's own code. Reading is ours, from the format: a header with the number of entries, then 24 bytes an entry
 * (name, hash, type and size, value), then the texts.
 */
import { loadCompiler } from "../vm/cli"
import { configurationOf, withConfiguration } from "../vm/linker/image"
import { BoardDescription } from "./catalog"

/** Names and values, flat: `i2c.pinSDA`. */
export type Hardware = Record<string, number | string>

const MAGIC = Buffer.from("444346470a9bb4ca", "hex")
const HEADER = 88
const ENTRY = 24
const NAME = 15
const enum Type {
    Unsigned = 0,
    Signed = 1,
    Text = 2,
}

/** What goes into the runtime's image: all that the board's file says. */
export function boardHardware(board: BoardDescription): Uint8Array {
    const compiler = loadCompiler()
    return compiler.serializeDcfg(compiler.jsonToDcfg(board.file, true))
}

/**
 * A program's image with the board's pins. What the program itself says with `configureHardware` holds.
 *
 * @param image compiled, linked or not
 */
export function withBoard(image: Buffer, board: BoardDescription): Buffer {
    const compiler = loadCompiler()
    const present = configurationOf(image)
    return withConfiguration(
        image,
        compiler.serializeDcfg({
            ...compiler.jsonToDcfg(programHardware(board)),
            ...(present.length ? compiler.decodeDcfg(present).settings : {}),
        })
    )
}

/** The board's pins in a program's image; `undefined` when it was built for no board. */
export function programBoard(image: Buffer): Hardware | undefined {
    const found = readHardware(configurationOf(image))
    return found && "@board" in found ? found : undefined
}

/** Pins by their numbers, as the board's labels may be unknown to the runtime that it has. */
function programHardware({ file }: BoardDescription): object {
    const number = (pin: unknown) =>
        typeof pin === "string" ? file.pins[pin] : pin
    const withNumbers = (part: object | undefined) =>
        part &&
        Object.fromEntries(
            Object.entries(part).map(([name, value]) => [
                name,
                name.startsWith("pin") ? number(value) : (value as unknown),
            ])
        )
    const { pins, i2c, led } = file
    return {
        "@board": file.id,
        // What the program names itself, DeviceScript writes as a label.
        pins,
        i2c: withNumbers(i2c),
        led: withNumbers(led),
    }
}

/**
 * Reads a description.
 *
 * @param bytes from its first byte on; more may follow
 * @returns `undefined` when there is none, or it is broken
 */
export function readHardware(bytes: Buffer): Hardware | undefined {
    if (bytes.length < HEADER || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
        return undefined
    const size = bytes.readUInt32LE(8)
    const count = bytes.readUInt16LE(12)
    if (size > bytes.length || HEADER + (count + 1) * ENTRY > size)
        return undefined
    const found: Hardware = {}
    for (let index = 0; index < count; index++) {
        const at = HEADER + index * ENTRY
        const name = bytes
            .toString("latin1", at, at + NAME)
            .replace(/\0.*$/s, "")
        const typeAndSize = bytes.readUInt16LE(at + NAME + 3)
        const value = at + NAME + 5
        const type: Type = typeAndSize & 3
        if (type === Type.Unsigned) found[name] = bytes.readUInt32LE(value)
        else if (type === Type.Signed) found[name] = bytes.readInt32LE(value)
        else if (type === Type.Text) {
            const from = bytes.readUInt32LE(value)
            const to = from + (typeAndSize >> 2)
            if (to >= size) return undefined
            found[name] = bytes.toString("utf8", from, to)
        }
    }
    return found
}
