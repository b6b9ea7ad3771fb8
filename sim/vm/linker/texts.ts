/**
 * The tables of texts and buffers of an image.
 *
 * A text is in one of two tables, and code names it by its number there; numbers below 248 take one byte. The compiler puts short
 * ASCII texts into the first and all others into the second. To the VM they are the same: it compares texts by what is in them,
 * and the second holds ASCII as well.
 *
 * ASCII: 2 bytes, where its data are; they end with a zero. UTF-8: 4 bytes, where its data are: length in bytes, length in characters, where each
 * 16th character starts, 2 bytes each, then the text and a zero. Buffer: 8 bytes, where its data are and their length.
 */
import { Program, Section } from "./image"
import { LinkerError } from "./opcodes"

export interface Texts {
    ascii: Buffer[]
    utf8: Buffer[]
    buffers: Buffer[]
}

/** Characters between two entries of a text's table of characters. */
const INDEX_STEP = 16
const ALIGNMENT = 4

export function readTexts({ sections }: Program): Texts {
    const data = sections[Section.stringData]
    const slice = (start: number, length: number) => {
        if (start + length > data.length)
            throw new LinkerError("a text is not in the image")
        return data.subarray(start, start + length)
    }
    const rows = (section: Section, size: number) =>
        Array.from({ length: sections[section].length / size }, (_, row) =>
            sections[section].subarray(row * size)
        )
    const ascii = rows(Section.asciiStrings, 2).map(row => {
        const start = row.readUInt16LE(0)
        return slice(start, data.indexOf(0, start) - start)
    })
    // The table is padded with an entry of zeros, which looks like the first text again.
    const table = sections[Section.asciiStrings]
    const padded =
        ascii.length > 1 && table.readUInt16LE(table.length - 2) === 0
    return {
        ascii: padded ? ascii.slice(0, -1) : ascii,
        utf8: rows(Section.utf8Strings, 4).map(row => {
            const start = row.readUInt32LE(0)
            const header = slice(start, 4)
            const entries = Math.floor(header.readUInt16LE(2) / INDEX_STEP)
            return slice(start + 4 + 2 * entries, header.readUInt16LE(0))
        }),
        buffers: rows(Section.buffers, 8).map(row =>
            slice(row.readUInt32LE(0), row.readUInt32LE(4))
        ),
    }
}

/** What stands before a text in the second table. */
function characterIndex(text: Buffer): Buffer {
    const numbers = [text.length, 0]
    let characters = 0
    for (let at = 0; at < text.length;) {
        at++
        while (at < text.length && (text[at] & 0xc0) === 0x80) at++
        characters++
        if (characters % INDEX_STEP === 0) numbers.push(at)
    }
    numbers[1] = characters
    const bytes = Buffer.alloc(numbers.length * 2)
    numbers.forEach((number, at) => bytes.writeUInt16LE(number, at * 2))
    return bytes
}

const padding = (length: number) => Buffer.alloc(-length & (ALIGNMENT - 1))

/** Replaces the image's tables. */
export function writeTexts({ sections }: Program, texts: Texts): void {
    const data: Buffer[] = []
    let length = 0
    const add = (...parts: Buffer[]) => {
        const start = length
        for (const part of parts) {
            data.push(part)
            length += part.length
        }
        return start
    }
    const zero = Buffer.alloc(1)
    const ascii = Buffer.alloc(texts.ascii.length * 2)
    texts.ascii.forEach((text, at) => {
        ascii.writeUInt16LE(add(text, zero), at * 2)
    })
    const utf8 = Buffer.alloc(texts.utf8.length * 4)
    texts.utf8.forEach((text, at) => {
        add(padding(length))
        utf8.writeUInt32LE(add(characterIndex(text), text, zero), at * 4)
    })
    const buffers = Buffer.alloc(texts.buffers.length * 8)
    texts.buffers.forEach((bytes, at) => {
        add(padding(length))
        buffers.writeUInt32LE(add(bytes), at * 8)
        buffers.writeUInt32LE(bytes.length, at * 8 + 4)
    })
    add(zero)
    add(padding(length))
    sections[Section.asciiStrings] = Buffer.concat([
        ascii,
        padding(ascii.length),
    ])
    sections[Section.utf8Strings] = utf8
    sections[Section.buffers] = buffers
    sections[Section.stringData] = Buffer.concat(data)
}
