/** Messages from the cloud, from the session to the firmware's handler. */
import { millis, sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { MAX_WAITING_BYTES } from "../../../src/app/cloudmessages"
import type { Leaf } from "../../../src/app/leaf"
import { ErrorCode } from "../../../src/errors"
import type { CloudMessage } from "../../../src/iothub/cloudmessage"
import { MAX_PACKET_BYTES } from "../../../src/mqtt/packetreader"
import { expectCode } from "../check"
import { Bench } from "./bench"

const TOPIC = "devices/sensor-1/messages/devicebound"

/** A leaf whose handler notes what it gets, and then does what `onMessage` says. */
class MessageBench extends Bench {
    /** The bodies, as they came. */
    readonly handled: string[] = []
    onMessage: (message: CloudMessage) => Promise<void> = async () => {}

    /** Starts a leaf with a handler, and waits until it has subscribed. */
    async begin(): Promise<Leaf> {
        const self = this
        const leaf = this.create()
        leaf.onMessage(async message => {
            self.handled.push(message.body.toString())
            await self.onMessage(message)
        })
        leaf.start()
        await this.until(() => self.gateway.subscribed.length > 0)
        return leaf
    }

    send(body: string): void {
        this.gateway.sendCloudMessage(TOPIC, Buffer.from(body))
    }

    /** Waits until the device has acknowledged so many messages. */
    async acknowledged(count: number): Promise<void> {
        const self = this
        await this.until(() => self.gateway.acknowledged >= count)
        expect(this.gateway.acknowledged).toBe(count)
    }

    async until(isSo: () => boolean): Promise<void> {
        const endMs = millis() + 10000
        while (!isSo() && millis() < endMs) await sleep(5)
        expect(isSo()).toBe(true)
    }
}

function text(length: number): string {
    const bytes = Buffer.alloc(length)
    bytes.fillAt(0, length, 0x78)
    return bytes.toString()
}

describe("messages from the cloud", () => {
    test("reach the handler with body and properties, and are acknowledged", async () => {
        const bench = new MessageBench()
        let got: CloudMessage = undefined
        bench.onMessage = async message => {
            got = message
        }
        const leaf = await bench.begin()
        bench.gateway.sendCloudMessage(
            TOPIC + "/%24.mid=m-1&%24.to=%2Fdevices%2Fx&a%20b=1%2B2",
            Buffer.from("on")
        )
        await bench.acknowledged(1)
        leaf.stop()
        expect(bench.gateway.subscribed.join()).toBe(TOPIC + "/#")
        expect(got.body.toString()).toBe("on")
        expect(got.messageId).toBe("m-1")
        expect(got.properties["$.to"]).toBe("/devices/x")
        expect(got.properties["a b"]).toBe("1+2")
    })

    test("are acknowledged only after the handler has returned, while the connection goes on", async () => {
        const bench = new MessageBench()
        let isReleased = false
        bench.onMessage = async () => {
            await bench.until(() => isReleased)
        }
        const leaf = await bench.begin()
        bench.send("slow")
        await bench.until(() => bench.handled.length === 1)
        // Telemetry goes out, and its PUBACK is read, while the handler runs.
        leaf.send("meanwhile")
        await bench.gateway.waitForPublished(1)
        await bench.until(() => leaf.outbox.isEmpty())
        expect(bench.gateway.acknowledged).toBe(0)
        isReleased = true
        await bench.acknowledged(1)
        leaf.stop()
    })

    test("come one after the other, in their order, with and without the last slash", async () => {
        const bench = new MessageBench()
        let running = 0
        bench.onMessage = async () => {
            running++
            expect(running).toBe(1)
            await sleep(10)
            running--
        }
        const leaf = await bench.begin()
        for (let i = 0; i < 6; i++)
            bench.gateway.sendCloudMessage(
                i === 2 ? TOPIC + "/" : TOPIC,
                Buffer.from(`${i}`)
            )
        await bench.acknowledged(6)
        leaf.stop()
        expect(bench.handled.join()).toBe("0,1,2,3,4,5")
        expect(bench.gateway.clientIds.length).toBe(1)
    })

    test("are delivered again when the handler throws, and the ones behind it are not acknowledged in its place", async () => {
        const bench = new MessageBench()
        let isBroken = true
        bench.onMessage = async message => {
            if (message.body.toString() === "b" && isBroken) {
                isBroken = false
                throw new Error("by the test")
            }
        }
        const leaf = await bench.begin()
        bench.send("a")
        bench.send("b")
        bench.send("c")
        await bench.acknowledged(3)
        leaf.stop()
        expect(bench.handled.join()).toBe("a,b,b,c")
        expect(bench.gateway.clientIds.length).toBe(2)
    })

    test("are given up after three failures, and the next ones are handled", async () => {
        const bench = new MessageBench()
        bench.onMessage = async message => {
            if (message.body.toString() === "bad")
                throw new Error("by the test")
        }
        const leaf = await bench.begin()
        bench.send("bad")
        bench.send("good")
        await bench.acknowledged(2)
        leaf.stop()
        expect(bench.handled.join()).toBe("bad,bad,bad,good")
        expect(bench.gateway.clientIds.length).toBe(3)
    })

    test("are not acknowledged on another connection than the one that they came on", async () => {
        const bench = new MessageBench()
        let isReleased = false
        bench.onMessage = async () => {
            await bench.until(() => isReleased)
        }
        const leaf = await bench.begin()
        bench.send("a")
        await bench.until(() => bench.handled.length === 1)
        await bench.reconnect()
        await bench.until(() => bench.gateway.subscribed.length === 2)
        // Delivered again, behind the handler that runs still.
        expect(bench.handled.length).toBe(1)
        isReleased = true
        await bench.acknowledged(1)
        leaf.stop()
        expect(bench.handled.join()).toBe("a,a")
    })

    test("that a handler fails on after the connection broke do not end the next connection", async () => {
        const bench = new MessageBench()
        let isReleased = false
        bench.onMessage = async () => {
            if (isReleased) return
            await bench.until(() => isReleased)
            throw new Error("by the test")
        }
        const leaf = await bench.begin()
        bench.send("a")
        await bench.until(() => bench.handled.length === 1)
        await bench.reconnect()
        await bench.until(() => bench.gateway.subscribed.length === 2)
        isReleased = true
        await bench.acknowledged(1)
        leaf.stop()
        expect(bench.gateway.clientIds.length).toBe(2)
    })

    test("over the limit are acknowledged in their turn, and not handled", async () => {
        const bench = new MessageBench()
        const leaf = await bench.begin()
        bench.send("before")
        bench.send(text(MAX_PACKET_BYTES))
        bench.send("after")
        await bench.acknowledged(3)
        leaf.stop()
        expect(bench.handled.join()).toBe("before,after")
        expect(bench.gateway.clientIds.length).toBe(1)
    })

    test("with properties that cannot be read are acknowledged, and not handled", async () => {
        const bench = new MessageBench()
        const leaf = await bench.begin()
        for (const bag of ["a=%", "a=%2", "%zz", "a=%-1", text(1025)])
            bench.gateway.sendCloudMessage(TOPIC + "/" + bag, Buffer.from("x"))
        bench.send("after")
        await bench.acknowledged(6)
        leaf.stop()
        expect(bench.handled.join()).toBe("after")
        expect(bench.gateway.clientIds.length).toBe(1)
    })

    test("that come faster than they are handled are kept up to a limit, and the rest comes again", async () => {
        const bench = new MessageBench()
        let isReleased = false
        bench.onMessage = async () => {
            await bench.until(() => isReleased)
        }
        const leaf = await bench.begin()
        const half = MAX_WAITING_BYTES >> 1
        bench.send("1" + text(half))
        await bench.until(() => bench.handled.length === 1)
        bench.send("2" + text(half))
        bench.send("3")
        await sleep(100)
        isReleased = true
        await bench.acknowledged(3)
        leaf.stop()
        const first: string[] = []
        for (const body of bench.handled) first.push(body[0])
        expect(first.join()).toBe("1,2,3")
        expect(bench.gateway.clientIds.length).toBe(2)
    })

    test("need a handler before the connection", async () => {
        const bench = new Bench()
        const leaf = bench.start()
        for (let i = 0; i < 1000 && !leaf.connected; i++) await sleep(10)
        await expectCode(ErrorCode.FeatureTooLate, () => {
            leaf.onMessage(async () => {})
        })
        leaf.stop()
    })

    test("of another device are not taken", async () => {
        const bench = new MessageBench()
        const leaf = await bench.begin()
        bench.gateway.sendCloudMessage(TOPIC + "s/x", Buffer.from("x"))
        bench.gateway.sendCloudMessage("devices/sensor-2", Buffer.from("x"))
        await bench.acknowledged(2)
        leaf.stop()
        expect(bench.handled.length).toBe(0)
    })
})
