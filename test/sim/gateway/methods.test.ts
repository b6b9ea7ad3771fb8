/** Direct methods: calls, their answers and what may come between, in both profiles and on a clock that is moved by hand. */
import assert from "node:assert/strict"
import { describe, test, type TestContext } from "node:test"
import { ManualClock } from "../../../sim/gateway/clock"
import {
    GatewayError,
    type GatewayErrorCode,
} from "../../../sim/gateway/errors"
import type { Gateway } from "../../../sim/gateway/gateway"
import type { Methods } from "../../../sim/gateway/methods"
import { PROFILES, type ProfileName } from "../../../sim/gateway/profiles"
import type { Json } from "../../../sim/gateway/twin"
import { publishPacket, rig, within, type Client } from "./rig"

const NAMES: ProfileName[] = ["edgehub", "hub"]
const METHODS = "$iothub/methods/POST/#"
const REQUEST = /^\$iothub\/methods\/POST\/([^/]+)\/\?\$rid=(.+)$/
const RID: Record<ProfileName, RegExp> = {
    edgehub: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/,
    hub: /^[\da-f]{1,4}$/,
}

/** A device that has subscribed to methods. */
async function ready(t: TestContext, profile: ProfileName = "edgehub") {
    const clock = new ManualClock()
    const it = await rig(t, { profile, clock })
    const client = await it.connected()
    await client.subscribe([METHODS])
    return { ...it, clock, client }
}

/** A call, which ends before long. */
function invoke(gateway: Gateway, ...call: Parameters<Methods["invoke"]>) {
    const result = within("the end of a call", gateway.methods.invoke(...call))
    // The test may look at it later than it fails.
    result.catch(() => undefined)
    return result
}

/** The next request that a device gets. */
async function request(client: Client) {
    const { topic, payload, qos } = await client.next("publish")
    const [, name, rid] = REQUEST.exec(topic) ?? []
    assert.ok(rid, topic)
    return { name, rid, qos, body: payload.toString() }
}

function reply(
    client: Client,
    status: number | string,
    rid: string,
    body: string | Buffer = ""
) {
    client.send(
        publishPacket({
            topic: `$iothub/methods/res/${status}/?$rid=${rid}`,
            payload: Buffer.from(body),
            qos: 0,
            messageId: undefined,
        })
    )
}

const failed = (code: GatewayErrorCode, message?: RegExp) => (error: unknown) =>
    error instanceof GatewayError &&
    error.code === code &&
    (message === undefined || message.test(error.message))

for (const profile of NAMES)
    describe(`a method, called through ${profile},`, () => {
        test("reaches the device, and its answer the caller", async t => {
            const { gateway, client, clock } = await ready(t, profile)
            const called = gateway.waitFor("methodCalled")
            const answered = gateway.waitFor("methodAnswered")
            const result = invoke(gateway, "leaf-1", "setRate", {
                seconds: 5,
                é: "€",
            })
            const { name, rid, qos, body } = await request(client)
            assert.equal(name, "setRate")
            assert.match(rid, RID[profile])
            assert.equal(qos, PROFILES[profile].operationsQos)
            assert.deepEqual(JSON.parse(body), { seconds: 5, é: "€" })
            clock.advance(1500)
            reply(client, 200, rid, '{"was":60}')
            assert.deepEqual(await result, {
                status: 200,
                payload: { was: 60 },
            })
            const of = { connection: 1, deviceId: "leaf-1", name, rid }
            const { atMs: calledMs, ...call } = await called
            assert.deepEqual(call, { ...of, payload: { seconds: 5, é: "€" } })
            const { atMs, ...answer } = await answered
            assert.equal(atMs - calledMs, 1500)
            assert.deepEqual(answer, {
                ...of,
                status: 200,
                payload: { was: 60 },
                durationMs: 1500,
            })
            assert.equal(clock.pending > 0, true)
        })

        test("has an empty body if there is no payload, and may be answered with none, and with any status", async t => {
            const { gateway, client } = await ready(t, profile)
            for (const [payload, body] of [
                [undefined, ""],
                [null, "null"],
                [0, "0"],
                ["", '""'],
            ] as [Json | undefined, string][])
                for (const status of [200, 404, -1]) {
                    const result = invoke(gateway, "leaf-1", "m", payload)
                    const got = await request(client)
                    assert.equal(got.body, body)
                    reply(client, status, got.rid)
                    assert.deepEqual(await result, { status, payload: null })
                }
        })

        test("is told apart from others that are under way, whatever the order of the answers", async t => {
            const { gateway, client } = await ready(t, profile)
            const results = [0, 1, 2].map(i =>
                invoke(gateway, "leaf-1", `m${i}`, i)
            )
            const requests = []
            while (requests.length < results.length)
                requests.push(await request(client))
            assert.equal(new Set(requests.map(({ rid }) => rid)).size, 3)
            for (const { rid, body } of requests.reverse())
                reply(client, 200, rid, `[${body}]`)
            assert.deepEqual(
                await Promise.all(results),
                [0, 1, 2].map(i => ({ status: 200, payload: [i] }))
            )
        })

        test("is answered once; an answer to no call is told and ignored", async t => {
            const { gateway, client } = await ready(t, profile)
            const result = invoke(gateway, "leaf-1", "m")
            const { rid } = await request(client)
            const strays = () => gateway.waitFor("strayMethodReply")
            let stray = strays()
            reply(client, 200, "nobody", "1")
            assert.equal((await stray).rid, "nobody")
            // edgeHub's ids are hexadecimal, and it does not mind in which letters.
            reply(client, 200, rid.toUpperCase(), "2")
            assert.deepEqual(await result, { status: 200, payload: 2 })
            stray = strays()
            reply(client, 200, rid, "3")
            assert.equal((await stray).rid, rid)
            assert.deepEqual(await client.drain(), [])
        })

        test("cannot be answered by another device", async t => {
            const it = await ready(t, profile)
            const other = await it.bystander()
            const result = invoke(it.gateway, "leaf-1", "m")
            const { rid } = await request(it.client)
            const stray = it.gateway.waitFor("strayMethodReply")
            reply(other, 200, rid, '"mine"')
            assert.equal((await stray).deviceId, "bystander")
            reply(it.client, 200, rid, '"right"')
            assert.equal((await result).payload, "right")
        })
    })

