/** Twins: what a service does with them, and what a device sees of it, packet by packet and in both profiles. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import type { IPublishPacket } from "mqtt-packet"
import {
    GatewayError,
    type GatewayErrorCode,
} from "../../../sim/gateway/errors"
import { PROFILES, type ProfileName } from "../../../sim/gateway/profiles"
import type { JsonObject } from "../../../sim/gateway/twin"
import { publishPacket, rig, type Client, type Rig } from "./rig"

const NAMES: ProfileName[] = ["edgehub", "hub"]
const RES = "$iothub/twin/res/#"
const DESIRED = "$iothub/twin/PATCH/properties/desired/#"
const GET = "$iothub/twin/GET/"
const REPORTED = "$iothub/twin/PATCH/properties/reported/"

const thrown = (code: GatewayErrorCode) => (error: unknown) =>
    error instanceof GatewayError && error.code === code

function ask(client: Client, topic: string, body: string | Buffer = "") {
    client.send(
        publishPacket({
            topic,
            payload: Buffer.from(body),
            qos: 0,
            messageId: undefined,
        })
    )
}

/** The next message: its topic, and its body as JSON or as the empty text that it is. */
async function told(client: Client): Promise<[string, unknown]> {
    const { topic, payload } = await client.next("publish")
    const text = payload.toString()
    return [topic, text === "" ? "" : JSON.parse(text)]
}

describe("a twin, for a service", () => {
    test("is there with its device, with version 1, and begins anew with a new one", async t => {
        const { gateway, registry } = await rig(t)
        const empty = { desired: { $version: 1 }, reported: { $version: 1 } }
        assert.deepEqual(gateway.twins.get("leaf-1"), empty)
        assert.equal(gateway.twins.patchDesired("leaf-1", { a: 1 }), 2)
        gateway.twins.failNext("leaf-1", 500)
        registry.remove("leaf-1")
        for (const use of [
            () => gateway.twins.get("leaf-1"),
            () => gateway.twins.patchDesired("leaf-1", {}),
            () => gateway.twins.replaceDesired("leaf-1", {}),
            () => gateway.twins.failNext("leaf-1", 500),
        ])
            assert.throws(use, thrown("unknown-identity"))
        registry.add({ deviceId: "leaf-1" })
        assert.deepEqual(gateway.twins.get("leaf-1"), empty)
    })

    test("is patched and replaced; what was read is a copy, and so is what was given", async t => {
        const { gateway } = await rig(t)
        const { twins } = gateway
        const list = [1]
        assert.equal(twins.patchDesired("leaf-1", { a: { b: list } }), 2)
        list.push(2)
        const read = twins.get("leaf-1").desired as JsonObject
        ;(read.a as JsonObject).b = "mine"
        assert.deepEqual(twins.get("leaf-1").desired, {
            a: { b: [1] },
            $version: 2,
        })
        assert.equal(twins.patchDesired("leaf-1", { a: { c: 3 } }), 3)
        assert.deepEqual(twins.get("leaf-1").desired, {
            a: { b: [1], c: 3 },
            $version: 3,
        })
        assert.equal(twins.replaceDesired("leaf-1", { d: { e: null } }), 4)
        assert.deepEqual(twins.get("leaf-1").desired, { d: {}, $version: 4 })
    })

    test("can be sent back as it was read: $version and $metadata are left out, where a hub has them", async t => {
        const { gateway } = await rig(t)
        const { twins } = gateway
        twins.patchDesired("leaf-1", { a: 1 })
        const { desired } = twins.get("leaf-1")
        twins.patchDesired("leaf-1", { ...desired, $metadata: {}, a: 2 })
        assert.deepEqual(twins.get("leaf-1").desired, { a: 2, $version: 3 })
        assert.throws(
            () => twins.patchDesired("leaf-1", { a: { $version: 3 } }),
            thrown("bad-twin")
        )
    })

    test("stays as it is if a change is not one for a twin", async t => {
        const { gateway } = await rig(t)
        const { twins } = gateway
        const big = (length: number) =>
            Object.fromEntries(
                Array.from({ length }, (_, i) => [`p${i}`, "x".repeat(4096)])
            )
        const wrong: unknown[] = [
            { "a.b": 1 },
            { a: [null] },
            { a: NaN },
            { a: undefined },
            null,
            [],
            "text",
        ]
        for (const change of wrong)
            assert.throws(
                () => twins.patchDesired("leaf-1", change as JsonObject),
                thrown("bad-twin")
            )
        twins.patchDesired("leaf-1", big(7))
        assert.throws(
            () => twins.patchDesired("leaf-1", { q: big(1) }),
            thrown("twin-too-large")
        )
        assert.equal(twins.get("leaf-1").desired.$version, 2)
        assert.throws(() => twins.failNext("leaf-1", 200), thrown("bad-twin"))
    })
})

