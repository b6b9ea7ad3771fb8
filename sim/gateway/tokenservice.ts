/**
 * The token service: devices without a device key get their tokens here, on the gateway's HTTPS port, once they have proved themselves.
 *
 *     GET /token-service/nonce                                              200, a nonce
 *     POST /token-service/token  device=…&nonce=…&lifetime=…[&proof=…]      200, a token for this device alone, of that many seconds
 *
 * The body is a form (percent-encoded), answers are text, wrong requests are answered with a status and a sentence:
 *
 *     400  something is missing, twice there, wrongly encoded or out of its bounds
 *     403  the device is unknown, disabled or no child of this gateway, or its proof is wrong: which of them, only the operator learns
 *     404, 405, 413  another path or method; a longer body
 *     409  the nonce is used, too old or not of this service: get another one
 *     429  this device has failed too often from this address; `Retry-After` says how long to wait
 *     500, 503  the authenticator has failed; there is no policy to sign with, or too much to do
 *
 * Both requests may come on one connection: a handshake is dear on a board. Who proves what is the authenticator's affair, see
 * `enrolment.ts`. The token is signed with a shared access policy's key and names it (`skn`); to revoke all such tokens, change that key.
 * Deadlines of the connection are `timeserver.ts`'s. No event holds a nonce, a proof or a token.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { Attempts } from "./attempts"
import type { Clock } from "./clock"
import type { DeviceAuthenticator } from "./enrolment"
import { GatewayError } from "./errors"
import type { EventHub } from "./events"
import type { Link } from "./link"
import { Nonces } from "./nonces"
import { decode } from "./percent"
import { permits, type Policies } from "./policies"
import type { Profile } from "./profiles"
import type { Registry } from "./registry"
import { createToken } from "./token"

export const TOKEN_SERVICE = "/token-service/"

/** What a device of ours can be configured to; the default is an hour. */
export const MIN_LIFETIME_SEC = 300
export const MAX_LIFETIME_SEC = 86_400

/** All four fields with everything escaped are shorter. */
const MAX_BODY_BYTES = 1024
const MAX_FIELDS = 8
/** On one connection: a device sends two, and two more if its nonce was too old. */
const MAX_REQUESTS = 4

export interface TokenServiceOptions {
    /** The shared access policy whose primary key signs; it needs `DeviceConnect`. */
    policy: string
    authenticator: DeviceAuthenticator
    /** In seconds: MIN_LIFETIME_SEC and MAX_LIFETIME_SEC if they are missing. */
    minLifetimeSec?: number
    maxLifetimeSec?: number
}

export interface TokenServiceContext {
    clock: Clock
    events: EventHub
    policies: Policies
    registry: Registry
    profile: Pick<Profile, "childrenOnly">
    /** The host that tokens are for. */
    hubName: string
}

interface Answer {
    status: number
    text: string
    headers?: Record<string, string>
    deviceId?: string
    /** For the operator, if it is more than the text. */
    message?: string
    /** The client may go on. */
    keep?: boolean
}

export class TokenService {
    private readonly nonces = new Nonces()
    private readonly attempts = new Attempts()
    private readonly requests = new WeakMap<Link, number>()
    private readonly bounds: readonly [number, number]

    /** Throws `bad-policy` if nothing could ever be signed. */
    constructor(
        private readonly options: TokenServiceOptions,
        private readonly context: TokenServiceContext
    ) {
        const {
            minLifetimeSec = MIN_LIFETIME_SEC,
            maxLifetimeSec = MAX_LIFETIME_SEC,
        } = options
        if (
            !Number.isInteger(minLifetimeSec) ||
            !Number.isInteger(maxLifetimeSec) ||
            minLifetimeSec < 1 ||
            maxLifetimeSec < minLifetimeSec
        )
            throw new GatewayError(
                "bad-policy",
                "token service: the bounds of lifetimes are whole seconds from 1, the lower one first"
            )
        this.bounds = [minLifetimeSec, maxLifetimeSec]
        if (!this.signer())
            throw new GatewayError(
                "bad-policy",
                `token service: there is no policy ${options.policy} that permits DeviceConnect: add it before the gateway starts`
            )
    }

    /** Answers a request whose path begins with `TOKEN_SERVICE`. The connection ends after it, unless more may come. */
    async handle(
        request: IncomingMessage,
        response: ServerResponse,
        link: Link
    ): Promise<void> {
        const count = (this.requests.get(link) ?? 0) + 1
        this.requests.set(link, count)
        const answer = await this.answer(request, link)
        if (link.closed || !answer) return
        const { status, text, deviceId, headers = {} } = answer
        const keep = answer.keep === true && count < MAX_REQUESTS
        response.sendDate = false
        response.writeHead(status, {
            date: new Date(this.context.clock.now()).toUTCString(),
            "content-type": "text/plain",
            "content-length": Buffer.byteLength(text),
            "cache-control": "no-store",
            connection: keep ? "keep-alive" : "close",
            ...headers,
        })
        if (status !== 200)
            this.context.events.emit("tokenRefused", {
                connection: link.id,
                deviceId,
                status,
                message: answer.message ?? text,
            })
        if (!keep)
            response.on("finish", () =>
                link.close("client-done", "it was answered")
            )
        response.end(text)
    }

