/**
 * The control API over HTTP: JSON in and out, events as server-sent events (WHATWG HTML, "Server-sent events").
 *
 *     const server = await startControl({ gateway, port: 8880 })
 *     …
 *     await server.close()
 *
 * On loopback by default; see `guard.ts` for who may call. `GET /openapi.json` describes it. A wrong request is answered with 4xx and
 * `{ "error": { "code", "message" } }`. Everything has a limit: connections, calls at a time, headers, bodies, what a follower of
 * events lets wait.
 */
import {
    createServer as createHttp,
    type IncomingMessage,
    type Server,
    type ServerResponse,
} from "node:http"
import { createServer as createHttps } from "node:https"
import type { AddressInfo } from "node:net"
import { GatewayError } from "../gateway/errors"
import type { Gateway } from "../gateway/gateway"
import type { ServerCertificate } from "../gateway/options"
import { listenError } from "../gateway/listener"
import { Control } from "./control"
import { admit, isLoopback } from "./guard"
import { describe } from "./openapi"
import { statusOf } from "./operation"
import { Problem, problemOf } from "./problem"
import { readBody, readRequest, type Asked } from "./request"
import type { Follow, TailedEvent } from "./tail"

const MAX_CONNECTIONS = 128
/** Method calls that wait for devices among them; followers of events count, too. */
const MAX_CALLS = 64
const MAX_HEADER_BYTES = 16 * 1024
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
/** What waits for a follower that does not read; beyond it is cut off, and may come back with Last-Event-ID. */
const MAX_BACKLOG_BYTES = 1024 * 1024
/** A comment so often, so that whoever has left is noticed. */
const COMMENT_MS = 15_000

export const DEFAULT_CONTROL_PORT = 8880

export interface ControlOptions {
    gateway: Gateway
    /** 127.0.0.1. Anything but a loopback address needs `tls`, and a policy in the gateway. */
    host?: string
    /** 8880; 0 for any free port. */
    port?: number
    /** Speaks HTTPS with this certificate. */
    tls?: ServerCertificate
    /** A token is needed on loopback, too. */
    needsToken?: boolean
}

/** Opens the port; throws a `GatewayError` that says what to do if it cannot. */
export async function startControl(
    options: ControlOptions
): Promise<ControlServer> {
    const server = new ControlServer(options)
    await server.open()
    return server
}

export class ControlServer {
    port = 0
    /** The same calls, in-process. */
    readonly control: Control
    private readonly http: Server
    private readonly needsToken: boolean
    private readonly host: string
    private readonly followers = new Set<ServerResponse>()
    private calls = 0

    /** Use `startControl`. */
    constructor(private readonly options: ControlOptions) {
        const { gateway, host = "127.0.0.1", tls, needsToken = false } = options
        const isLocal = isLoopback(host)
        if (!isLocal && !tls)
            throw new GatewayError(
                "control-exposed",
                `control: on ${host} tokens would travel in the clear: give a certificate with tls, or stay on 127.0.0.1`
            )
        this.host = host
        this.needsToken = needsToken || !isLocal
        if (this.needsToken && !gateway.policies.list().length)
            throw new GatewayError(
                "control-exposed",
                "control: there is no shared access policy whose tokens could open it: add one to the gateway first"
            )
        const limits = {
            maxHeaderSize: MAX_HEADER_BYTES,
            headersTimeout: HEADERS_TIMEOUT_MS,
            requestTimeout: REQUEST_TIMEOUT_MS,
        }
        const answer = (request: IncomingMessage, response: ServerResponse) =>
            void this.answer(request, response)
        this.http = tls
            ? createHttps({ ...limits, ...tls, minVersion: "TLSv1.2" }, answer)
            : createHttp(limits, answer)
        this.http.maxConnections = MAX_CONNECTIONS
        this.control = new Control(gateway)
    }

    /** Such as http://127.0.0.1:8880. */
    get url(): string {
        const name = this.host.includes(":") ? `[${this.host}]` : this.host
        return `${this.options.tls ? "https" : "http"}://${name}:${this.port}`
    }

    /** Those who follow events now. */
    get following(): number {
        return this.followers.size
    }

