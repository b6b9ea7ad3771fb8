/**
 * SAS tokens, `SharedAccessSignature sr=…&sig=…&se=…`: making them, and checking them as edgeHub does.
 *
 * The signature covers `sr` as it was sent and `se`; it says nothing of how `sr` is encoded, so that both spellings in use are
 * right. Tokens of shared access policies (`skn`) are refused: edgeHub passes those on to the hub, and there is none here.
 */
import { createHmac, timingSafeEqual } from "node:crypto"
import type { RefusalReason } from "./events"
import { decode, encode } from "./percent"

const PREFIX = "SharedAccessSignature "
const HMAC_BYTES = 32
/** A token with a host of 253 and a device id of 128 characters, all of them escaped, is shorter. */
const MAX_TOKEN_LENGTH = 2048

export interface TokenRequest {
    /** `{host}/devices/{deviceId}`, without a scheme. */
    resource: string
    /** Base64. */
    key: string
    /** Seconds since 1970. */
    expirySec: number
    /** The name of a shared access policy, for `skn`. */
    policy?: string
}

/** Makes a token, for host programs that speak to a gateway. */
export function createToken(request: TokenRequest): string {
    const { expirySec, key, policy } = request
    const resource = encode(request.resource)
    const signature = sign(resource, String(expirySec), key).toString("base64")
    return (
        `${PREFIX}sr=${resource}&sig=${encode(signature)}&se=${expirySec}` +
        (policy === undefined ? "" : `&skn=${encode(policy)}`)
    )
}

export interface TokenContext {
    deviceId: string
    /** The names that `sr` may begin with: those of the hub and of the gateway; case does not count. */
    hosts: readonly string[]
    /** Base64: primary and secondary. */
    keys: readonly string[]
    nowMs: number
    /** How far device and gateway may disagree about the time. */
    skewSec: number
}

export type TokenVerdict =
    | { ok: true; expirySec: number }
    | { ok: false; reason: RefusalReason; message: string }

/**
 * Checks a token: form, then audience, signature, expiry. In this order, because an expiry can only be believed once it is
 * known to be signed: a wrong key is then never reported as a wrong clock.
 */
export function checkToken(token: string, context: TokenContext): TokenVerdict {
    const fields = parse(token)
    if (!fields)
        return refuse(
            "bad-token",
            "the password is not of the form SharedAccessSignature sr=…&sig=…&se=…"
        )
    // Empty is none: versions of the C SDK write `&skn=` behind a device's token.
    if (fields.get("skn"))
        return refuse(
            "policy-token",
            "the token is signed with a shared access policy (skn): devices sign with their own key"
        )
    const resource = fields.get("sr") ?? ""
    const expiry = fields.get("se") ?? ""
    const audience = decode(resource)
    const signature = decode(fields.get("sig") ?? "")
    if (!audience || !signature || !/^\d{1,15}$/.test(expiry))
        return refuse(
            "bad-token",
            "sr, sig or se is missing or wrongly encoded in the token"
        )
    if (!audienceFits(audience, context))
        return refuse(
            "wrong-audience",
            `the token's sr is not {host}/devices/${context.deviceId} with the host ${context.hosts.join(" or ")}`
        )
    if (!signedWithOneOf(context.keys, resource, expiry, signature))
        return refuse(
            "wrong-signature",
            "the token is signed with neither the primary nor the secondary key of the device"
        )
    const expirySec = Number(expiry)
    if (expirySec + context.skewSec <= context.nowMs / 1000)
        return refuse(
            "expired-token",
            `the token has expired ${Math.round(context.nowMs / 1000 - expirySec)} s ago: is the device's clock right?`
        )
    return { ok: true, expirySec }
}

function refuse(reason: RefusalReason, message: string): TokenVerdict {
    return { ok: false, reason, message }
}

/** The fields as they were sent, still encoded; nothing if the token has no such form or says something twice. */
function parse(token: string): Map<string, string> | undefined {
    if (!token.startsWith(PREFIX) || token.length > MAX_TOKEN_LENGTH)
        return undefined
    const fields = new Map<string, string>()
    for (const field of token.slice(PREFIX.length).split("&")) {
        const at = field.indexOf("=")
        const name = field.slice(0, at)
        if (at < 1 || fields.has(name)) return undefined
        fields.set(name, field.slice(at + 1))
    }
    return fields
}

// By segment, and all of them: the hub also takes a token for a prefix of the path, edgeHub does not.
function audienceFits(audience: string, context: TokenContext): boolean {
    const segments = audience.split("/")
    const host = segments[0].toLowerCase()
    return (
        segments.length === 3 &&
        context.hosts.some(name => name.toLowerCase() === host) &&
        segments[1] === "devices" &&
        segments[2] === context.deviceId
    )
}

function signedWithOneOf(
    keys: readonly string[],
    resource: string,
    expiry: string,
    signature: string
): boolean {
    const sent = Buffer.from(signature, "base64")
    // Node skips what is not base64; only the one right spelling of 32 bytes counts.
    if (sent.length !== HMAC_BYTES || sent.toString("base64") !== signature)
        return false
    return keys
        .map(key => timingSafeEqual(sent, sign(resource, expiry, key)))
        .includes(true)
}

function sign(resource: string, expiry: string, key: string): Buffer {
    return createHmac("sha256", Buffer.from(key, "base64"))
        .update(`${resource}\n${expiry}`)
        .digest()
}
