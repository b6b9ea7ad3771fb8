/**
 * The registry as JSON: the entries of IoT Hub's export and import (`ExportImportDevice`), as far as this gateway knows what they say.
 *
 *     { "id": "leaf-1", "eTag": "…", "status": "enabled", "statusReason": "", "parent": "edge-gateway",
 *       "authentication": { "type": "sas", "symmetricKey": { "primaryKey": "…", "secondaryKey": "…" } } }
 *
 * `parent` is this gateway's own. An export without secrets has no `symmetricKey`; who imports it elsewhere gets new keys. An import is
 * made whole or not at all. Entries of Edge devices and modules, twins and tags are not known, and refused.
 */
import { GatewayError } from "./errors"
import {
    AUTHENTICATION_TYPES,
    type AuthenticationType,
    type DeviceIdentity,
    type IdentityChange,
    type Registry,
    type RegistryChange,
} from "./registry"

/** As many as a hub takes in one call are 100; a file has more. */
export const MAX_ENTRIES = 10_000

export const IMPORT_MODES = [
    /** The device must not be there. */
    "create",
    /** It must be there; with `updateIfMatchETag` as it was read. */
    "update",
    "updateIfMatchETag",
    "createOrUpdate",
    /** As `update`. */
    "delete",
    "deleteIfMatchETag",
] as const

export type ImportMode = (typeof IMPORT_MODES)[number]

/** A device in a file. */
export interface RegistryEntry {
    id: string
    eTag?: string
    /** Of imports; `createOrUpdate` if it is missing. */
    importMode?: ImportMode
    status?: "enabled" | "disabled"
    statusReason?: string
    parent?: string | null
    authentication?: {
        type?: AuthenticationType
        symmetricKey?: { primaryKey?: string; secondaryKey?: string }
        x509Thumbprint?: {
            primaryThumbprint?: string
            secondaryThumbprint?: string
        }
    }
}

/** All devices, in the order in which they were added; with their keys only if that is asked for. */
export function exportRegistry(
    registry: Registry,
    { withKeys = false }: { withKeys?: boolean } = {}
): RegistryEntry[] {
    return registry.deviceIds.map(id =>
        entryOf(registry.get(id) as DeviceIdentity, withKeys)
    )
}

function entryOf(identity: DeviceIdentity, withKeys: boolean): RegistryEntry {
    const { authentication: type, primaryKey, secondaryKey } = identity
    const { primaryThumbprint, secondaryThumbprint } = identity
    return {
        id: identity.deviceId,
        eTag: identity.etag,
        status: identity.enabled ? "enabled" : "disabled",
        statusReason: identity.statusReason,
        parent: identity.parent,
        authentication: {
            type,
            ...(type === "sas" &&
                withKeys && { symmetricKey: { primaryKey, secondaryKey } }),
            ...(type === "selfSigned" && {
                x509Thumbprint: { primaryThumbprint, secondaryThumbprint },
            }),
        },
    }
}

/**
 * Makes what the entries say, all of it or nothing; resolves when it is on disk.
 *
 * @returns how many devices were created, updated and deleted
 * @throws GatewayError with the number and the id of the entry that is wrong
 */
export async function importRegistry(
    registry: Registry,
    entries: unknown
): Promise<{ created: number; updated: number; deleted: number }> {
    if (!Array.isArray(entries) || entries.length > MAX_ENTRIES)
        throw new GatewayError(
            "bad-identity",
            `import: a list of at most ${MAX_ENTRIES} devices is wanted`
        )
    const changes = entries.map((entry, index) => {
        try {
            return changeOf(registry, readEntry(entry))
        } catch (error) {
            throw at(index, entry, error)
        }
    })
    try {
        await registry.apply(changes)
    } catch (error) {
        const { index } = error as { index?: number }
        throw index === undefined ? error : at(index, entries[index], error)
    }
    const count = (what: RegistryChange["do"]) =>
        changes.filter(change => change.do === what).length
    return {
        created: count("create"),
        updated: count("update"),
        deleted: count("delete"),
    }
}