    /** For `startControl`. */
    async open(): Promise<void> {
        const { host } = this
        const { port = DEFAULT_CONTROL_PORT } = this.options
        try {
            await new Promise<void>((resolve, reject) => {
                this.http.once("error", reject)
                this.http.listen(port, host, resolve)
            })
        } catch (error) {
            this.control.close()
            throw listenError(error as NodeJS.ErrnoException, host, port)
        }
        this.http.removeAllListeners("error")
        this.http.on("error", () => undefined)
        this.port = (this.http.address() as AddressInfo).port
    }

    /** Ends all calls, followers included. */
    async close(): Promise<void> {
        this.control.close()
        for (const follower of this.followers) follower.end()
        await new Promise<void>(resolve => {
            this.http.close(() => resolve())
            this.http.closeAllConnections()
        })
    }

    private async answer(
        request: IncomingMessage,
        response: ServerResponse
    ): Promise<void> {
        // Whoever leaves in the middle is not told anything any more.
        response.on("error", () => undefined)
        this.calls++
        try {
            if (this.calls > MAX_CALLS)
                throw new Problem(
                    503,
                    "busy",
                    `${MAX_CALLS} calls are under way: try again later`,
                    { "retry-after": "1" }
                )
            await this.handle(request, response)
        } catch (error) {
            refuse(response, problemOf(error), !request.complete)
        } finally {
            this.calls--
        }
    }

    private async handle(
        request: IncomingMessage,
        response: ServerResponse
    ): Promise<void> {
        const { gateway } = this.options
        if (request.url === "/openapi.json" && request.method === "GET") {
            admit(request, { permissions: [] }, {}, gateway, this.needsToken)
            return send(response, 200, describe())
        }
        const asked = readRequest(request)
        const { row, input } = asked
        admit(request, row, input, gateway, this.needsToken)
        if (!(await readBody(request, asked))) return
        const result = await this.control.run(asked.name, input)
        if (row.answer === "text/event-stream")
            return this.stream(request, response, result as Follow)
        reply(response, asked, result)
    }

    private stream(
        request: IncomingMessage,
        response: ServerResponse,
        what: Follow
    ): Promise<void> {
        const { "last-event-id": after } = request.headers
        response.writeHead(200, {
            "content-type": "text/event-stream",
            "cache-control": "no-store",
        })
        response.flushHeaders()
        this.followers.add(response)
        const stop = this.control.tail.follow(
            {
                ...what,
                ...(typeof after === "string" && after !== "" && { after }),
            },
            event => {
                response.write(frame(event))
                if (response.writableLength > MAX_BACKLOG_BYTES)
                    response.destroy()
            },
            () => response.end()
        )
        const comments = setInterval(() => response.write(":\n\n"), COMMENT_MS)
        return new Promise(resolve =>
            response.once("close", () => {
                clearInterval(comments)
                stop()
                this.followers.delete(response)
                resolve()
            })
        )
    }
}

function frame({ id, name, event }: TailedEvent): string {
    const line = id === undefined ? "" : `id: ${id}\n`
    return `${line}event: ${name}\ndata: ${JSON.stringify(event)}\n\n`
}

function reply(
    response: ServerResponse,
    { row }: Asked,
    result: unknown
): void {
    const { etag } = (result ?? {}) as { etag?: string }
    const headers: Record<string, string> =
        etag === undefined ? {} : { etag: `"${etag}"` }
    send(response, statusOf(row), result, headers)
}

function refuse(
    response: ServerResponse,
    problem: Problem,
    isUnread: boolean
): void {
    const { status, code, message, headers } = problem
    if (response.headersSent) return void response.destroy()
    send(
        response,
        status,
        { error: { code, message } },
        {
            ...headers,
            // What was not read of the request is not waited for.
            ...(isUnread && { connection: "close" }),
        }
    )
}

function send(
    response: ServerResponse,
    status: number,
    body: unknown,
    headers: Readonly<Record<string, string>> = {}
): void {
    const text = body === undefined ? "" : JSON.stringify(body) + "\n"
    response.writeHead(status, {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        ...(text && {
            "content-type": "application/json",
            "content-length": Buffer.byteLength(text),
        }),
        ...headers,
    })
    response.end(text)
}
