/**
 * Passes over variables, those that the program has and those in which the compiler keeps values for a moment.
 *
 * A function that makes closures is left alone: they share its variables. So is what sets a variable that nothing needs any
 * more: a program does that to let go of memory.
 */
import { Instruction, Statement, operation } from "./code"
import {
    Needed,
    has,
    neededVariables,
    setsVariable,
    targetsOf,
    without,
} from "./flow"
import { FunctionCode, Program } from "./image"
import { DIRECT_NUMBER, InstructionSet, Op } from "./opcodes"

/** Values on the VM's stack at most. */
const MAX_STACK = 16

/**
 * Instructions that push a value, always succeed, and give the same wherever in a statement they are: expressions set neither
 * variables nor the value that a call returned.
 */
const STEADY: readonly number[] = [
    Op.builtinObject,
    Op.infinity,
    Op.loadLocal,
    Op.loadGlobal,
    Op.staticBuffer,
    Op.staticBuiltinString,
    Op.staticAsciiString,
    Op.staticUtf8String,
    Op.staticFunction,
    Op.literal,
    Op.literalFloat,
    Op.returnedValue,
    Op.undefined,
    Op.true,
    Op.false,
    Op.nan,
    Op.null,
]

const isSteady = ({ opcode }: Instruction) =>
    opcode >= DIRECT_NUMBER || STEADY.includes(opcode)

const makesClosures = ({ body }: FunctionCode) =>
    body.some(({ code }) =>
        code.some(({ opcode }) => opcode === Op.makeClosure)
    )

/** The most values that the code of a statement has on the stack. */
function stackOf(code: Instruction[], set: InstructionSet): number {
    let depth = 0
    let most = 0
    for (const { opcode } of code) {
        depth -= set.arguments(opcode)
        if (!set.isStatement(opcode)) depth++
        most = Math.max(most, depth)
    }
    return most
}

/**
 * The code of two statements in one, `x = E` and `… x …` as `… E …`.
 *
 * @returns undefined if that is not the same, or not shorter
 */
function merged(
    first: Instruction[],
    second: Instruction[],
    variable: number
): Instruction[] | undefined {
    const value = first.slice(0, -1)
    const isUse = ({ opcode, operand }: Instruction) =>
        opcode === Op.loadLocal && operand === variable
    const uses = second.filter(isUse).length
    if (value.length === 1 && isSteady(value[0])) {
        if (uses > 1 && value[0].operand !== undefined) return undefined
        if (uses === 0) return undefined
        return second.flatMap(instruction =>
            isUse(instruction) ? value : [instruction]
        )
    }
    const at = second.findIndex(isUse)
    if (uses !== 1 || !second.slice(0, at).every(isSteady)) return undefined
    return [...second.slice(0, at), ...value, ...second.slice(at + 1)]
}

/** A value that is kept for the next statement only is made there, where that is the first thing done. */
function mergeInto(fn: FunctionCode, set: InstructionSet): boolean {
    const { body } = fn
    const targets = targetsOf(body)
    const needed = neededVariables(body)
    const gone = new Set<Statement>()
    let at = 0
    while (at + 1 < body.length) {
        const first = body[at]
        let next = at + 1
        for (; next < body.length; next++) {
            const variable = setsVariable(first)
            const second = body[next]
            if (variable === undefined || targets.has(second)) break
            if (
                has(needed.after[next], variable) &&
                setsVariable(second) !== variable
            )
                break
            const code = merged(first.code, second.code, variable)
            if (!code || stackOf(code, set) > MAX_STACK) break
            first.code = code
            first.target = second.target
            gone.add(second)
        }
        at = next
    }
    if (gone.size === 0) return false
    fn.body = without(body, statement => !gone.has(statement))
    return true
}

export function mergeTemporaries({ functions, set }: Program): void {
    for (const fn of functions)
        if (!makesClosures(fn)) while (mergeInto(fn, set));
}

/** Before a `return`, a value need not be kept, also where others jump to that. */
export function returnDirectly({ functions }: Program): void {
    for (const fn of functions) {
        if (makesClosures(fn)) continue
        fn.body.forEach((statement, at) => {
            const next = fn.body[at + 1]
            const variable = setsVariable(statement)
            if (
                variable === undefined ||
                !next ||
                operation(next) !== Op.return ||
                next.code.length !== 2 ||
                next.code[0].opcode !== Op.loadLocal ||
                next.code[0].operand !== variable
            )
                return
            const { code } = statement
            code[code.length - 1] = next.code[1]
        })
    }
}

/** The other variable of a statement that copies one into another. */
function copyOf({ code }: Statement): { from: number; to: number } | undefined {
    if (
        code.length !== 2 ||
        code[0].opcode !== Op.loadLocal ||
        code[1].opcode !== Op.storeLocal
    )
        return undefined
    return { from: code[0].operand!, to: code[1].operand! }
}

/** Whether two variables never hold different values that are both needed. */
function canShare(
    body: Statement[],
    { before, after }: Needed,
    a: number,
    b: number
): boolean {
    // At the start each variable has a value of its own.
    if (has(before[0], a) && has(before[0], b)) return false
    return body.every((statement, at) => {
        const variable = setsVariable(statement)
        if (variable !== a && variable !== b) return true
        const other = variable === a ? b : a
        const copy = copyOf(statement)
        return copy?.from === other || !has(after[at], other)
    })
}

/** Gives a variable and its copy one place, when never both are needed with different values. */
function shareOne(fn: FunctionCode): boolean {
    const copies = fn.body.filter(copyOf)
    if (copies.length === 0) return false
    const needed = neededVariables(fn.body)
    for (const statement of copies) {
        const { from, to } = copyOf(statement)!
        if (from === to || !canShare(fn.body, needed, from, to)) continue
        // What the caller or nobody has set has its place; else that of an argument stays free for no one.
        const [keep, drop] = has(needed.before[0], to) ? [to, from] : [from, to]
        for (const { code } of fn.body)
            for (const instruction of code)
                if (
                    (instruction.opcode === Op.loadLocal ||
                        instruction.opcode === Op.storeLocal) &&
                    instruction.operand === drop
                )
                    instruction.operand = keep
        fn.body = without(fn.body, each => {
            const copy = copyOf(each)
            return !copy || copy.from !== copy.to
        })
        return true
    }
    return false
}

export function shareCopies({ functions }: Program): void {
    for (const fn of functions) if (!makesClosures(fn)) while (shareOne(fn));
}
