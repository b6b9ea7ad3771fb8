/**
 * MQTT sessions: the subscriptions of a device, kept across its connections if it connects without the clean-session flag.
 *
 * As on edgeHub a session exists from its first subscription on: sessionPresent is not said before. Messages that wait for a device
 * are not kept here but in its queue (`cloudmessages.ts`), which is the hub's.
 */
export interface Subscription {
    /** Granted. */
    qos: 0 | 1
    /** When it was first made; to subscribe once more does not change that. */
    sinceMs: number
}

export class Session {
    private readonly subscriptions = new Map<string, Subscription>()

    get empty(): boolean {
        return this.subscriptions.size === 0
    }

    subscribe(filter: string, qos: 0 | 1, nowMs: number): void {
        const sinceMs = this.subscriptions.get(filter)?.sinceMs ?? nowMs
        this.subscriptions.set(filter, { qos, sinceMs })
    }

    unsubscribe(filter: string): void {
        this.subscriptions.delete(filter)
    }

    /** The subscription that a message on this topic fits, the one with the highest QoS; or nothing. */
    match(topic: string): Subscription | undefined {
        let best: Subscription | undefined
        for (const [filter, subscription] of this.subscriptions) {
            // All filters that are granted end in `/#`, which fits the level above, too (4.7.1.2).
            const level = filter.slice(0, -2)
            if (topic !== level && !topic.startsWith(`${level}/`)) continue
            if (!best || subscription.qos > best.qos) best = subscription
        }
        return best
    }
}

export class Sessions {
    private readonly kept = new Map<string, Session>()

    /** The session for a new connection (MQTT 3.1.1, 3.1.2.4 and 3.2.2.2). */
    open(
        deviceId: string,
        clean: boolean
    ): { session: Session; present: boolean } {
        if (clean) this.kept.delete(deviceId)
        const old = this.kept.get(deviceId)
        const session = old ?? new Session()
        if (!clean) this.kept.set(deviceId, session)
        return { session, present: old !== undefined && !old.empty }
    }

    forget(deviceId: string): void {
        this.kept.delete(deviceId)
    }
}