for (const profile of NAMES) {
    const { operationsQos } = PROFILES[profile]

    describe(`a device's request about its twin, to ${profile},`, () => {
        test("gets the twin, with an empty body or with a space", async t => {
            const { gateway, connected } = await rig(t, { profile })
            gateway.twins.patchDesired("leaf-1", { interval: 5, é: ["€"] })
            const client = await connected()
            await client.subscribe([RES])
            for (const body of ["", " "]) {
                const read = gateway.waitFor("twinRead")
                ask(client, `${GET}?$rid=a b`, body)
                const packet = await client.next("publish")
                assert.equal(packet.topic, "$iothub/twin/res/200/?$rid=a b")
                assert.equal(packet.qos, operationsQos)
                assert.deepEqual(JSON.parse(packet.payload.toString()), {
                    desired: { interval: 5, é: ["€"], $version: 2 },
                    reported: { $version: 1 },
                })
                const { status, answered, deviceId, connection } = await read
                assert.deepEqual(
                    { status, answered, deviceId, connection },
                    {
                        status: 200,
                        answered: true,
                        deviceId: "leaf-1",
                        connection: 1,
                    }
                )
            }
        })

        test("at QoS 1 is acknowledged as well as answered", async t => {
            const { connected } = await rig(t, { profile })
            const client = await connected()
            await client.subscribe([RES], 0)
            client.send(
                publishPacket({ topic: `${GET}?$rid=1`, messageId: 77 })
            )
            const packets = await client.drain()
            assert.deepEqual(packets.map(({ cmd }) => cmd).sort(), [
                "puback",
                "publish",
            ])
            const ack = packets.find(({ cmd }) => cmd === "puback")
            assert.equal(ack?.messageId, 77)
        })

        test("patches what was reported, and is told 204", async t => {
            const { gateway, connected } = await rig(t, { profile })
            const client = await connected()
            await client.subscribe([RES])
            const version = (n: number) =>
                profile === "hub" ? `&$version=${n}` : ""
            const reported = gateway.waitFor("reported")
            ask(client, `${REPORTED}?$rid=1`, '{"a":{"b":1},"c":2}')
            assert.deepEqual(await told(client), [
                `$iothub/twin/res/204/?$rid=1${version(2)}`,
                "",
            ])
            const { atMs, ...event } = await reported
            assert.ok(atMs > 0)
            assert.deepEqual(event, {
                connection: 1,
                deviceId: "leaf-1",
                version: 2,
                patch: { a: { b: 1 }, c: 2 },
                answered: true,
            })
            ask(client, `${REPORTED}?$rid=2`, '{"a":{"d":[]},"c":null}')
            assert.deepEqual(await told(client), [
                `$iothub/twin/res/204/?$rid=2${version(3)}`,
                "",
            ])
            const after = { a: { b: 1, d: [] }, $version: 3 }
            assert.deepEqual(gateway.twins.get("leaf-1").reported, after)
            ask(client, `${GET}?$rid=3`)
            const [, twin] = await told(client)
            assert.deepEqual((twin as { reported: unknown }).reported, after)
        })

        test("is done without an answer if it has no request id, or there is no subscription to answers", async t => {
            const { gateway, connected, log } = await rig(t, { profile })
            const client = await connected()
            ask(client, `${REPORTED}?$rid=1`, '{"a":1}')
            ask(client, `${GET}?$rid=2`)
            assert.deepEqual(await client.drain(), [])
            await client.subscribe([RES])
            ask(client, REPORTED, '{"a":2}')
            assert.deepEqual(await client.drain(), [])
            assert.deepEqual(gateway.twins.get("leaf-1").reported, {
                a: 2,
                $version: 3,
            })
            const answers = log.filter(
                ({ name }) => name === "reported" || name === "twinRead"
            )
            assert.deepEqual(
                answers.map(
                    ({ event }) => "answered" in event && event.answered
                ),
                [false, false, false]
            )
        })

        test("that is not one for a twin is refused and changes nothing", async t => {
            const { gateway, connected } = await rig(t, { profile })
            const client = await connected()
            await client.subscribe([RES])
            const malformed = profile === "edgehub" ? 500 : 400
            for (const [body, status] of [
                ["{", malformed],
                ["[]", malformed],
                [Buffer.from([0x7b, 0xff, 0x7d]), malformed],
                ["", 400],
                ["null", 400],
                ['{"$version":1}', 400],
                ['{"a b":1}', 400],
                ['{"a":[null]}', 400],
                [`{"a":"${"x".repeat(4097)}"}`, 400],
            ] as [string | Buffer, number][]) {
                const refused = gateway.waitFor("reportRefused")
                ask(client, `${REPORTED}?$rid=x`, body)
                const [topic, answer] = await told(client)
                assert.equal(topic, `$iothub/twin/res/${status}/?$rid=x`)
                const event = await refused
                assert.equal(event.status, status)
                assert.notEqual(event.reason, "")
                if (profile === "edgehub") assert.equal(answer, "")
                else {
                    const { errorCode, message } = answer as {
                        errorCode: number
                        message: string
                    }
                    assert.equal(errorCode, 400004)
                    assert.equal(message, event.reason)
                }
            }
            assert.deepEqual(gateway.twins.get("leaf-1").reported, {
                $version: 1,
            })
        })

        test("that is none the gateway knows ends the connection", async t => {
            const it = await rig(t, { profile })
            for (const topic of [
                GET,
                `${GET}?$rid=`,
                `${GET}?$rid=1&$rid=2`,
                "$iothub/twin/DELETE/?$rid=1",
                `${REPORTED}more/?$rid=1`,
            ]) {
                const client = await it.connected()
                const gone = it.gateway.waitFor("disconnected")
                client.send(publishPacket({ topic }))
                await client.closed
                assert.equal((await gone).reason, "bad-topic")
                assert.deepEqual(client.unread, [])
            }
        })

        test("fails as often as it was asked to, or is not answered", async t => {
            const { gateway, connected } = await rig(t, { profile })
            const client = await connected()
            await client.subscribe([RES])
            gateway.twins.failNext("leaf-1", 429, 2)
            gateway.twins.failNext("leaf-1", null)
            gateway.twins.failNext("leaf-1", 503)
            ask(client, `${GET}?$rid=1`)
            ask(client, `${REPORTED}?$rid=2`, '{"a":1}')
            ask(client, `${REPORTED}?$rid=3`, '{"a":1}')
            ask(client, `${REPORTED}?$rid=4`, '{"a":1}')
            ask(client, `${GET}?$rid=5`)
            const answers = (await client.drain()) as IPublishPacket[]
            assert.deepEqual(
                answers.map(({ topic }) => topic),
                [
                    "$iothub/twin/res/429/?$rid=1",
                    "$iothub/twin/res/429/?$rid=2",
                    "$iothub/twin/res/503/?$rid=4",
                    "$iothub/twin/res/200/?$rid=5",
                ]
            )
            const codes = answers
                .slice(0, 3)
                .map(({ payload }) => payload.toString())
                .map(text =>
                    text === ""
                        ? ""
                        : (JSON.parse(text) as { errorCode: number }).errorCode
                )
            assert.deepEqual(
                codes,
                profile === "edgehub" ? ["", "", ""] : [429001, 429001, 503001]
            )
            assert.equal(gateway.twins.get("leaf-1").reported.$version, 1)
        })

        test("fails for the device that it was asked for, and for no other", async t => {
            const it = await rig(t, { profile })
            const other = await it.bystander()
            await other.subscribe([RES])
            it.gateway.twins.failNext("leaf-1", 500)
            ask(other, `${GET}?$rid=1`)
            const [topic] = await told(other)
            assert.equal(topic, "$iothub/twin/res/200/?$rid=1")
        })
    })

    describe(`desired properties, with ${profile},`, () => {
        test("are pushed to a device that has subscribed, with their version", async t => {
            const { gateway, connected } = await rig(t, { profile })
            const client = await connected()
            await client.subscribe([DESIRED])
            const sent = gateway.waitFor("desiredSent")
            gateway.twins.patchDesired("leaf-1", { a: { b: 1, c: null }, d: 2 })
            const packet = await client.next("publish")
            assert.equal(packet.qos, operationsQos)
            assert.equal(
                packet.topic,
                "$iothub/twin/PATCH/properties/desired/?$version=2"
            )
            const patch = { a: { b: 1, c: null }, d: 2 }
            assert.deepEqual(JSON.parse(packet.payload.toString()), {
                ...patch,
                $version: 2,
            })
            const event = await sent
            assert.equal(event.version, 2)
            assert.deepEqual(event.patch, patch)
        })

        test("that are replaced are pushed as a patch that deletes what is gone", async t => {
            const { gateway, connected } = await rig(t, { profile })
            gateway.twins.patchDesired("leaf-1", { a: { b: 1, c: 2 }, d: 3 })
            const client = await connected()
            await client.subscribe([DESIRED])
            gateway.twins.replaceDesired("leaf-1", { a: { c: 2, e: 4 } })
            assert.deepEqual(await told(client), [
                "$iothub/twin/PATCH/properties/desired/?$version=3",
                { a: { b: null, e: 4 }, d: null, $version: 3 },
            ])
        })

        test("are not kept for a device that is away, nor told to one that has not subscribed, nor to another", async t => {
            const it = await rig(t, { profile })
            const other = await it.bystander()
            await other.subscribe([DESIRED])
            const first = await it.connected({ clean: false })
            it.gateway.twins.patchDesired("leaf-1", { a: 1 })
            await first.subscribe([DESIRED, RES])
            first.destroy()
            await it.gateway.waitFor("disconnected")
            it.gateway.twins.patchDesired("leaf-1", { a: 2 })
            const back = await it.connected({ clean: false })
            assert.equal(back.sessionPresent, true)
            assert.deepEqual(await back.drain(), [])
            ask(back, `${GET}?$rid=1`)
            const [, twin] = await told(back)
            assert.deepEqual((twin as JsonObject).desired, {
                a: 2,
                $version: 3,
            })
            it.gateway.twins.patchDesired("leaf-1", { a: 3 })
            const [topic] = await told(back)
            assert.match(topic, /\$version=4$/)
            assert.deepEqual(await other.drain(), [])
            assert.ok(
                !it.log.some(
                    ({ event }) => "version" in event && event.version === 2
                )
            )
        })
    })
}

