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
    /** No answer, or an incomplete one, to the HTTPS request for the time. */
    HttpTimeout = 1101,
    HttpMalformed = 1102,
    HttpNoDate = 1103,

    // tls: 2000-2999. Below 2100 the tens say which alert is sent (see `alertFor` in tls/alert.ts).
    // unexpected_message
    /** Another handshake message was expected. */
    TlsUnexpectedMessage = 2001,
    TlsUnexpectedRecord = 2002,
    /** A handshake message is interrupted by a record of another type. */
    TlsInterrupted = 2003,
    /** Bytes are left over where the keys change. */
    TlsLeftover = 2004,
    /** Too many records without content, warnings or key updates. */
    TlsFlood = 2005,
    // bad_record_mac
    TlsBadRecord = 2010,
    // record_overflow
    TlsRecordTooLong = 2020,
    // handshake_failure
    /** TLS 1.2 without the extended master secret (RFC 7627). */
    TlsNoExtendedMasterSecret = 2030,
    /** TLS 1.2 without RFC 5746's indication, or with a wrong one. */
    TlsRenegotiationInfo = 2031,
    // illegal_parameter
    TlsSuite = 2040,
    TlsGroup = 2041,
    TlsDowngrade = 2042,
    TlsRepeatedExtension = 2043,
    /** The server signed with a scheme that was not offered or does not fit its key. */
    TlsSignatureScheme = 2044,
    TlsSessionId = 2045,
    TlsMaxFragment = 2046,
    /** An extension that we know, in a message where it has no place. */
    TlsMisplacedExtension = 2047,
    /** supported_versions names a version that was not offered, or one before TLS 1.3. */
    TlsSelectedVersion = 2048,
    TlsKeyUpdateRequest = 2049,
    // decode_error
    TlsMalformed = 2050,
    TlsMessageTooLong = 2051,
    // decrypt_error
    TlsServerSignature = 2060,
    TlsFinished = 2061,
    // protocol_version
    TlsVersion = 2070,
    /** The answer is not TLS at all. */
    TlsNotTls = 2071,
    // missing_extension
    TlsMissingExtension = 2080,
    // unsupported_extension
    TlsUnofferedExtension = 2090,
    // No alert goes out for these.
    /** The peer sent a fatal alert. */
    TlsAlert = 2100,
    /** The stream ended without close_notify. */
    TlsTruncated = 2101,
    /** The peer closed during the handshake. */
    TlsClosed = 2102,
    /** The peer did not answer in time. */
    TlsTimeout = 2103,
    /** A key has protected as many records as it may. */
    TlsKeyExhausted = 2104,
    /** The random source gives no randomness. */
    TlsNoRandomness = 2105,
    /** Traffic keys were asked for without the evidence of a complete handshake. */
    TlsNotVerified = 2106,
    // illegal_parameter, once more
    /** A HelloRetryRequest that would change nothing. */
    TlsRetryUnchanged = 2200,
    /** The server resumes a session that was not offered, or with another cipher suite. */
    TlsSession = 2201,
    /** TLS 1.2: a cipher suite for another kind of key than the server's certificate has. */
    TlsSuiteKey = 2202,

    // x509: 3000-3999. The tens say which alert is sent.
    // bad_certificate
    X509Malformed = 3000,
    X509Version = 3001,
    X509AlgorithmMismatch = 3002,
    X509BadSignature = 3003,
    X509CertificateCount = 3004,
    // unsupported_certificate
    X509UnknownCritical = 3010,
    X509NameConstraints = 3011,
    X509UnsupportedSignature = 3012,
    X509KeyMismatch = 3013,
    X509NotForServers = 3014,
    X509LeafKeyUsage = 3015,
    /** A key of a kind that the firmware has no scheme for; the message names it. */
    X509UnsupportedKey = 3016,
    // certificate_expired
    X509Expired = 3020,
    X509NotYetValid = 3021,
    // certificate_unknown
    X509NameMismatch = 3030,
    X509NoReferenceName = 3031,
    X509LeafIsCa = 3032,
    // unknown_ca
    X509UnknownIssuer = 3040,
    X509NotCa = 3041,
    X509IssuerKeyUsage = 3042,
    X509PathLength = 3043,
    X509PathTooLong = 3044,
    /** The search for a path was given up: too many candidates, or signatures. */
    X509SearchLimit = 3045,

    // crypto: 4000-4999
    /** A key, scalar, key share or pseudorandom key of a wrong length. */
    CryptoKeyLength = 4001,
    CryptoNonceLength = 4002,
    /** An offset or length that does not fit its buffer or its algorithm. */
    CryptoRange = 4003,
    /** The record was altered, or the key or nonce is another one. */
    CryptoBadTag = 4004,
    /** A public key of low order: the shared secret would be all zeros. */
    CryptoWeakKeyShare = 4005,
    /** An RSA modulus that is even, shorter than 2048 bits, longer than 4096, or has leading zeros. */
    CryptoModulus = 4006,
    /** An RSA public exponent other than 65537. */
    CryptoExponent = 4007,
    /** An RSA signature that has not exactly the length of the modulus. */
    CryptoSignatureLength = 4008,
    /** An RSA signature that, as a number, is not below the modulus. */
    CryptoSignatureRange = 4009,
    /** The signature is not one of this key over this digest. */
    CryptoBadSignature = 4010,
    /** A digest of another length than its hash algorithm's. */
    CryptoDigestLength = 4011,
    /** A public key that is not an uncompressed point of its curve. */
    CryptoPoint = 4012,
    /** An ECDSA signature that is not two positive integers in strict DER. */
    CryptoSignatureEncoding = 4013,
    /** A private key that is not from 1 to n - 1. */
    CryptoScalar = 4014,

    // mqtt: 5000-5999
    /** A packet has not the length or the content that its type has. */
    MqttMalformed = 5001,
    MqttQos2 = 5002,
    MqttWindowFull = 5003,
    /** A remaining length of more than four bytes. */
    MqttLength = 5004,
    /** Flags that the type of a packet does not have. */
    MqttFlags = 5005,
    /** A packet that a gateway does not send, or not now. */
    MqttUnexpectedPacket = 5006,
    /** A message that is longer than any an IoT Hub or a gateway sends, or whose topic is. */
    MqttPacketTooLong = 5007,
    /** A topic that is empty, no UTF-8, or holds NUL or a wildcard. */
    MqttTopic = 5008,
    /** More messages than MAX_OWED came and are not handled. */
    MqttTooManyMessages = 5009,
    MqttConnackTimeout = 5010,
    // In the order of the return codes.
    MqttProtocolVersion = 5011,
    MqttIdentifierRejected = 5012,
    MqttServerUnavailable = 5013,
    MqttBadCredentials = 5014,
    MqttNotAuthorized = 5015,
    /** A CONNACK with a return code that MQTT 3.1.1 does not have. */
    MqttReturnCode = 5016,
    MqttSubackTimeout = 5020,
    MqttSubscribeRefused = 5021,
    MqttPubackTimeout = 5022,
    /** No answer to a ping. */
    MqttPingTimeout = 5023,

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
    JsonMalformed = 6021,
    /** A JSON text that is too long or too deep, or has too many values or characters outside ASCII. */
    JsonTooLarge = 6022,
    InvalidPercentEncoding = 6023,
    /** A message from the cloud has more, or longer, properties than are read. */
    PropertiesTooLarge = 6024,
    /** Neither a text nor a number nor a boolean. */
    InvalidPropertyValue = 6025,
    /** What the token service gave is no token, or too long. */
    TokenMalformed = 6030,
    /** The token service has answered with this status, added: 6403 if the device was refused. */
    TokenStatus = 6000,

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
    /** What a method's handler returned is no status, or too much. */
    MethodResult = 7010,
    /** A handler for something that this connection has not subscribed. */
    FeatureTooLate = 7013,
    /** The handler of a message from the cloud failed: the connection is made anew, so that the message comes again. */
    MessageFailed = 7014,
    /** More came from the cloud at once than is kept: the rest comes again on a new connection. */
    InboxFull = 7015,
    /** A number of the connection policy outside its bounds. */
    PolicyOutOfBounds = 7020,
    // What the watchdog restarts for.
    /** A part of the firmware that has to do something again and again has not. */
    Stalled = 7021,
    /** There was no connection for too long. */
    Offline = 7022,
    /** Safe mode is over, and the whole firmware tried again. */
    SafeModeOver = 7023,
    /** A change of settings does not go with what is in use, or being tried. */
    SettingsConflict = 7030,
    /** What was written to flash is not there. */
    SettingNotStored = 7031,
    /** A sensor's name, interval, threshold … that a `Sampling` cannot use; the message names it. */
    SamplingOption = 7060,
    /** A sensor has not answered in time. */
    SensorTimeout = 7061,
    /** A reading that is no number, or not finite. */
    SensorReading = 7062,
    // From here on, a request to the twin has failed.
    /** Too many wait. */
    TwinBusy = 7100,
    /** No answer, or no connection, for too long. */
    TwinTimeout = 7101,
    /** It was refused: with the status added, 300 and more. */
    TwinStatus = 7000,

    // drivers: 8000-8999
    /** An address, a name or a bus that a driver cannot use. */
    DriverOption = 8001,
    /** The part does not answer, or the bus is stuck. */
    DriverBus = 8002,
    /** Another part has this address, or its factory values cannot be. */
    DriverIdentity = 8003,
    DriverChecksum = 8004,
    /** The part has no measurement in time, or lost it, as by a brown-out. */
    DriverNoData = 8005,
    /** A reading outside what the part can measure. */
    DriverRange = 8006,
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

/**
 * Throws a `LeafError` if a check finds what must not be. Four bytes of code less than `if` and `fail`, for a call: not for hot
 * loops.
 */
export function failIf(
    isWrong: boolean,
    code: ErrorCode,
    message: string
): void {
    if (isWrong) fail(code, message)
}

/** The code of a caught error, or 0 for an error of another kind. */
export function errorCode(error: any): number {
    return error instanceof LeafError ? error.code : 0
}
