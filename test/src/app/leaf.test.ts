import { sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import type { Leaf } from "../../../src/app/leaf"
import { PolicyAt } from "../../../src/app/policy"
import { ErrorCode } from "../../../src/errors"
import { createToken } from "../../../src/iothub/sas"
import { Backoff } from "../../../src/net/backoff"
import { expectCode } from "../check"
import { Bench } from "./bench"
import { DATE, NOT_AFTER, NOT_BEFORE } from "./gateway"

const EVENTS = "devices/sensor-1/messages/events/"

describe("leaf", () => {
    test("connects with id, user name and a token that ends with the certificate, and keeps its session", async () => {
        const bench = new Bench()
        const leaf = bench.start()
        await bench.gateway.waitForConnects(1)
        leaf.stop()
        expect(bench.gateway.clientIds[0]).toBe("sensor-1")
        expect(bench.gateway.usernames[0]).toBe(
            "hub.example/sensor-1/?api-version=2021-04-12&DeviceClientType=devicescript-edge-leaf%2F0.1.0"
        )
        expect(bench.gateway.passwords[0]).toBe(
            createToken(
                "hub.example",
                "sensor-1",
                bench.settings.deviceKey,
                NOT_AFTER
            )
        )
        // User name, password, clean session 0, no will.
        expect(bench.gateway.connectFlags[0]).toBe(0xc0)
        expect(bench.stored.join()).toBe(`boots=7,floor=${NOT_BEFORE}`)
    })

    test("sends what was given to it before and after the connection, in order and encoded as asked", async () => {
        const bench = new Bench()
        const leaf = bench.start()
        leaf.send({ a: 1 }, { properties: { alert: false } })
        leaf.send("text", { messageId: "mine", qos: 0 })
        await bench.gateway.waitForPublished(2)
        leaf.send(hex`414243`, { contentType: "application/x-abc" })
        await bench.gateway.waitForPublished(3)
        leaf.stop()
        expect(bench.gateway.published.join("\n")).toBe(
            EVENTS +
                "%24.mid=7-1&%24.ct=application%2Fjson&%24.ce=utf-8&alert=false" +
                ' {"a":1}\n' +
                EVENTS +
                "%24.mid=mine text\n" +
                EVENTS +
                "%24.mid=7-2&%24.ct=application%2Fx-abc ABC"
        )
    })

    test("refuses a message that no topic or outbox can hold", async () => {
        const leaf = new Bench().start()
        leaf.stop()
        await expectCode(ErrorCode.InvalidMessageId, () => {
            leaf.send("x", { messageId: "a b" })
        })
        await expectCode(ErrorCode.MessageTooLarge, () => {
            leaf.send(Buffer.alloc(5000), {})
        })
    })

    test("sends a heartbeat when nothing was sent for its interval, and only then", async () => {
        const bench = new Bench()
        bench.settings.heartbeatSec = 2
        const leaf = bench.start()
        await bench.gateway.waitForConnects(1)
        leaf.send("x", { messageId: "m" })
        await sleep(1000)
        leaf.send("y", { messageId: "n" })
        await bench.gateway.waitForPublished(3)
        leaf.stop()
        const published = bench.gateway.published
        expect(published[0]).toBe(EVENTS + "%24.mid=m x")
        expect(published[1]).toBe(EVENTS + "%24.mid=n y")
        expect(published[2].startsWith(EVENTS + "heartbeat=2&uptime=")).toBe(
            true
        )
        expect(published[2].endsWith("&boots=7&dropped=0&reconnects=0 ")).toBe(
            true
        )
    })

    test("sends again with DUP what was not acknowledged, before anything newer", async () => {
        const bench = new Bench()
        bench.gateway.acknowledges = 1
        const leaf = bench.start()
        for (const id of ["1", "2", "3"]) leaf.send("x", { messageId: id })
        await bench.gateway.waitForPublished(3)
        leaf.send("x", { messageId: "4" })
        await bench.gateway.waitForPublished(4)
        leaf.send("x", { messageId: "5" })
        await bench.gateway.waitForPublished(5)
        leaf.send("x", { messageId: "6" })
        bench.gateway.acknowledges = 1000
        await bench.reconnect()
        await bench.gateway.waitForPublished(10)
        leaf.stop()
        const ids: string[] = []
        for (const line of bench.gateway.published)
            ids.push(
                (line.startsWith("DUP ") ? "d" : "") + line[line.length - 3]
            )
        // The window of four was full with 2 to 5 when the connection broke.
        expect(ids.join()).toBe("1,2,3,4,5,d2,d3,d4,d5,6")
        expect(leaf.reconnects).toBe(1)
    })

    test("goes on trying when the gateway refuses, and tells of the reconnect", async () => {
        const bench = new Bench()
        bench.gateway.refusals = 2
        const leaf = bench.start()
        await bench.gateway.waitForConnects(1)
        leaf.stop()
        expect(bench.gateway.ports.join()).toBe("8883,8883,8883")
        expect(leaf.reconnects).toBe(0)
    })

    test("reads the time before its second connection, then tokens live an hour and are renewed in time", async () => {
        const bench = new Bench()
        const leaf = bench.start()
        await bench.gateway.waitForConnects(1)
        expect(leaf.clock.known).toBe(false)
        await bench.reconnect()
        expect(bench.gateway.ports.join()).toBe("8883,443,8883")
        expect(leaf.clock.known).toBe(true)
        expect(expiryOf(bench.gateway.passwords[1], DATE + 3600)).toBe(true)

        // Renewal waits for what is in flight, disconnects, connects at once.
        leaf.clock.tokenLifeSec = 1
        bench.gateway.acknowledges = 0
        await bench.reconnect()
        const connection = bench.gateway.connection
        leaf.send("x", { messageId: "late" })
        await sleep(1500)
        expect(connection.isClosed).toBe(false)
        expect(bench.gateway.disconnects).toBe(0)
        connection.acknowledge(1)
        await bench.gateway.waitForConnects(4)
        leaf.stop()
        expect(bench.gateway.disconnects).toBe(1)
        expect(connection.isClosed).toBe(true)
        expect(bench.gateway.published.length).toBe(1)
        expect(leaf.reconnects).toBe(2)
        expect(bench.gateway.ports.join()).toBe("8883,443,8883,8883,8883")
    })

    test("asks for the time however slow its handshakes were: the port's session may make the next one short", async () => {
        const bench = new Bench()
        bench.gateway.handshakeMs = 19000
        const leaf = bench.start()
        await bench.gateway.waitForConnects(1)
        await bench.reconnect()
        leaf.stop()
        expect(bench.gateway.ports.join()).toBe("8883,443,8883")
        expect(leaf.clock.known).toBe(true)
    })

    test("does not ask for the time before it was connected once", async () => {
        const bench = new Bench()
        bench.gateway.connackCode = 3
        const leaf = bench.start()
        await bench.gateway.waitForConnects(3)
        leaf.stop()
        expect(bench.gateway.ports.join().indexOf("443")).toBe(-1)
    })

    test("connects without the time when it cannot be read, and does not ask again at every connection", async () => {
        const bench = new Bench()
        bench.gateway.tellsTime = false
        const leaf = bench.start()
        await bench.gateway.waitForConnects(1)
        await bench.reconnect()
        await bench.reconnect()
        await bench.reconnect()
        leaf.stop()
        expect(bench.gateway.ports.join()).toBe("8883,443,8883,8883,443,8883")
        expect(leaf.clock.known).toBe(false)
    })

    test("reads the time again when a token is refused and the last reading is not fresh", async () => {
        const bench = new Bench()
        const leaf = bench.start()
        leaf.clock.trustMs = 0
        await bench.gateway.waitForConnects(1)
        bench.gateway.connackCode = 5
        await bench.reconnect()
        expect(leaf.clock.known).toBe(true)
        await bench.gateway.waitForConnects(3)
        leaf.stop()
        // It goes on trying, at once in this test: how often by now is another matter.
        expect(
            bench.gateway.ports.join().startsWith("8883,443,8883,443,8883")
        ).toBe(true)
        expect(leaf.connected).toBe(false)
    })

    test("waits longer when the gateway closes one connection after the other, as it does when two devices have one id", async () => {
        const bench = new Bench()
        const leaf = bench.create()
        const waits = recordWaits(leaf)
        leaf.start()
        await bench.gateway.waitForConnects(1)
        for (let i = 0; i < 6; i++) await bench.reconnect()
        // One that has lasted for longer than the other device would wait was not closed for its sake.
        leaf.policy[PolicyAt.KickedMaxMs] = -1
        await bench.reconnect()
        leaf.stop()
        expect(waits.join()).toBe(
            "1000-60000,1000-60000,1000-60000,1000-60000,60000-600000,60000-600000,1000-60000"
        )
    })

    test("waits otherwise when it is not let in, and when the gateway is not available", async () => {
        expect(await waitAtReturnCode(1)).toBe("1000-60000")
        expect(await waitAtReturnCode(2)).toBe("10000-300000")
        expect(await waitAtReturnCode(3)).toBe("5000-120000")
        expect(await waitAtReturnCode(4)).toBe("10000-300000")
        expect(await waitAtReturnCode(5)).toBe("10000-300000")
    })

    test("waits longer after more bytes than it can buffer, and it is no kick", async () => {
        const bench = new Bench()
        const leaf = bench.create()
        const waits = recordWaits(leaf)
        leaf.start()
        await bench.gateway.waitForConnects(1)
        bench.gateway.connection.resetCode = ErrorCode.ReceiveOverflow
        await bench.reconnect()
        leaf.stop()
        expect(waits.join()).toBe("5000-120000")
    })

    test("the codes that waits depend on are those of the errors", async () => {
        const leaf = new Bench().create()
        const waits = recordWaits(leaf)
        for (const code of [
            ErrorCode.ReceiveOverflow,
            ErrorCode.MqttServerUnavailable,
            ErrorCode.MqttIdentifierRejected,
            ErrorCode.MqttBadCredentials,
            ErrorCode.MqttNotAuthorized,
            ErrorCode.ConnectFailed,
            ErrorCode.TlsTimeout,
        ])
            (leaf as any).waitAfter(code)
        leaf.connected = true
        ;(leaf as any).kicks = 9
        for (const code of [
            ErrorCode.ConnectionReset,
            ErrorCode.ConnectionClosed,
            ErrorCode.WriteFailed,
            ErrorCode.TlsTruncated,
            ErrorCode.MqttPingTimeout,
        ])
            (leaf as any).waitAfter(code)
        const firsts: string[] = []
        for (const wait of waits) firsts.push(wait.split("-")[0])
        expect(firsts.join()).toBe(
            "5000,5000,10000,10000,10000,1000,1000,60000,60000,60000,60000,1000"
        )
    })

    test("says what is known of the network when there is no connection", async () => {
        const bench = new Bench()
        bench.gateway.refusals = 2
        const leaf = bench.create()
        let asked = 0
        leaf.describeNetwork = async () => {
            asked++
            return ", Wi-Fi is away"
        }
        leaf.start()
        await bench.gateway.waitForConnects(1)
        leaf.stop()
        expect(asked).toBe(2)
    })

    test("stops after what is in flight was acknowledged", async () => {
        const bench = new Bench()
        bench.gateway.acknowledges = 0
        const leaf = bench.start()
        leaf.send("x", {})
        await bench.gateway.waitForPublished(1)
        const connection = bench.gateway.connection
        leaf.stop()
        await sleep(50)
        expect(connection.isClosed).toBe(false)
        connection.acknowledge(1)
        for (let i = 0; i < 100 && !connection.isClosed; i++) await sleep(10)
        expect(connection.isClosed).toBe(true)
        expect(bench.gateway.disconnects).toBe(1)
        expect(leaf.outbox.isEmpty()).toBe(true)
    })
})

/** Has a leaf wait for no time, and gives the ranges of the waits. */
function recordWaits(leaf: Leaf): string[] {
    const waits: string[] = []
    const backoff = new Backoff(() => 0)
    const fake: any = {
        connectedMs: 0,
        lostAt: () => {},
        nextMs: (firstMs: number, maxMs: number) => {
            waits.push(`${firstMs}-${maxMs}`)
            return backoff.nextMs(firstMs, maxMs)
        },
    }
    ;(leaf as any).backoff = fake
    return waits
}

/** The range of the first wait when CONNECT is answered with this code. */
async function waitAtReturnCode(code: number): Promise<string> {
    const bench = new Bench()
    bench.gateway.connackCode = code
    const leaf = bench.create()
    const waits = recordWaits(leaf)
    leaf.start()
    await bench.gateway.waitForConnects(2)
    leaf.stop()
    return waits[0]
}

/** Whether a token expires at a time or a little later. */
function expiryOf(token: string, expectedSec: number): boolean {
    const expirySec = JSON.parse(token.slice(token.indexOf("&se=") + 4))
    return expirySec >= expectedSec && expirySec < expectedSec + 20
}
