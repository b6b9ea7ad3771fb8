/**
 * Who may call the control API over HTTP.
 *
 * On a loopback address anybody on this machine may, without a token, unless the server was told otherwise; one that comes with a token
 * all the same is judged by it. Anywhere else every call needs a token of a shared access policy that permits it, and the port speaks
 * TLS: a token that travels in the clear is everybody's.
 *
 * Without tokens, what protects the port from the pages in this machine's browsers: calls name a loopback address as their `Host` (a
 * page that had its own name point here does not), come from no page (`Origin`), and bodies are `application/json`, which a page may not
 * send elsewhere unasked.
 */
import type { IncomingMessage } from "node:http"
import { isIP } from "node:net"
import type { Gateway } from "../gateway/gateway"
import type { Operation } from "./operation"
import { Problem } from "./problem"

export function isLoopback(host: string): boolean {
    const name = host.toLowerCase().replace(/^\[(.*)\]$/, "$1")
    return (
        name === "localhost" ||
        name === "::1" ||
        (isIP(name) === 4 && name.startsWith("127."))
    )
}

/** Throws a `Problem` for a call that comes from a browser's page, or that no token permits. */
export function admit(
    request: IncomingMessage,
    { permissions }: Pick<Operation<unknown>, "permissions">,
    { deviceId }: { deviceId?: string },
    gateway: Gateway,
    needsToken: boolean
): void {
    const { host = "", origin, authorization } = request.headers
    if (!needsToken) {
        if (!isLoopback(host.replace(/:\d+$/, "")))
            throw forbidden(
                "the call's Host is no loopback address: use 127.0.0.1"
            )
        if (origin !== undefined)
            throw forbidden("calls from web pages are not taken")
    }
    if (!permissions.length) return
    if (authorization === undefined) {
        if (!needsToken) return
        throw unauthorized(
            "a token is needed: Authorization: SharedAccessSignature sr=...&sig=...&se=...&skn=..."
        )
    }
    const resource = deviceId === undefined ? "" : `devices/${deviceId}`
    for (const permission of permissions) {
        const verdict = gateway.authorize(authorization, {
            permission,
            resource,
        })
        if (verdict.ok) continue
        throw verdict.reason === "not-permitted"
            ? forbidden(verdict.message)
            : unauthorized(verdict.message)
    }
}

function forbidden(message: string): Problem {
    return new Problem(403, "forbidden", message)
}

function unauthorized(message: string): Problem {
    return new Problem(401, "unauthorized", message, {
        "www-authenticate": "SharedAccessSignature",
    })
}
