/**
 * Shared access signatures: the password of a device that has a symmetric key.
 *
 * `SharedAccessSignature sr={resource}&sig={signature}&se={expiry}`, where the signature is the HMAC-SHA-256 of
 * `{resource}\n{expiry}` under the device key (IoT Hub developer guide, "Control access to IoT Hub with shared access
 * signatures"). Byte for byte what Microsoft's Node SDK makes of the same input. There is no `skn`: it belongs to the keys
 * of shared access policies, which have no place on a device.
 */
import { hmac } from "../crypto/hash"
import { wipe } from "../bytes"
import { encodeBase64 } from "./base64"
import { encodeStrictly } from "./percent"

/**
 * Makes a token for a device. The result is a secret: it opens the hub to its bearer until it expires.
 *
 * @param hubHost the hub's name as the connection string has it, also when a gateway stands between
 * @param key the decoded device key; stays the caller's
 * @param expirySec whole Unix seconds
 */
export function createToken(
    hubHost: string,
    deviceId: string,
    key: Buffer,
    expirySec: number
): string {
    const resource = encodeStrictly(`${hubHost}/devices/${deviceId}`)
    const mac = hmac(key, `${resource}\n${expirySec}`)
    const signature = encodeStrictly(encodeBase64(mac))
    wipe(mac)
    return `SharedAccessSignature sr=${resource}&sig=${signature}&se=${expirySec}`
}
