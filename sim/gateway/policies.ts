/**
 * Shared access policies: keys that are not of one device, with what they permit (IoT Hub developer guide, "Control access to IoT Hub
 * with shared access signatures").
 *
 * A token names its policy (`skn`). With `DeviceConnect` it lets a device connect whose path its scope covers; the other permissions
 * are for services, and `authorize` judges their tokens. As on IoT Hub, who may write to the registry may read it.
 *
 * There are no policies unless somebody adds them: `Policies.builtIn()` makes the five that every hub has, with keys of their own.
 * Keys are secrets. `toJSON` and `list` give them, for a store that the owner alone reads; no message and no event holds one.
 */
import { randomBytes } from "node:crypto"
import type { Clock } from "./clock"
import { damaged, type Database } from "./database"
import { GatewayError } from "./errors"
import { randomKey } from "./registry"
import {
    covers,
    expiryRefusal,
    isSignedWith,
    readToken,
    refuse,
    type TokenRefusal,
} from "./token"

export const PERMISSIONS = [
    "RegistryRead",
    "RegistryWrite",
    "ServiceConnect",
    "DeviceConnect",
] as const

export type Permission = (typeof PERMISSIONS)[number]

/** What Azure allows in the name of a policy: it stands in each token. */
const NAME = /^[A-Za-z0-9\-.%_*?!(),:=@$']{1,64}$/

/** What IoT Hub takes as a key, in bytes. */
const MIN_KEY_BYTES = 16
const MAX_KEY_BYTES = 64

const TABLE = "policies"
/** Has a record once the five of every hub were made. */
const MADE = "policiesmade"

/** More than a hub holds (100 in all). */
const MAX_POLICIES = 100

export interface AccessPolicy {
    readonly name: string
    /** Base64. */
    readonly primaryKey: string
    readonly secondaryKey: string
    /** At least one, each once. */
    readonly permissions: readonly Permission[]
}

export type PolicyChange = Partial<Omit<AccessPolicy, "name">>

/** What a token has to open. */
export interface Access {
    permission: Permission
    /** The path below the host, such as `devices/leaf-1`; empty: the whole of it. */
    resource: string
}

export interface AuthorizeContext {
    /** The names that `sr` may begin with; case does not count. */
    hosts: readonly string[]
    clock: Pick<Clock, "now">
    /** How far the caller's clock may be off. */
    skewSec?: number
}

export type AccessVerdict =
    { ok: true; policy: string; expirySec: number } | TokenRefusal

export class Policies {
    private readonly policies = new Map<string, AccessPolicy>()
    private readonly watchers = new Set<(name: string) => void>()
    private database: Database | undefined
    private written: Promise<void> = Promise.resolve()

    /** The five of every IoT Hub, with random keys. */
    static builtIn(): Policies {
        const policies = new Policies()
        policies.add({ name: "iothubowner", permissions: PERMISSIONS })
        policies.add({ name: "service", permissions: ["ServiceConnect"] })
        policies.add({ name: "device", permissions: ["DeviceConnect"] })
        policies.add({ name: "registryRead", permissions: ["RegistryRead"] })
        policies.add({
            name: "registryReadWrite",
            permissions: ["RegistryRead", "RegistryWrite"],
        })
        return policies
    }

    /**
     * Those that a database holds; the five of every hub if it holds none yet. Changes are written to it: `saved` resolves when they are on
     * disk.
     */
    static async open(database: Database): Promise<Policies> {
        const records = await database.read(TABLE)
        // Once only: who has removed them all has none.
        const isNew = !(await database.read(MADE)).length
        const policies = isNew ? Policies.builtIn() : new Policies()
        for (const { key, value } of records)
            try {
                const policy = value as AccessPolicy
                if (policy.name !== key) throw new Error("another name")
                policies.add(policy)
            } catch {
                throw damaged(database.folder)
            }
        policies.database = database
        if (isNew)
            await database.write([
                { table: MADE, key: "builtIn", value: true },
                ...policies.list().map(policy => ({
                    table: TABLE,
                    key: policy.name,
                    value: policy,
                })),
            ])
        return policies
    }

    /** What `toJSON` gave; throws `bad-policy` for anything else. */
    static from(kept: unknown): Policies {
        if (!Array.isArray(kept)) bad("a list of policies is wanted")
        const policies = new Policies()
        for (const policy of kept as unknown[]) {
            if (typeof policy !== "object" || policy === null)
                bad("an object with name, keys and permissions is wanted")
            policies.add(policy as AccessPolicy)
        }
        return policies
    }

    /** Adds a policy, with random keys unless they are given. */
    add(
        policy: Pick<AccessPolicy, "name" | "permissions"> & PolicyChange
    ): AccessPolicy {
        const { name } = policy
        if (typeof name !== "string" || !NAME.test(name))
            bad(
                "a name has 1-64 letters, digits or -.%_*?!(),:=@$' : choose another one"
            )
        if (this.policies.has(name))
            throw new GatewayError(
                "duplicate-policy",
                `policies: ${name} is there already: remove or change it`
            )
        if (this.policies.size >= MAX_POLICIES)
            bad(`there are ${MAX_POLICIES} already: remove one first`)
        return this.put({
            name,
            primaryKey: policy.primaryKey ?? randomKey(),
            secondaryKey: policy.secondaryKey ?? randomKey(),
            permissions: policy.permissions,
        })
    }

    get(name: string): AccessPolicy | undefined {
        return this.policies.get(name)
    }

    /** In the order in which they were added. */
    list(): AccessPolicy[] {
        return [...this.policies.values()]
    }

    /** Changes what is given and keeps the rest. */
    change(name: string, change: PolicyChange): AccessPolicy {
        const policy = this.policies.get(name)
        if (!policy)
            throw new GatewayError(
                "unknown-policy",
                `policies: there is no policy ${name}: add it first`
            )
        const { primaryKey, secondaryKey, permissions } = change
        return this.put({
            name,
            primaryKey: primaryKey ?? policy.primaryKey,
            secondaryKey: secondaryKey ?? policy.secondaryKey,
            permissions: permissions ?? policy.permissions,
        })
    }

    /** False if there was no such policy. */
    remove(name: string): boolean {
        const removed = this.policies.delete(name)
        if (removed) this.tell(name)
        return removed
    }

    /** Resolves when all changes so far are on disk; at once for policies that are in memory only. */
    saved(): Promise<void> {
        return this.written
    }

    /** Calls back after each change; the result stops that. */
    watch(watcher: (name: string) => void): () => void {
        this.watchers.add(watcher)
        return () => {
            this.watchers.delete(watcher)
        }
    }

    /**
     * Judges a service's token: form, signature, scope, permission, expiry, in this order. The sentence is for the operator; to the
     * caller of an API, `not-permitted` is 403 and all else 401.
     */
    authorize(
        token: string,
        { permission, resource }: Access,
        { hosts, clock, skewSec = 0 }: AuthorizeContext
    ): AccessVerdict {
        const read = readToken(token)
        if (!read)
            return refuse(
                "bad-token",
                "this is no token of the form SharedAccessSignature sr=…&sig=…&se=…&skn=…"
            )
        const policy = this.policies.get(read.policy)
        // Somebody who guesses names learns nothing from the time that it takes.
        const signed = isSignedWith(read, policy ?? NOBODY)
        if (!policy)
            return refuse(
                "unknown-policy",
                "the token's policy (skn) is missing, or there is none of that name: name the policy whose key it is signed with"
            )
        if (!signed)
            return refuse(
                "wrong-signature",
                `the token is signed with neither the primary nor the secondary key of the policy ${policy.name}`
            )
        if (!covers(read.audience, hosts, resource))
            return refuse(
                "wrong-audience",
                `the token's sr does not cover ${hosts.join(" or ")}${resource && "/"}${resource}`
            )
        if (!permits(policy, permission))
            return refuse(
                "not-permitted",
                `the policy ${policy.name} does not permit ${permission}`
            )
        const expired = expiryRefusal(read, clock.now(), skewSec)
        if (expired) return expired
        return { ok: true, policy: policy.name, expirySec: read.expirySec }
    }

    /** All of it, keys included, as `Policies.from` takes it. */
    toJSON(): AccessPolicy[] {
        return this.list()
    }

    private put(policy: AccessPolicy): AccessPolicy {
        checkKey(policy.primaryKey)
        checkKey(policy.secondaryKey)
        const kept = Object.freeze({
            ...policy,
            permissions: checkPermissions(policy.permissions),
        })
        this.policies.set(kept.name, kept)
        this.tell(kept.name)
        return kept
    }

    private write(name: string): void {
        const { database } = this
        if (!database) return
        const value = this.policies.get(name)
        this.written = database.write([{ table: TABLE, key: name, value }])
        // Whoever does not ask whether it is saved is not told.
        this.written.catch(() => undefined)
    }

    private tell(name: string): void {
        this.write(name)
        for (const watcher of [...this.watchers]) watcher(name)
    }
}

/** Whether a policy gives this permission, or one that includes it. */
export function permits(
    { permissions }: Pick<AccessPolicy, "permissions">,
    permission: Permission
): boolean {
    return (
        permissions.includes(permission) ||
        (permission === "RegistryRead" && permissions.includes("RegistryWrite"))
    )
}

/** In place of a policy that there is not: keys that nobody has. */
const NOBODY = {
    primaryKey: randomBytes(32).toString("base64"),
    secondaryKey: randomBytes(32).toString("base64"),
}

function checkKey(key: unknown): void {
    const bytes = Buffer.from(typeof key === "string" ? key : "", "base64")
    if (
        bytes.toString("base64") !== key ||
        bytes.length < MIN_KEY_BYTES ||
        bytes.length > MAX_KEY_BYTES
    )
        bad(
            `a key is base64 of ${MIN_KEY_BYTES}-${MAX_KEY_BYTES} bytes: leave it out and one is made`
        )
}

function checkPermissions(given: unknown): readonly Permission[] {
    const known: readonly unknown[] = PERMISSIONS
    if (
        !Array.isArray(given) ||
        given.length === 0 ||
        !given.every(one => known.includes(one)) ||
        new Set(given).size !== given.length
    )
        bad(`permissions are a list of some of ${PERMISSIONS.join(", ")}`)
    return Object.freeze([...(given as Permission[])])
}

function bad(why: string): never {
    throw new GatewayError("bad-policy", `policies: ${why}`)
}
