/** What an HTTP request asks for: the row of the table, and its input, as far as path, query and headers say it; then the body. */
import type { IncomingMessage } from "node:http"
import { MAX_BODY_BYTES, type Operation, type Parameter } from "./operation"
import { rows, type OperationName } from "./operations"
import { badRequest, notFound, Problem } from "./problem"

/** A device id and a method's name with every character escaped are shorter. */
const MAX_URL_LENGTH = 4096

export interface Asked {
    name: OperationName
    row: Operation<unknown>
    /** All but the body. */
    input: Record<string, unknown>
}

interface Route {
    name: OperationName
    row: Operation<unknown>
    segments: string[]
}

const routes: Route[] = rows.map(([name, row]) => ({
    name,
    row,
    segments: row.path.split("/").slice(1),
}))

/** Throws a `Problem` for a path or a method that there is not, and for a query that says what nobody asks. */
export function readRequest({
    method,
    url = "",
    headers,
}: IncomingMessage): Asked {
    if (url.length > MAX_URL_LENGTH)
        throw new Problem(
            414,
            "too-long",
            `the URL has more than ${MAX_URL_LENGTH} characters`
        )
    const at = url.indexOf("?")
    const path = at < 0 ? url : url.slice(0, at)
    const segments = path.split("/").slice(1).map(unescape)
    const fitting = routes.filter(route => isPath(route.segments, segments))
    if (!fitting.length)
        throw notFound(
            "there is no such path: GET /openapi.json says which there are"
        )
    const found = fitting.find(({ row }) => row.method === method)
    if (!found)
        throw new Problem(
            405,
            "wrong-method",
            "the path does not take this method",
            {
                allow: fitting.map(({ row }) => row.method).join(", "),
            }
        )
    const { name, row } = found
    const input: Record<string, unknown> = {}
    found.segments.forEach((segment, i) => {
        const parameter = parameterOf(segment)
        if (parameter !== undefined)
            input[parameter] = convert(row.parameters![parameter], segments[i])
    })
    readQuery(at < 0 ? "" : url.slice(at + 1), row, input)
    const { "if-match": ifMatch } = headers
    if (ifMatch !== undefined) {
        if (row.isConditional !== true)
            throw badRequest("If-Match does not count here")
        input.ifMatch = ifMatch.replace(/^"(.*)"$/, "$1")
    }
    return { name, row, input }
}

function isPath(
    pattern: readonly string[],
    segments: readonly string[]
): boolean {
    return (
        pattern.length === segments.length &&
        pattern.every(
            (segment, i) =>
                segment === segments[i] ||
                (parameterOf(segment) !== undefined && segments[i] !== "")
        )
    )
}

/** `deviceId` of `{deviceId}`. */
function parameterOf(segment: string): string | undefined {
    return /^\{(.*)\}$/.exec(segment)?.[1]
}

function unescape(text: string): string {
    try {
        return decodeURIComponent(text)
    } catch {
        throw badRequest(
            "the URL is wrongly escaped: % is followed by two digits, and they are UTF-8"
        )
    }
}

function readQuery(
    query: string,
    row: Operation<unknown>,
    input: Record<string, unknown>
): void {
    if (query === "") return
    const { parameters = {} } = row
    for (const pair of query.split("&")) {
        const at = pair.indexOf("=")
        const name = unescape(at < 0 ? pair : pair.slice(0, at))
        if (!Object.hasOwn(parameters, name) || parameters[name].in !== "query")
            throw badRequest(
                `the query has ${JSON.stringify(name.slice(0, 40))}, which does not count here`
            )
        if (Object.hasOwn(input, name))
            throw badRequest(`the query says ${name} twice`)
        input[name] = convert(
            parameters[name],
            at < 0 ? "" : unescape(pair.slice(at + 1).replaceAll("+", " "))
        )
    }
}

/** What the text stands for; what does not fit stays text, and the schema refuses it. */
function convert({ schema }: Parameter, text: string): unknown {
    if (schema.type === "integer" && /^-?\d{1,15}$/.test(text))
        return Number(text)
    if (schema.type === "boolean" && /^(?:true|false)$/.test(text))
        return text === "true"
    return text
}

/** Reads the body's JSON into the input; throws a `Problem` for what is none. Nothing, if the client has left. */
export async function readBody(
    request: IncomingMessage,
    { row, input }: Asked
): Promise<boolean> {
    const limit = row.maxBodyBytes ?? MAX_BODY_BYTES
    const { "content-type": type = "", "content-encoding": encoding } =
        request.headers
    const pieces: Buffer[] = []
    let length = 0
    try {
        for await (const piece of request as AsyncIterable<Buffer>) {
            length += piece.length
            if (length > limit || (!row.body && length > 0)) break
            pieces.push(piece)
        }
    } catch {
        return false
    }
    if (!row.body) {
        if (length > 0) throw badRequest("the call has no body")
        return true
    }
    if (length > limit)
        throw new Problem(
            413,
            "too-large",
            `the body has more than ${limit} bytes`
        )
    if (
        !/^application\/json *(?:; *charset=utf-8 *)?$/i.test(type) ||
        encoding !== undefined
    )
        throw new Problem(
            415,
            "wrong-type",
            "the body is to be JSON: Content-Type: application/json"
        )
    input.body = parse(Buffer.concat(pieces))
    return true
}

const utf8 = new TextDecoder("utf-8", { fatal: true })

function parse(bytes: Buffer): unknown {
    try {
        return JSON.parse(utf8.decode(bytes)) as unknown
    } catch {
        throw badRequest("the body is no JSON in UTF-8")
    }
}
