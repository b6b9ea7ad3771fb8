/** Passes over jumps and conditions. */
import { Instruction, Statement, operation } from "./code"
import { goesOn, reachable, targetsOf, without } from "./flow"
import { Program } from "./image"
import { Op } from "./opcodes"

/** Jumps take the shortest form that reaches. The compiler writes every jump forward in four bytes. */
export function shortenJumps({ functions }: Program): void {
    for (const { body } of functions)
        for (const statement of body) statement.minDistanceBytes = 1
}

/** Comparisons that are each other's opposite for all values: of "less" and "not less" both are false for NaN. */
const OPPOSITE: Record<number, number> = {
    [Op.equal]: Op.notEqual,
    [Op.notEqual]: Op.equal,
    [Op.looselyEqual]: Op.looselyNotEqual,
    [Op.looselyNotEqual]: Op.looselyEqual,
}

/** Instructions whose value is true or false, and nothing else. */
const BOOLEAN: readonly number[] = [
    Op.not,
    Op.toBool,
    Op.isUndefined,
    Op.isNullish,
    Op.equal,
    Op.notEqual,
    Op.less,
    Op.lessOrEqual,
    Op.looselyEqual,
    Op.looselyNotEqual,
    Op.instanceOf,
    Op.isNan,
]

/**
 * Shorter forms of expressions, one instruction for two:
 * - `x === undefined` has an instruction of its own;
 * - the opposite of a comparison is a comparison;
 * - a condition need not be made true or false first.
 */
export function shortenConditions({ functions }: Program): void {
    for (const { body } of functions)
        for (const { code } of body) {
            for (let at = 1; at < code.length; at++) {
                const [before, { opcode }] = [code[at - 1], code[at]]
                if (before.opcode === Op.undefined && opcode === Op.equal)
                    code.splice(at - 1, 2, {
                        ...before,
                        opcode: Op.isUndefined,
                    })
                else if (opcode === Op.not && OPPOSITE[before.opcode])
                    code.splice(at - 1, 2, {
                        ...before,
                        opcode: OPPOSITE[before.opcode],
                    })
                else if (
                    opcode === Op.toBool &&
                    (code[at + 1]?.opcode === Op.jumpIfFalse ||
                        code[at + 1]?.opcode === Op.not ||
                        BOOLEAN.includes(before.opcode))
                )
                    code.splice(at, 1)
                else continue
                at--
            }
            dropDoubleNot(code)
        }
}

/** A jump's `!!x` is its `x`. */
function dropDoubleNot(code: Instruction[]): void {
    for (;;) {
        const at = code.length - 3
        if (
            at < 0 ||
            code[at + 2].opcode !== Op.jumpIfFalse ||
            code[at + 1].opcode !== Op.not ||
            code[at].opcode !== Op.not
        )
            return
        code.splice(at, 2)
    }
}

/** Jumps that go on where their target jumps to. A handler's start is no jump: it must stay what it is. */
const THREADED: readonly number[] = [
    Op.jump,
    Op.jumpIfFalse,
    Op.jumpIfNullish,
    Op.endTry,
]

/** A condition that tests one variable: the variable, and whether the jump is taken when it is true. */
function testOf({
    code,
}: Statement): { variable: number; on: boolean } | undefined {
    const last = code.length - 1
    if (
        code[last].opcode !== Op.jumpIfFalse ||
        code[0].opcode !== Op.loadLocal ||
        last > 2
    )
        return undefined
    const [{ operand }, { opcode }] = code
    if (last === 2 && opcode !== Op.not && opcode !== Op.toBool)
        return undefined
    return { variable: operand!, on: last === 2 && opcode === Op.not }
}

/**
 * Jumps over jumps:
 * - to a jump: to where that goes;
 * - to a test of the variable that the jump itself tested: to where that goes, as `a && b` and `a || b` in a condition do.
 */
