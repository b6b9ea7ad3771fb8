import { describe, expect, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import {
    type CloudMessage,
    MAX_PROPERTIES,
    cloudMessageTopic,
    readCloudMessage,
} from "../../../src/iothub/cloudmessage"
import { MAX_TOPIC_LENGTH } from "../../../src/iothub/telemetry"
import { expectCode } from "../check"

const PREFIX = cloudMessageTopic("d")

function read(rest: string): CloudMessage {
    return readCloudMessage(PREFIX + rest, PREFIX, hex`01`)
}

async function expectReadCode(code: ErrorCode, rest: string): Promise<void> {
    await expectCode(code, () => {
        read(rest)
    })
}

/** So many properties of three characters. */
function bag(count: number): string {
    let text = "/"
    for (let i = 0; i < count; i++) text += `a${10 + i}&`
    return text
}

describe("cloud-to-device message", () => {
    test("system properties have fields, or their names in topics", () => {
        const message = read(
            "/%24.mid=m&%24.cid=c&%24.ct=application%2Fjson&%24.ce=utf-8&%24.exp=2026-01-01T00%3A00%3A00Z&iothub-ack=full"
        )
        expect(message.messageId).toBe("m")
        expect(message.correlationId).toBe("c")
        expect(message.contentType).toBe("application/json")
        expect(message.contentEncoding).toBe("utf-8")
        expect(message.properties["$.exp"]).toBe("2026-01-01T00:00:00Z")
        expect(message.properties["iothub-ack"]).toBe("full")
        expect(Object.keys(message.properties).length).toBe(2)
    })

    test("without a bag there are no properties, whether the slash is there or not", () => {
        for (const rest of ["", "/"]) {
            const message = read(rest)
            expect(Object.keys(message.properties).length).toBe(0)
            expect(message.messageId).toBe(undefined)
        }
    })

    test("names and values are decoded, also outside ASCII, and a plus stays one", () => {
        const message = read("/gr%C3%BC%c3%9Fe=%26%3d+%25&%F0%9D%84%9E=")
        expect(message.properties["grüße"]).toBe("&=+%")
        expect(message.properties["𝄞"]).toBe("")
    })

    test("a name without a value has an empty one, the last of two counts, a second = is the value's, none without a name", () => {
        const message = read("/a&b=1&b=2&c=x=y&&=z")
        expect(message.properties["a"]).toBe("")
        expect(message.properties["b"]).toBe("2")
        expect(message.properties["c"]).toBe("x=y")
        expect(Object.keys(message.properties).length).toBe(3)
    })

    test("names of the message's fields, and of objects' own, are properties like others", () => {
        const message = read("/messageId=1&body=2&constructor=3")
        expect(message.messageId).toBe(undefined)
        expect(message.body.toString("hex")).toBe("01")
        for (const name of ["messageId", "body", "constructor"])
            expect(message.properties[name].length).toBe(1)
    })

    test("wrong percent-encoding is refused", async () => {
        for (const rest of [
            "/%",
            "/a=%2",
            "/a=%2&b",
            "/%4g=1",
            "/%+1=",
            "/%%41",
        ])
            await expectReadCode(ErrorCode.InvalidPercentEncoding, rest)
    })

    test("number and length of the properties are bounded", async () => {
        expect(Object.keys(read(bag(MAX_PROPERTIES)).properties).length).toBe(
            MAX_PROPERTIES
        )
        await expectReadCode(
            ErrorCode.PropertiesTooLarge,
            bag(MAX_PROPERTIES + 1)
        )
        const long = Buffer.alloc(MAX_TOPIC_LENGTH)
        long.fillAt(0, long.length, 0x78)
        expect(Object.keys(read("/" + long.toString()).properties).length).toBe(
            1
        )
        await expectReadCode(
            ErrorCode.PropertiesTooLarge,
            "/" + long.toString() + "x"
        )
    })
})
