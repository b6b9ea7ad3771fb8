/**
 * SAS tokens, `SharedAccessSignature sr=…&sig=…&se=…`: making them, and checking them as edgeHub does.
 *
 * The signature covers `sr` as it was sent and `se`; it says nothing of how `sr` is encoded, so that both spellings in use are
 * right. A token of a shared access policy (`skn`) is the hub's to judge: edgeHub passes it on, and this gateway stands in for the hub
 * there, too. See `policies.ts`.
 */
import { createHmac, timingSafeEqual } from "node:crypto"
import type { RefusalReason } from "./events"
import { decode, encode } from "./percent"
import type { AccessPolicy } from "./policies"

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
    /** Where the policies are that a token may name; without it there are none. */
    policies?: { get(name: string): AccessPolicy | undefined }
}

export interface TokenRefusal {
    ok: false
    reason: RefusalReason
    message: string
}

export type TokenVerdict = { ok: true; expirySec: number } | TokenRefusal

/** A token's parts; nothing of them is verified yet. */
export interface ReadToken {
    /** `sr` as it was sent: this is signed. */
    resource: string
    /** `sr` decoded. */
    audience: string
    /** Base64. */
    signature: string
    /** `se` as it was sent. */
    expiry: string
    expirySec: number
    /** The name of a shared access policy; empty: none. */
    policy: string
}

/**
 * Checks a token: form, then audience, signature, expiry. In this order, because an expiry can only be believed once it is
 * known to be signed: a wrong key is then never reported as a wrong clock.
 */
export function checkToken(token: string, context: TokenContext): TokenVerdict {
    const read = readToken(token)
    if (!read)
        return refuse(
            "bad-token",
            "the password is not of the form SharedAccessSignature sr=…&sig=…&se=…, or a part of it is wrongly encoded"
        )
    const { deviceId, hosts, keys, nowMs, skewSec } = context
    const policy = context.policies?.get(read.policy)
    if (read.policy && !policy)
        return refuse(
            "unknown-policy",
            "the token names a shared access policy (skn) that there is not: add it, or have the device sign with its own key"
        )
    // The hub takes a policy's token for a prefix of the path, too. A device's is for itself.
    if (
        !covers(read.audience, hosts, `devices/${deviceId}`) ||
        (!policy && read.audience.split("/").length !== 3)
    )
        return refuse(
            "wrong-audience",
            `the token's sr is not {host}/devices/${deviceId} with the host ${hosts.join(" or ")}`
        )
    if (!isSignedWith(read, policy ?? keys))
        return refuse(
            "wrong-signature",
            `the token is signed with neither the primary nor the secondary key of the ${policy ? "policy that it names" : "device"}`
        )
    if (policy && !policy.permissions.includes("DeviceConnect"))
        return refuse(
            "not-permitted",
            `the policy ${policy.name} does not permit DeviceConnect: give it to it, or use another policy's key`
        )
    return (
        expiryRefusal(read, nowMs, skewSec) ?? {
            ok: true,
            expirySec: read.expirySec,
        }
    )
}

export function refuse(reason: RefusalReason, message: string): TokenRefusal {
    return { ok: false, reason, message }
}

/** What is to be said of a token whose time is over. */
export function expiryRefusal(
    { expirySec }: ReadToken,
    nowMs: number,
    skewSec: number
): TokenRefusal | undefined {
    if (expirySec + skewSec > nowMs / 1000) return undefined
    return refuse(
        "expired-token",
        `the token has expired ${Math.round(nowMs / 1000 - expirySec)} s ago: is the device's clock right?`
    )
}

/** The parts of a token; nothing if it has not the form of one. */
export function readToken(token: string): ReadToken | undefined {
    const fields = parse(token)
    const resource = fields?.get("sr") ?? ""
    const expiry = fields?.get("se") ?? ""
    const audience = decode(resource)
    const signature = decode(fields?.get("sig") ?? "")
    // Empty is none: versions of the C SDK write `&skn=` behind a device's token.
    const policy = decode(fields?.get("skn") ?? "")
    if (
        !audience ||
        !signature ||
        policy === undefined ||
        !/^\d{1,15}$/.test(expiry)
    )
        return undefined
    const expirySec = Number(expiry)
    return { resource, audience, signature, expiry, expirySec, policy }
}

/**
 * Whether a token for `audience` opens this path below one of the hosts: if it is the same, or begins it, segment by segment. Case
 * counts, but for the host. There are no empty segments.
 */
export function covers(
    audience: string,
    hosts: readonly string[],
    path: string
): boolean {
    const [host, ...scope] = audience.split("/")
    const segments = path.split("/")
    return (
        hosts.some(name => name.toLowerCase() === host.toLowerCase()) &&
        scope.every((segment, i) => segment !== "" && segment === segments[i])
    )
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

/** Whether the signature is made with one of the keys (base64); how long it takes does not depend on which. */
export function isSignedWith(
    { resource, expiry, signature }: ReadToken,
    by: readonly string[] | Pick<AccessPolicy, "primaryKey" | "secondaryKey">
): boolean {
    const keys = "primaryKey" in by ? [by.primaryKey, by.secondaryKey] : by
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
