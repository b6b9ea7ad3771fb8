/**
 * Random functions in bytecode, for the linker: blocks within blocks, loops, jumps to any place of the blocks around, exceptions, and
 * conditions and temporaries as the compiler writes them.
 *
 * Each ends: whatever can go round uses up a count in one of its variables.
 */
import { Instruction, Statement } from "../../../sim/vm/linker/code"
import { DIRECT_NUMBER, Op } from "../../../sim/vm/linker/opcodes"
import { Random } from "../../random"

/** Two arguments, variables, the count of what is left to do, and what a `finally` throws on. */
const VARIABLES = 8
const FUEL = VARIABLES
const KEPT = VARIABLES + 1
export const SLOTS = VARIABLES + 2
/** Nested blocks, and so exception handlers. */
const MAX_DEPTH = 4
/** From here on a function gets no further blocks. */
const MANY_STATEMENTS = 150

const BINARY: readonly number[] = [58, 59, 60, 62, 63, 68, 69, 70, 71]
const UNARY: readonly number[] = [Op.not, Op.toBool, 47, 55, 72]

/** The field `length` of a value, which `undefined` and `null` do not have. */
const BUILTIN_FIELD = 26
const LENGTH = 34

const one = (opcode: number, operand?: number): Instruction => ({
    opcode,
    operand,
    place: 0,
})

const number = (value: number) =>
    value >= -16 && value < 112
        ? one(DIRECT_NUMBER + 16 + value)
        : one(Op.literal, value)

/** A place that a jump may go to: it is known when the statement behind it is. */
interface Label {
    /** How many handlers are set there. */
    handlers: number
    users: Statement[]
}

export class RandomCode {
    private readonly body: Statement[] = []
    /** Labels that wait for the next statement. */
    private pending: Label[] = []
    private handlers = 0
    /** Where one may jump to from here. */
    private readonly scope: Label[] = []

    constructor(
        private readonly random: Random,
        /** Number of a function that prints its argument and returns it. */
        private readonly say: number
    ) {}

    make(): Statement[] {
        this.add([number(60), one(Op.storeLocal, FUEL)])
        this.block(0)
        this.add([
            one(Op.loadLocal, this.random.below(VARIABLES)),
            one(Op.return),
        ])
        return this.body
    }

    private add(code: Instruction[], target?: Label): Statement {
        const statement: Statement = { code, minDistanceBytes: 3 }
        this.body.push(statement)
        for (const label of this.pending)
            for (const user of label.users) user.target = statement
        this.placed.push(...this.pending.map(label => ({ label, statement })))
        this.pending = []
        if (target) {
            const known = this.placed.find(({ label }) => label === target)
            if (known) statement.target = known.statement
            else target.users.push(statement)
        }
        return statement
    }

    private readonly placed: { label: Label; statement: Statement }[] = []

    private label(): Label {
        return { handlers: this.handlers, users: [] }
    }

    private put(label: Label): void {
        this.pending.push(label)
    }

    private expression(depth: number): Instruction[] {
        const { random } = this
        if (depth > 0 && random.oneIn(3))
            return [...this.expression(depth - 1), one(random.pick(UNARY))]
        if (depth > 0 && random.oneIn(2))
            return [
                ...this.expression(depth - 1),
                ...this.expression(depth - 1),
                one(random.pick(BINARY)),
            ]
        if (depth > 0 && random.oneIn(4))
            return [
                ...this.expression(depth - 1),
                one(Op.undefined),
                one(Op.equal),
            ]
        switch (random.below(9)) {
            case 0:
                return [one(random.pick([Op.undefined, Op.null, Op.true]))]
            case 1:
                return [number(random.between(-300, 300))]
            case 2:
                return [number(random.between(-3, 3))]
            case 3:
                return [this.afterCall() ? one(Op.returnedValue) : number(0)]
            case 4:
                return [...this.expression(0), one(BUILTIN_FIELD, LENGTH)]
            default:
                return [one(Op.loadLocal, random.below(VARIABLES))]
        }
    }

    /**
     * Whether a call's value is there. Elsewhere it may be a mark of the VM for a jump through handlers, with the place
     * where that goes; no program reads it there.
     */
    private afterCall(): boolean {
        const last = this.body[this.body.length - 1]
        return (
            this.pending.length === 0 &&
            last?.code[last.code.length - 1].opcode === Op.call0 + 1
        )
    }

    private variable(): number {
        return this.random.below(VARIABLES)
    }

    private block(depth: number): void {
        const start = this.label()
        const end = this.label()
        this.put(start)
        this.scope.push(start, end)
        for (let left = this.random.between(1, 5); left > 0; left--)
            this.statement(depth)
        this.scope.length -= 2
        this.put(end)
        // A label needs a statement behind it.
        if (this.random.oneIn(2)) this.spend()
    }

