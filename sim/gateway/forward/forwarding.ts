/** Store and forward as the gateway has it: the message log, the way up if there is one, and their events. */
import { realClock } from "../clock"
import { GatewayError } from "../errors"
import type { EventHub } from "../events"
import type { GatewayOptions } from "../options"
import { MessageLog } from "./log"
import { Upstream } from "./upstream"

export interface Forwarding {
    log: MessageLog
    /** Once it was started, if there is one. */
    upstream?: Upstream
    start(events: EventHub): void
    stop(): void
}

/** Opens the folder, if the options name one; throws `store-unusable` or `bad-upstream`. */
export async function openForwarding(
    options: GatewayOptions
): Promise<Forwarding | undefined> {
    const { storeFolder: folder, clock = realClock, upstream } = options
    if (folder === undefined) {
        if (upstream)
            throw new GatewayError(
                "bad-upstream",
                "gateway: what is forwarded is stored first: give storeFolder too"
            )
        return undefined
    }
    if (options.store)
        throw new GatewayError(
            "bad-upstream",
            "gateway: store and storeFolder are both given: leave one out"
        )
    const log = await MessageLog.open({ ...options.storeBounds, folder, clock })
    const self: Forwarding = {
        log,
        start(events) {
            if (upstream)
                self.upstream = new Upstream(log, events, upstream, clock)
            log.listener = {
                lost: (deviceId, sequence, reason) =>
                    events.emit("messageLost", { deviceId, sequence, reason }),
                failed: message => events.emit("storeFailed", { message }),
                stored: () => self.upstream?.wake(),
            }
            self.upstream?.start()
        },
        stop() {
            self.upstream?.close()
        },
    }
    return self
}
