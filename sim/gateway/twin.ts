/**
 * One section of a device's twin, desired or reported properties: a JSON document with a version, and what changes it.
 *
 * Patches are those of RFC 7396: null deletes, objects are merged, all else (arrays, too) is replaced. Names and values are bound as
 * IoT Hub documents it ("Tags and properties format", "Device twin size"), where edgeHub's `ReportedPropertiesValidator` has the same
 * numbers. Every patch that is taken counts the version up, even if it changes nothing.
 *
 * Nothing of `$metadata` (when each property was last set) is kept. Documents are never changed in place: whoever has one keeps it.
 */
import { isDeepStrictEqual } from "node:util"

export type Json = null | boolean | number | string | Json[] | JsonObject

export interface JsonObject {
    [name: string]: Json
}

export interface Section {
    readonly properties: JsonObject
    /** Counts from 1. */
    readonly version: number
}

/** Of each section, as `sizeOf` counts it. */
const MAX_SIZE = 32 * 1024
/** Objects in one another, without the section itself. */
const MAX_DEPTH = 10
/** Arrays in one another. No limit of a hub's is known; this one keeps the recursion short. */
const MAX_ARRAY_DEPTH = 10
/** Objects and arrays in one another in any JSON: the default of Json.NET, which edgeHub reads it with. */
const MAX_JSON_DEPTH = 64
const MAX_NAME_BYTES = 1024
const MAX_TEXT_BYTES = 4096
const MAX_INTEGER = 2 ** 52 - 1
const MIN_INTEGER = -(2 ** 52)

/** Control characters (C0, C1), white space, and what is reserved: `.`, `$`, and `#` by edgeHub's word. */
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\s.$#]/u
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/gu

/** What a hub sizes a value at that is no text. */
const NUMBER_SIZE = 8
const BOOLEAN_SIZE = 4

/** `malformed`: not JSON, or no object. `invalid`: JSON that a twin does not take. `too-large`: the twin would become so. */
export type PatchFault = "malformed" | "invalid" | "too-large"

/** Why a patch was not taken. The section is as it was. */
export class PatchError extends Error {
    constructor(
        readonly fault: PatchFault,
        message: string
    ) {
        super(message)
        this.name = "PatchError"
    }
}

export const EMPTY_SECTION: Section = { properties: {}, version: 1 }

/** Reads a patch; throws a `PatchError`. */
export function readPatch(body: Buffer): JsonObject {
    const patch = readJson(body)
    // A deserializer makes null of both, and edgeHub tells null from what is no JSON.
    if (patch === null)
        throw new PatchError("invalid", "the patch is empty, or null")
    if (patch === undefined || !isObject(patch))
        throw new PatchError("malformed", "the patch is no JSON object")
    checkPatch(patch)
    return patch
}

/** The JSON in a body; null if there is nothing in it; undefined if it is no JSON in UTF-8, or deeper than any handler expects. */
export function readJson(body: Buffer): Json | undefined {
    if (body.length === 0) return null
    try {
        const decoder = new TextDecoder("utf-8", {
            fatal: true,
            ignoreBOM: true,
        })
        const json = JSON.parse(decoder.decode(body)) as Json
        return isWritable(json) ? json : undefined
    } catch {
        return undefined
    }
}

/** Whether JSON can say this value as it is: no numbers that are none, no kinds that it does not have, not too deep. */
export function isWritable(value: unknown, levels = MAX_JSON_DEPTH): boolean {
    if (value === null || typeof value === "boolean") return true
    if (typeof value === "string") return true
    if (typeof value === "number") return Number.isFinite(value)
    if (typeof value !== "object" || levels === 0) return false
    return Object.values(value).every(child => isWritable(child, levels - 1))
}

/** Throws a `PatchError` unless a twin takes this: names, values, depth. */
export function checkPatch(patch: unknown): asserts patch is JsonObject {
    if (!isObject(patch)) throw new PatchError("invalid", "it is no object")
    checkValue("", patch, 0, 0)
}

