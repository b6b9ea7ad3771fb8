/**
 * The twins of all devices, and what a service does with them; `twinrequests.ts` is what devices ask of theirs.
 *
 * A twin is there as long as its device is in the registry. Desired properties are pushed to a device that is connected and has
 * subscribed, and to no other: it has to GET them when it comes back, as on a hub. Faults are asked for: `failNext` and `goOffline`.
 *
 * Not here: tags, `$metadata` and etags. Unlike with edgeHub, a service sees at once what a device reported.
 */
import type { Connection } from "./connection"
import { GatewayError } from "./errors"
import type { EventHub } from "./events"
import { desiredTopic } from "./operationtopics"
import type { Registry } from "./registry"
import {
    checkPatch,
    difference,
    documentOf,
    EMPTY_SECTION,
    isObject,
    patched,
    PatchError,
    replaced,
    type JsonObject,
    type Section,
} from "./twin"

/** Both sections as a device reads them, each with its `$version`. */
// An alias, unlike an interface, is a JsonObject, too.
export type TwinDocument = {
    desired: JsonObject & { $version: number }
    reported: JsonObject & { $version: number }
}

/** An error status that a device is to get, or `null`: no answer at all. */
export type Fault = number | null

/** A twin as it is kept. */
export interface Twin {
    desired: Section
    reported: Section
    /** The desired properties that a gateway told its device last before it went offline. */
    toldBefore?: JsonObject
    /** What its next requests come to. */
    faults: Fault[]
}

export class Twins {
    private readonly twins = new Map<string, Twin>()
    private offline = false

    constructor(
        private readonly events: EventHub,
        private readonly registry: Registry,
        private readonly connected: (deviceId: string) => Connection | undefined
    ) {}

    /** A copy of a device's twin. Throws `unknown-identity`. */
    get(deviceId: string): TwinDocument {
        return copy(twinDocument(this.known(deviceId)))
    }

    /**
     * Merges a patch into the desired properties and tells the device; gives the new version. `$version` and `$metadata` in it are
     * left out, as of a twin that was read and is sent back. Throws `unknown-identity`, `bad-twin` or `twin-too-large`.
     */
    patchDesired(deviceId: string, patch: JsonObject): number {
        return this.change(deviceId, patch, patched)
    }

    /** Puts these in place of all desired properties; the device gets the difference as a patch. As `patchDesired` otherwise. */
    replaceDesired(deviceId: string, properties: JsonObject): number {
        return this.change(deviceId, properties, replaced)
    }

    /** The device's next requests about its twin, `count` of them, change nothing and are answered so, or not at all (`null`). */
    failNext(deviceId: string, fault: Fault, count = 1): void {
        if (fault !== null && !(fault >= 400 && fault <= 599))
            throw new GatewayError(
                "bad-twin",
                `gateway: ${fault} is no error: take a status of 400-599, or null for no answer`
            )
        const { faults } = this.known(deviceId)
        for (let i = 0; i < count; i++) faults.push(fault)
    }

    /** There is no hub behind the gateway: a GET is not answered, and devices are not told of changes. */
    goOffline(): void {
        this.offline = true
    }

    /** The hub is back: devices are told what has changed meanwhile, in one patch, as edgeHub does. */
    goOnline(): void {
        this.offline = false
        for (const [deviceId, twin] of this.twins) {
            const { toldBefore, desired } = twin
            twin.toldBefore = undefined
            if (toldBefore)
                this.push(
                    deviceId,
                    twin,
                    difference(toldBefore, desired.properties)
                )
        }
    }

    get isOffline(): boolean {
        return this.offline
    }

    /** For a device that is removed. */
    forget(deviceId: string): void {
        this.twins.delete(deviceId)
    }

    private change(
        deviceId: string,
        value: JsonObject,
        by: (section: Section, value: JsonObject) => Section
    ): number {
        const twin = this.known(deviceId)
        const { desired } = twin
        try {
            twin.desired = by(desired, checkedCopy(value))
        } catch (error) {
            if (!(error instanceof PatchError)) throw error
            throw new GatewayError(
                error.fault === "too-large" ? "twin-too-large" : "bad-twin",
                `gateway: the desired properties of ${deviceId} stay as they are, ${error.message}: change or shorten them`
            )
        }
        if (this.offline) twin.toldBefore ??= desired.properties
        else
            this.push(
                deviceId,
                twin,
                by === patched
                    ? checkedCopy(value)
                    : difference(desired.properties, twin.desired.properties)
            )
        return twin.desired.version
    }

    private push(
        deviceId: string,
        { desired: { version } }: Twin,
        patch: JsonObject
    ): void {
        const connection = this.connected(deviceId)
        const body = JSON.stringify({ ...patch, $version: version })
        if (!connection?.deliver(desiredTopic(version), body)) return
        this.events.emit("desiredSent", {
            ...named(connection),
            version,
            patch,
        })
    }

    private known(deviceId: string): Twin {
        if (this.registry.get(deviceId)) return this.of(deviceId)
        throw new GatewayError(
            "unknown-identity",
            `gateway: there is no device ${deviceId}: add it first`
        )
    }

    /** The twin of a device that is or was in the registry; a new one if there is none. */
    of(deviceId: string): Twin {
        const twin = this.twins.get(deviceId) ?? {
            desired: EMPTY_SECTION,
            reported: EMPTY_SECTION,
            faults: [],
        }
        this.twins.set(deviceId, twin)
        return twin
    }
}

/** What a device gets of its twin. */
export function twinDocument({ desired, reported }: Twin): TwinDocument {
    return { desired: documentOf(desired), reported: documentOf(reported) }
}

/** What a service gave, without what only a hub writes. */
function checkedCopy(value: JsonObject): JsonObject {
    checkPatch(isObject(value) ? without(value) : value)
    return copy(without(value))
}

function without(value: JsonObject): JsonObject {
    const own = { ...value }
    delete own.$version
    delete own.$metadata
    return own
}

/** Of what JSON can say. */
export function copy<T extends object>(value: T): T {
    return JSON.parse(JSON.stringify(value)) as T
}

/** Whom an event is about. */
export function named({ link, deviceId }: Connection) {
    return { connection: link.id, deviceId }
}
