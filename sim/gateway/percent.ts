/** Percent-encoding (RFC 3986 2.1) as Azure's SDKs use it in tokens and topics. */

/** Percent-encodes all but the unreserved characters of RFC 3986 2.3. */
export function encode(text: string): string {
    return encodeURIComponent(text).replace(
        /[!'()*]/g,
        char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`
    )
}

/** Undoes percent-encoding; nothing if it is wrong. `+` stays what it is. */
export function decode(text: string): string | undefined {
    try {
        return decodeURIComponent(text)
    } catch {
        return undefined
    }
}
