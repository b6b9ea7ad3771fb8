/** What the gateway gives to each of its connections. */
import type { IPublishPacket } from "mqtt-packet"
import type { Admission, Authenticator, Refusal } from "./authenticate"
import type { Clock } from "./clock"
import type { CloudMessages } from "./cloudmessages"
import type { Connection } from "./connection"
import type { EventHub } from "./events"
import type { Faults } from "./faults"
import type { PeerChains } from "./peerchain"
import type { GatewayLimits, Profile } from "./profiles"
import type { Sessions } from "./sessions"
import type { Message, MessageStore } from "./store"

/** What answers a device's messages on `$iothub/…`: twins and direct methods. */
export interface Operations {
    /**
     * Takes what a device published on a topic that begins with `$iothub/`, in the order of arrival; at QoS 1 the PUBACK follows by
     * itself. An answer goes out with `connection.deliver`, now or later. False: there is no such topic, which is dealt with as any
     * other bad topic; what the profile closes a connection for is closed with `connection.link.close`. `failWith`: the status with
     * which a request about the twin fails.
     */
    handle(
        connection: Connection,
        packet: IPublishPacket,
        failWith?: number
    ): boolean
    /** The device has subscribed to this filter, and knows that it has. */
    subscribed?(connection: Connection, filter: string): void
    /** The connection is over: nothing that is sent there arrives any more. */
    ended?(connection: Connection): void
}

/** What the gateway does for its connections. */
export interface ConnectionServices {
    clock: Clock
    events: EventHub
    /** With the limits that were asked for in place of its own. */
    profile: Profile
    limits: GatewayLimits
    authenticator: Authenticator
    faults: Faults
    peerChains: PeerChains
    sessions: Sessions
    store: MessageStore
    operations: Operations
    cloudMessages: CloudMessages
    /** Makes the connection the only one of its device, or says why not. */
    admit(connection: Connection, admission: Admission): Refusal | undefined
    /** Whether the one device is a child of the other, which may send in its name; nothing if the other has no children. */
    sendsFor(deviceId: string, childId: string): boolean | undefined
    /** A message is safe; the PUBACK comes after this. */
    stored(message: Message): void
    ended(connection: Connection): void
}
