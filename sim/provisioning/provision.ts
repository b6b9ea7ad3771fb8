/**
 * Provisioning: from a connection string and the owner's CA to the settings in a device's flash.
 *
 * The names and forms of the settings are the device's own code (`src/app/settings.ts`), so that both sides agree by
 * construction; errors of that code come out as sentences for the user.
 */
import "reflect-metadata"
import { BasicConstraintsExtension, X509Certificate } from "@peculiar/x509"
import { Buffer as DeviceBuffer } from "../shim/buffer"
import { Failure } from "../cli/failure"
import { FlashImage } from "../vm/flash"

/** The device's modules that are shared, as far as the host calls them. */
interface ConnectionStringModule {
    parseConnectionString(text: string): ConnectionString
}
interface SettingsModule {
    settingsFor(
        connection: ConnectionString,
        anchors: {
            subject: DeviceBuffer
            subjectPublicKeyInfo: DeviceBuffer
        }[],
        options: ProvisioningOptions
    ): Record<string, unknown>
    parseSettings(read: (name: string) => Promise<unknown>): Promise<unknown>
}

export interface ConnectionString {
    hostName: string
    deviceId: string
    sharedAccessKey: string
    gatewayHostName?: string
    unknown: string[]
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

/**
 * The flash of a device that is ready to start.
 *
 * @param anchors the owner's CA certificates, PEM or DER; one, or two while it is being changed
 * @throws Failure with what is wrong; the key is in no message
 */
export async function provision(
    connectionString: string,
    anchors: (string | Uint8Array)[],
    options: ProvisioningOptions
): Promise<FlashImage> {
    const { parseConnectionString } =
        require("../../src/iothub/connectionstring") as ConnectionStringModule
    const { settingsFor, parseSettings } =
        require("../../src/app/settings") as SettingsModule
    try {
        const settings = settingsFor(
            parseConnectionString(connectionString),
            anchors.map(readAnchor),
            options
        )
        // What the device would refuse is refused here.
        await parseSettings(name => Promise.resolve(settings[name]))
        const flash = new FlashImage()
        for (const [name, value] of Object.entries(settings))
            flash.set(name, value)
        return flash
    } catch (error) {
        if (error instanceof Failure) throw error
        throw new Failure(
            `The device cannot be provisioned: ${(error as Error).message}.`
        )
    }
}

/**
 * A CA as devices take it by the method `leaf.changeSettings`: base64 of its name and its key, both as DER.
 *
 * @param certificate PEM or DER
 * @throws Failure with what is wrong
 */
export function anchorText(certificate: string | Uint8Array): string {
    const { subject, subjectPublicKeyInfo } = readAnchor(certificate)
    return Buffer.concat([
        subject as unknown as Uint8Array,
        subjectPublicKeyInfo as unknown as Uint8Array,
    ]).toString("base64")
}

function readAnchor(certificate: string | Uint8Array) {
    if (
        typeof certificate === "string" &&
        certificate.split("-----BEGIN CERTIFICATE-----").length > 2
    )
        throw new Failure(
            "The file with the owner's CA holds several certificates: give one with the CA alone that is to be trusted."
        )
    let parsed: X509Certificate
    try {
        parsed = new X509Certificate(certificate)
    } catch {
        throw new Failure(
            "The owner's CA is no X.509 certificate in PEM or DER: give the file with the root (or the CA that your gateway's chain ends in)."
        )
    }
    // A root of version 1 has no extensions at all, and nothing says that it is a CA.
    const isCa = parsed.getExtension(BasicConstraintsExtension)?.ca
    if (!isCa && parsed.extensions.length)
        throw new Failure(
            "The certificate is not of a CA: the gateway's own is renewed about monthly, so give the root (or the CA that your gateway's chain ends in)."
        )
    const name = new Uint8Array(parsed.subjectName.toArrayBuffer())
    const key = new Uint8Array(parsed.publicKey.rawData)
    return {
        subject: DeviceBuffer.from(name),
        subjectPublicKeyInfo: DeviceBuffer.from(key),
    }
}
