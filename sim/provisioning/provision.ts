/**
 * Provisioning: from a connection string and the owner's CA to the settings in a device's flash.
 *
 * The names and forms of the settings are the device's own code (`src/app/settings.ts`), so that both sides agree by
 * construction; errors of that code come out as sentences for the user.
 */
import type { Buffer as DeviceBuffer } from "../shim/buffer"
import { Failure } from "../cli/failure"
import { FlashImage } from "../vm/flash"
import { readAnchor, type Anchor } from "./anchors"
import type { Network } from "./wifi"

export { anchorText } from "./anchors"

/** The device's modules that are shared, as far as the host calls them. */
interface ConnectionStringModule {
    parseConnectionString(text: string): ConnectionString
}
interface SettingsModule {
    settingsFor(
        connection: ConnectionString,
        anchors: Anchor[],
        options: ProvisioningOptions
    ): Record<string, unknown>
    parseSettings(
        read: (name: string) => Promise<unknown>
    ): Promise<DeviceSettings>
}

export interface ConnectionString {
    hostName: string
    deviceId: string
    sharedAccessKey: string
    gatewayHostName?: string
    unknown: string[]
}

/** What the device makes of its settings, as far as the host looks at it. */
export interface DeviceSettings {
    hubHost: string
    deviceId: string
    /** The decoded key. A secret. */
    deviceKey: DeviceBuffer
    gateway: string
    gatewayAddress: string
    mqttPort: number
    timePort: number
    anchors: DeviceBuffer[]
    provisionedSec: number
}

export interface ProvisioningOptions {
    /** Whole Unix seconds. */
    provisionedSec: number
    /** Where to connect to, if that is not the name that is verified. */
    gatewayAddress?: string
    mqttPort?: number
    timePort?: number
    telemetrySec?: number
    heartbeatSec?: number
    alertC?: number
}

export interface Provisioned {
    /** What goes into the flash, by name. There is a secret in it. */
    settings: Record<string, unknown>
    /** The same as the device reads it. */
    device: DeviceSettings
    /** Names of parts of the connection string that nobody knows. */
    unknown: string[]
}

/**
 * The settings of a device that is ready to start.
 *
 * @param anchors the owner's CA certificates, PEM or DER; one, or two while it is being changed
 * @throws Failure with what is wrong; the key is in no message
 */
export async function deviceSettings(
    connectionString: string,
    anchors: (string | Uint8Array)[],
    options: ProvisioningOptions
): Promise<Provisioned> {
    const { parseConnectionString } =
        require("../../src/iothub/connectionstring") as ConnectionStringModule
    const { settingsFor } = require("../../src/app/settings") as SettingsModule
    return orFailure(async () => {
        const connection = parseConnectionString(connectionString)
        const settings = settingsFor(
            connection,
            anchors.map(readAnchor),
            options
        )
        // What the device would refuse is refused here.
        const device = await readDevice(settings)
        return { settings, device, unknown: connection.unknown }
    })
}

/**
 * What a device makes of settings.
 *
 * @throws LeafError as the device would
 */
export function readDevice(
    settings: Record<string, unknown>
): Promise<DeviceSettings> {
    const { parseSettings } =
        require("../../src/app/settings") as SettingsModule
    return parseSettings(name => Promise.resolve(settings[name]))
}

/** The flash with these settings, and the network that the runtime joins. @throws Failure if they do not fit */
export function flashOf(
    settings: Record<string, unknown>,
    network?: Network
): Promise<FlashImage> {
    return orFailure(async () => {
        const flash = new FlashImage()
        for (const [name, value] of Object.entries(settings))
            flash.set(name, value)
        if (network) {
            flash.setRaw("wifi_ssid", network.ssid)
            flash.setRaw("wifi_psk", network.password)
        }
        return flash
    })
}

/** The flash of a device that is ready to start: `deviceSettings` and `flashOf` in one. */
export async function provision(
    connectionString: string,
    anchors: (string | Uint8Array)[],
    options: ProvisioningOptions
): Promise<FlashImage> {
    const { settings } = await deviceSettings(
        connectionString,
        anchors,
        options
    )
    return flashOf(settings)
}

/** What the device's code and the flash refuse becomes a sentence for the user. */
async function orFailure<T>(work: () => Promise<T>): Promise<T> {
    try {
        return await work()
    } catch (error) {
        if (error instanceof Failure) throw error
        const { message } = error as Error
        throw new Failure(
            `The device cannot be provisioned: ${message.replace(/\.$/, "")}.`
        )
    }
}
