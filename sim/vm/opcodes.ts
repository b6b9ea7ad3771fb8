/**
 * Counts the opcodes that a VM executes.
 *
 * The runtime's interpreter is one loop that takes steps off its limit of 131,072. Ten instructions of WebAssembly are
 * put into that loop's head, in memory and not on disk, which add one to a word that nothing else uses. The VM computes
 * what it did before; only slower by some percent, so that times are not taken with it.
 */
import { Bundle, CliError, readBundle } from "./cli"

/** Emscripten's memory starts at 1,024; what is below belongs to nobody. */
const COUNTER_ADDRESS = 16

const BASE64_START = "data:application/octet-stream;base64,"

/** How a module of WebAssembly begins, in base64. */
const MODULE_START = "AGFzbQ"

const CODE_SECTION = 10

/**
 * `steps = 131072; loop { if (!--steps) break; …`, as the compiler of the pinned version wrote it: the local variables
 * have the numbers 3 and 4.
 */
const LOOP_HEAD = Buffer.from([
    0x20, 0x03, 0x41, 0x7f, 0x6a, 0x22, 0x04, 0x45, 0x0d, 0x01,
])

/** `counter = counter + 1`. */
const COUNT = Buffer.from([
    0x41,
    0x00,
    0x41,
    0x00,
    0x28,
    0x02,
    COUNTER_ADDRESS,
    0x41,
    0x01,
    0x6a,
    0x36,
    0x02,
    COUNTER_ADDRESS,
])

/** The number in LEB128 at a place, and the place behind it. */
function readNumber(bytes: Buffer, at: number): [number, number] {
    let value = 0
    for (let shift = 0; ; shift += 7) {
        const byte = bytes[at++]
        value |= (byte & 127) << shift
        if (byte < 128) return [value, at]
    }
}

function writeNumber(value: number): Buffer {
    const bytes = []
    for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128)
    return Buffer.from([...bytes, value])
}

/** The module with the counting instructions; `undefined` if the loop is not there exactly once. */
export function withCounter(module: Buffer): Buffer | undefined {
    const head = module.indexOf(LOOP_HEAD)
    if (head < 0 || module.indexOf(LOOP_HEAD, head + 1) >= 0) return undefined
    let at = 8
    while (at < module.length) {
        const [size, content] = readNumber(module, at + 1)
        const end = content + size
        if (head < end) {
            if (module[at] !== CODE_SECTION) return undefined
            const code = countIn(module.subarray(content, end), head - content)
            return Buffer.concat([
                module.subarray(0, at + 1),
                writeNumber(code.length),
                code,
                module.subarray(end),
            ])
        }
        at = end
    }
    return undefined
}

/** The code section with the counting instructions before `head`. */
function countIn(code: Buffer, head: number): Buffer {
    let [functions, at] = readNumber(code, 0)
    for (; functions > 0; functions--) {
        const [size, body] = readNumber(code, at)
        const end = body + size
        if (head < end)
            return Buffer.concat([
                code.subarray(0, at),
                writeNumber(size + COUNT.length),
                code.subarray(body, head),
                COUNT,
                code.subarray(head),
            ])
        at = end
    }
    throw new RangeError("a place outside of all functions")
}

let counting: Bundle | undefined

/** The installed CLI with a VM that counts. */
export function countingBundle(): Bundle {
    if (counting) return counting
    const { file, text } = readBundle()
    const start =
        text.indexOf(BASE64_START + MODULE_START) + BASE64_START.length
    const end = text.indexOf('"', start)
    const module = withCounter(
        Buffer.from(text.toString("latin1", start, end), "base64")
    )
    if (!module)
        throw new CliError(
            `The interpreter's loop is not where it should be in ${file}`
        )
    return (counting = {
        file,
        text: Buffer.concat([
            text.subarray(0, start),
            Buffer.from(module.toString("base64")),
            text.subarray(end),
        ]),
    })
}

/** Opcodes executed so far, modulo 2^32. */
export function opcodesIn(memory: Uint32Array): number {
    return memory[COUNTER_ADDRESS >> 2]
}