describe("a call that comes to no answer", () => {
    test("ends after 30 s, or when the caller said", async t => {
        const { gateway, client, clock } = await ready(t)
        const kinds = [undefined, 5_000, 300_000]
        const results = kinds.map(timeoutMs =>
            invoke(gateway, "leaf-1", "m", 1, { timeoutMs })
        )
        const ended = [false, false, false]
        results.forEach((result, i) =>
            result.catch(() => {
                ended[i] = true
            })
        )
        const at = async (byMs: number) => {
            clock.advance(byMs)
            // Rejections are told in microtasks; the client's answer comes after them.
            await client.drain()
            return [...ended]
        }
        for (let i = 0; i < kinds.length; i++) await request(client)
        // The device stays connected although the clock jumps: a packet came in between.
        assert.deepEqual(await at(4_999), [false, false, false])
        assert.deepEqual(await at(1), [false, true, false])
        assert.deepEqual(await at(24_999), [false, true, false])
        assert.deepEqual(await at(1), [true, true, false])
        for (let i = 0; i < 3; i++) await at(80_000)
        assert.deepEqual(await at(29_999), [true, true, false])
        assert.deepEqual(await at(1), [true, true, true])
        for (const result of results)
            await assert.rejects(result, failed("method-timeout", /504101/))
    })

    test("is told, and an answer that comes too late is ignored", async t => {
        const { gateway, client, clock } = await ready(t)
        const told = gateway.waitFor("methodFailed")
        const result = invoke(gateway, "leaf-1", "slow")
        const { rid } = await request(client)
        clock.advance(30_000)
        await assert.rejects(result, failed("method-timeout"))
        const { name, code, rid: of } = await told
        assert.deepEqual([name, code, of], ["slow", "method-timeout", rid])
        const stray = gateway.waitFor("strayMethodReply")
        reply(client, 200, rid)
        assert.equal((await stray).rid, rid)
    })

    test("ends with the device's connection, and is not sent again", async t => {
        const { gateway, client, connected, clock } = await ready(t)
        const result = invoke(gateway, "leaf-1", "m")
        const { rid } = await request(client)
        const timers = clock.pending
        client.destroy()
        await assert.rejects(result, failed("device-disconnected", /leaf-1/))
        assert.ok(clock.pending < timers)
        const back = await connected({ clean: false })
        await back.subscribe([METHODS])
        assert.deepEqual(await back.drain(), [])
        const stray = gateway.waitFor("strayMethodReply")
        reply(back, 200, rid)
        await stray
    })

    test("ends when the device connects once more", async t => {
        const { gateway, client, connected } = await ready(t)
        const result = invoke(gateway, "leaf-1", "m")
        await request(client)
        await connected()
        await assert.rejects(result, failed("device-disconnected"))
    })

    test("ends with the gateway", async t => {
        const { gateway, client, clock } = await ready(t)
        const result = invoke(gateway, "leaf-1", "m")
        await request(client)
        await gateway.close()
        await assert.rejects(result, failed("closed"))
        assert.equal(clock.pending, 0)
    })

    for (const [what, status, body, message] of [
        ["what is no JSON", 200, "{", /no JSON/],
        ["what is no UTF-8", 200, Buffer.from([0x22, 0xff, 0x22]), /no JSON/],
        ["more than 128 KB", 200, `"${"x".repeat(131_071)}"`, /131073 bytes/],
        ["no status", "", "1", /without a status/],
        ["a status that is no number", "ok", "1", /without a status/],
    ] as [string, number | string, string | Buffer, RegExp][])
        test(`is one that the device answers with ${what}`, async t => {
            const { gateway, client } = await ready(t)
            const result = invoke(gateway, "leaf-1", "m")
            const { rid } = await request(client)
            reply(client, status, rid, body)
            await assert.rejects(result, failed("bad-method-reply", message))
            assert.deepEqual(await client.drain(), [])
        })
})

