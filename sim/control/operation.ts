/**
 * What a call of the control API is: a row of the table in `operations.ts`, from which its path, its checks, its description in
 * OpenAPI and its in-process form all come.
 */
import type { Gateway } from "../gateway/gateway"
import type { Permission } from "../gateway/policies"
import type { Tail } from "./tail"

/** JSON Schema 2020-12, as OpenAPI 3.1 has it. */
export type Schema = Readonly<Record<string, unknown>>

/** What calls work on. */
export interface ControlContext {
    gateway: Gateway
    tail: Tail
}

export interface Parameter {
    in: "path" | "query"
    description: string
    /** Of one text, whole number or truth value. A path's parameter is required, a query's is not. */
    schema: Schema
}

export interface Operation<Input = never, Output = unknown> {
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
    /** Below the server's address; `{name}` is a parameter. */
    path: string
    /** What a policy has to permit, all of it; nothing: anybody may call it. */
    permissions: readonly Permission[]
    summary: string
    /** What else a caller should know. */
    description?: string
    parameters?: Readonly<Record<string, Parameter>>
    /** The header If-Match counts: `ifMatch` of the input. */
    isConditional?: boolean
    /** The request's body, which is JSON: `body` of the input. There is none if it is missing. */
    body?: Schema
    /** In place of MAX_BODY_BYTES. */
    maxBodyBytes?: number
    /** Of the answer; 200 if it is missing, and 204 without `answer`. */
    status?: number
    /** The answer's body. A `string`: its media type, if it is no JSON. */
    answer?: Schema | string
    run(context: ControlContext, input: Input): Output
}

/** An operation with the types of what goes in and comes out. */
export function operation<Input, Output>(
    row: Operation<Input, Output>
): Operation<Input, Output> {
    return row
}

/** The status of an answer to a call that went well. */
export function statusOf({ status, answer }: Operation<unknown>): number {
    return status ?? (answer === undefined ? 204 : 200)
}

/** Enough for the largest cloud-to-device message in base64. */
export const MAX_BODY_BYTES = 256 * 1024

export const DEVICE_ID: Parameter = {
    in: "path",
    description: "The device id; letter case counts.",
    schema: { type: "string", minLength: 1, maxLength: 128 },
}

export interface OfDevice {
    deviceId: string
}

/** An object with these properties and no others. */
export function object(
    properties: Record<string, Schema>,
    required: readonly string[] = [],
    description?: string
): Schema {
    return {
        type: "object",
        ...(description && { description }),
        properties,
        required,
        additionalProperties: false,
    }
}

/** An object of any names. */
export function map(values: Schema, description: string): Schema {
    return { type: "object", description, additionalProperties: values }
}

export function list(items: Schema, description?: string): Schema {
    return { type: "array", ...(description && { description }), items }
}

export function text(description: string, more: Schema = {}): Schema {
    return { type: "string", description, ...more }
}

export function whole(
    description: string,
    minimum: number,
    maximum?: number
): Schema {
    return {
        type: "integer",
        description,
        minimum,
        ...(maximum !== undefined && { maximum }),
    }
}

export function truth(description: string): Schema {
    return { type: "boolean", description }
}