function checkValue(
    name: string,
    value: unknown,
    depth: number,
    arrays: number
): void {
    const refuse = (what: string) =>
        new PatchError("invalid", `${JSON.stringify(name)} ${what}`)
    if (Array.isArray(value)) {
        if (arrays === MAX_ARRAY_DEPTH)
            throw refuse(`has more than ${MAX_ARRAY_DEPTH} arrays in another`)
        for (const item of value as unknown[]) {
            if (item === null) throw refuse("has a null in an array")
            // An object in an array is a level below the one that has the array.
            checkValue(
                name,
                item,
                isObject(item) ? depth + 1 : depth,
                arrays + 1
            )
        }
    } else if (isObject(value)) {
        if (depth > MAX_DEPTH)
            throw refuse(`is deeper than ${MAX_DEPTH} objects`)
        for (const [key, child] of Object.entries(value)) {
            checkName(key)
            checkValue(key, child, isObject(child) ? depth + 1 : depth, arrays)
        }
    } else if (typeof value === "string") {
        if (Buffer.byteLength(value) > MAX_TEXT_BYTES)
            throw refuse(`has more than ${MAX_TEXT_BYTES} bytes`)
    } else if (typeof value === "number") {
        if (!Number.isFinite(value)) throw refuse("is no finite number")
        // 1e300 counts as an integer here: JavaScript does not tell how a number was written.
        if (
            Number.isInteger(value) &&
            (value > MAX_INTEGER || value < MIN_INTEGER)
        )
            throw refuse("is an integer beyond 2^52")
    } else if (value !== null && typeof value !== "boolean")
        throw refuse("is of a kind that JSON does not have")
}

function checkName(name: string): void {
    if (FORBIDDEN.test(name))
        throw new PatchError(
            "invalid",
            `the name ${JSON.stringify(name)} has a control character, white space, or one of . $ #`
        )
    if (Buffer.byteLength(name) > MAX_NAME_BYTES)
        throw new PatchError(
            "invalid",
            `a name has more than ${MAX_NAME_BYTES} bytes`
        )
}

/** The section with a patch merged into it; throws a `PatchError` if it would be too large. */
export function patched(section: Section, patch: JsonObject): Section {
    return changed(section, merge(section.properties, patch))
}

/** The section with other properties in place of all that it had; nulls in them are left out. */
export function replaced(section: Section, properties: JsonObject): Section {
    return changed(section, merge(undefined, properties))
}

function changed({ version }: Section, properties: JsonObject): Section {
    const size = sizeOf(properties)
    if (size > MAX_SIZE)
        throw new PatchError(
            "too-large",
            `the properties would take ${size} bytes of ${MAX_SIZE}`
        )
    return { properties, version: version + 1 }
}

/** A section as a device reads it: its properties and `$version`. */
export function documentOf({
    properties,
    version,
}: Section): JsonObject & { $version: number } {
    return { ...properties, $version: version }
}

/** RFC 7396, 2. Objects are made of entries: `__proto__` is a name like any other. */
export function merge(target: Json | undefined, patch: JsonObject): JsonObject {
    const merged = new Map(Object.entries(isObject(target) ? target : {}))
    for (const [name, value] of Object.entries(patch))
        if (value === null) merged.delete(name)
        else
            merged.set(
                name,
                isObject(value) ? merge(merged.get(name), value) : value
            )
    return Object.fromEntries(merged)
}

/** The smallest patch that makes `to` of `from`. */
export function difference(from: JsonObject, to: JsonObject): JsonObject {
    const patch = new Map<string, Json>()
    for (const name of Object.keys(from))
        if (!Object.hasOwn(to, name)) patch.set(name, null)
    for (const [name, value] of Object.entries(to)) {
        const old = Object.hasOwn(from, name) ? from[name] : undefined
        if (isDeepStrictEqual(old, value)) continue
        patch.set(
            name,
            isObject(old) && isObject(value) ? difference(old, value) : value
        )
    }
    return Object.fromEntries(patch)
}

/** Bytes as a hub counts them: names and texts without control characters, 8 for a number, 4 for a boolean. */
export function sizeOf(value: Json): number {
    if (typeof value === "string")
        return Buffer.byteLength(value.replace(CONTROL, ""))
    if (typeof value === "number") return NUMBER_SIZE
    if (typeof value === "boolean") return BOOLEAN_SIZE
    if (value === null) return 0
    let size = 0
    if (Array.isArray(value)) for (const item of value) size += sizeOf(item)
    else
        for (const [name, child] of Object.entries(value))
            size += sizeOf(name) + sizeOf(child)
    return size
}

export function isObject(value: unknown): value is JsonObject {
    return typeof value === "object" && value !== null && !Array.isArray(value)
}
