/**
 * Passes that give what the code names most the numbers below 248, which take one byte; others take two or three. The
 * compiler numbers in the order in which it meets things.
 */
import { Instruction } from "./code"
import { Program, Section } from "./image"
import { FIRST_LONG_NUMBER, LinkerError, Op } from "./opcodes"
import { Texts, readTexts, writeTexts } from "./texts"

function forEachInstruction(
    { functions }: Program,
    visit: (instruction: Instruction) => void
): void {
    for (const { body } of functions)
        for (const { code } of body) code.forEach(visit)
}

/** Functions keep their order but for those that change between short and long numbers. */
export function renumberFunctions(program: Program): void {
    const { functions } = program
    const uses = functions.map(() => 0)
    const namesFunction = ({ opcode }: Instruction) =>
        opcode === Op.staticFunction || opcode === Op.makeClosure
    forEachInstruction(program, instruction => {
        if (namesFunction(instruction)) uses[instruction.operand!]++
    })
    // The program starts with function 0.
    uses[0] = Infinity
    const indices = functions.map((_, index) => index)
    const byUse = indices.slice().sort((a, b) => uses[b] - uses[a] || a - b)
    const short = new Set(byUse.slice(0, FIRST_LONG_NUMBER))
    const order = [
        ...indices.filter(index => short.has(index)),
        ...indices.filter(index => !short.has(index)),
    ]
    const numbers: number[] = []
    order.forEach((index, number) => (numbers[index] = number))
    forEachInstruction(program, instruction => {
        if (namesFunction(instruction))
            instruction.operand = numbers[instruction.operand!]
    })
    program.functions = order.map(index => functions[index])
}

/** A text's kind and number in two bytes, as functions and service specifications name theirs. */
const KIND_SHIFT = 14
const ASCII = 2
const UTF8 = 3

const nameOf = (kind: number, number: number) => (kind << KIND_SHIFT) | number

/** The instructions that name a text: the kind that they name, and the instruction for the other kind. */
const NAMING: Record<number, { kind: number; other: number }> = {
    [Op.asciiField]: { kind: ASCII, other: Op.utf8Field },
    [Op.utf8Field]: { kind: UTF8, other: Op.asciiField },
    [Op.staticAsciiString]: { kind: ASCII, other: Op.staticUtf8String },
    [Op.staticUtf8String]: { kind: UTF8, other: Op.staticAsciiString },
}

/**
 * Texts keep their order but for those that get a short number: the 248 that code names most in the table of ASCII texts, and the
 * next ones, of which there is room for as many, in the other.
 */
export function renumberTexts(program: Program): void {
    const texts = readTexts(program)
    const before = program.sections.slice()
    writeTexts(program, texts)
    if (before.some((bytes, at) => !bytes.equals(program.sections[at])))
        throw new LinkerError("its texts written again are not the same")
    const uses = new Map<number, number>()
    forEachInstruction(program, ({ opcode, operand }) => {
        if (!NAMING[opcode]) return
        const name = nameOf(NAMING[opcode].kind, operand!)
        uses.set(name, (uses.get(name) ?? 0) + 1)
    })
    const names = order(texts, uses)
    const numbers = new Map<number, number>()
    const linked: Texts = { ascii: [], utf8: [], buffers: texts.buffers }
    for (const [kind, table] of [
        [ASCII, linked.ascii],
        [UTF8, linked.utf8],
    ] as const)
        for (const name of names[kind]) {
            numbers.set(name, nameOf(kind, table.length))
            table.push(textOf(texts, name))
        }
    writeTexts(program, linked)
    rename(program, name => numbers.get(name) ?? name)
}

const numberOf = (name: number) => name & ((1 << KIND_SHIFT) - 1)

const textOf = ({ ascii, utf8 }: Texts, name: number) =>
    (name >> KIND_SHIFT === ASCII ? ascii : utf8)[numberOf(name)]

/** The names of the texts of both tables, in their new order. */
function order(
    texts: Texts,
    uses: Map<number, number>
): Record<number, number[]> {
    const allOf = (kind: number, { length }: Buffer[]) =>
        Array.from({ length }, (_, number) => nameOf(kind, number))
    const ascii = allOf(ASCII, texts.ascii)
    const utf8 = allOf(UTF8, texts.utf8)
    const count = (name: number) => uses.get(name) ?? 0
    const byUse = (list: number[]) =>
        list.slice().sort((a, b) => count(b) - count(a) || a - b)
    const first = new Set(byUse(ascii).slice(0, FIRST_LONG_NUMBER))
    const left = ascii.filter(name => !first.has(name) && count(name) > 0)
    const second = new Set(
        byUse([...left, ...utf8]).slice(0, FIRST_LONG_NUMBER)
    )
    const rest = (name: number) => !first.has(name) && !second.has(name)
    return {
        [ASCII]: [
            ...ascii.filter(name => first.has(name)),
            ...ascii.filter(rest),
        ],
        [UTF8]: [...second, ...utf8.filter(rest)],
    }
}

/** Changes all names of texts: in code, of functions, in service specifications. */
function rename(program: Program, newName: (name: number) => number): void {
    forEachInstruction(program, instruction => {
        const naming = NAMING[instruction.opcode]
        if (!naming) return
        const name = newName(nameOf(naming.kind, instruction.operand!))
        if (name >> KIND_SHIFT !== naming.kind)
            instruction.opcode = naming.other
        instruction.operand = numberOf(name)
    })
    for (const fn of program.functions) {
        fn.properties = Buffer.from(fn.properties)
        renameAt(fn.properties, FUNCTION_NAME, newName)
    }
    const specifications = Buffer.from(program.sections[Section.specifications])
    renameSpecifications(
        specifications,
        program.header.readUInt16LE(SPECIFICATION_COUNT),
        newName
    )
    program.sections[Section.specifications] = specifications
}

/** Places of numbers in the image's header and in a function's properties. */
const SPECIFICATION_COUNT = 14
const FUNCTION_NAME = 4

function renameAt(
    bytes: Buffer,
    at: number,
    newName: (name: number) => number
): void {
    bytes.writeUInt16LE(newName(bytes.readUInt16LE(at)), at)
}

/** Bytes of a specification, of a packet in it, of a field of a packet that has several. */
const SPECIFICATION_BYTES = 16
const PACKET_BYTES = 8
const FIELD_BYTES = 4
const SEVERAL_FIELDS = 1

function renameSpecifications(
    bytes: Buffer,
    count: number,
    newName: (name: number) => number
): void {
    for (let index = 0; index < count; index++) {
        const at = index * SPECIFICATION_BYTES
        renameAt(bytes, at, newName)
        const packets = bytes.readUInt16LE(at + 8)
        let packet = bytes.readUInt16LE(at + 10) * 4
        for (let left = packets; left > 0; left--, packet += PACKET_BYTES) {
            renameAt(bytes, packet, newName)
            if ((bytes.readUInt16LE(packet + 4) & SEVERAL_FIELDS) === 0)
                continue
            let field = bytes.readUInt16LE(packet + 6) * 4
            for (; bytes.readUInt32LE(field) !== 0; field += FIELD_BYTES)
                renameAt(bytes, field, newName)
        }
    }
}
