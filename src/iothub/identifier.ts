/**
 * What IoT Hub allows in the ids of devices and messages, and what DNS allows in host names.
 *
 * Ids: up to 128 ASCII characters, letters, digits and `- : . + % _ # * ? ! ( ) , = @ ; $ '`, case-sensitive
 * (IoT Hub developer guide, "Device identity properties" and "System properties of D2C messages").
 */
import { ErrorCode, fail, failIf } from "../errors"

/** The longest id of a device or a message. */
export const MAX_ID_LENGTH = 128

/** The longest host name that the flash table has room for (DNS would allow 253). */
export const MAX_HOST_LENGTH = 128

/**
 * Checks the id of a device that is to publish over MQTT.
 *
 * IoT Hub would also allow `+` and `#`; but the id is a level of every topic, those two are wildcards there, and a hub
 * closes the connection of a device that publishes with them. Better to say so when the device is provisioned.
 *
 * @throws LeafError DeviceIdTooLong, DeviceIdCharacter, DeviceIdWildcard
 */
export function checkDeviceId(id: string): void {
    if (id.length > MAX_ID_LENGTH)
        fail(
            ErrorCode.DeviceIdTooLong,
            `iothub: the device id is longer than ${MAX_ID_LENGTH} characters`
        )
    failIf(
        !isMadeOf(id, "-:.+%_#*?!(),=@;$'"),
        ErrorCode.DeviceIdCharacter,
        "iothub: the device id has a character that IoT Hub does not allow"
    )
    failIf(
        id.indexOf("+") >= 0 || id.indexOf("#") >= 0,
        ErrorCode.DeviceIdWildcard,
        "iothub: a device id with + or # cannot publish over MQTT"
    )
}

/**
 * Checks a message id or a correlation id.
 *
 * @throws LeafError InvalidMessageId
 */
export function checkMessageId(id: string): void {
    if (id.length > MAX_ID_LENGTH || !isMadeOf(id, "-:.+%_#*?!(),=@;$'"))
        fail(
            ErrorCode.InvalidMessageId,
            `iothub: a message id has up to ${MAX_ID_LENGTH} characters of those that IoT Hub allows`
        )
}

/**
 * Checks a host name or an IPv4 address: letters, digits, `-`, `.` and `_`, no port, no scheme.
 *
 * @throws LeafError HostNameTooLong, HostNameCharacter
 */
export function checkHostName(name: string): void {
    if (name.length > MAX_HOST_LENGTH)
        fail(
            ErrorCode.HostNameTooLong,
            `iothub: a host name is longer than ${MAX_HOST_LENGTH} characters`
        )
    failIf(
        !isMadeOf(name, "-._"),
        ErrorCode.HostNameCharacter,
        "iothub: a host name has a character that is not allowed in one"
    )
}

/** Whether a character code is that of an ASCII letter or digit. */
function isAlphanumeric(code: number): boolean {
    const letter = code | 0x20
    return (letter >= 0x61 && letter <= 0x7a) || (code >= 0x30 && code <= 0x39)
}

/** Whether a text holds only ASCII letters, digits and `marks`. */
function isMadeOf(text: string, marks: string): boolean {
    for (let i = 0; i < text.length; i++)
        if (!isAlphanumeric(text.charCodeAt(i)) && marks.indexOf(text[i]) < 0)
            return false
    return true
}
