/** The identities that a gateway knows: symmetric keys, and whether they may connect. */
import { randomBytes } from "node:crypto"

export interface DeviceIdentity {
    deviceId: string
    /** Base64. */
    primaryKey: string
    secondaryKey: string
    enabled: boolean
    /** Whether this gateway is its parent: edgeHub lets no other device in. */
    isChild: boolean
}

export class Registry {
    private readonly devices = new Map<string, DeviceIdentity>()

    /** Adds or replaces a device; keys that are left out are random. */
    add(
        device: Partial<DeviceIdentity> & { deviceId: string }
    ): DeviceIdentity {
        const identity = {
            primaryKey: randomBytes(32).toString("base64"),
            secondaryKey: randomBytes(32).toString("base64"),
            enabled: true,
            isChild: true,
            ...device,
        }
        this.devices.set(identity.deviceId, identity)
        return identity
    }

    /** Ids are case-sensitive. */
    find(deviceId: string): DeviceIdentity | undefined {
        return this.devices.get(deviceId)
    }

    remove(deviceId: string): boolean {
        return this.devices.delete(deviceId)
    }

    /** @returns whether there is such a device */
    setEnabled(deviceId: string, enabled: boolean): boolean {
        const device = this.devices.get(deviceId)
        if (device) device.enabled = enabled
        return device !== undefined
    }
}
