/** Where messages go before they are acknowledged. A PUBACK means "stored here", as on a real gateway, not "in the cloud". */
import type { SystemProperties } from "./topics"

export interface Message {
    /** `heartbeat`: has an application property of that name. `will`: the client vanished and this was its last will. */
    kind: "telemetry" | "heartbeat" | "will"
    deviceId: string
    connection: number
    topic: string
    /** Application properties, those that the gateway adds (`mqtt-retain`, `mqtt-dup`, `iothub-MessageType`) included. */
    properties: Record<string, string>
    systemProperties: SystemProperties
    body: Buffer
    qos: number
    /** The client marked it as sent before. */
    duplicate: boolean
    receivedAtMs: number
}

export interface MessageStore {
    /** Resolves when the message is safe; a rejection closes the connection without a PUBACK, so that the device sends again. */
    store(message: Message): Promise<void>
    /** Writes what is under way, and gives files back; called when the gateway closes, after its last message. */
    close?(): Promise<void>
}

/** Enough for a long demonstration with small messages. */
const DEFAULT_CAPACITY = 10_000

/** In memory, up to a number of messages: then the oldest goes, as with edgeHub's time to live. */
export class MemoryStore implements MessageStore {
    private kept: Message[] = []
    /** Messages that went because newer ones came. */
    discarded = 0

    constructor(private readonly capacity = DEFAULT_CAPACITY) {}

    /** What is stored now, oldest first. */
    get messages(): readonly Message[] {
        return this.kept
    }

    async store(message: Message): Promise<void> {
        this.kept.push(message)
        if (this.kept.length > this.capacity) {
            this.kept.shift()
            this.discarded++
        }
    }

    clear(): void {
        this.kept = []
    }
}
