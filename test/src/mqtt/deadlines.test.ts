/** Keep-alive and deadlines, with short times. What is asserted is what happens, never how long it took. */
import { millis, sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import { encodePuback } from "../../../src/mqtt/packet"
import {
    ANSWER_TIMEOUT_MS,
    PING_AFTER_MS,
    PING_TIMEOUT_MS,
} from "../../../src/mqtt/session"
import { expectCode } from "../check"
import { Rig, connectOptions, connectedRig, message } from "./rig"

const PINGREQ = "wrote c000"
/** Longer than any test: what has this time does not happen. */
const LONG_MS = 600000

describe("mqtt keep-alive", () => {
    test("after silence a ping goes out, one only, and its answer is enough", async () => {
        const rig = await connectedRig()
        rig.session.pingAfterMs = 20
        rig.session.pingTimeoutMs = LONG_MS
        await rig.session.poll(LONG_MS)
        expect(rig.takeLog()).toBe(PINGREQ)
        await rig.session.poll(30)
        expect(rig.takeLog()).toBe("")
        rig.session.pingAfterMs = LONG_MS
        rig.session.pingTimeoutMs = 10
        rig.pipe.send(hex`d000`)
        await rig.session.poll(0)
        await rig.session.poll(30)
        await rig.session.poll(0)
        expect(rig.takeLog()).toBe("")
    })

    test("a link from which nothing comes after the ping is dead", async () => {
        const rig = await connectedRig()
        rig.session.pingAfterMs = 10
        rig.session.pingTimeoutMs = 10
        await expectCode(ErrorCode.MqttPingTimeout, async () => {
            await rig.pollUntilError()
        })
        expect(rig.takeLog()).toBe(PINGREQ)
    })

    test("whatever comes in, part of a packet too, shows that the link lives", async () => {
        const rig = await connectedRig()
        rig.session.pingAfterMs = 20
        rig.session.pingTimeoutMs = 40
        await rig.session.poll(LONG_MS)
        expect(rig.takeLog()).toBe(PINGREQ)
        // The beginning of a message, which is never complete.
        rig.pipe.send(hex`3090`)
        rig.pipe.drip = hex`01`
        for (let i = 0; i < 60; i++) await rig.session.poll(LONG_MS)
        rig.pipe.drip = null
        await expectCode(ErrorCode.MqttPingTimeout, async () => {
            await rig.pollUntilError()
        })
    })

    test("[MQTT-3.1.2-23] a device that only listens pings all the same", async () => {
        const rig = await connectedRig()
        rig.session.pingAfterMs = 20
        rig.session.pingTimeoutMs = 10
        // Messages with QoS 0, which are not acknowledged.
        rig.pipe.drip = hex`3003000161`
        let pings = 0
        // How often it polls in that time depends on the world it runs in.
        for (let i = 0; i < 100000 && pings < 2; i++) {
            await rig.session.poll(LONG_MS)
            for (const line of rig.log) if (line === PINGREQ) pings++
            rig.takeLog()
        }
        expect(pings >= 2).toBe(true)
    })

    test("the keep-alive that CONNECT names is kept even if it is shorter than the silence that would make a ping", async () => {
        const rig = new Rig()
        rig.pipe.send(hex`20020000`)
        const options = connectOptions()
        options.keepAliveSec = 1
        await rig.session.connect(options)
        expect(rig.session.pingAfterMs).toBe(500)
    })

    test("without a keep-alive, and with a long one, pings go out after a minute", async () => {
        const rig = new Rig()
        rig.pipe.send(hex`20020000`)
        const options = connectOptions()
        options.keepAliveSec = 0
        await rig.session.connect(options)
        expect(rig.session.pingAfterMs).toBe(PING_AFTER_MS)
        const usual = await connectedRig()
        expect(usual.session.pingAfterMs).toBe(PING_AFTER_MS)
    })

    test("what waits to be read is read before the link is called dead", async () => {
        const rig = await connectedRig()
        rig.session.pingAfterMs = 10
        rig.session.pingTimeoutMs = 10
        await rig.session.poll(LONG_MS)
        expect(rig.takeLog()).toBe(PINGREQ)
        // The device is busy; the answer arrives meanwhile.
        await sleep(40)
        rig.pipe.send(hex`d000`)
        await rig.session.poll(0)
    })

    test("so is what was read with an earlier packet", async () => {
        const rig = await connectedRig()
        rig.pipe.send(hex`3003000161 3003000162 3003000163`)
        await rig.session.poll(0)
        rig.session.pingAfterMs = 10
        rig.session.pingTimeoutMs = 10
        await sleep(20)
        await rig.session.poll(0)
        await sleep(20)
        await rig.session.poll(0)
        expect(rig.takeLog()).toBe(
            `received a , received b , ${PINGREQ}, received c `
        )
    })
})

describe("mqtt deadlines", () => {
    test("a message that is not acknowledged ends the session", async () => {
        const rig = await connectedRig()
        rig.session.answerTimeoutMs = 20
        await rig.session.publish(message("a"))
        await expectCode(ErrorCode.MqttPubackTimeout, async () => {
            await rig.pollUntilError()
        })
    })

    test("a message that is not acknowledged ends the session though other messages come", async () => {
        const rig = await connectedRig()
        rig.session.answerTimeoutMs = 20
        await rig.session.publish(message("a"))
        rig.pipe.drip = hex`3003000162`
        await expectCode(ErrorCode.MqttPubackTimeout, async () => {
            await rig.pollUntilError()
        })
    })

    test("a message that is not acknowledged ends the session though later ones are", async () => {
        const rig = await connectedRig()
        rig.session.answerTimeoutMs = 20
        await rig.session.publish(message("a"))
        await expectCode(ErrorCode.MqttPubackTimeout, async () => {
            for (let id = 2; id < 12; id++) {
                await rig.session.publish(message("b"))
                rig.pipe.send(encodePuback(id))
                await sleep(10)
                await rig.session.poll(0)
            }
        })
    })

    test("what waits to be read is read before a message is called lost", async () => {
        const rig = await connectedRig()
        rig.session.answerTimeoutMs = LONG_MS
        await rig.session.publish(message("a"))
        rig.takeLog()
        // As if the device had been busy for longer than that since, but not twice as long.
        const internals = rig.session as any
        internals.windowMs = millis() - LONG_MS - 1
        rig.pipe.send(hex`3003000162`)
        rig.pipe.send(hex`40020001`)
        await rig.session.poll(0)
        await rig.session.poll(0)
        expect(rig.takeLog()).toBe("received b , acknowledged a")
    })

    test("each acknowledgement gives the other messages their time anew", async () => {
        const rig = await connectedRig()
        rig.session.answerTimeoutMs = LONG_MS
        await rig.session.publish(message("a"))
        await rig.session.publish(message("b"))
        const internals = rig.session as any
        const sentMs = internals.windowMs
        await sleep(20)
        rig.pipe.send(hex`40020001`)
        await rig.session.poll(0)
        expect(internals.windowMs > sentMs).toBe(true)
    })

    test("without unacknowledged messages there is no deadline for them", async () => {
        const rig = await connectedRig()
        rig.session.answerTimeoutMs = 10
        await rig.session.publish(message("a"))
        rig.pipe.send(hex`40020001`)
        await rig.session.poll(0)
        await rig.session.poll(30)
        await rig.session.poll(0)
        expect(rig.session.windowRoom()).toBe(4)
    })

    test("a poll waits no longer than it may, and never past the next deadline", async () => {
        const rig = await connectedRig()
        const waits = rig.pipe.waits
        const lastWait = () => waits[waits.length - 1]
        await rig.session.poll(7)
        expect(lastWait() <= 7).toBe(true)
        rig.pipe.wake()
        await rig.session.poll(LONG_MS)
        expect(lastWait() > ANSWER_TIMEOUT_MS).toBe(true)
        expect(lastWait() <= PING_AFTER_MS).toBe(true)
        await rig.session.publish(message("a"))
        rig.pipe.wake()
        await rig.session.poll(LONG_MS)
        expect(lastWait() > PING_TIMEOUT_MS).toBe(true)
        expect(lastWait() <= ANSWER_TIMEOUT_MS).toBe(true)
        rig.session.pingAfterMs = 1
        await rig.session.poll(LONG_MS)
        rig.pipe.wake()
        await rig.session.poll(LONG_MS)
        expect(lastWait() <= PING_TIMEOUT_MS).toBe(true)
    })

    test("a poll with no time left does not wait, and a negative time is none", async () => {
        const rig = await connectedRig()
        await rig.session.poll(-5)
        expect(rig.pipe.waits[rig.pipe.waits.length - 1]).toBe(0)
    })

    test("times beyond 2^31 ms, after 25 days, count as any other", async () => {
        const rig = await connectedRig()
        const internals = rig.session as any
        // As if the last ping and message were that far from now.
        internals.pingMs = 2147483648
        internals.reader.heardMs = 2147483649
        internals.sentMs = 4294967296
        rig.pipe.wake()
        await rig.session.poll(LONG_MS)
        expect(rig.pipe.waits[rig.pipe.waits.length - 1]).toBe(LONG_MS)
        expect(rig.takeLog()).toBe("")
    })
})
