/** A gateway with its control API, and calls whose every answer is held against the API's own description. */
import assert from "node:assert/strict"
import type { TestContext } from "node:test"
import Ajv2020, { type ValidateFunction } from "ajv/dist/2020"
import { describe } from "../../../sim/control/openapi"
import { startControl, type ControlServer } from "../../../sim/control/server"
import { startGateway } from "../../../sim/gateway/gateway"
import type { GatewayOptions } from "../../../sim/gateway/options"
import { Policies } from "../../../sim/gateway/policies"
import { Registry } from "../../../sim/gateway/registry"
import { chain, HUB, rig, type Rig } from "../gateway/rig"

/** Whatever JSON holds: tests look at what the description has let pass. */
export type Loose = ReturnType<typeof JSON.parse>

export interface Answer {
    status: number
    body: Loose
    headers: Headers
}

export interface Api extends Rig {
    server: ControlServer
    /** Calls `"METHOD /path"`; the answer is one that the description knows. */
    call(
        what: string,
        body?: unknown,
        headers?: Record<string, string>
    ): Promise<Answer>
}

interface Described {
    paths: Record<
        string,
        Record<
            string,
            {
                responses: Record<
                    string,
                    { content?: Record<string, { schema: object }> }
                >
            }
        >
    >
    components: { schemas: { Error: object } }
}

const description = describe() as Described
const ajv = new Ajv2020({
    allowUnionTypes: true,
    formats: { "date-time": true },
})
const validators = new Map<object, ValidateFunction>()

/** Throws for an answer that the description does not have. */
function checkAnswer(what: string, status: number, body: unknown): void {
    const [method, url] = what.split(" ")
    const path = url.split("?")[0]
    const pattern = Object.keys(description.paths).find(
        one =>
            description.paths[one][method.toLowerCase()] &&
            new RegExp(`^${one.replace(/\{\w+\}/g, "[^/]+")}$`).test(path)
    )
    if (status >= 400) return holds(description.components.schemas.Error, body)
    assert(pattern, `${what} is answered with ${status}, and not described`)
    const { responses } = description.paths[pattern][method.toLowerCase()]
    const { [String(status)]: described } = responses
    assert(described, `${what}: ${status} is not described`)
    if (!described.content) return assert.equal(body, undefined)
    holds(described.content["application/json"].schema, body)
}

function holds(schema: object, body: unknown): void {
    const validate = validators.get(schema) ?? ajv.compile(schema)
    validators.set(schema, validate)
    assert(validate(body), JSON.stringify(validate.errors))
}

export async function callAt(
    url: string,
    what: string,
    body?: unknown,
    headers: Record<string, string> = {}
): Promise<Answer> {
    const [method, path] = what.split(" ")
    const response = await fetch(url + path, {
        method,
        headers: {
            ...(body !== undefined && { "content-type": "application/json" }),
            ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
    })
    const text = await response.text()
    const answer = text === "" ? undefined : (JSON.parse(text) as unknown)
    checkAnswer(what, response.status, answer)
    return { status: response.status, body: answer, headers: response.headers }
}

/** The rig's gateway with a control API on a free port. */
export async function api(
    t: TestContext,
    options: Partial<GatewayOptions> = {}
): Promise<Api> {
    const made = await rig(t, options)
    const server = await startControl({ gateway: made.gateway, port: 0 })
    t.after(() => server.close())
    return {
        ...made,
        server,
        call: (what, body, headers) => callAt(server.url, what, body, headers),
    }
}

/** A gateway for a server with options of its own, with the policies of a hub and the device leaf-1. */
export async function gatewayFor(t: TestContext) {
    const { chainPem: cert, keyPem: key, root } = await chain()
    const registry = new Registry()
    registry.add({ deviceId: "leaf-1" })
    const policies = Policies.builtIn()
    const gateway = await startGateway({
        port: 0,
        httpsPort: null,
        hubName: HUB,
        cert,
        key,
        registry,
        policies,
    })
    t.after(() => gateway.close())
    return { gateway, policies, cert, key, root: root.pem }
}

/** The events of a `text/event-stream`, until it ends. */
export async function* events(
    response: Response
): AsyncGenerator<{ id?: string; event: string; data: Loose }> {
    const decoder = new TextDecoder()
    let text = ""
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += decoder.decode(piece, { stream: true })
        for (
            let end = text.indexOf("\n\n");
            end >= 0;
            end = text.indexOf("\n\n")
        ) {
            const lines = text.slice(0, end).split("\n")
            text = text.slice(end + 2)
            const field = (name: string) =>
                lines
                    .find(line => line.startsWith(`${name}: `))
                    ?.slice(name.length + 2)
            const data = field("data")
            if (data !== undefined)
                yield {
                    id: field("id"),
                    event: field("event") ?? "",
                    data: JSON.parse(data),
                }
        }
    }
}