describe("a call that is not made", () => {
    test("is one of a device that is not there, not connected, or has not subscribed", async t => {
        const it = await rig(t)
        const call = (id: string) => invoke(it.gateway, id, "m")
        await assert.rejects(call("nobody"), failed("unknown-identity"))
        const offline = failed("device-not-online", /not connected.*404103/)
        await assert.rejects(call("leaf-1"), offline)
        const client = await it.connected({ clean: false })
        const deaf = failed("device-not-online", /not subscribed/)
        await assert.rejects(call("leaf-1"), deaf)
        await client.subscribe([METHODS])
        const result = call("leaf-1")
        await request(client)
        client.destroy()
        await assert.rejects(result, failed("device-disconnected"))
        await assert.rejects(call("leaf-1"), offline)
    })

    test("is made to a device that is back in a session with its subscription", async t => {
        const it = await rig(t)
        const first = await it.connected({ clean: false })
        await first.subscribe([METHODS])
        first.destroy()
        await it.gateway.waitFor("disconnected")
        const back = await it.connected({ clean: false })
        const result = invoke(it.gateway, "leaf-1", "m")
        const { rid } = await request(back)
        reply(back, 200, rid)
        assert.equal((await result).status, 200)
    })

    test("is one of a name that no topic or no hub can have, for too short or too long a time, or with too much", async t => {
        const { gateway, client, clock } = await ready(t)
        const timers = clock.pending
        const call = (name: string, payload?: unknown, timeoutMs?: number) =>
            invoke(gateway, "leaf-1", name, payload as Json, {
                timeoutMs,
            })
        for (const name of [
            "",
            "a b",
            "a/b",
            "a#",
            "+",
            "$a",
            "é",
            "a?",
            "x".repeat(129),
        ])
            await assert.rejects(call(name), failed("bad-method", /name/))
        for (const ms of [0, 4_999, 300_001, NaN])
            await assert.rejects(
                call("m", 1, ms),
                failed("bad-method", / ms: /)
            )
        for (const payload of [NaN, () => 1, { a: undefined }, [1n]])
            await assert.rejects(
                call("m", payload),
                failed("bad-method", /JSON/)
            )
        const long = (bytes: number) => "x".repeat(bytes - 2)
        await assert.rejects(
            call("m", long(131_073)),
            failed("bad-method", /131072 bytes/)
        )
        assert.deepEqual(await client.drain(), [])
        assert.equal(clock.pending, timers)
        const result = call("a-B_9.~", long(131_072))
        const { body, rid } = await request(client)
        assert.equal(body.length, 131_072)
        reply(client, 200, rid, body)
        assert.equal((await result).payload, long(131_072))
    })
})

describe("a topic of methods that is no answer", () => {
    const topics = [
        "$iothub/methods/res/200/",
        "$iothub/methods/res/200/?rid=1",
        "$iothub/methods/POST/m/?$rid=1",
    ]
    test("is dropped by edgehub, and acknowledged", async t => {
        const { gateway, client } = await ready(t, "edgehub")
        for (const topic of topics) {
            const dropped = gateway.waitFor("dropped")
            client.send(publishPacket({ topic, messageId: 5 }))
            assert.equal((await client.next("puback")).messageId, 5)
            assert.equal((await dropped).topic, topic)
        }
    })

    test("ends the connection to hub", async t => {
        const it = await ready(t, "hub")
        let client: Client = it.client
        for (const topic of topics) {
            client.send(publishPacket({ topic }))
            await client.closed
            client = await it.connected()
        }
    })
})
