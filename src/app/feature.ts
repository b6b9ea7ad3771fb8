/**
 * What a firmware may add to its leaf: cloud-to-device messages, direct methods, the twin. A leaf without them has none of
 * their code.
 *
 * A feature lives as long as its leaf, over many connections. Its methods are called in the fiber that owns the connection,
 * and must not wait for the firmware's handlers: those run in fibers of the feature's own, so that pings, acknowledgements
 * and the answers that a handler waits for go on meanwhile. Such a fiber changes the feature's state, and wakes the leaf.
 */
import type { IncomingPublish } from "../mqtt/packet"
import type { Session } from "../mqtt/session"

export interface Feature {
    /** What it subscribes to, at each connection. */
    readonly filters: string[]
    /** 0 or 1. Only with 1 is a message that no handler has finished delivered again. */
    readonly qos: number

    /**
     * Before each connection's handshake, which needs the heap: what belonged to the connection before is void, and what belongs to a
     * connection gets its first value. Messages may come from now on. What it throws ends this try to connect.
     */
    begin(): void | Promise<void>

    /**
     * A message came; one with QoS 1 is acknowledged when `isHandled` is set. One may come to a feature with QoS 0, from a
     * subscription that another program has made and the gateway has kept.
     *
     * @returns whether it is this feature's
     */
    take(message: IncomingPublish): boolean

    /**
     * Sends what is to be sent; called after the subscriptions, after each message, after each wake-up, and every
     * few seconds.
     *
     * @throws LeafError to end the connection and to make a new one after the usual wait
     */
    serve(session: Session): Promise<void>
}
