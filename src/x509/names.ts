/**
 * Whether a certificate is for a host name or an address: RFC 9525 chapter 6, checks I1 to I3.
 *
 * Subject alternative names alone count, each by its type; the common name is never looked at. A wildcard is the whole
 * left-most label, stands for exactly one label, and has at least two labels behind it. Names are compared as A-labels
 * (IDN in their ASCII form), ASCII letters regardless of case. Addresses are IPv4.
 */
import { ErrorCode, fail } from "../errors"
import { Der, malformed, Tag } from "./der"

/** The longest DNS name, RFC 1035 2.3.4. */
const MAX_NAME_LENGTH = 253

/** Bounds the search through a stranger's certificate; public ones carry up to a hundred names. */
const MAX_NAMES = 128

/**
 * The four bytes of an IPv4 address in dotted decimal.
 *
 * @returns null if `host` is not one
 */
export function parseIpv4(host: string): Buffer {
    const parts = host.split(".")
    if (parts.length !== 4) return null
    const address = Buffer.alloc(4)
    for (let i = 0; i < 4; i++) {
        const part = parts[i]
        if (part.length < 1 || part.length > 3) return null
        if (part.length > 1 && part.charCodeAt(0) === 48) return null
        let value = 0
        for (let j = 0; j < part.length; j++) {
            const digit = part.charCodeAt(j) - 48
            if (digit < 0 || digit > 9) return null
            value = value * 10 + digit
        }
        if (value > 255) return null
        address[i] = value
    }
    return address
}

/**
 * Whether `name` can be a DNS host name: letters, digits, hyphens and underscores in labels of 1 to 63, and a last
 * label that is not all digits (so that nothing that looks like an address is taken for a name).
 */
export function isDnsName(name: string): boolean {
    if (name.length < 1 || name.length > MAX_NAME_LENGTH) return false
    let label = 0
    let digitsOnly = true
    for (let i = 0; i < name.length; i++) {
        const c = name.charCodeAt(i)
        if (c === 46) {
            if (label === 0) return false
            label = 0
            digitsOnly = true
        } else {
            const digit = c >= 48 && c <= 57
            const letter = (c >= 97 && c <= 122) || (c >= 65 && c <= 90)
            if (!digit && !letter && c !== 45 && c !== 95) return false
            if (!digit) digitsOnly = false
            label++
            if (label > 63) return false
        }
    }
    return label > 0 && !digitsOnly
}

/**
 * Checks that one of the names is `host`.
 *
 * @param names content of the subject's GeneralNames, or null if there are none
 * @param host a DNS name or an IPv4 address (I1: there is no connection without one)
 * @throws LeafError X509NoReferenceName, X509NameMismatch
 */
export function checkName(names: Der, host: string): void {
    const address = parseIpv4(host)
    if (address === null && !isDnsName(host))
        fail(
            ErrorCode.X509NoReferenceName,
            "x509: the gateway's name is no host name and no IPv4 address"
        )
    const name = host.toLowerCase()
    let found = false
    let count = 0
    if (names !== null) {
        const list = new Der(names.bytes, names.at, names.end)
        while (list.left() > 0) {
            count++
            if (count > MAX_NAMES)
                malformed("there are too many alternative names")
            const tag = list.peek()
            const value = list.read(tag)
            if (tag === Tag.ContextPrimitive + 2) {
                if (address === null && matchesDns(value, name)) found = true
            } else if (tag === Tag.ContextPrimitive + 7) {
                if (value.left() !== 4 && value.left() !== 16)
                    malformed("an address among the names is malformed")
                if (address !== null && value.equals(address)) found = true
            }
        }
    }
    if (!found)
        fail(
            ErrorCode.X509NameMismatch,
            "x509: the certificate is not for " + host
        )
}

function matchesDns(pattern: Der, name: string): boolean {
    const b = pattern.bytes
    let at = pattern.at
    let expected = name
    if (pattern.left() > 2 && b[at] === 42 && b[at + 1] === 46) {
        // I3: "*." stands for the first label; what follows is compared from its dot on.
        const dot = name.indexOf(".")
        if (dot < 1 || name.indexOf(".", dot + 1) < 0) return false
        expected = name.slice(dot)
        at++
    }
    if (pattern.end - at !== expected.length) return false
    const text = b.slice(at, pattern.end).toString()
    // As many characters as bytes: it is ASCII, or has bytes that are no text, which equal nothing.
    return text.length === expected.length && text.toLowerCase() === expected
}