function thread(body: Statement[]): boolean {
    const index = new Map(body.map((statement, at) => [statement, at]))
    let changed = false
    for (const statement of body) {
        const { target } = statement
        if (!target || !THREADED.includes(operation(statement))) continue
        let to: Statement | undefined
        if (operation(target) === Op.jump) to = target.target
        else if (operation(target) === Op.jumpIfFalse) {
            const first = testOf(statement)
            const second = testOf(target)
            if (first && second && first.variable === second.variable)
                to =
                    first.on === second.on
                        ? target.target
                        : body[index.get(target)! + 1]
        }
        if (!to || to === target || to === statement) continue
        // A ring of jumps is a program's endless loop: each goes round it once at most.
        if (to.target === target) continue
        statement.target = to
        changed = true
    }
    return changed
}

/** Bytes of a `return` that takes the place of a jump to it, which has two at least. */
const SHORT_RETURN = 2

function sameCode(a: Statement, b: Statement): boolean {
    return (
        a.target === b.target &&
        a.code.length === b.code.length &&
        a.code.every(
            ({ opcode, operand }, at) =>
                opcode === b.code[at].opcode && operand === b.code[at].operand
        )
    )
}

/** Instructions that only push a value. */
const PUSHES: readonly number[] = [
    Op.undefined,
    Op.null,
    Op.true,
    Op.false,
    Op.loadLocal,
    Op.returnedValue,
]

/**
 * Turns `if (!a) goto next` `goto end` `next:` into `if (a) goto end`, where that takes no instruction more.
 *
 * @returns false when it would
 */
function negate({ code }: Statement): boolean {
    const last = code.length - 2
    const { opcode, place } = code[last]
    if (opcode === Op.not) code.splice(last, 1)
    else if (OPPOSITE[opcode]) code[last] = { opcode: OPPOSITE[opcode], place }
    else return false
    return true
}

/** Rounds over a function at most: a ring of jumps would never be done. */
const MAX_ROUNDS = 8

/** Leaves out jumps that need not be, and what nothing reaches. */
export function simplifyJumps({ functions }: Program): void {
    for (const fn of functions)
        for (let round = 0; round < MAX_ROUNDS; round++) {
            const { length } = fn.body
            const threaded = thread(fn.body)
            fn.body = tidy(fn.body)
            if (!threaded && fn.body.length === length) break
        }
}

/**
 * One round over a function:
 * - what nothing reaches goes, so does a jump to the next statement;
 * - a jump to a short `return` becomes that;
 * - a jump over a jump becomes one;
 * - of two equal statements that end, one behind the other, the first goes.
 */
function tidy(body: Statement[]): Statement[] {
    const found = reachable(body)
    let result = without(body, statement => found.has(statement))
    for (const statement of result) {
        const { target } = statement
        if (operation(statement) !== Op.jump || !target) continue
        if (
            operation(target) !== Op.return ||
            target.code.length !== SHORT_RETURN ||
            target.code[0].operand !== undefined
        )
            continue
        const { place } = statement.code[0]
        statement.code = target.code.map(code => ({ ...code, place }))
        statement.target = undefined
    }
    const targets = targetsOf(result)
    const skipped = new Set<Statement>()
    result.forEach((statement, at) => {
        const jump = result[at + 1]
        if (
            jump &&
            operation(statement) === Op.jumpIfFalse &&
            operation(jump) === Op.jump &&
            statement.target === result[at + 2] &&
            jump.target !== jump &&
            !targets.has(jump) &&
            negate(statement)
        ) {
            statement.target = jump.target
            skipped.add(jump)
        }
    })
    result = without(result, statement => !skipped.has(statement))
    return without(result, (statement, at) => {
        const next = result[at + 1]
        if (!next) return true
        if (statement.target === next) {
            if (operation(statement) === Op.jump) return false
            if (
                operation(statement) === Op.jumpIfFalse &&
                statement.code.length === 2 &&
                PUSHES.includes(statement.code[0].opcode)
            )
                return false
        }
        return goesOn(statement) || !sameCode(statement, next)
    })
}
