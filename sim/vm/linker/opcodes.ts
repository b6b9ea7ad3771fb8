/**
 * What the linker knows of DeviceScript's instructions: format 2.16, as its compiler's own table tells it.
 *
 * An instruction is one byte. Bytes from 128 on push a small number; some others are followed by a number of 1 to 5
 * bytes. Expressions pop their arguments and push a value, statements pop theirs and leave the stack empty: so code is
 * a row of statements, each with its expressions before it.
 *
 * Only the instructions that a pass treats by name have one here.
 */

export const enum Op {
    builtinObject = 1,
    call0 = 2,
    call8 = 10,
    indexDelete = 11,
    return = 12,
    jump = 13,
    jumpIfFalse = 14,
    objectField = 16,
    storeLocal = 17,
    storeGlobal = 18,
    infinity = 20,
    loadLocal = 21,
    loadGlobal = 22,
    indexSet = 25,
    asciiField = 27,
    utf8Field = 28,
    mathField = 29,
    dsField = 30,
    allocMap = 31,
    allocArray = 32,
    allocBuffer = 33,
    staticBuffer = 35,
    staticBuiltinString = 36,
    staticAsciiString = 37,
    staticUtf8String = 38,
    staticFunction = 39,
    literal = 40,
    literalFloat = 41,
    returnedValue = 44,
    undefined = 46,
    isUndefined = 47,
    true = 48,
    false = 49,
    toBool = 50,
    nan = 51,
    isNan = 54,
    not = 56,
    equal = 68,
    lessOrEqual = 69,
    less = 70,
    notEqual = 71,
    isNullish = 72,
    storeClosure = 73,
    loadClosure = 74,
    makeClosure = 75,
    jumpIfNullish = 78,
    callArray = 79,
    try = 80,
    endTry = 81,
    catch = 82,
    finally = 83,
    throw = 84,
    rethrow = 85,
    throwJump = 86,
    debugger = 87,
    instanceOf = 89,
    null = 90,
    looselyEqual = 91,
    looselyNotEqual = 92,
    storeReturnedValue = 93,
    staticSpec = 94,
}

/** From here on an instruction is a number, which is 16 more than the smallest. */
export const DIRECT_NUMBER = 128

/** Numbers behind an instruction from here on take more than one byte. */
export const FIRST_LONG_NUMBER = 248

/** Instructions of format 2.16, with the two that it does not use any more. */
const OPCODES = 95
const REMOVED: readonly number[] = [0, 42, 77]

const ARGUMENTS_MASK = 15
const IS_STATEMENT = 16
const TAKES_NUMBER = 32
const IS_FINAL = 64

/** The number behind these is the distance from the instruction to another statement of the function. */
const JUMPS: readonly number[] = [
    Op.jump,
    Op.jumpIfFalse,
    Op.jumpIfNullish,
    Op.try,
    Op.endTry,
    Op.throwJump,
]

/** An image that is not as the pinned compiler writes it: nothing is guessed, and no image comes out. */
export class LinkerError extends Error {
    constructor(what: string) {
        super(`The linker does not understand the image: ${what}.`)
        this.name = "LinkerError"
    }
}

/** The instructions' properties. */
export class InstructionSet {
    /** @param properties one character an instruction, from the compiler */
    constructor(private readonly properties: string) {
        if (properties.length !== OPCODES)
            throw new LinkerError(
                `it has ${properties.length} instructions instead of ${OPCODES}`
            )
    }

    /** @throws LinkerError when there is no such instruction */
    check(opcode: number): void {
        if (
            opcode < DIRECT_NUMBER &&
            (opcode >= OPCODES || REMOVED.includes(opcode))
        )
            throw new LinkerError(`there is no instruction ${opcode}`)
    }

    private has(opcode: number, property: number): boolean {
        return (
            opcode < OPCODES &&
            (this.properties.charCodeAt(opcode) & property) !== 0
        )
    }

    takesNumber(opcode: number): boolean {
        return this.has(opcode, TAKES_NUMBER)
    }

    isStatement(opcode: number): boolean {
        return this.has(opcode, IS_STATEMENT)
    }

    /** Whether the statement behind it is reached only by a jump. */
    isFinal(opcode: number): boolean {
        return this.isStatement(opcode) && this.has(opcode, IS_FINAL)
    }

    /** How many values it takes off the stack. */
    arguments(opcode: number): number {
        return opcode < OPCODES
            ? this.properties.charCodeAt(opcode) & ARGUMENTS_MASK
            : 0
    }
}

export const isJump = (opcode: number) => JUMPS.includes(opcode)
