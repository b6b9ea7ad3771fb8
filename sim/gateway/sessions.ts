/**
 * MQTT sessions: the subscriptions of a device, kept across its connections if it connects without the clean-session flag.
 *
 * As on edgeHub a session exists from its first subscription on: sessionPresent is not said before.
 */
export class Session {
    /** Filter to granted QoS. */
    readonly subscriptions = new Map<string, number>()

    /** The QoS at which messages on this topic are subscribed to, or nothing if they are not. */
    granted(topic: string): number | undefined {
        // All filters that are granted end in `/#`, and no topic fits two of them.
        for (const [filter, qos] of this.subscriptions)
            if (topic.startsWith(filter.slice(0, -1))) return qos
        return undefined
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
        return { session, present: (old?.subscriptions.size ?? 0) > 0 }
    }

    forget(deviceId: string): void {
        this.kept.delete(deviceId)
    }
}
