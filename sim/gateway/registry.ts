/**
 * The identities that the gateway knows: devices with symmetric keys, as IoT Hub's registry has them.
 *
 * Whoever changes an identity changes it for connections that stand, too: the gateway listens and checks them again.
 */
import { randomBytes } from "node:crypto"
import { GatewayError } from "./errors"

/** IoT Hub's keys are 32 bytes; it takes keys of 16 to 64. */
const KEY_BYTES = 32
const MIN_KEY_BYTES = 16
const MAX_KEY_BYTES = 64

/** What IoT Hub allows in a device id, without `+` and `#`, which MQTT allows in no topic. */
const DEVICE_ID = /^[A-Za-z0-9\-.%_*?!(),:=@$']{1,128}$/

export interface DeviceIdentity {
    readonly deviceId: string
    /** Base64. */
    readonly primaryKey: string
    readonly secondaryKey: string
    readonly enabled: boolean
    /** The Edge device whose child it is, or null. */
    readonly parent: string | null
}

export type IdentityChange = Partial<Omit<DeviceIdentity, "deviceId">>

export class Registry {
    private readonly identities = new Map<string, DeviceIdentity>()
    private readonly watchers = new Set<(deviceId: string) => void>()

    /** `gatewayId`: the device id of the Edge device that this gateway is. */
    constructor(readonly gatewayId = "edge-gateway") {}

    /** Adds a device: enabled, a child of this gateway, with random keys, unless told otherwise. */
    add(identity: { deviceId: string } & IdentityChange): DeviceIdentity {
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
        return this.put({
            primaryKey: randomKey(),
            secondaryKey: randomKey(),
            enabled: true,
            parent: this.gatewayId,
            ...identity,
        })
    }

    get(deviceId: string): DeviceIdentity | undefined {
        return this.identities.get(deviceId)
    }

    /** Device ids, in the order in which they were added. */
    get deviceIds(): string[] {
        return [...this.identities.keys()]
    }

    /** Changes what is given and keeps the rest. */
    change(deviceId: string, change: IdentityChange): DeviceIdentity {
        const identity = this.identities.get(deviceId)
        if (!identity)
            throw new GatewayError(
                "unknown-identity",
                `registry: there is no device ${deviceId}: add it first`
            )
        return this.put({ ...identity, ...change })
    }

    /** False if there was no such device. */
    remove(deviceId: string): boolean {
        const removed = this.identities.delete(deviceId)
        if (removed) this.tell(deviceId)
        return removed
    }

    /** Calls back after each change of an identity; the result stops that. */
    watch(watcher: (deviceId: string) => void): () => void {
        this.watchers.add(watcher)
        return () => {
            this.watchers.delete(watcher)
        }
    }

    private put(identity: DeviceIdentity): DeviceIdentity {
        checkKey(identity.primaryKey)
        checkKey(identity.secondaryKey)
        const kept = Object.freeze({ ...identity })
        this.identities.set(kept.deviceId, kept)
        this.tell(kept.deviceId)
        return kept
    }

    private tell(deviceId: string): void {
        for (const watcher of [...this.watchers]) watcher(deviceId)
    }
}

/** A random symmetric key, base64, as IoT Hub makes them. */
export function randomKey(): string {
    return randomBytes(KEY_BYTES).toString("base64")
}

function checkKey(key: string): void {
    const bytes = Buffer.from(key, "base64")
    if (
        bytes.toString("base64") !== key ||
        bytes.length < MIN_KEY_BYTES ||
        bytes.length > MAX_KEY_BYTES
    )
        throw new GatewayError(
            "bad-identity",
            `registry: a key is base64 of ${MIN_KEY_BYTES}-${MAX_KEY_BYTES} bytes: leave it out and one is made`
        )
}
