/** The description of the control API, OpenAPI 3.1, made of the table. */
import {
    object,
    statusOf,
    text,
    type Operation,
    type Schema,
} from "./operation"
import { rows, type OperationName } from "./operations"

const ERROR: Schema = object(
    {
        error: object(
            {
                code: text("For programs."),
                message: text("What is wrong, and what to do; for people."),
            },
            ["code", "message"]
        ),
    },
    ["error"]
)

/** What can be wrong with any call. */
const PROBLEMS = {
    "4XX": "The request is wrong, or not permitted",
    "5XX": "The device or the gateway could not do it",
}

/** The whole description, as JSON. */
export function describe(): object {
    const paths: Record<string, Record<string, object>> = {}
    for (const [name, row] of rows)
        paths[row.path] = {
            ...paths[row.path],
            [row.method.toLowerCase()]: describeRow(name, row),
        }
    return {
        openapi: "3.1.0",
        info: {
            title: "Control API of the Edge Leaf gateway",
            version: "1",
            description:
                "What a test or an operator does with the local gateway. On loopback no token is needed; anywhere else each call needs one of a shared access policy that has the permissions that `x-permissions` names.",
            license: { name: "MIT", identifier: "MIT" },
        },
        servers: [{ url: "http://127.0.0.1:8880" }],
        security: [{}, { sharedAccessSignature: [] }],
        paths,
        components: {
            schemas: { Error: ERROR },
            securitySchemes: {
                sharedAccessSignature: {
                    type: "apiKey",
                    in: "header",
                    name: "Authorization",
                    description:
                        "SharedAccessSignature sr={hub}&sig=…&se=…&skn={policy}; `leaf token` makes one.",
                },
            },
        },
    }
}

function describeRow(name: OperationName, row: Operation<unknown>): object {
    const { permissions, summary, description, parameters = {}, body } = row
    return {
        operationId: name,
        summary,
        ...(description && { description }),
        "x-permissions": permissions,
        parameters: [
            ...Object.entries(parameters).map(([parameter, one]) => ({
                name: parameter,
                in: one.in,
                required: one.in === "path",
                description: one.description,
                schema: one.schema,
            })),
            ...headers(row),
        ],
        ...(body && {
            requestBody: { required: true, content: json(body) },
        }),
        responses: { [statusOf(row)]: answer(row), ...problems() },
    }
}

function headers({ isConditional, answer }: Operation<unknown>): object[] {
    if (isConditional === true)
        return [
            {
                name: "If-Match",
                in: "header",
                description: "The etag that the device must have, in quotes.",
                schema: { type: "string" },
            },
        ]
    if (answer === "text/event-stream")
        return [
            {
                name: "Last-Event-ID",
                in: "header",
                description: "The id of the last event that was seen.",
                schema: { type: "string" },
            },
        ]
    return []
}

function answer({ summary, answer }: Operation<unknown>): object {
    if (answer === undefined) return { description: summary }
    return {
        description: summary,
        content:
            typeof answer === "string"
                ? { [answer]: { schema: { type: "string" } } }
                : json(answer),
    }
}

function problems(): Record<string, object> {
    return Object.fromEntries(
        Object.entries(PROBLEMS).map(([status, description]) => [
            status,
            {
                description,
                content: json({ $ref: "#/components/schemas/Error" }),
            },
        ])
    )
}

function json(schema: Schema): object {
    return { "application/json": { schema } }
}
