/**
 * The gateway looked at before a device leaves the desk: the device's own TLS client verifies it against the CAs that are to be
 * pinned, and what it has verified is kept for the device.
 *
 * A device takes 20 s for an RSA-4096 signature; what it remembers it does not verify again. An id in its memory says: these
 * certificates, byte for byte, below this CA (`src/x509/issuers.ts`). All other checks are made at each connection.
 */
import { hintFor } from "../cli/certsshow"
import { Failure } from "../cli/failure"
import { issuerMemory, leafCode, openDeviceLink } from "../doctor/devicelink"
import type { DeviceSettings } from "./provision"

export interface Verified {
    /** When the gateway's certificate ends. */
    notAfter: Date
    /** The setting `issuers`: what the device would have written there. */
    issuers: unknown
    /** How many certificates it stands for. */
    certificates: number
}

/** @throws Failure if a device would not connect */
export async function verifyGateway(
    device: DeviceSettings,
    nowMs: number
): Promise<Verified> {
    const { gateway, gatewayAddress, mqttPort, anchors } = device
    let issuers: unknown
    let certificates = 0
    const memory = await issuerMemory(anchors, (_name, value) => {
        issuers = value
        certificates++
    })
    try {
        const link = await openDeviceLink({
            address: gatewayAddress,
            port: mqttPort,
            host: gateway,
            anchors,
            nowMs,
            issuers: memory,
        })
        await link.close()
        const notAfter = new Date(link.notAfterSec * 1000)
        return { notAfter, issuers, certificates }
    } catch (error) {
        const code = leafCode(error)
        if (!code) throw error
        const hint =
            hintFor(code) ??
            'Nothing was written; "leaf doctor" looks at each step.'
        throw new Failure(
            `The gateway ${gateway} at ${gatewayAddress}:${mqttPort} is not verified: ${(error as Error).message} (${code}). ${hint}`
        )
    }
}