    private async answer(
        request: IncomingMessage,
        link: Link
    ): Promise<Answer | undefined> {
        const { method, url } = request
        if (url === `${TOKEN_SERVICE}nonce`) {
            if (method !== "GET") return wrongMethod("GET")
            const text = this.nonces.make(this.context.clock.now())
            return { status: 200, text, keep: true }
        }
        if (url !== `${TOKEN_SERVICE}token`)
            return {
                status: 404,
                text: `there are ${TOKEN_SERVICE}nonce and ${TOKEN_SERVICE}token`,
            }
        if (method !== "POST") return wrongMethod("POST")
        const body = await readBody(request)
        if (body === undefined) return undefined
        if (body.length > MAX_BODY_BYTES)
            return {
                status: 413,
                text: `the body has more than ${MAX_BODY_BYTES} bytes`,
            }
        return this.grant(body.toString("latin1"), link)
    }

    private async grant(body: string, link: Link): Promise<Answer> {
        const fields = parseForm(body)
        if (!fields) return bad("the body is no form, or says something twice")
        const deviceId = fields.get("device") ?? ""
        if (!/^[\x21-\x7e]{1,128}$/.test(deviceId))
            return bad("device: the device id is wanted")
        const lifetime = fields.get("lifetime") ?? ""
        const lifetimeSec = Number(lifetime)
        const [least, most] = this.bounds
        if (
            !/^\d{1,9}$/.test(lifetime) ||
            lifetimeSec < least ||
            lifetimeSec > most
        )
            return bad(
                `lifetime: ${least} to ${most} seconds are possible`,
                deviceId
            )
        const { clock, events, hubName } = this.context
        // As an address has no space, no two of them are one.
        const name = `${link.remote.replace(/:\d+$/, "")} ${deviceId}`
        const waitMs = this.attempts.waitMs(name, clock.now())
        if (waitMs > 0) return tooOften(waitMs, deviceId)
        const nonce = fields.get("nonce") ?? ""
        if (!this.nonces.isGood(nonce, clock.now())) return staleNonce(deviceId)
        let proved: boolean
        try {
            proved = await this.options.authenticator.authenticate({
                deviceId,
                nonce,
                lifetimeSec,
                fields,
            })
        } catch {
            // Its message is not ours to judge: it may hold a secret.
            return failed("the authenticator has failed", deviceId)
        }
        const refusal = this.refusal(deviceId, proved)
        if (refusal !== undefined) {
            this.attempts.failed(name, clock.now())
            return {
                status: 403,
                text: "the device is not known here, is disabled, or its proof is wrong",
                deviceId,
                message: refusal,
            }
        }
        const policy = this.signer()
        if (!policy)
            return {
                ...failed("there is no key to sign with", deviceId),
                status: 503,
                message: `there is no policy ${this.options.policy} any more, or it does not permit DeviceConnect`,
            }
        // Another request may have been faster.
        if (!this.nonces.use(nonce, clock.now())) return staleNonce(deviceId)
        this.attempts.succeeded(name)
        const expirySec = Math.floor(clock.now() / 1000) + lifetimeSec
        events.emit("tokenIssued", {
            connection: link.id,
            deviceId,
            policy: policy.name,
            lifetimeSec,
            expirySec,
        })
        return {
            status: 200,
            text: createToken({
                resource: `${hubName}/devices/${deviceId}`,
                key: policy.primaryKey,
                expirySec,
                policy: policy.name,
            }),
        }
    }

    /** Why a device gets no token, for the operator alone. */
    private refusal(deviceId: string, proved: boolean): string | undefined {
        const { registry, profile } = this.context
        const identity = registry.get(deviceId)
        if (proved !== true)
            return "the authenticator does not know the device, or its proof is wrong: enrol it, or correct its secret"
        if (!identity) return "no such device: add it to the registry"
        if (!identity.enabled) return "the device is disabled: enable it"
        if (profile.childrenOnly && identity.parent !== registry.gatewayId)
            return `the device is not a child of ${registry.gatewayId}: make it one`
        return undefined
    }

    private signer() {
        const policy = this.context.policies.get(this.options.policy)
        return policy && permits(policy, "DeviceConnect") ? policy : undefined
    }
}

function bad(text: string, deviceId?: string): Answer {
    return { status: 400, text, deviceId }
}

function failed(text: string, deviceId: string): Answer {
    return { status: 500, text, deviceId }
}

function wrongMethod(allow: string): Answer {
    return { status: 405, text: `${allow} only`, headers: { allow } }
}

function staleNonce(deviceId: string): Answer {
    return {
        status: 409,
        text: "the nonce is used, too old, or not of this service: get another one",
        deviceId,
        keep: true,
    }
}

function tooOften(waitMs: number, deviceId: string): Answer {
    const seconds = String(Math.ceil(waitMs / 1000))
    return {
        status: 429,
        text: `too many failures: wait ${seconds} s`,
        headers: { "retry-after": seconds },
        deviceId,
    }
}

/** The body, or so much of it that it is too long; nothing if the client has left. */
function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
    return new Promise(resolve => {
        const pieces: Buffer[] = []
        let length = 0
        request.on("data", (piece: Buffer) => {
            if (length > MAX_BODY_BYTES) return
            length += piece.length
            pieces.push(piece)
            if (length > MAX_BODY_BYTES) resolve(Buffer.concat(pieces))
        })
        request.on("end", () => resolve(Buffer.concat(pieces)))
        request.on("close", () => resolve(undefined))
        request.on("error", () => resolve(undefined))
    })
}

/** The fields of a form; nothing if it is none, or has one twice. `+` stays what it is. */
function parseForm(body: string): Map<string, string> | undefined {
    const pairs = body.split("&")
    if (pairs.length > MAX_FIELDS) return undefined
    const fields = new Map<string, string>()
    for (const pair of pairs) {
        const at = pair.indexOf("=")
        const name = pair.slice(0, at)
        const value = decode(pair.slice(at + 1))
        if (at < 1 || value === undefined || fields.has(name)) return undefined
        fields.set(name, value)
    }
    return fields
}
