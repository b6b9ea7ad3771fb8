/**
 * Where control goes within a function, and which variables are still needed there.
 *
 * An exception may leave any statement before or after its effect, so all that any handler of the function needs counts as
 * needed around every statement. That is more than necessary, never less.
 */
import { Statement, operation } from "./code"
import { Op } from "./opcodes"

/**
 * Statements behind which control does not go on. `rethrow` is none, although the compiler's table says so: at the end of a
 * `finally` that no exception came to it goes on.
 */
const ENDS: readonly number[] = [
    Op.return,
    Op.jump,
    Op.throw,
    Op.endTry,
    Op.throwJump,
]

export const goesOn = (statement: Statement) =>
    !ENDS.includes(operation(statement))

/** The statements that a jump, or the start of a handler, goes to. */
export function targetsOf(body: Statement[]): Set<Statement> {
    const targets = new Set<Statement>()
    for (const { target } of body) if (target) targets.add(target)
    return targets
}

/**
 * The body without some statements. A jump to one that is left out goes to the next that stays.
 *
 * @param stays false for a statement that does nothing, or that nothing reaches
 */
export function without(
    body: Statement[],
    stays: (statement: Statement, index: number) => boolean
): Statement[] {
    const next = new Map<Statement, Statement>()
    let following: Statement | undefined
    const kept: Statement[] = []
    for (let index = body.length - 1; index >= 0; index--) {
        const statement = body[index]
        if (stays(statement, index)) kept.push((following = statement))
        else if (following) next.set(statement, following)
    }
    kept.reverse()
    for (const statement of kept)
        if (statement.target)
            statement.target = next.get(statement.target) ?? statement.target
    return kept
}

/** The statements that control can come to. */
export function reachable(body: Statement[]): Set<Statement> {
    const index = new Map(body.map((statement, at) => [statement, at]))
    const found = new Set<Statement>()
    const waiting = [0]
    while (waiting.length > 0)
        for (let at = waiting.pop()!; at < body.length; at++) {
            const statement = body[at]
            if (found.has(statement)) break
            found.add(statement)
            if (statement.target) waiting.push(index.get(statement.target)!)
            if (!goesOn(statement)) break
        }
    return found
}

const bit = (variable: number) => 1n << BigInt(variable)

export const has = (set: bigint, variable: number) =>
    (set & bit(variable)) !== 0n

/** The variable that a statement sets. */
export function setsVariable({ code }: Statement): number | undefined {
    const { opcode, operand } = code[code.length - 1]
    return opcode === Op.storeLocal ? operand : undefined
}

/** Which variables are needed before and after each statement: bits of a number. */
export interface Needed {
    before: bigint[]
    after: bigint[]
}

export function neededVariables(body: Statement[]): Needed {
    const index = new Map(body.map((statement, at) => [statement, at]))
    const uses = body.map(({ code }) =>
        code.reduce(
            (set, { opcode, operand }) =>
                opcode === Op.loadLocal ? set | bit(operand!) : set,
            0n
        )
    )
    const keeps = body.map(statement => {
        const variable = setsVariable(statement)
        return variable === undefined ? -1n : ~bit(variable)
    })
    const handlers = body
        .filter(statement => operation(statement) === Op.try)
        .map(({ target }) => index.get(target!)!)
    const before = body.map(() => 0n)
    const after = body.map(() => 0n)
    for (let changed = true; changed;) {
        changed = false
        const handled = handlers.reduce((set, at) => set | before[at], 0n)
        for (let at = body.length - 1; at >= 0; at--) {
            const { target } = body[at]
            let behind = handled
            if (goesOn(body[at])) behind |= before[at + 1] ?? 0n
            if (target) behind |= before[index.get(target)!]
            const needed = uses[at] | (behind & keeps[at]) | handled
            if (needed !== before[at] || behind !== after[at]) changed = true
            before[at] = needed
            after[at] = behind
        }
    }
    return { before, after }
}
