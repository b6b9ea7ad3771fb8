/**
 * The one error type of Edge Leaf, and every code it can carry.
 *
 * A code names one rejection; each layer has a range of its own. Messages read `layer: plain clause` and hold no secret.
 */

export const enum ErrorCode {
    // net: 1000-1999
    ConnectFailed = 1001,
    ConnectTimeout = 1002,
    ConnectionReset = 1003,
    /** The peer closed the connection. */
    ConnectionClosed = 1004,
    ReadTimeout = 1005,
    WriteFailed = 1006,
    /** The peer sends faster than the device reads: more bytes wait than `MAX_BUFFERED_BYTES`. */
    ReceiveOverflow = 1007,

    // iothub: 6000-6999
    InvalidBase64 = 6001,
    /** A part of a connection string is not `name=value`. */
    PartMalformed = 6002,
    PartEmpty = 6003,
    PartDuplicate = 6004,
    HostNameMissing = 6005,
    DeviceIdMissing = 6006,
    SharedAccessKeyMissing = 6007,
    HostNameTooLong = 6008,
    HostNameCharacter = 6009,
    DeviceIdTooLong = 6010,
    /** A character that IoT Hub does not allow in a device id. */
    DeviceIdCharacter = 6011,
    /** `+` or `#`: allowed by IoT Hub, impossible in an MQTT topic. */
    DeviceIdWildcard = 6012,
    /** The device key is not base64 of 16 to 64 bytes. */
    InvalidKey = 6013,
    X509NotSupported = 6014,
    ModuleNotSupported = 6015,
    /** The key of a shared access policy of the hub, where a device's belongs. */
    PolicyNotSupported = 6016,
    InvalidMessageId = 6017,
    InvalidPropertyName = 6018,
    TopicTooLong = 6019,
    /** A text that is to be percent-encoded. */
    TextTooLong = 6020,

    // app: 7000-7999
    SettingMissing = 7001,
    SettingInvalid = 7002,
    /** The flash was written for another version of this firmware. */
    SettingsVersion = 7003,
    /** A value does not fit one flash setting, which holds 232 bytes with its name. */
    SettingTooLong = 7004,
    /** A message is larger than the whole outbox. */
    MessageTooLarge = 7005,
    /** A Date from the gateway lies outside its own certificate's validity, or before the time floor. */
    DateOutOfBounds = 7006,
}

export class LeafError extends Error {
    constructor(
        readonly code: ErrorCode,
        message: string
    ) {
        super(message)
        this.name = "LeafError"
    }
}

/** Throws a `LeafError`. */
export function fail(code: ErrorCode, message: string): never {
    throw new LeafError(code, message)
}

/** The code of a caught error, or 0 for an error of another kind. */
export function errorCode(error: any): number {
    return error instanceof LeafError ? error.code : 0
}
