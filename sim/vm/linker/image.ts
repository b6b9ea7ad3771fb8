/**
 * An image as a program that can be changed: read with the compiler's debug information, and written with it.
 *
 * Layout (format 2.16): a header of 32 bytes; a table of ten sections, offset and length of 4 bytes each; the sections, one
 * behind the other: functions (16 bytes each), their code, floats, roles, tables of ASCII strings, UTF-8 strings and
 * buffers, their data, service specifications, the board's configuration. No section tells a place outside of itself, except
 * that a function tells its code's offset in the image; so sections move freely.
 */
import { CompilerDebugInfo } from "../cli"
import { Instruction, Statement, readCode, writeCode } from "./code"
import { InstructionSet, LinkerError } from "./opcodes"

const MAGIC = Buffer.from("446576530a6e29f1", "hex")
const VERSION = 0x02100004
const HEADER_BYTES = 32
const SECTIONS = 10
const SECTION_BYTES = 8
const FUNCTION_BYTES = 16
/** An image's length is a multiple of this. */
const IMAGE_ALIGNMENT = 32

export const enum Section {
    functions,
    code,
    floats,
    roles,
    asciiStrings,
    utf8Strings,
    buffers,
    stringData,
    specifications,
    configuration,
}

export interface FunctionCode {
    /** What the image tells of it but place and length of its code: 8 bytes. */
    properties: Buffer
    body: Statement[]
    debug: CompilerDebugInfo["functions"][number]
}

export interface Program {
    header: Buffer
    functions: FunctionCode[]
    /** All sections; those of functions and code are made anew from `functions`. */
    sections: Buffer[]
    /** Source places: position in the concatenated sources, and length. */
    places: [number, number][]
    debug: CompilerDebugInfo
    set: InstructionSet
}

/** An image and what belongs to it. */
export interface Linked {
    binary: Buffer
    debug: CompilerDebugInfo
}

function readSections(binary: Buffer): Buffer[] {
    const sections: Buffer[] = []
    let expected = HEADER_BYTES + SECTIONS * SECTION_BYTES
    for (let index = 0; index < SECTIONS; index++) {
        const at = HEADER_BYTES + index * SECTION_BYTES
        const start = binary.readUInt32LE(at)
        const length = binary.readUInt32LE(at + 4)
        if (start !== expected || start + length > binary.length)
            throw new LinkerError(`section ${index} is not where it should be`)
        sections.push(binary.subarray(start, start + length))
        expected = start + length
    }
    return sections
}

/** The source map: program counter and source place of each entry. */
function readPlaces({ srcmap }: CompilerDebugInfo): {
    counters: number[]
    places: [number, number][]
} {
    const counters: number[] = []
    const places: [number, number][] = []
    let position = 0
    let counter = 0
    for (let at = 0; at + 2 < srcmap.length; at += 3) {
        position += srcmap[at]
        counter += srcmap[at + 2]
        if (counter < (counters[counters.length - 1] ?? 0))
            throw new LinkerError("the source map goes backwards")
        counters.push(counter)
        places.push([position, srcmap[at + 1]])
    }
    return { counters, places }
}

function checkHeader(binary: Buffer): void {
    if (
        binary.length < HEADER_BYTES + SECTIONS * SECTION_BYTES ||
        !binary.subarray(0, MAGIC.length).equals(MAGIC)
    )
        throw new LinkerError("it is none")
    if (binary.readUInt32LE(MAGIC.length) !== VERSION)
        throw new LinkerError("its version is not 2.16.4")
}

