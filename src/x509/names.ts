/**
 * Whether a certificate is for a host name or an address: RFC 9525 chapter 6, checks I1 to I3.
 *
 * Subject alternative names alone count, each by its type; the common name is never looked at. A wildcard is the whole
 * left-most label, stands for exactly one label, and has at least two labels behind it. Names are compared as A-labels
 * (IDN in their ASCII form), ASCII letters regardless of case. Addresses are IPv4.
 */
import { ErrorCode, failIf } from "../errors"
import { Der, malformedIf, Tag } from "./der"

/** The longest DNS name, RFC 1035 2.3.4. */
const MAX_NAME_LENGTH = 253
const MAX_LABEL_LENGTH = 63

/** Bounds the search through a stranger's certificate; public ones carry up to a hundred names. */
const MAX_NAMES = 128

/** What host names are made of; digits first. */
const DNS_CHARACTERS =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"

/**
 * The four bytes of an IPv4 address in dotted decimal.
 *
 * @returns null if `host` is not one
 */
export function parseIpv4(host: string): Buffer {
    const b = Buffer.alloc(4)
    let rest = host
    for (let i = 0; i < 4; i++) {
        const dot = rest.indexOf(".")
        b[i] = parseInt(dot < 0 ? rest : rest.slice(0, dot))
        rest = rest.slice(dot + 1)
    }
    // More or fewer than four, written in another way, out of range, or no number at all: it has come out differently.
    return `${b[0]}.${b[1]}.${b[2]}.${b[3]}` === host ? b : null
}

/**
 * Whether `name` can be a DNS host name: letters, digits, hyphens and underscores in labels of 1 to 63, and a last
 * label that is not all digits (so that nothing that looks like an address is taken for a name).
 */
export function isDnsName(name: string): boolean {
    // A dot ends each label.
    const labels = name + "."
    let labelAt = 0
    let digitsOnly = true
    for (let i = 0; i < labels.length; i++) {
        if (labels[i] === ".") {
            const length = i - labelAt
            if (length < 1) return false
            if (length > MAX_LABEL_LENGTH) return false
            labelAt = i + 1
        } else {
            if (i === labelAt) digitsOnly = true
            const character = DNS_CHARACTERS.indexOf(labels[i])
            if (character < 0) return false
            if (character > 9) digitsOnly = false
        }
    }
    if (digitsOnly) return false
    return name.length <= MAX_NAME_LENGTH
}

/**
 * I1: there is no connection without a name, or address, that the server must prove.
 *
 * @returns the bytes of an IPv4 address, null if `host` is a DNS name
 * @throws LeafError X509NoReferenceName if it is neither
 */
export function referenceAddress(host: string): Buffer {
    const address = parseIpv4(host)
    if (address === null)
        failIf(
            !isDnsName(host),
            ErrorCode.X509NoReferenceName,
            "x509: the gateway's name is no host name and no IPv4 address"
        )
    return address
}

/**
 * Checks that one of the names is `host`.
 *
 * @param names content of the subject's GeneralNames, empty if there are none; it is read to its end
 * @param host a DNS name or an IPv4 address
 * @throws LeafError X509NoReferenceName, X509NameMismatch
 */
export function checkName(names: Der, host: string): void {
    const address = referenceAddress(host)
    const name = host.toLowerCase()
    let found = false
    let count = 0
    while (names.left() > 0) {
        count++
        malformedIf(count > MAX_NAMES, "there are too many alternative names")
        const tag = names.peek()
        const value = names.read(tag)
        if (tag === Tag.ContextPrimitive + 2) {
            if (address === null) if (matchesDns(value, name)) found = true
        } else if (tag === Tag.ContextPrimitive + 7) {
            if (value.left() !== 4)
                malformedIf(
                    value.left() !== 16,
                    "an address among the names is malformed"
                )
            if (address !== null) if (value.equals(address)) found = true
        }
    }
    failIf(
        !found,
        ErrorCode.X509NameMismatch,
        "x509: the certificate is not for " + host
    )
}

function matchesDns(pattern: Der, name: string): boolean {
    const b = pattern.bytes
    let at = pattern.at
    let expected = name
    // I3: "*." stands for the first label; what follows is compared from its dot on.
    if (pattern.left() > 2)
        if (b.readUInt16BE(at) === 0x2a2e) {
            const dot = name.indexOf(".")
            if (dot < 1) return false
            if (name.indexOf(".", dot + 1) < 0) return false
            expected = name.slice(dot)
            at++
        }
    if (pattern.end - at !== expected.length) return false
    const text = b.slice(at, pattern.end).toString()
    // As many characters as bytes: it is ASCII, or has bytes that are no text, which equal nothing.
    if (text.length !== expected.length) return false
    return text.toLowerCase() === expected
}
