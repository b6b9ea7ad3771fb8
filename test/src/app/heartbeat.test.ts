import { describe, expect, test } from "@devicescript/test"
import { createHeartbeat } from "../../../src/app/heartbeat"

describe("heartbeat", () => {
    test("is an empty message of QoS 1 that says when the next sign of life is due", () => {
        const heartbeat = createHeartbeat("d-1", {
            heartbeat: 300,
            uptime: 86461,
            boots: 7,
            dropped: 2,
            reconnects: 1,
        })
        expect(heartbeat.topic).toBe(
            "devices/d-1/messages/events/heartbeat=300&uptime=86461&boots=7&dropped=2&reconnects=1"
        )
        expect(heartbeat.payload.length).toBe(0)
        expect(heartbeat.qos).toBe(1)
        expect(heartbeat.packetId).toBe(0)
        expect(heartbeat.sent).toBe(false)
    })
})
