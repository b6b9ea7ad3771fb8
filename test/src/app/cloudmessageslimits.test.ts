/** Messages from the cloud at their limits: without a session, so that what the device keeps is all there is on the heap. */
import { sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import {
    CloudMessages,
    MAX_DELIVERIES,
    MAX_WAITING_BYTES,
} from "../../../src/app/cloudmessages"
import { ErrorCode, errorCode } from "../../../src/errors"
import { IncomingPublish } from "../../../src/mqtt/packet"

/** Topics that fit what may wait, with more escapes than the runtime's limit of steps allows without a pause. */
const ESCAPES = 300
const BURST = Math.floor(MAX_WAITING_BYTES / (3 * ESCAPES + 120))

const TOPIC = "devices/d/messages/devicebound"

function createMessages(): CloudMessages {
    const leaf: any = { settings: { deviceId: "d" }, wake: () => {} }
    const messages = new CloudMessages(leaf)
    messages.begin()
    return messages
}

/** @param packetId 0 with QoS 0 */
function message(bag: string, packetId: number): IncomingPublish {
    const publish = new IncomingPublish()
    publish.topic = TOPIC + bag
    publish.packetId = packetId
    publish.payload = hex`01`
    return publish
}

function repeat(text: string, count: number): string {
    let result = ""
    for (let i = 0; i < count; i++) result += text
    return result
}

/** The code of the error with which it ends the connection, or 0. */
async function endOf(messages: CloudMessages): Promise<number> {
    const session: any = { acknowledge: async () => {} }
    try {
        await messages.serve(session)
    } catch (e: any) {
        return errorCode(e)
    }
    return 0
}

describe("messages from the cloud, at their limits", () => {
    test("a burst of them with many escapes is read with pauses, also when the handler makes none", async () => {
        const messages = createMessages()
        let handled = 0
        messages.handler = async () => {
            // The first one holds the others up, until all have come.
            if (handled === 0) await sleep(100)
            handled++
        }
        for (let i = 0; i < BURST; i++) {
            messages.take(message("/a=" + repeat("%41", ESCAPES), 1))
            await sleep(5)
        }
        for (let i = 0; i < 500 && handled < BURST; i++) await sleep(10)
        expect(handled).toBe(BURST)
    })

    test("of one that is not kept neither body nor topic stay, as dozens may be unacknowledged", async () => {
        const messages = createMessages()
        let isReleased = false
        messages.handler = async () => {
            for (let i = 0; i < 1000 && !isReleased; i++) await sleep(5)
        }
        const refused: IncomingPublish[] = []
        for (let i = 0; i < 50; i++) {
            const next = message(`/${i}=` + repeat("x", 1000), 1)
            messages.take(next)
            if (next.payload === null) {
                expect(next.topic === null).toBe(true)
                expect(next.isHandled).toBe(false)
                refused.push(next)
            }
            await sleep(0)
        }
        expect(refused.length > 40).toBe(true)
        isReleased = true
        for (let i = 0; i < 500 && (await endOf(messages)) === 0; i++)
            await sleep(5)
        expect(await endOf(messages)).toBe(ErrorCode.InboxFull)
    })

    test("failures before a success do not count for the next message of the same content", async () => {
        const messages = createMessages()
        let failing = MAX_DELIVERIES - 1
        messages.handler = async () => {
            failing--
            if (failing >= 0) throw new Error("by the test")
        }
        let last: IncomingPublish = undefined
        for (let i = 0; i < MAX_DELIVERIES; i++) {
            messages.begin()
            last = message("", 1)
            messages.take(last)
            await sleep(20)
        }
        expect(last.isHandled).toBe(true)
        failing = 1
        last = message("", 1)
        messages.take(last)
        await sleep(20)
        expect(last.isHandled).toBe(false)
        expect(messages.dropped).toBe(0)
        expect(await endOf(messages)).toBe(ErrorCode.MessageFailed)
    })

    test("a failure after the connection is gone does not count", async () => {
        const messages = createMessages()
        let running = 0
        messages.handler = async () => {
            running++
            await sleep(10)
            running--
            throw new Error("by the test")
        }
        for (let i = 0; i < MAX_DELIVERIES; i++) {
            messages.take(message("", 1))
            for (let j = 0; j < 1000 && running === 0; j++) await sleep(1)
            messages.begin()
            await sleep(30)
        }
        expect(messages.dropped).toBe(0)
        expect(await endOf(messages)).toBe(0)
    })

    test("with QoS 0 a failed one is lost, and no reason to end the connection", async () => {
        const messages = createMessages()
        messages.handler = async () => {
            throw new Error("by the test")
        }
        messages.take(message("", 0))
        await sleep(20)
        expect(messages.dropped).toBe(1)
        expect(await endOf(messages)).toBe(0)
    })
})
