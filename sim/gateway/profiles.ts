/**
 * What the gateway stands in for: edgeHub of Azure IoT Edge, or IoT Hub itself. Everything in which the two differ is in this table.
 *
 * edgeHub's column is from the sources of Azure/iotedge and of the protocol gateway that it is built on; the hub's is from
 * Microsoft's documentation and from what its SDKs expect. Where nothing public says what the hub does, the comment says so.
 */
import type { RefusalReason } from "./events"

export type ProfileName = "edgehub" | "hub"

/** CONNACK return codes (MQTT 3.1.1, 3.2.2.3). */
export const enum ReturnCode {
    Accepted = 0,
    WrongProtocol = 1,
    ServerUnavailable = 3,
    NotAuthorized = 5,
}

/** Numbers that `GatewayOptions.limits` can change. */
export interface GatewayLimits {
    /** Devices that are connected at a time. */
    clients: number
    /** A whole packet; a larger one ends the connection. */
    packetBytes: number
    /** Body and properties of a message; a larger one ends the connection. */
    messageBytes: number
    /** Messages that are read and not acknowledged yet; at so many no more is read. */
    pendingMessages: number
    /** From TCP accept to CONNECT, the TLS handshake included. */
    connectTimeoutMs: number
    /** The longest silence: in place of a keep-alive of 0, or of one whose 1.5 times are more. */
    keepAliveCapMs: number
    /** Filters in one SUBSCRIBE; more end the connection. */
    filtersPerSubscribe: number
    /** How often the tokens of standing connections are checked; see `closesAtExpiry`. */
    recheckMs: number
    /** Cloud-to-device messages of a device that wait or are on their way; one more is an error of its sender. */
    cloudMessages: number
    /** Body and properties of a cloud-to-device message. */
    cloudMessageBytes: number
    /** Cloud-to-device messages that are on their way to a device and not acknowledged. */
    inFlight: number
    /** A cloud-to-device message that was delivered so often and not acknowledged is given up. */
    deliveries: number
}

export interface Profile {
    name: ProfileName
    limits: GatewayLimits
    /** The return code for each refusal; `null`: closed without a CONNACK. */
    returnCodes: Partial<Record<RefusalReason, ReturnCode | null>> & {
        otherwise: ReturnCode
    }
    /** Only devices that are children of the gateway are let in. */
    childrenOnly: boolean
    /** How far the clocks of device and gateway may disagree about the end of a token. */
    tokenSkewSec: number
    /** A connection ends with its token; else tokens are looked at every `recheckMs`. */
    closesAtExpiry: boolean
    /** A message on a bad topic ends the connection; else it is dropped, and acknowledged all the same. */
    closesOnBadTopic: boolean
    /** Every message to a device at QoS 1 has packet id 1; else each has its own. */
    onePacketId: boolean
    /** The highest QoS of method requests and of what concerns twins; a device gets what its subscription was granted, if that is less. */
    operationsQos: 0 | 1
    /** A cloud-to-device message that is delivered once more says so (DUP, and its delivery count). */
    marksDuplicates: boolean
    /**
     * A cloud-to-device message that is older than the device's subscription by more than this is rejected, and lost; `null`: it is
     * kept and delivered.
     */
    rejectsOlderByMs: number | null
    /** In a property bag the system properties come first; else the application's do. */
    systemPropertiesFirst: boolean
    /** A topic without properties ends in a slash: `…/devicebound/`. */
    slashOnBareTopic: boolean
    /** Request ids of direct methods: a GUID, or a number in hexadecimal. */
    requestIds: "guid" | "number"
    /** The answer to a reported patch carries `$version`. */
    versionOnReported: boolean
    /** A reported patch may name the version that it is for (`&$version=` in its topic), and is refused with 412 for any other. */
    checksReportedVersion: boolean
    /** What a reported patch is answered that is no JSON object. One that is, but not as a twin takes it, is answered 400 by both. */
    statusOfMalformedPatch: 400 | 500
    /** An answer with an error status has a body that says more. */
    errorBodies: boolean
    /** Reported properties are taken while there is no connection to the hub. */
    keepsReports: boolean
}

/** MQTT's longest topic (a 2-byte length), which a packet has on top of a message. */
const TOPIC_BYTES = 65_535

/** Both take messages of this size (edgeHub: packets). */
const KB_256 = 262_144

/** A cloud-to-device queue is IoT Hub's, in front of an edgeHub too. */
const QUEUE = {
    cloudMessages: 50,
    cloudMessageBytes: 65_536,
    // No lower limit is known of either.
    inFlight: 50,
    deliveries: 10,
}

export const PROFILES: Record<ProfileName, Profile> = {
    edgehub: {
        name: "edgehub",
        limits: {
            ...QUEUE,
            clients: 100,
            packetBytes: KB_256,
            messageBytes: KB_256,
            pendingMessages: 16,
            connectTimeoutMs: 60_000,
            keepAliveCapMs: 600_000,
            filtersPerSubscribe: Infinity,
            recheckMs: 300_000,
        },
        returnCodes: {
            protocol: ReturnCode.WrongProtocol,
            "bad-username": ReturnCode.ServerUnavailable,
            "bad-client-id": ReturnCode.ServerUnavailable,
            "too-many-clients": ReturnCode.ServerUnavailable,
            otherwise: ReturnCode.NotAuthorized,
        },
        childrenOnly: true,
        tokenSkewSec: 300,
        closesAtExpiry: false,
        closesOnBadTopic: false,
        // The id is made of a sequence number that edgeHub never sets.
        onePacketId: true,
        operationsQos: 1,
        // Nor does it pass on the delivery count that DUP is made of.
        marksDuplicates: false,
        // The protocol gateway compares the times; edgeHub adds 30 s to that of the message, as clocks differ.
        rejectsOlderByMs: 30_000,
        systemPropertiesFirst: false,
        slashOnBareTopic: false,
        requestIds: "guid",
        versionOnReported: false,
        checksReportedVersion: false,
        // Its JSON reader's exception is not one of those that it answers with 400: a device that tries again never gets further.
        statusOfMalformedPatch: 500,
        errorBodies: false,
        keepsReports: true,
    },
    hub: {
        name: "hub",
        limits: {
            ...QUEUE,
            // A hub has no such limit; this is the stand-in's own.
            clients: 1_000,
            packetBytes: KB_256 + TOPIC_BYTES,
            messageBytes: KB_256,
            // Of the hub it is known for MQTT 5 only.
            pendingMessages: 16,
            connectTimeoutMs: 60_000,
            keepAliveCapMs: 1_767_000,
            filtersPerSubscribe: 5,
            recheckMs: 300_000,
        },
        returnCodes: {
            protocol: null,
            "bad-username": null,
            "bad-client-id": null,
            "too-many-clients": ReturnCode.ServerUnavailable,
            otherwise: ReturnCode.NotAuthorized,
        },
        childrenOnly: false,
        // Not known: a device that is right without it is right with it.
        tokenSkewSec: 0,
        closesAtExpiry: true,
        closesOnBadTopic: true,
        onePacketId: false,
        operationsQos: 0,
        marksDuplicates: true,
        // Not known of messages that are older than a clean session's subscription; those of a kept session are kept.
        rejectsOlderByMs: null,
        systemPropertiesFirst: true,
        slashOnBareTopic: true,
        requestIds: "number",
        versionOnReported: true,
        checksReportedVersion: true,
        statusOfMalformedPatch: 400,
        errorBodies: true,
        keepsReports: false,
    },
}
