/** The faults that a gateway can be told to have: what a client sees of each, how they are counted, and what is no fault. */
import assert from "node:assert/strict"
import { before, describe, test, type TestContext } from "node:test"
import { ManualClock } from "../../../sim/gateway/clock"
import {
    readFaults,
    UNFIT,
    type FaultOptions,
    type UnfitName,
} from "../../../sim/gateway/faultoptions"
import type { ServerCertificate } from "../../../sim/gateway/options"
import { unfitCertificates } from "../../../sim/pki/unfit"
import { chain, publishPacket, rig, until, type Client, type Rig } from "./rig"

const START_MS = Date.UTC(2026, 6, 1)

/** A rig whose time stands still, with these faults from the start. */
async function faulty(t: TestContext, ...faults: FaultOptions[]) {
    const clock = new ManualClock(START_MS)
    const made = await rig(t, { clock, faults })
    return { clock, ...made }
}

function faultsOf({ log }: Rig): string[] {
    return log.flatMap(({ name, event }) => {
        if (name !== "fault" || !("fault" in event)) return []
        return [`${event.fault} at ${event.at} ${event.count}`]
    })
}

const sent = (client: Client, messageId: number) =>
    client.send(publishPacket({ messageId }))

describe("a fault that is switched on", () => {
    test("happens so often and after so many occasions as it says, is counted and told, and is over then", async t => {
        const made = await faulty(t)
        const { gateway, connected } = made
        const client = await connected()
        const fault = gateway.faults.add({
            do: "drop",
            at: "puback",
            after: 1,
            times: 2,
        })
        for (const messageId of [1, 2, 3, 4]) sent(client, messageId)
        await fault.over
        const answers = await client.drain()
        assert.deepEqual(
            answers.map(answer => "messageId" in answer && answer.messageId),
            [1, 4]
        )
        assert.equal(gateway.messages.length, 4, "all were stored")
        assert.equal(fault.count, 2)
        assert.equal(gateway.faults.count("drop"), 2)
        assert.deepEqual(gateway.faults.pending, [])
        assert.deepEqual(faultsOf(made), [
            "drop at puback 1",
            "drop at puback 2",
        ])
    })

    test("with times 0 happens until it is removed", async t => {
        const { gateway, connected } = await faulty(t, {
            do: "lose",
            at: "telemetry",
            times: 0,
        })
        const client = await connected()
        for (const messageId of [1, 2, 3]) sent(client, messageId)
        assert.deepEqual(await client.drain(), [])
        assert.equal(gateway.faults.count("lose"), 3)
        gateway.faults.clear()
        sent(client, 4)
        assert.equal((await client.next("puback")).messageId, 4)
        assert.equal(gateway.messages.length, 1)
    })

    test("for one device does not happen to another", async t => {
        const { gateway, connected, bystander } = await faulty(t, {
            do: "drop",
            at: "pong",
            deviceId: "bystander",
        })
        const client = await connected()
        const other = await bystander()
        assert.deepEqual(await client.drain(), [])
        other.send({ cmd: "pingreq" })
        other.send(
            publishPacket({ topic: "devices/bystander/messages/events/" })
        )
        await other.next("puback")
        assert.equal(gateway.faults.count("drop"), 1)
    })

    test("none is active by default", async t => {
        const { gateway } = await faulty(t)
        assert.deepEqual(gateway.faults.pending, [])
    })
})

