import { sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import { createTelemetryTopic } from "../../../src/iothub/telemetry"
import { expectCode } from "../check"

/** A text of `count` characters. */
function repeat(character: string, count: number): string {
    let text = ""
    for (let i = 0; i < count; i++) text += character
    return text
}

async function expectValueRefused(value: any): Promise<void> {
    await expectCode(ErrorCode.InvalidPropertyValue, () => {
        createTelemetryTopic("d", { properties: { a: value } })
    })
}

describe("telemetry topic", () => {
    test("without properties ends with its slash", () => {
        expect(createTelemetryTopic("d-1", {})).toBe(
            "devices/d-1/messages/events/"
        )
    })

    test("has system properties first, then the application's, all encoded", () => {
        expect(
            createTelemetryTopic("d-1", {
                messageId: "2-17",
                correlationId: "c:1",
                contentType: "application/json",
                contentEncoding: "utf-8",
                properties: { temperatureAlert: true, "a b": "ä&=", n: 1.5 },
            })
        ).toBe(
            "devices/d-1/messages/events/%24.mid=2-17&%24.cid=c%3A1&%24.ct=application%2Fjson&%24.ce=utf-8" +
                "&temperatureAlert=true&a%20b=%C3%A4%26%3D&n=1.5"
        )
    })

    test("a false, a zero and an empty value are values", () => {
        expect(
            createTelemetryTopic("d", {
                properties: { a: false, b: 0, c: "" },
            })
        ).toBe("devices/d/messages/events/a=false&b=0&c=")
    })

    test("a message id with a character that the hub does not allow is refused", async () => {
        await expectCode(ErrorCode.InvalidMessageId, () => {
            createTelemetryTopic("d", { messageId: "a b" })
        })
        await expectCode(ErrorCode.InvalidMessageId, () => {
            createTelemetryTopic("d", { correlationId: "ä" })
        })
    })

    test("a message id of 128 characters passes, a longer one is refused", async () => {
        const id = repeat("x", 128)
        expect(createTelemetryTopic("d", { messageId: id }).length).toBe(
            26 + 8 + 128
        )
        await expectCode(ErrorCode.InvalidMessageId, () => {
            createTelemetryTopic("d", { messageId: id + "x" })
        })
    })

    test("an application cannot set a system property by its name", async () => {
        await expectCode(ErrorCode.InvalidPropertyName, () => {
            createTelemetryTopic("d", { properties: { "$.to": "elsewhere" } })
        })
    })

    test("a property without a name is refused", async () => {
        await expectCode(ErrorCode.InvalidPropertyName, () => {
            const properties: Record<string, string> = {}
            properties[""] = "x"
            createTelemetryTopic("d", { properties })
        })
    })

    test("a value that is no text, number or boolean is refused", async () => {
        for (const value of [undefined, null, {}, [1], hex`01`])
            await expectValueRefused(value)
    })

    test("a topic of 1,024 bytes passes, a longer one is refused", async () => {
        // Encoding makes nine bytes of each euro sign.
        const properties = { a: repeat("€", 50), b: repeat("x", 512), c: "" }
        expect(createTelemetryTopic("d", { properties }).length).toBe(996)
        // Three in a row would be more than the VM runs without a pause.
        await sleep(1)
        properties.c = repeat("x", 28)
        expect(createTelemetryTopic("d", { properties }).length).toBe(1024)
        await sleep(1)
        await expectCode(ErrorCode.TopicTooLong, () => {
            createTelemetryTopic("d2", { properties })
        })
    })

    test("a value over 512 bytes of UTF-8 is refused before it is encoded", async () => {
        await expectCode(ErrorCode.TextTooLong, () => {
            createTelemetryTopic("d", { properties: { a: repeat("x", 513) } })
        })
        await expectCode(ErrorCode.TextTooLong, () => {
            createTelemetryTopic("d", { properties: { a: repeat("€", 171) } })
        })
    })
})
