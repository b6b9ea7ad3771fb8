import { describe, expect, test } from "@devicescript/test"
import {
    METHODS,
    TWIN_ANSWERS,
    readOperation,
    sendOperation,
} from "../../../src/iothub/operations"
import { MAX_TOPIC_LENGTH } from "../../../src/iothub/telemetry"
import type { OutgoingMessage, Session } from "../../../src/mqtt/session"

/** `{name} {rid}` of a topic, or `none`. */
function read(topic: string, prefix: string): string {
    const operation = readOperation(topic, prefix)
    return operation === undefined
        ? "none"
        : `${operation.name} ${operation.rid}`
}

describe("iothub operations", () => {
    test("a method's name and rid are read as they stand", () => {
        for (const pair of [
            ["reboot", "1"],
            ["reboot", "5e1c2a7e-7f0b-4f0e-9a6c-0d0f0e0b0a09"],
            ["set-Rate_2.0", "a%20b"],
            ["a/b", "1"],
            ["a%2Fb", "?"],
            ["", "1"],
            ["grün", "€"],
            ["x", ""],
        ]) {
            const name = pair[0]
            const rid = pair[1]
            expect(
                read(`$iothub/methods/POST/${name}/?$rid=${rid}`, METHODS)
            ).toBe(`${name} ${rid}`)
        }
    })

    test("a twin's status and rid are read, with a version behind them or not", () => {
        expect(read("$iothub/twin/res/200/?$rid=7-1", TWIN_ANSWERS)).toBe(
            "200 7-1"
        )
        expect(
            read("$iothub/twin/res/204/?$rid=7-12&$version=5", TWIN_ANSWERS)
        ).toBe("204 7-12")
    })

    test("other topics are no operation", () => {
        for (const topic of [
            "",
            "$iothub/methods/POST/",
            "$iothub/methods/POST/x",
            "$iothub/methods/POST/x/",
            "$iothub/methods/POST/x?$rid=1",
            "$iothub/methods/POST/x/?rid=1",
            "$iothub/methods/post/x/?$rid=1",
            "$iothub/methods/POST?$rid=1/x/",
            "x$iothub/methods/POST/x/?$rid=1",
            "$iothub/twin/res/200/?$rid=1",
            "/?$rid=1$iothub/methods/POST/",
        ])
            expect(read(topic, METHODS)).toBe("none")
    })

    test("a topic that is too long is no operation", () => {
        const start = METHODS + "x/?$rid="
        const rid = Buffer.alloc(MAX_TOPIC_LENGTH - start.length)
        rid.fillAt(0, rid.length, 0x31)
        expect(readOperation(start + rid.toString(), METHODS).rid).toBe(
            rid.toString()
        )
        expect(read(start + rid.toString() + "1", METHODS)).toBe("none")
    })

    test("an answer goes out once, under the rid of its request", async () => {
        const sent: string[] = []
        const session = {
            publish: async (message: OutgoingMessage) => {
                sent.push(
                    `${message.topic} ${message.payload.toString()} ${message.qos}`
                )
            },
        }
        await sendOperation(
            session as any as Session,
            "methods/res/200",
            "7",
            Buffer.from("{}")
        )
        expect(sent.join()).toBe("$iothub/methods/res/200/?$rid=7 {} 0")
    })
})
