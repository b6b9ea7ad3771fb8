/** Where accepted messages go before they are acknowledged. */
import type { Telemetry } from "./events"

export interface MessageStore {
    /** Resolves when the message is kept: only then it is acknowledged. */
    add(message: Telemetry): Promise<void>
}

/** The last messages, in memory. */
export class MemoryStore implements MessageStore {
    readonly messages: Telemetry[] = []

    /** @param limit how many are kept; the oldest go first */
    constructor(private readonly limit = 10000) {}

    async add(message: Telemetry): Promise<void> {
        this.messages.push(message)
        if (this.messages.length > this.limit) this.messages.shift()
    }
}
