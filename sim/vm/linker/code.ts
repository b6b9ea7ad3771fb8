/**
 * A function's code as statements, read from bytes and written to bytes.
 *
 * Jumps hold the statement that they go to, so that statements can be changed, left out and moved. What is read is written
 * as it was, byte for byte, as long as nothing asks for shorter jumps: the compiler writes a jump forward always with
 * four bytes, since it does not know the distance yet.
 */
import {
    DIRECT_NUMBER,
    FIRST_LONG_NUMBER,
    InstructionSet,
    LinkerError,
    isJump,
} from "./opcodes"

export interface Instruction {
    opcode: number
    /** The number behind it; a jump's distance is found when it is written. */
    operand?: number
    /** Where it comes from: an index in the list of places, -1 when the compiler does not say. */
    place: number
}

export interface Statement {
    /** The expressions in the order of their evaluation, and last the statement's own instruction. */
    code: Instruction[]
    /** Where a jump goes. */
    target?: Statement
    /** Bytes that a jump's distance takes at least: as many as the compiler used. */
    minDistanceBytes: number
}

/** Code is padded with zeros to multiples of this. */
const ALIGNMENT = 4

export const operation = ({ code }: Statement) => code[code.length - 1].opcode

/** Bytes of a number behind an instruction. */
export function numberLength(value: number): number {
    if (value >= 0 && value < FIRST_LONG_NUMBER) return 1
    const size = Math.abs(value)
    return size < 2 ** 8 ? 2 : size < 2 ** 16 ? 3 : size < 2 ** 24 ? 4 : 5
}

/**
 * Writes a number behind an instruction: one byte, or 248 + 4 if it is negative + its length - 1, then its absolute
 * value, most significant byte first.
 */
function writeNumber(out: number[], value: number, minLength = 1): void {
    const length = Math.max(numberLength(value), minLength)
    if (length === 1) {
        out.push(value)
        return
    }
    const size = Math.abs(value)
    out.push(FIRST_LONG_NUMBER | (value < 0 ? 4 : 0) | (length - 2))
    for (let byte = length - 2; byte >= 0; byte--)
        out.push(Math.floor(size / 2 ** (8 * byte)) & 255)
}

/** Reads one function. */
class Reader {
    private at = 0

    constructor(
        private readonly bytes: Buffer,
        private readonly set: InstructionSet,
        private readonly placeAt: (at: number) => number
    ) {}

    private byte(): number {
        if (this.at >= this.bytes.length)
            throw new LinkerError("a function ends within an instruction")
        return this.bytes[this.at++]
    }

    private number(): number {
        const first = this.byte()
        if (first < FIRST_LONG_NUMBER) return first
        let value = 0
        for (let left = (first & 3) + 1; left > 0; left--)
            value = ((value << 8) | this.byte()) >>> 0
        return (first & 4 ? -value : value) | 0
    }

    /** Whether only padding is left. An instruction 0 does not exist. */
    private ended(): boolean {
        const left = this.bytes.subarray(this.at)
        if (left.length > 0 && left[0] !== 0) return false
        if (left.length >= ALIGNMENT || left.some(byte => byte !== 0))
            throw new LinkerError("there is no instruction 0")
        return true
    }

    read(): Statement[] {
        const byStart = new Map<number, Statement>()
        const jumps: { statement: Statement; to: number }[] = []
        while (!this.ended()) {
            const start = this.at
            const statement: Statement = { code: [], minDistanceBytes: 1 }
            let depth = 0
            for (;;) {
                const at = this.at
                const opcode = this.byte()
                this.set.check(opcode)
                const instruction: Instruction = {
                    opcode,
                    place: this.placeAt(at),
                }
                statement.code.push(instruction)
                if (this.set.takesNumber(opcode)) {
                    const number = this.number()
                    if (isJump(opcode)) {
                        statement.minDistanceBytes = this.at - at - 1
                        jumps.push({ statement, to: at + number })
                    } else instruction.operand = number
                }
                depth -= this.set.arguments(opcode)
                if (depth < 0)
                    throw new LinkerError("an instruction lacks an argument")
                if (this.set.isStatement(opcode)) break
                depth++
            }
            if (depth !== 0)
                throw new LinkerError("a statement leaves a value behind")
            byStart.set(start, statement)
        }
        for (const { statement, to } of jumps) {
            statement.target = byStart.get(to)
            if (!statement.target)
                throw new LinkerError("a jump goes to no statement")
        }
        return [...byStart.values()]
    }
}

/** @param placeAt where the byte at an offset of the function comes from */
export const readCode = (
    bytes: Buffer,
    set: InstructionSet,
    placeAt: (at: number) => number
) => new Reader(bytes, set, placeAt).read()

const instructionLength = ({ opcode, operand }: Instruction) =>
    opcode >= DIRECT_NUMBER || operand === undefined
        ? 1
        : 1 + numberLength(operand)

/**
 * Finds where each statement starts.
 *
 * Every jump begins with its shortest form; as long as one does not reach its target, it gets longer, and everything
 * behind it moves. Nothing ever gets shorter again, so this ends.
 */
function layout(body: Statement[]): {
    starts: Map<Statement, number>
    lengths: number[]
} {
    const lengths = body.map(({ minDistanceBytes }) => minDistanceBytes)
    const fixed = body.map(({ code }) =>
        code.reduce(
            (sum, instruction) => sum + instructionLength(instruction),
            0
        )
    )
    for (;;) {
        const starts = new Map<Statement, number>()
        let at = 0
        body.forEach((statement, index) => {
            starts.set(statement, at)
            at += fixed[index] + (statement.target ? lengths[index] : 0)
        })
        let grown = false
        body.forEach((statement, index) => {
            if (!statement.target) return
            const needed = numberLength(
                distance(starts, statement, fixed[index])
            )
            if (needed <= lengths[index]) return
            lengths[index] = needed
            grown = true
        })
        if (!grown) return { starts, lengths }
    }
}

/** What a jump's distance is counted from is the jump's own instruction, behind its expressions. */
function distance(
    starts: Map<Statement, number>,
    statement: Statement,
    fixed: number
): number {
    const to = starts.get(statement.target!)
    if (to === undefined)
        throw new LinkerError("a jump goes to a statement that was left out")
    return to - (starts.get(statement)! + fixed - 1)
}

/** @param visit gets each instruction and its offset in the function */
export function writeCode(
    body: Statement[],
    visit: (instruction: Instruction, at: number) => void
): Buffer {
    const { starts, lengths } = layout(body)
    const out: number[] = []
    body.forEach((statement, index) => {
        const start = out.length
        for (const instruction of statement.code) {
            visit(instruction, out.length)
            out.push(instruction.opcode)
            if (instruction.operand !== undefined)
                writeNumber(out, instruction.operand)
        }
        if (statement.target)
            writeNumber(
                out,
                distance(starts, statement, out.length - start),
                lengths[index]
            )
    })
    while (out.length % ALIGNMENT !== 0) out.push(0)
    return Buffer.from(out)
}