function changeOf(registry: Registry, entry: RegistryEntry): RegistryChange {
    const { id: deviceId, eTag, importMode = "createOrUpdate" } = entry
    const needsTag =
        importMode === "updateIfMatchETag" || importMode === "deleteIfMatchETag"
    if (needsTag && eTag === undefined) throw bad("eTag", "that of the device")
    const condition = needsTag ? { ifMatch: eTag } : {}
    if (importMode === "delete" || importMode === "deleteIfMatchETag")
        return { do: "delete", deviceId, ...condition }
    const change = identityOf(entry)
    const creates =
        importMode === "create" ||
        (importMode === "createOrUpdate" && !registry.get(deviceId))
    return creates
        ? { do: "create", deviceId, identity: { deviceId, ...change } }
        : { do: "update", deviceId, change, ...condition }
}

/** What the entry says of the identity; what it does not say is not in it. */
function identityOf(entry: RegistryEntry): IdentityChange {
    const { status, statusReason, parent, authentication = {} } = entry
    const { type, symmetricKey = {}, x509Thumbprint = {} } = authentication
    return defined({
        authentication: type,
        enabled: status === undefined ? undefined : status === "enabled",
        statusReason,
        parent,
        primaryKey: symmetricKey.primaryKey,
        secondaryKey: symmetricKey.secondaryKey,
        primaryThumbprint: x509Thumbprint.primaryThumbprint,
        secondaryThumbprint: x509Thumbprint.secondaryThumbprint,
    })
}

function defined<T extends object>(value: T): Partial<T> {
    return Object.fromEntries(
        Object.entries(value).filter(([, one]) => one !== undefined)
    ) as Partial<T>
}

const FIELDS = [
    "id",
    "eTag",
    "importMode",
    "status",
    "statusReason",
    "parent",
    "authentication",
]

/** The entry's form; what its values are worth, the registry says. */
function readEntry(value: unknown): RegistryEntry {
    const entry = record(value, "the entry", FIELDS) as unknown as RegistryEntry
    if (typeof entry.id !== "string") throw bad("id", "the device id")
    oneOf("importMode", entry.importMode, IMPORT_MODES)
    oneOf("status", entry.status, ["enabled", "disabled"])
    textOrNone("eTag", entry.eTag)
    if (entry.authentication === undefined) return entry
    const { type, symmetricKey, x509Thumbprint } = record(
        entry.authentication,
        "authentication",
        ["type", "symmetricKey", "x509Thumbprint"]
    ) as NonNullable<RegistryEntry["authentication"]>
    oneOf("authentication.type", type, AUTHENTICATION_TYPES)
    for (const [name, pair, fields] of [
        ["symmetricKey", symmetricKey, ["primaryKey", "secondaryKey"]],
        [
            "x509Thumbprint",
            x509Thumbprint,
            ["primaryThumbprint", "secondaryThumbprint"],
        ],
    ] as const) {
        if (pair === undefined) continue
        const where = `authentication.${name}`
        const values = record(pair, where, fields)
        for (const field of fields)
            textOrNone(`${where}.${field}`, values[field])
    }
    return entry
}

function record(
    value: unknown,
    name: string,
    fields: readonly string[]
): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value))
        throw bad(name, "an object")
    for (const field of Object.keys(value))
        if (!fields.includes(field))
            throw bad(name, `${fields.join(", ")} and nothing else`)
    return value as Record<string, unknown>
}

function oneOf(
    name: string,
    value: unknown,
    allowed: readonly unknown[]
): void {
    if (value !== undefined && !allowed.includes(value))
        throw bad(name, `one of ${allowed.join(", ")}`)
}

function textOrNone(name: string, value: unknown): void {
    if (value !== undefined && typeof value !== "string")
        throw bad(name, "a text")
}

function bad(field: string, wanted: string): GatewayError {
    return new GatewayError("bad-identity", `${field}: ${wanted} is wanted`)
}

/** The error with the place of the entry. Values are not quoted: there are keys among them. */
function at(index: number, entry: unknown, error: unknown): unknown {
    if (!(error instanceof GatewayError)) return error
    const { id } = (entry ?? {}) as { id?: unknown }
    const name =
        typeof id === "string" && /^[\x21-\x7e]{1,128}$/.test(id)
            ? ` (${id})`
            : ""
    return new GatewayError(
        error.code,
        `import: entry ${index + 1}${name}: ${error.message.replace(/^registry: /, "")}`
    )
}
