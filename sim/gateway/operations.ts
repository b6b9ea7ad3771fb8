/** What a device publishes on `$iothub/…`, handed to its twin or to the method that it answers. */
import type { IPublishPacket } from "mqtt-packet"
import type { Connection } from "./connection"
import type { Methods } from "./methods"
import { readOperation } from "./operationtopics"
import type { Operations } from "./services"
import type { TwinRequests } from "./twinrequests"

export class DeviceOperations implements Operations {
    constructor(
        private readonly requests: TwinRequests,
        private readonly methods: Methods
    ) {}

    handle(
        connection: Connection,
        packet: IPublishPacket,
        failWith?: number
    ): boolean {
        const operation = readOperation(packet.topic)
        const body = packet.payload as Buffer
        switch (operation?.kind) {
            case "read-twin":
                // The body is not looked at: it is empty, or a space from those that cannot send nothing.
                this.requests.read(connection, operation.rid, failWith)
                return true
            case "report":
                this.requests.report(connection, operation, body, failWith)
                return true
            case "method-reply":
                this.methods.replied(connection, operation, body)
                return true
            case "unsupported":
                connection.link.close("bad-topic", operation.reason)
                return true
            default:
                return false
        }
    }

    ended(connection: Connection): void {
        this.methods.ended(connection)
    }
}