describe("a gateway that is offline", () => {
    const offline = async (
        t: Parameters<typeof rig>[0],
        profile: ProfileName
    ) => {
        const it: Rig = await rig(t, { profile })
        const client = await it.connected()
        await client.subscribe([RES, DESIRED])
        it.gateway.twins.patchDesired("leaf-1", { a: 1, b: 1 })
        await client.next("publish")
        it.gateway.twins.goOffline()
        assert.equal(it.gateway.twins.isOffline, true)
        return { ...it, client }
    }

    test("answers no GET, and does again when it is back", async t => {
        const { gateway, client } = await offline(t, "edgehub")
        const read = gateway.waitFor("twinRead")
        ask(client, `${GET}?$rid=1`)
        assert.deepEqual(await client.drain(), [])
        const { status, answered } = await read
        assert.deepEqual([status, answered], [null, false])
        gateway.twins.goOnline()
        ask(client, `${GET}?$rid=2`)
        const [topic] = await told(client)
        assert.equal(topic, "$iothub/twin/res/200/?$rid=2")
    })

    test("keeps what is reported as edgeHub; as a hub, which it then stands for, it does not answer", async t => {
        const edge = await offline(t, "edgehub")
        ask(edge.client, `${REPORTED}?$rid=1`, '{"c":1}')
        const [topic] = await told(edge.client)
        assert.equal(topic, "$iothub/twin/res/204/?$rid=1")
        const hub = await offline(t, "hub")
        ask(hub.client, `${REPORTED}?$rid=1`, '{"c":1}')
        assert.deepEqual(await hub.client.drain(), [])
        assert.equal(hub.gateway.twins.get("leaf-1").reported.$version, 1)
    })

    test("tells of all changes in one patch when it is back, and of none if there was none", async t => {
        const { gateway, client } = await offline(t, "edgehub")
        gateway.twins.patchDesired("leaf-1", { a: 2, b: null })
        gateway.twins.patchDesired("leaf-1", { c: 3, a: 1 })
        assert.deepEqual(await client.drain(), [])
        gateway.twins.goOnline()
        assert.deepEqual(await told(client), [
            "$iothub/twin/PATCH/properties/desired/?$version=4",
            { b: null, c: 3, $version: 4 },
        ])
        gateway.twins.goOffline()
        gateway.twins.goOnline()
        assert.deepEqual(await client.drain(), [])
    })
})

describe("a version that a device names with its patch", () => {
    const cases: [string, Record<ProfileName, number>][] = [
        ["1", { edgehub: 204, hub: 204 }],
        ["9", { edgehub: 204, hub: 412 }],
        ["one", { edgehub: 204, hub: 400 }],
    ]
    for (const profile of NAMES)
        for (const [version, expected] of cases)
            test(`as ${version} is answered ${expected[profile]} by ${profile}`, async t => {
                const { gateway, connected } = await rig(t, { profile })
                const client = await connected()
                await client.subscribe([RES])
                ask(client, `${REPORTED}?$rid=1&$version=${version}`, '{"a":1}')
                const [topic] = await told(client)
                assert.ok(
                    topic.startsWith(`$iothub/twin/res/${expected[profile]}/`)
                )
                assert.equal(
                    gateway.twins.get("leaf-1").reported.$version,
                    expected[profile] === 204 ? 2 : 1
                )
            })
})