describe("the fault", () => {
    test("lose, at a CONNECT: no answer, until the time to CONNECT is over", async t => {
        const { clock, gateway, client, connectPacket } = await faulty(t, {
            do: "lose",
            at: "connect",
        })
        const one = await client()
        const happened = gateway.waitFor("fault")
        const gone = gateway.waitFor("disconnected")
        one.send(connectPacket())
        await happened
        assert.deepEqual(gateway.connected, [])
        clock.advance(60_000)
        assert.equal((await gone).reason, "connect-timeout")
        await one.closed
        assert.deepEqual(one.unread, [])
    })

    test("delay: the packet comes later, and all behind it after it", async t => {
        const { clock, gateway, connected, bystander } = await faulty(t, {
            do: "delay",
            at: "puback",
            delayMs: 5_000,
        })
        const client = await connected()
        const happened = gateway.waitFor("fault")
        sent(client, 1)
        sent(client, 2)
        await happened
        await until(() => gateway.messages.length === 2)
        client.send({ cmd: "pingreq" })
        clock.advance(4_999)
        // What was sent has arrived when another client's packet has made the round.
        const other = await bystander()
        await other.drain()
        assert.deepEqual(client.unread, [])
        clock.advance(1)
        assert.equal((await client.next("puback")).messageId, 1)
        assert.equal((await client.next("puback")).messageId, 2)
        await client.next("pingresp")
    })

    test("delay, at a CONNACK: a message from the cloud comes behind it", async t => {
        const { clock, gateway, subscribed, client, connectPacket } =
            await faulty(t)
        const first = await subscribed()
        first.destroy()
        await gateway.waitFor("disconnected")
        gateway.cloudMessages.send("leaf-1", { body: "hello" })
        gateway.faults.add({ do: "delay", at: "connack", delayMs: 9_000 })
        const again = await client()
        const admitted = gateway.waitFor("authenticated")
        again.send(connectPacket({ clean: false }))
        await admitted
        clock.advance(9_000)
        assert.equal((await again.next("connack")).sessionPresent, true)
        await again.next("publish")
    })

    test("repeat: a message comes twice, the second one as a duplicate with the same id", async t => {
        const { gateway, subscribed } = await faulty(t, {
            do: "repeat",
            at: "message",
        })
        const client = await subscribed()
        const message = gateway.cloudMessages.send("leaf-1", { body: "hello" })
        const one = await client.next("publish")
        const two = await client.next("publish")
        assert.deepEqual([one.dup, two.dup], [false, true])
        assert.equal(one.messageId, two.messageId)
        const stray = gateway.waitFor("strayAcknowledgement")
        for (const { messageId } of [one, two])
            client.send({ cmd: "puback", messageId })
        assert.equal(await message.settled, "completed")
        await stray
    })

    test("early-messages: they come behind the CONNACK, before there is a subscription", async t => {
        const { gateway, client, connectPacket } = await faulty(t, {
            do: "early-messages",
            at: "connack",
        })
        const message = gateway.cloudMessages.send("leaf-1", { body: "hello" })
        const one = await client()
        one.send(connectPacket())
        await one.next("connack")
        const { messageId, payload } = await one.next("publish")
        assert.equal(payload.toString(), "hello")
        one.send({ cmd: "puback", messageId })
        assert.equal(await message.settled, "completed")
    })

    for (const [name, reason] of [
        ["reset", "dropped"],
        ["close", "dropped"],
        ["kick", "taken-over"],
    ] as const)
        test(`${name}, at telemetry: the message is not stored, and the connection is over`, async t => {
            const { gateway, connected } = await faulty(t, {
                do: name,
                at: "telemetry",
            })
            const client = await connected()
            let error = ""
            client.socket.once("error", (thrown: NodeJS.ErrnoException) => {
                error = thrown.code ?? ""
            })
            const gone = gateway.waitFor("disconnected")
            sent(client, 1)
            assert.equal((await gone).reason, reason)
            await client.closed
            assert.equal(error, name === "reset" ? "ECONNRESET" : "")
            assert.deepEqual(gateway.messages, [])
            assert.deepEqual(gateway.connected, [])
        })

    test("half-open: the gateway forgets the connection, and the client hears nothing, not even when it asks", async t => {
        const { gateway, connected, subscribed } = await faulty(t)
        const client = await subscribed()
        const fault = gateway.faults.add({ do: "half-open", at: "ping" })
        const gone = gateway.waitFor("disconnected")
        client.send({ cmd: "pingreq" })
        assert.equal((await gone).reason, "half-open")
        await fault.over
        assert.deepEqual(gateway.connected, [])
        const message = gateway.cloudMessages.send("leaf-1", { body: "hello" })
        sent(client, 1)
        client.send({ cmd: "pingreq" })
        // What it does on another connection shows that time has gone by.
        const other = await connected({ clean: false })
        const { messageId } = await other.next("publish")
        other.send({ cmd: "puback", messageId })
        assert.equal(await message.settled, "completed")
        assert.deepEqual(client.unread, [])
        assert.equal(client.socket.closed, false)
        assert.deepEqual(gateway.messages, [])
    })

    test("restart: the ports refuse for as long as it says; sessions and messages are kept, TLS sessions are not", async t => {
        const { clock, gateway, subscribed, client, connectPacket } =
            await faulty(t)
        const first = await subscribed()
        sent(first, 1)
        await first.next("puback")
        const fault = gateway.faults.add({
            do: "restart",
            at: "telemetry",
            downMs: 20_000,
        })
        sent(first, 2)
        await first.closed
        await fault.over
        await assert.rejects(client(), { code: "ECONNREFUSED" })
        clock.advance(19_999)
        await assert.rejects(client(), { code: "ECONNREFUSED" })
        clock.advance(1)
        // It is there again when the system has given it its ports.
        let again: Client | undefined
        while (!again)
            again = await client().catch((error: NodeJS.ErrnoException) => {
                assert.equal(error.code, "ECONNREFUSED")
                return undefined
            })
        again.send(connectPacket({ clean: false }))
        assert.equal((await again.next("connack")).sessionPresent, true)
        assert.equal(gateway.messages.length, 1)
    })

    test("refuse: the CONNECT gets its return code", async t => {
        const { gateway, client, connectPacket } = await faulty(t, {
            do: "refuse",
            at: "connect",
            returnCode: 3,
        })
        const refused = gateway.waitFor("refused")
        const one = await client()
        one.send(connectPacket())
        assert.equal((await one.next("connack")).returnCode, 3)
        assert.equal((await refused).reason, "fault")
        await one.closed
    })

    test("shorten-token: the connection ends when the token does that was cut short", async t => {
        const { clock, gateway, connected } = await faulty(t, {
            do: "shorten-token",
            at: "connect",
            lifeSec: 300,
        })
        const admitted = gateway.waitFor("authenticated")
        // Its token is of an hour.
        const client = await connected({ keepalive: 0 })
        assert.equal((await admitted).tokenExpirySec, START_MS / 1000 + 300)
        const gone = gateway.waitFor("disconnected")
        clock.advance(299_999)
        assert.deepEqual(gateway.connected, ["leaf-1"])
        clock.advance(1)
        assert.equal((await gone).reason, "token-expired")
        await client.closed
    })

    test("fail-twin: the request gets its status and changes nothing; the next one is done", async t => {
        const { gateway, connected } = await faulty(t, {
            do: "fail-twin",
            at: "twin-report",
            status: 429,
        })
        const client = await connected()
        await client.subscribe(["$iothub/twin/res/#"], 0)
        const report = (rid: string) =>
            client.send({
                ...publishPacket({
                    topic: `$iothub/twin/PATCH/properties/reported/?$rid=${rid}`,
                    payload: Buffer.from('{"a":1}'),
                }),
                qos: 0,
            })
        report("one")
        assert.match((await client.next("publish")).topic, /res\/429\//)
        assert.equal(gateway.twins.get("leaf-1").reported.a, undefined)
        report("two")
        assert.match((await client.next("publish")).topic, /res\/204\//)
        assert.equal(gateway.twins.get("leaf-1").reported.a, 1)
    })

    test("line, in small pieces: everything arrives, in order", async t => {
        const made = await rig(t, {
            faults: [
                {
                    do: "line",
                    at: "accepted",
                    line: { segmentBytes: 20 },
                },
            ],
        })
        const client = await made.connected()
        const payload = Buffer.from("0123456789".repeat(20))
        client.send(publishPacket({ payload }))
        await client.next("puback")
        assert.deepEqual(made.gateway.messages[0].body, payload)
        const gone = made.gateway.waitFor("disconnected")
        client.send({ cmd: "disconnect" })
        client.socket.end()
        assert.equal((await gone).reason, "client-done")
        await client.closed
    })

    test("half-open, at accepted: not even TLS gets an answer", async t => {
        const { gateway, client } = await faulty(t, {
            do: "half-open",
            at: "accepted",
        })
        const gone = gateway.waitFor("disconnected")
        let isSecured = false
        void client().then(
            () => (isSecured = true),
            () => undefined
        )
        assert.equal((await gone).reason, "half-open")
        await client()
        assert.equal(isSecured, false)
    })
})

describe("a certificate that is unfit", () => {
    const REASONS: Record<UnfitName, string> = {
        expired: "CERT_HAS_EXPIRED",
        "not-yet-valid": "CERT_NOT_YET_VALID",
        "wrong-name": "ERR_TLS_CERT_ALTNAME_INVALID",
        "other-issuer":
            "SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
        incomplete: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    }
    let unfit: Record<UnfitName, ServerCertificate>
    before(async () => {
        const { edgeCa, intermediate } = await chain()
        unfit = await unfitCertificates({
            names: ["localhost"],
            edgeCa,
            intermediatePem: intermediate.pem,
        })
    })

    for (const name of UNFIT)
        test(`as ${name} is refused by a client for that reason, and the next one is good`, async t => {
            const { gateway, client } = await rig(t, {
                unfitCertificates: unfit,
                faults: [
                    { do: "certificate", at: "accepted", certificate: name },
                ],
            })
            await assert.rejects(
                client(),
                ({ code }: NodeJS.ErrnoException) => {
                    assert.match(code ?? "", new RegExp(REASONS[name]))
                    return true
                }
            )
            await client()
            assert.equal(gateway.faults.count("certificate"), 1)
        })

    test("that the gateway was not given is no fault that it can have", async t => {
        const { gateway } = await rig(t)
        assert.throws(
            () =>
                gateway.faults.add({
                    do: "certificate",
                    at: "accepted",
                    certificate: "expired",
                }),
            { code: "bad-fault", message: /unfitCertificates/ }
        )
    })
})

describe("what is no fault is refused, and said what is wrong:", () => {
    for (const [value, message] of [
        [{}, /faults is \{\}: a list of faults is wanted/],
        [[1], /faults\[0\] is 1: an object/],
        [[{}], /faults\[0\]\.do is missing: one of lose, drop/],
        [[{ do: "lose" }], /faults\[0\]\.at is missing/],
        [[{ do: "toString", at: "connect" }], /\.do is "toString"/],
        [[{ do: "lose", at: "puback" }], /lose happens at connect,/],
        [
            [{ do: "lose", at: "connect", toString: 1 }],
            /\.toString is 1: one of do, at,/,
        ],
        [[{ do: "lose", at: "connect", times: -1 }], /from 0 to 1000000/],
        [[{ do: "lose", at: "connect", times: 1.5 }], /whole number/],
        [[{ do: "lose", at: "connect", times: "2" }], /\.times is "2"/],
        [[{ do: "lose", at: "connect", deviceId: "" }], /a text/],
        [[{ do: "delay", at: "puback" }], /\.delayMs is missing: delay needs/],
        [[{ do: "drop", at: "puback", delayMs: 5 }], /drop has no delayMs/],
        [[{ do: "refuse", at: "connect", returnCode: 0 }], /from 1 to 5/],
        [[{ do: "fail-twin", at: "twin-get", status: 200 }], /from 400 to 599/],
        [[{ do: "reset", at: "accepted", deviceId: "a" }], /not known which/],
        [[{ do: "reset", at: "connack", port: "time" }], /no connack at that/],
        [
            [{ do: "line", at: "accepted", line: { lossPercent: 101 } }],
            /line\.lossPercent is 101/,
        ],
        [
            [{ do: "line", at: "accepted", line: { stallMs: 5 } }],
            /stallAfterBytes and stallMs/,
        ],
        [
            [{ do: "line", at: "accepted", line: { cut: "close" } }],
            /cutAfterBytes is missing/,
        ],
        [[{ do: "line", at: "accepted", line: [] }], /line is \[\]: an object/],
    ] as const)
        test(JSON.stringify(value), () => {
            assert.throws(() => readFaults(value), {
                name: "GatewayError",
                code: "bad-fault",
                message,
            })
        })

    test("and a good list is taken as it is", () => {
        const faults = [
            {
                do: "line",
                at: "accepted",
                port: "time",
                line: { cutAfterBytes: 0, cut: "silence" },
            },
            { do: "kick", at: "telemetry", deviceId: "leaf-1", times: 0 },
        ]
        assert.deepEqual(readFaults(faults), faults)
    })
})