/** @throws LinkerError */
export function readImage(
    { binary, debug }: Linked,
    set: InstructionSet
): Program {
    checkHeader(binary)
    const sections = readSections(binary)
    const { counters, places } = readPlaces(debug)
    const table = sections[Section.functions]
    if (debug.functions.length * FUNCTION_BYTES !== table.length)
        throw new LinkerError("its debug information is of another image")
    // Functions are read in the order of their code, so one index goes through the whole source map.
    let entry = -1
    const functions = debug.functions.map((info, index): FunctionCode => {
        const row = table.subarray(index * FUNCTION_BYTES)
        const start = row.readUInt32LE(0)
        const bytes = binary.subarray(start, start + row.readUInt32LE(4))
        const placeAt = (at: number) => {
            while (counters[entry + 1] <= start + at) entry++
            return entry >= 0 && counters[entry] >= start ? entry : -1
        }
        return {
            properties: row.subarray(8, FUNCTION_BYTES),
            body: readCode(bytes, set, placeAt),
            debug: info,
        }
    })
    return {
        header: binary.subarray(0, HEADER_BYTES),
        functions,
        sections,
        places,
        debug,
        set,
    }
}

/** Collects the source map of the code that is written. */
class SourceMap {
    readonly srcmap: number[] = []
    private position = 0
    private counter = 0
    private last = -1

    constructor(private readonly places: [number, number][]) {}

    startFunction(): void {
        this.last = -1
    }

    add({ place }: Instruction, counter: number): void {
        if (place === this.last || place < 0) return
        this.last = place
        const [position, length] = this.places[place]
        this.srcmap.push(
            position - this.position,
            length,
            counter - this.counter
        )
        this.position = position
        this.counter = counter
    }
}

export function writeImage(program: Program): Linked {
    const { functions, places, debug } = program
    const table = Buffer.alloc(functions.length * FUNCTION_BYTES)
    const start = HEADER_BYTES + SECTIONS * SECTION_BYTES + table.length
    const map = new SourceMap(places)
    let at = start
    const code = functions.map(({ body, properties }, index) => {
        map.startFunction()
        const bytes = writeCode(body, (instruction, offset) =>
            map.add(instruction, at + offset)
        )
        const row = table.subarray(index * FUNCTION_BYTES)
        row.writeUInt32LE(at, 0)
        row.writeUInt32LE(bytes.length, 4)
        properties.copy(row, 8)
        at += bytes.length
        return bytes
    })
    const sections = program.sections.slice()
    sections[Section.functions] = table
    sections[Section.code] = Buffer.concat(code)
    const binary = writeSections(program.header, sections)
    let startpc = start
    return {
        binary,
        debug: {
            ...debug,
            functions: functions.map((fn, index) => {
                const row = { ...fn.debug, startpc }
                row.size = code[index].length + FUNCTION_BYTES
                startpc += code[index].length
                return row
            }),
            srcmap: map.srcmap,
        },
    }
}

function writeSections(header: Buffer, sections: Buffer[]): Buffer {
    const table = Buffer.alloc(SECTIONS * SECTION_BYTES)
    let at = header.length + table.length
    sections.forEach((section, index) => {
        table.writeUInt32LE(at, index * SECTION_BYTES)
        table.writeUInt32LE(section.length, index * SECTION_BYTES + 4)
        at += section.length
    })
    const padding = Buffer.alloc(-at & (IMAGE_ALIGNMENT - 1))
    return Buffer.concat([header, table, ...sections, padding])
}

/** What an image says about its board, as DeviceScript writes it; empty when it says nothing. @throws LinkerError */
export function configurationOf(binary: Buffer): Buffer {
    checkHeader(binary)
    return readSections(binary)[Section.configuration]
}

/** An image with this in place of what it says about its board. Code and data stay as they are. @throws LinkerError */
export function withConfiguration(
    binary: Buffer,
    configuration: Uint8Array
): Buffer {
    checkHeader(binary)
    const sections = readSections(binary)
    // The runtime wants its address to be a multiple of 4, and its end too.
    sections[Section.configuration] = Buffer.concat([
        configuration,
        Buffer.alloc(-configuration.length & 3),
    ])
    return writeSections(binary.subarray(0, HEADER_BYTES), sections)
}
