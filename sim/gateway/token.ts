/**
 * Shared access signatures: checking what a device sends, and making them on the host.
 *
 * `SharedAccessSignature sr={scope}&sig={signature}&se={expiry}[&skn={policy}]`; the signature is over the scope as it
 * was sent. (IoT Hub developer guide, "Control access to IoT Hub with shared access signatures".)
 */
import { createHmac, timingSafeEqual } from "node:crypto"
import type { DeviceIdentity } from "./registry"

/** How far clocks may be apart, as edgeHub allows. */
export const CLOCK_SKEW_SEC = 300

const PREFIX = "SharedAccessSignature "

export interface Token {
    /** `sr`, as it was sent. */
    scope: string
    signature: string
    expirySec: number
    policy?: string
}

/** A token for a resource such as `hub.azure-devices.net/devices/leaf-1`. @param key Base64 */
export function createToken(
    resource: string,
    key: string,
    expirySec: number,
    policy?: string
): string {
    const scope = encode(resource)
    const signature = encode(sign(scope, expirySec, key))
    const name = policy ? `&skn=${encode(policy)}` : ""
    return `${PREFIX}sr=${scope}&sig=${signature}&se=${expirySec}${name}`
}

/** As Microsoft's SDKs encode: also what `encodeURIComponent` leaves, `!'()*`. */
function encode(text: string): string {
    return encodeURIComponent(text).replace(
        /[!'()*]/g,
        c => "%" + c.charCodeAt(0).toString(16).toUpperCase()
    )
}

function sign(scope: string, expirySec: number | string, key: string): string {
    return createHmac("sha256", Buffer.from(key, "base64"))
        .update(`${scope}\n${expirySec}`)
        .digest("base64")
}

/** @returns undefined if the text is no token */
export function parseToken(text: string): Token | undefined {
    if (!text.startsWith(PREFIX)) return undefined
    const fields = new Map<string, string>()
    for (const part of text.slice(PREFIX.length).split("&")) {
        const equals = part.indexOf("=")
        const name = part.slice(0, equals)
        if (equals < 1 || fields.has(name)) return undefined
        fields.set(name, part.slice(equals + 1))
    }
    const scope = fields.get("sr")
    const signature = decode(fields.get("sig"))
    const expiry = fields.get("se") ?? ""
    if (!scope || !signature || !/^\d{1,15}$/.test(expiry)) return undefined
    return {
        scope,
        signature,
        expirySec: Number(expiry),
        // The C SDK writes an empty name where there is none.
        policy: fields.get("skn") || undefined,
    }
}

function decode(text: string | undefined): string | undefined {
    try {
        return text === undefined ? undefined : decodeURIComponent(text)
    } catch {
        return undefined
    }
}

/**
 * Checks a token for a device.
 *
 * @param hosts names of the hub and of the gateway: either may stand in the scope, in any case
 * @returns what is wrong, for the operator; undefined if nothing is
 */
export function checkToken(
    token: Token,
    device: DeviceIdentity,
    hosts: string[],
    nowSec: number
): string | undefined {
    if (token.policy !== undefined)
        return "the token is of a shared access policy, not of the device"
    const scope = decode(token.scope)
    const slash = scope?.indexOf("/") ?? -1
    if (!scope || slash < 0) return "the token's scope is malformed"
    const host = scope.slice(0, slash).toLowerCase()
    if (!hosts.some(name => name.toLowerCase() === host))
        return `the token is for ${scope.slice(0, slash)}, which is neither the hub nor this gateway`
    if (!covers(scope.slice(slash), `/devices/${device.deviceId}`))
        return "the token's scope does not cover this device"
    if (token.expirySec + CLOCK_SKEW_SEC < nowSec)
        return `the token expired ${nowSec - token.expirySec} s ago`
    const given = Buffer.from(token.signature)
    const good = [device.primaryKey, device.secondaryKey].some(key => {
        const expected = Buffer.from(sign(token.scope, token.expirySec, key))
        return (
            given.length === expected.length && timingSafeEqual(given, expected)
        )
    })
    return good ? undefined : "the signature is not of one of the device's keys"
}

/** A scope covers what is below it, by whole segments: `/a/b` covers `/a/b/c`, not `/a/bc`. */
export function covers(scope: string, resource: string): boolean {
    const prefix = scope.endsWith("/") ? scope : scope + "/"
    return (resource + "/").startsWith(prefix)
}
