/**
 * The identities that the gateway knows: devices with symmetric keys or X.509 certificates, as IoT Hub's registry has them.
 *
 * It is in memory, whole. One that was opened on a `Database` writes each change to it, too: `create`, `update`, `delete` and
 * `saved` resolve when that is on disk. Reads see a change at once; one whose write fails is undone, and nothing can be changed any
 * more until the database was opened again.
 *
 * Whoever changes an identity changes it for connections that stand, too: the gateway listens and checks them again.
 */
import { randomBytes } from "node:crypto"
import { damaged, type Database } from "./database"
import { GatewayError } from "./errors"

/** IoT Hub's keys are 32 bytes; it takes keys of 16 to 64. */
const KEY_BYTES = 32
const MIN_KEY_BYTES = 16
const MAX_KEY_BYTES = 64

/** What IoT Hub allows in a device id, without `+` and `#`, which MQTT allows in no topic. */
const DEVICE_ID = /^[A-Za-z0-9\-.%_*?!(),:=@$']{1,128}$/

/** SHA-1, as IoT Hub shows thumbprints, or SHA-256. */
const THUMBPRINT = /^(?:[0-9A-F]{40}|[0-9A-F]{64})$/

/** IoT Hub's. */
const MAX_REASON_LENGTH = 128

const TABLE = "devices"

export const AUTHENTICATION_TYPES = [
    /** SAS tokens, signed with the primary or the secondary key. */
    "sas",
    /** A client certificate, known by its thumbprint. */
    "selfSigned",
    /** A client certificate of a registered and verified CA, whose CN is the device id. */
    "certificateAuthority",
] as const

export type AuthenticationType = (typeof AUTHENTICATION_TYPES)[number]

export interface DeviceIdentity {
    readonly deviceId: string
    readonly authentication: AuthenticationType
    /** Base64; "" unless the type is `sas`. */
    readonly primaryKey: string
    readonly secondaryKey: string
    /** Hexadecimal in upper case; "" for none, and unless the type is `selfSigned`. */
    readonly primaryThumbprint: string
    readonly secondaryThumbprint: string
    readonly enabled: boolean
    /** Why it is enabled or disabled; for people. */
    readonly statusReason: string
    /** The Edge device whose child it is, or null. */
    readonly parent: string | null
    /** Another one after each change. */
    readonly etag: string
    /** Tells a device from an earlier one of the same id. A decimal number that grows. */
    readonly generationId: string
}

export type IdentityChange = Partial<
    Omit<DeviceIdentity, "deviceId" | "etag" | "generationId">
>

export interface Condition {
    /** The etag that the identity must have; any if it is missing, or `*`. */
    ifMatch?: string
}

export type NewIdentity = { deviceId: string } & IdentityChange

/** One of the changes of `Registry.apply`. */
export type RegistryChange =
    | { do: "create"; deviceId: string; identity: NewIdentity }
    | ({ do: "update"; deviceId: string; change: IdentityChange } & Condition)
    | ({ do: "delete"; deviceId: string } & Condition)

export class Registry {
    private readonly identities = new Map<string, DeviceIdentity>()
    private readonly watchers = new Set<(deviceId: string) => void>()
    private database: Database | undefined
    private written: Promise<void> = Promise.resolve()
    /** What is on disk of the identities whose writes are under way; undefined: nothing. */
    private readonly before = new Map<string, DeviceIdentity | undefined>()
    private writes = 0
    private failure: unknown
    private lastGeneration = 0

    /** `gatewayId`: the device id of the Edge device that this gateway is. */
    constructor(readonly gatewayId = "edge-gateway") {}

    /** The registry that a database holds; changes are written to it. Whoever opened the database closes it, after `saved`. */
    static async open(
        database: Database,
        gatewayId?: string
    ): Promise<Registry> {
        const registry = new Registry(gatewayId)
        const identities: DeviceIdentity[] = []
        for (const { key, value } of await database.read(TABLE))
            try {
                const identity = value as DeviceIdentity
                if (identity.deviceId !== key) throw new Error("another name")
                if (!/^\d{1,16}$/.test(identity.generationId))
                    throw new Error("no generation")
                identities.push(checked(identity))
            } catch {
                throw damaged(database.folder)
            }
        identities.sort(
            (a, b) => Number(a.generationId) - Number(b.generationId)
        )
        for (const identity of identities) {
            registry.identities.set(identity.deviceId, identity)
            registry.lastGeneration = Number(identity.generationId)
        }
        registry.database = database
        return registry
    }

    /** Adds a device: enabled, a child of this gateway, with random keys, unless told otherwise. */
    add(identity: NewIdentity): DeviceIdentity {
        return this.put(this.added(identity))
    }

    private added(identity: NewIdentity): DeviceIdentity {
        if (!DEVICE_ID.test(identity.deviceId))
            throw new GatewayError(
                "bad-identity",
                "registry: a device id has 1-128 characters, letters, digits or -.%_*?!(),:=@$' : choose another one"
            )
        if (this.identities.has(identity.deviceId))
            throw new GatewayError(
                "duplicate-identity",
                `registry: ${identity.deviceId} is there already: remove or change it`
            )
        const { authentication = "sas" } = identity
        this.lastGeneration = Math.max(this.lastGeneration + 1, Date.now())
        return checked({
            authentication,
            primaryKey: authentication === "sas" ? randomKey() : "",
            secondaryKey: authentication === "sas" ? randomKey() : "",
            primaryThumbprint: "",
            secondaryThumbprint: "",
            enabled: true,
            statusReason: "",
            parent: this.gatewayId,
            ...identity,
            etag: newEtag(),
            generationId: String(this.lastGeneration),
        })
    }

    get(deviceId: string): DeviceIdentity | undefined {
        return this.identities.get(deviceId)
    }

    /** Device ids, in the order in which they were added. */
    get deviceIds(): string[] {
        return [...this.identities.keys()]
    }

    /** Changes what is given and keeps the rest; with another type of authentication the secrets of the old one go. */
    change(
        deviceId: string,
        change: IdentityChange,
        condition: Condition = {}
    ): DeviceIdentity {
        return this.put(this.changed(deviceId, change, condition))
    }

    private changed(
        deviceId: string,
        change: IdentityChange,
        condition: Condition
    ): DeviceIdentity {
        const identity = this.identities.get(deviceId)
        if (!identity) throw unknown(deviceId)
        check(identity, condition)
        const { authentication = identity.authentication } = change
        const isOther = authentication !== identity.authentication
        const toKeys = isOther && authentication === "sas"
        return checked({
            ...identity,
            ...(isOther && {
                primaryKey: toKeys ? randomKey() : "",
                secondaryKey: toKeys ? randomKey() : "",
                primaryThumbprint: "",
                secondaryThumbprint: "",
            }),
            ...change,
            deviceId,
            etag: newEtag(),
            generationId: identity.generationId,
        })
    }

    /** False if there was no such device. */
    remove(deviceId: string, condition: Condition = {}): boolean {
        const identity = this.identities.get(deviceId)
        if (!identity) return false
        check(identity, condition)
        this.set([{ deviceId, identity: undefined }])
        return true
    }

    /** As `add`; resolves when it is on disk. */
    async create(identity: NewIdentity): Promise<DeviceIdentity> {
        const added = this.add(identity)
        await this.saved()
        return added
    }

    /** As `change`; resolves when it is on disk. */
    async update(
        deviceId: string,
        change: IdentityChange,
        condition?: Condition
    ): Promise<DeviceIdentity> {
        const changed = this.change(deviceId, change, condition)
        await this.saved()
        return changed
    }

    /** Removes a device, for which there must be one; resolves when that is on disk. */
    async delete(deviceId: string, condition?: Condition): Promise<void> {
        if (!this.remove(deviceId, condition)) throw unknown(deviceId)
        await this.saved()
    }

    /** Resolves when all changes so far are on disk; at once for a registry that is in memory only. */
    saved(): Promise<void> {
        return this.written
    }

    /** Calls back after each change of an identity; the result stops that. */
    watch(watcher: (deviceId: string) => void): () => void {
        this.watchers.add(watcher)
        return () => {
            this.watchers.delete(watcher)
        }
    }

    /**
     * Makes all of these changes, or none, and resolves when they are on disk. An error has the place of its change in the list as `index`.
     * A device may be in the list once.
     */
    async apply(changes: readonly RegistryChange[]): Promise<void> {
        const seen = new Set<string>()
        const results = changes.map((change, index) => {
            try {
                const { deviceId } = change
                if (seen.has(deviceId))
                    throw bad(`${deviceId} is in the list twice: leave one out`)
                seen.add(deviceId)
                return { deviceId, identity: this.result(change) }
            } catch (error) {
                throw error instanceof GatewayError
                    ? Object.assign(error, { index })
                    : error
            }
        })
        if (results.length) this.set(results)
        await this.saved()
    }

    private result(change: RegistryChange): DeviceIdentity | undefined {
        const { deviceId } = change
        if (change.do === "create") return this.added(change.identity)
        if (change.do === "update")
            return this.changed(deviceId, change.change, change)
        const identity = this.identities.get(deviceId)
        if (!identity) throw unknown(deviceId)
        check(identity, change)
        return undefined
    }

    private put(identity: DeviceIdentity): DeviceIdentity {
        this.set([{ deviceId: identity.deviceId, identity }])
        return identity
    }

    /** Sets all of them, or none. */
    private set(
        changes: { deviceId: string; identity: DeviceIdentity | undefined }[]
    ): void {
        if (this.failure) throw this.failure
        if (this.database) {
            for (const { deviceId } of changes)
                if (!this.before.has(deviceId))
                    this.before.set(deviceId, this.identities.get(deviceId))
            this.writes++
            this.written = this.database
                .write(
                    changes.map(({ deviceId, identity }) => ({
                        table: TABLE,
                        key: deviceId,
                        value: identity,
                    }))
                )
                .then(
                    () => {
                        if (--this.writes === 0) this.before.clear()
                    },
                    (error: unknown) => {
                        this.undo(error)
                        throw error
                    }
                )
            // Whoever does not ask whether it is saved is not told.
            this.written.catch(() => undefined)
        }
        for (const { deviceId, identity } of changes)
            this.keep(deviceId, identity)
    }

    private keep(deviceId: string, identity: DeviceIdentity | undefined): void {
        if (identity) this.identities.set(deviceId, identity)
        else this.identities.delete(deviceId)
        for (const watcher of [...this.watchers]) watcher(deviceId)
    }

    private undo(error: unknown): void {
        this.failure ??= error
        const before = [...this.before]
        this.before.clear()
        for (const [deviceId, identity] of before) this.keep(deviceId, identity)
    }
}

/** A random symmetric key, base64, as IoT Hub makes them. */
export function randomKey(): string {
    return randomBytes(KEY_BYTES).toString("base64")
}

function newEtag(): string {
    return randomBytes(9).toString("base64url")
}

function unknown(deviceId: string): GatewayError {
    return new GatewayError(
        "unknown-identity",
        `registry: there is no device ${deviceId}: add it first`
    )
}

function check(identity: DeviceIdentity, { ifMatch = "*" }: Condition): void {
    if (ifMatch !== "*" && ifMatch !== identity.etag)
        throw new GatewayError(
            "precondition-failed",
            `registry: ${identity.deviceId} was changed since: read it again`
        )
}

/** The identity as it is kept: frozen, with nothing that its type of authentication does not have. */
function checked(identity: DeviceIdentity): DeviceIdentity {
    const { authentication: type, statusReason } = identity
    if (!AUTHENTICATION_TYPES.includes(type))
        throw bad(
            `the type of authentication is none of ${AUTHENTICATION_TYPES.join(", ")}: choose one of them`
        )
    if (typeof identity.enabled !== "boolean")
        throw bad("a device is enabled or not: give true or false")
    if (
        typeof statusReason !== "string" ||
        statusReason.length > MAX_REASON_LENGTH
    )
        throw bad(
            `the reason of a status is text of at most ${MAX_REASON_LENGTH} characters: shorten it`
        )
    if (identity.parent !== null && typeof identity.parent !== "string")
        throw bad("a parent is the id of an Edge device: give one, or null")
    const keys = [identity.primaryKey, identity.secondaryKey]
    const thumbprints = [
        thumbprint(identity.primaryThumbprint),
        thumbprint(identity.secondaryThumbprint),
    ]
    if (type === "sas") keys.forEach(checkKey)
    else if (keys.some(key => key !== ""))
        throw bad(`a device with ${type} has no keys: leave them out`)
    if (type === "selfSigned" ? !thumbprints[0] : thumbprints.some(Boolean))
        throw bad(
            type === "selfSigned"
                ? "a device with selfSigned has a primary thumbprint: give that of its certificate"
                : `a device with ${type} has no thumbprints: leave them out`
        )
    return Object.freeze({
        deviceId: identity.deviceId,
        authentication: type,
        primaryKey: identity.primaryKey,
        secondaryKey: identity.secondaryKey,
        primaryThumbprint: thumbprints[0],
        secondaryThumbprint: thumbprints[1],
        enabled: identity.enabled,
        statusReason,
        parent: identity.parent,
        etag: identity.etag,
        generationId: identity.generationId,
    })
}

/** As it is compared: upper case, without the colons that OpenSSL writes. */
function thumbprint(text: string): string {
    const hex =
        typeof text === "string" ? text.replaceAll(":", "").toUpperCase() : "?"
    if (hex !== "" && !THUMBPRINT.test(hex))
        throw bad(
            "a thumbprint is the SHA-1 or the SHA-256 of a certificate: give 40 or 64 hexadecimal digits"
        )
    return hex
}

function checkKey(key: string): void {
    const bytes = Buffer.from(typeof key === "string" ? key : "", "base64")
    if (
        bytes.toString("base64") !== key ||
        bytes.length < MIN_KEY_BYTES ||
        bytes.length > MAX_KEY_BYTES
    )
        throw bad(
            `a key is base64 of ${MIN_KEY_BYTES}-${MAX_KEY_BYTES} bytes: leave it out and one is made`
        )
}

function bad(message: string): GatewayError {
    return new GatewayError("bad-identity", `registry: ${message}`)
}
