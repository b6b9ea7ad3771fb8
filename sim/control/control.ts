/**
 * The control API in-process: every call of the table by its name, checked as the same request over HTTP is.
 *
 *     const control = new Control(gateway)
 *     await control.call("createDevice", { body: { deviceId: "leaf-2" } })
 *     const { status } = await control.call("invokeMethod", { deviceId: "leaf-2", methodName: "blink", body: {} })
 *     const stop = control.follow({ names: ["telemetry"] }, ({ event }) => console.log(event))
 *
 * Throws `Problem`, with the status and the sentence that HTTP would give. No permission is asked here: whoever has the object has the
 * gateway.
 */
import Ajv2020, { type ErrorObject, type ValidateFunction } from "ajv/dist/2020"
import type { Gateway } from "../gateway/gateway"
import type { Operation, Schema } from "./operation"
import {
    operations,
    rows,
    type InputOf,
    type OperationName,
    type OutputOf,
} from "./operations"
import { badRequest, problemOf } from "./problem"
import { Tail, type Follow, type TailedEvent } from "./tail"

/** Deeper JSON is nobody's: a twin has ten levels. */
const MAX_DEPTH = 64

export class Control {
    readonly tail: Tail

    constructor(readonly gateway: Gateway) {
        this.tail = new Tail(gateway.events, () => gateway.now())
    }

    /** Calls an operation; throws `Problem`. */
    async call<Name extends Exclude<OperationName, "followEvents">>(
        name: Name,
        input: InputOf<Name>
    ): Promise<OutputOf<Name>> {
        return (await this.run(name, input)) as OutputOf<Name>
    }

    /** As `call`, for whoever has the name and the input from somewhere else. */
    async run(name: OperationName, input: unknown): Promise<unknown> {
        const { [name]: row } = operations as Record<string, Operation<unknown>>
        try {
            check(name, input)
            return await row.run(this, input)
        } catch (error) {
            throw problemOf(error)
        }
    }

    /** Events as they happen; see `Tail.follow`. */
    follow(what: Follow, heard: (event: TailedEvent) => void): () => void {
        return this.tail.follow(what, heard)
    }

    /** Events are not kept any more, and nobody hears them. The gateway goes on. */
    close(): void {
        this.tail.close()
    }
}

/** What the whole of an operation's input is. */
export function inputSchema(row: Operation<unknown>): Schema {
    const { parameters = {}, body, isConditional = false } = row
    const names = Object.keys(parameters)
    return {
        type: "object",
        properties: {
            ...Object.fromEntries(
                names.map(name => [name, parameters[name].schema])
            ),
            ...(isConditional && { ifMatch: { type: "string" } }),
            ...(body && { body }),
        },
        required: [
            ...names.filter(name => parameters[name].in === "path"),
            ...(body ? ["body"] : []),
        ],
        additionalProperties: false,
    }
}

let validators: Map<string, ValidateFunction> | undefined

/** Throws a `Problem` for an input that is not as the table says. */
function check(name: OperationName, input: unknown): void {
    validators ??= compileAll()
    checkDepth(input)
    const validate = validators.get(name)!
    if (!validate(input)) throw badRequest(sentence(validate.errors![0]))
}

function compileAll(): Map<string, ValidateFunction> {
    const ajv = new Ajv2020({ allowUnionTypes: true, formats: FORMATS })
    return new Map(
        rows.map(([name, row]) => [name, ajv.compile(inputSchema(row))])
    )
}

/** Of answers only: nothing to check in an input. */
const FORMATS = { "date-time": true } as const

/** `__proto__` is a property like any other to a parser, and not to whoever copies it. */
function checkDepth(value: unknown, depth = 0): void {
    if (typeof value !== "object" || value === null) return
    if (depth > MAX_DEPTH)
        throw badRequest(`the body has more than ${MAX_DEPTH} levels`)
    for (const name of Object.keys(value)) {
        if (name === "__proto__")
            throw badRequest("the body has a property __proto__")
        checkDepth((value as Record<string, unknown>)[name], depth + 1)
    }
}

/** What is wrong, and where. Values are not quoted: there may be a key among them. */
function sentence(error: ErrorObject): string {
    const where = error.instancePath.slice(1).replaceAll("/", ".") || "the call"
    const { params } = error as { params: Record<string, unknown> }
    switch (error.keyword) {
        case "additionalProperties":
            return `${where}: there is no ${String(params.additionalProperty)} here`
        case "required":
            return `${where}: ${String(params.missingProperty)} is missing`
        case "enum":
            return `${where}: one of ${(params.allowedValues as unknown[]).join(", ")} is wanted`
        case "type":
            return `${where}: ${[params.type].flat().join(" or ")} is wanted`
        default:
            return `${where} ${error.message ?? "is not as it should be"}`
    }
}