    /** Ends the function when it has done enough. */
    private spend(): void {
        const on = this.label()
        this.add([
            one(Op.loadLocal, FUEL),
            number(1),
            one(59),
            one(Op.storeLocal, FUEL),
        ])
        this.add(
            [
                number(0),
                one(Op.loadLocal, FUEL),
                one(70),
                one(Op.not),
                one(Op.jumpIfFalse),
            ],
            on
        )
        this.add([number(77), one(Op.return)])
        this.put(on)
    }

    private statement(depth: number): void {
        const { random } = this
        const kind = random.below(
            depth < MAX_DEPTH && this.body.length < MANY_STATEMENTS ? 16 : 8
        )
        if (kind < 2) this.assign()
        else if (kind < 4) this.call()
        else if (kind === 4) this.lazy()
        else if (kind === 5) this.jump()
        else if (kind === 6) this.leave()
        else if (kind === 7) this.temporary()
        else if (kind < 11) this.condition(depth)
        else if (kind < 13) this.loop(depth)
        else if (kind < 15) this.tryCatch(depth)
        else this.tryFinally(depth)
    }

    private assign(): void {
        this.add([...this.expression(2), one(Op.storeLocal, this.variable())])
    }

    private call(): void {
        this.add([
            one(Op.staticFunction, this.say),
            ...this.expression(2),
            one(Op.call0 + 1),
        ])
        if (this.random.oneIn(2))
            this.add([
                one(Op.returnedValue),
                one(Op.storeLocal, this.variable()),
            ])
    }

    /** A value that is kept and used at once, and perhaps later. */
    private temporary(): void {
        const kept = this.variable()
        this.add([...this.expression(1), one(Op.storeLocal, kept)])
        this.add(
            this.random.oneIn(2)
                ? [one(Op.loadLocal, kept), one(Op.storeLocal, this.variable())]
                : [
                      one(Op.staticFunction, this.say),
                      one(Op.loadLocal, kept),
                      one(Op.call0 + 1),
                  ]
        )
    }

    /** `a && b`, `a || b`, `a ?? b`, used in a condition or kept. */
    private lazy(): void {
        const { random } = this
        const value = this.variable()
        const skip = this.label()
        this.add([...this.expression(1), one(Op.storeLocal, value)])
        this.add(
            [
                one(Op.loadLocal, value),
                one(random.pick([Op.not, Op.toBool, 72])),
                one(Op.jumpIfFalse),
            ],
            skip
        )
        this.add([...this.expression(1), one(Op.storeLocal, value)])
        this.put(skip)
        if (random.oneIn(3)) return
        const past = this.label()
        this.add(
            [
                one(Op.loadLocal, value),
                ...(random.oneIn(2) ? [one(Op.not)] : []),
                one(Op.jumpIfFalse),
            ],
            past
        )
        this.call()
        this.put(past)
        this.spend()
    }

    private jump(): void {
        this.spend()
        const target = this.random.pick(this.scope)
        const level = this.handlers - target.handlers
        if (level > 0) this.add([number(level), one(Op.throwJump)], target)
        else if (this.random.oneIn(3)) this.add([one(Op.jump)], target)
        else {
            const opcode = this.random.pick([Op.jumpIfFalse, Op.jumpIfNullish])
            const condition =
                opcode === Op.jumpIfFalse ? this.expression(1) : []
            this.add([...condition, one(opcode)], target)
        }
    }

    private leave(): void {
        this.add([
            ...this.expression(1),
            one(this.random.oneIn(3) ? Op.throw : Op.return),
        ])
    }

    private condition(depth: number): void {
        const otherwise = this.label()
        const end = this.label()
        this.add([...this.expression(2), one(Op.jumpIfFalse)], otherwise)
        this.block(depth + 1)
        this.add([one(Op.jump)], end)
        this.put(otherwise)
        if (this.random.oneIn(2)) this.block(depth + 1)
        this.put(end)
    }

    private loop(depth: number): void {
        const top = this.label()
        const end = this.label()
        this.put(top)
        this.spend()
        this.add([...this.expression(1), one(Op.jumpIfFalse)], end)
        this.block(depth + 1)
        this.add([one(Op.jump)], top)
        this.put(end)
    }

    private tryCatch(depth: number): void {
        const handler = this.label()
        const end = this.label()
        this.add([one(Op.try)], handler)
        this.handlers++
        this.block(depth + 1)
        this.spend()
        this.handlers--
        this.add([one(Op.endTry)], end)
        this.put(handler)
        this.add([one(Op.catch)])
        if (this.random.oneIn(2))
            this.add([
                one(Op.returnedValue),
                one(Op.storeLocal, this.variable()),
            ])
        this.block(depth + 1)
        this.put(end)
    }

    private tryFinally(depth: number): void {
        const handler = this.label()
        this.add([one(Op.try)], handler)
        this.handlers++
        this.block(depth + 1)
        this.spend()
        this.handlers--
        this.put(handler)
        this.add([one(Op.finally)])
        this.add([one(Op.returnedValue), one(Op.storeLocal, KEPT)])
        this.add([
            one(Op.staticFunction, this.say),
            number(5),
            one(Op.call0 + 1),
        ])
        this.add([one(Op.loadLocal, KEPT), one(Op.rethrow)])
    }
}
