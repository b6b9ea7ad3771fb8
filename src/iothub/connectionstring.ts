/**
 * Device connection strings: `HostName=…;DeviceId=…;SharedAccessKey=…[;GatewayHostName=…]`.
 *
 * Parts come in any order, their names in any case; a value runs to the next `;` and may hold `=`. Each defect has its own
 * error. A firmware does not need this file: its flash holds the parts, since the whole does not fit one setting. It is for
 * `leaf provision` on the host and for a device that takes the string over a serial line.
 */
import { wipe } from "../bytes"
import { ErrorCode, errorCode, fail, failIf } from "../errors"
import { decodeBase64 } from "./base64"
import { checkDeviceId, checkHostName } from "./identifier"

/** What IoT Hub accepts as a symmetric key, in bytes after decoding. */
export const MIN_KEY_LENGTH = 16
export const MAX_KEY_LENGTH = 64

export interface ConnectionString {
    hostName: string
    deviceId: string
    /** Base64, checked. A secret. */
    sharedAccessKey: string
    /** The gateway to dial instead of the hub; `undefined` when there is none. */
    gatewayHostName?: string
    /** Names of parts that we do not know and have ignored: worth a warning, as one may be a slip of the keyboard. */
    unknown: string[]
}

/**
 * Parses and checks a device connection string.
 *
 * @throws LeafError PartMalformed, PartEmpty, PartDuplicate; HostNameMissing, DeviceIdMissing, SharedAccessKeyMissing;
 * InvalidKey; those of `checkDeviceId` and `checkHostName`; X509NotSupported, ModuleNotSupported, PolicyNotSupported
 */
export function parseConnectionString(text: string): ConnectionString {
    const result: ConnectionString = {
        hostName: undefined,
        deviceId: undefined,
        sharedAccessKey: undefined,
        gatewayHostName: undefined,
        unknown: [],
    }
    let from = 0
    while (from < text.length) {
        let to = text.indexOf(";", from)
        if (to < 0) to = text.length
        if (to > from) parsePart(text.slice(from, to), result)
        from = to + 1
    }
    if (result.hostName === undefined)
        failMissing(ErrorCode.HostNameMissing, "HostName")
    if (result.deviceId === undefined)
        failMissing(ErrorCode.DeviceIdMissing, "DeviceId")
    if (result.sharedAccessKey === undefined)
        failMissing(ErrorCode.SharedAccessKeyMissing, "SharedAccessKey")
    return result
}

function parsePart(part: string, result: ConnectionString): void {
    const equals = part.indexOf("=")
    // Neither the part nor its name is shown: a slip of the keyboard in a key makes a part of the rest of it.
    if (equals < 1) failMalformed()
    const name = part.slice(0, equals)
    const value = part.slice(equals + 1)
    failIf(
        !value,
        ErrorCode.PartEmpty,
        "iothub: a part of the connection string has no value"
    )
    switch (name.toLowerCase()) {
        case "hostname":
            checkOnce(name, result.hostName)
            checkHostName(value)
            result.hostName = value
            break
        case "deviceid":
            checkOnce(name, result.deviceId)
            checkDeviceId(value)
            result.deviceId = value
            break
        case "sharedaccesskey":
            checkOnce(name, result.sharedAccessKey)
            wipe(decodeKey(value))
            result.sharedAccessKey = value
            break
        case "gatewayhostname":
            checkOnce(name, result.gatewayHostName)
            checkHostName(value)
            result.gatewayHostName = value
            break
        case "x509":
        case "x509cert":
        case "x509key":
            fail(
                ErrorCode.X509NotSupported,
                "iothub: a device with an X.509 identity is not supported, use a symmetric key"
            )
            break
        case "moduleid":
            fail(
                ErrorCode.ModuleNotSupported,
                "iothub: this is the connection string of a module, not of a device"
            )
            break
        case "sharedaccesskeyname":
            fail(
                ErrorCode.PolicyNotSupported,
                "iothub: this is the key of a hub policy, which does not belong on a device"
            )
            break
        default:
            // The end of a key, with its padding.
            if (value === "=") failMalformed()
            result.unknown.push(name)
    }
}

/**
 * The bytes of a device key, in a buffer that the caller owns and wipes.
 *
 * @throws LeafError InvalidKey
 */
export function decodeKey(text: string): Buffer {
    let key: Buffer
    try {
        key = decodeBase64(text)
    } catch (e: any) {
        if (errorCode(e) !== ErrorCode.InvalidBase64) throw e
        fail(ErrorCode.InvalidKey, "iothub: the device key is not base64")
    }
    if (key.length < MIN_KEY_LENGTH || key.length > MAX_KEY_LENGTH)
        fail(
            ErrorCode.InvalidKey,
            `iothub: a device key has ${MIN_KEY_LENGTH} to ${MAX_KEY_LENGTH} bytes`
        )
    return key
}

function checkOnce(name: string, earlier: string): void {
    if (earlier !== undefined)
        fail(
            ErrorCode.PartDuplicate,
            `iothub: ${name} stands twice in the connection string`
        )
}

function failMissing(code: ErrorCode, name: string): never {
    return fail(code, `iothub: the connection string has no ${name}`)
}

function failMalformed(): never {
    return fail(
        ErrorCode.PartMalformed,
        "iothub: a part of the connection string is not name=value"
    )
}
