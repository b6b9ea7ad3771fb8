/**
 * Streams of random bytes, and of packets that were damaged on their way, against a gateway in both profiles: it ends those
 * connections and no other, and stays up. Meanwhile a bystander sends message after message, and each is acknowledged.
 */
import assert from "node:assert/strict"
import { connect } from "node:net"
import { test } from "node:test"
import { generate, type Packet } from "mqtt-packet"
import type { ProfileName } from "../../../sim/gateway/profiles"
import { seededRandom, type Random } from "../../random"
import {
    HUB,
    publishPacket,
    rig,
    tokenOf,
    within,
    type Client,
    type Rig,
} from "./rig"

/** Of each profile. */
const STREAMS = 500
/** At a time; each has a device of its own, so that none is thrown out by another. */
const ATTACKERS = 8

interface Attack {
    /** Without TLS, or inside it. */
    plain: boolean
    /** Begins with a right CONNECT, whose answer is awaited. */
    admitted: boolean
    bytes: Buffer
    /** How the attacker leaves, if it has not been shown out. */
    politely: boolean
}

/** A packet that a device might send. */
function devicePacket(random: Random, id: string): Packet {
    const messageId = random.between(1, 65_535)
    const payload = random.bytes(random.below(60))
    const rid = random.uint32().toString(16)
    const publish = (topic: string): Packet =>
        publishPacket({
            topic,
            payload,
            messageId,
            qos: random.oneIn(10) ? 2 : random.oneIn(2) ? 1 : 0,
        })
    const topics = [
        "$iothub/twin/res/#",
        "$iothub/methods/POST/#",
        `devices/${id}/messages/devicebound/#`,
    ]
    const make = random.pick<() => Packet>([
        () => publish(`devices/${id}/messages/events/a=b&%24.mid=${rid}`),
        () => publish(`$iothub/twin/GET/?$rid=${rid}`),
        () => publish(`$iothub/twin/PATCH/properties/reported/?$rid=${rid}`),
        () => publish(`$iothub/methods/res/200/?$rid=${rid}`),
        () => ({
            cmd: "subscribe",
            messageId,
            subscriptions: topics.map(topic => ({ topic, qos: 1 })),
        }),
        () => ({ cmd: "unsubscribe", messageId, unsubscriptions: topics }),
        () => ({ cmd: "puback", messageId }),
        () => ({ cmd: "pingreq" }),
        () => ({ cmd: "connect", clientId: id, clean: true, keepalive: 60 }),
        () => ({ cmd: "disconnect" }),
    ])
    return make()
}

/** Damages bytes in up to three places. */
function damaged(random: Random, bytes: Buffer): Buffer {
    let result = Buffer.from(bytes)
    for (let times = random.between(1, 3); times > 0; times--) {
        const at = random.below(result.length)
        const head = result.subarray(0, at)
        const some = result.subarray(at, at + random.between(1, 8))
        const tail = result.subarray(at + some.length)
        const flipped = Buffer.from(some)
        if (flipped.length) flipped[0] ^= 1 << random.below(8)
        result = Buffer.concat(
            random.pick([
                [head, flipped, tail],
                [head, random.bytes(some.length), tail],
                [head, tail],
                [head, some, some, tail],
                [head, random.bytes(8), some, tail],
                [head],
            ])
        )
    }
    return result
}

function attack(random: Random, connect: Packet, id: string): Attack {
    const noise = random.bytes(random.between(1, 300))
    const packets = Buffer.concat(
        Array.from({ length: random.between(1, 6) }, () =>
            generate(devicePacket(random, id))
        )
    )
    const politely = random.oneIn(2)
    const way = random.below(5)
    return {
        plain: way === 0,
        admitted: way >= 3,
        politely,
        bytes: [
            noise,
            noise,
            damaged(random, Buffer.concat([generate(connect), packets])),
            damaged(random, packets),
            Buffer.concat([packets, noise]),
        ][way],
    }
}

/** Sends one message after the other, each when the one before was acknowledged. */
class Bystander {
    acknowledged = 0
    private readonly waiting: (() => void)[] = []

    constructor(private readonly client: Client) {
        void this.send()
    }

    /** The next acknowledgement but one: of a message that was sent after now. */
    async beat(): Promise<void> {
        for (let i = 0; i < 2; i++)
            await within(
                "a PUBACK of the bystander",
                new Promise<void>(resolve => this.waiting.push(resolve))
            )
    }

    private async send(): Promise<void> {
        for (;;) {
            const messageId = (this.acknowledged % 65_535) + 1
            const topic = "devices/bystander/messages/events/"
            this.client.send(publishPacket({ topic, messageId }))
            const answer = await this.client.next("puback").catch(() => null)
            if (answer?.messageId !== messageId) return
            this.acknowledged++
            for (const wake of this.waiting.splice(0)) wake()
        }
    }
}

/** Does it, and waits for the end of the connection. */
async function strike(it: Rig, connect: Packet, how: Attack): Promise<void> {
    if (how.plain) return strikePlainly(it.gateway.port, how.bytes)
    const client = await it.client()
    if (how.admitted) {
        client.send(connect)
        await client.next("connack")
    }
    client.socket.write(how.bytes)
    if (how.politely) client.socket.end()
    else client.socket.destroy()
    await client.closed
}

function strikePlainly(port: number, bytes: Buffer): Promise<void> {
    return within(
        "the end of a connection without TLS",
        new Promise(resolve => {
            const socket = connect(port, "127.0.0.1")
            socket.on("error", () => undefined)
            socket.once("close", () => resolve())
            socket.resume()
            socket.end(bytes)
        })
    )
}

for (const profile of ["edgehub", "hub"] as ProfileName[])
    test(`${STREAMS} hostile streams end their own connections to ${profile} and no other`, async t => {
        const random = seededRandom(`hostile streams, ${profile}`)
        const it = await rig(t, { profile })
        const bystander = new Bystander(await it.bystander())
        const attackers = Array.from({ length: ATTACKERS }, (_, i) => {
            const identity = it.registry.add({ deviceId: `attacker-${i}` })
            const { deviceId } = identity
            return it.connectPacket({
                clientId: deviceId,
                username: `${HUB}/${deviceId}/?api-version=2021-04-12`,
                password: Buffer.from(tokenOf(identity)),
            })
        })
        // All are made before the first: the seed gives the same ones, however the network is.
        const attacks = Array.from({ length: STREAMS }, (_, i) => {
            const connect = attackers[i % ATTACKERS]
            return attack(random, connect, connect.clientId)
        })
        await Promise.all(
            attackers.map(async (connect, first) => {
                for (let i = first; i < STREAMS; i += ATTACKERS) {
                    await strike(it, connect, attacks[i])
                    await bystander.beat()
                }
            })
        )

        const ends = it.log
            .filter(({ name }) => name === "disconnected")
            .map(({ event }) => event as { deviceId?: string; reason: string })
        assert.ok(bystander.acknowledged >= 2 * Math.floor(STREAMS / ATTACKERS))
        assert.ok(ends.every(({ deviceId }) => deviceId !== "bystander"))
        const reasons = new Set(ends.map(({ reason }) => reason))
        for (const reason of [
            ...["malformed", "protocol-error", "qos-2", "tls-failed"],
            ...["refused", "client-done", "client-gone"],
        ])
            assert.ok(reasons.has(reason), `none ended as ${reason}`)

        // It still does its work for those that it has shown out.
        const client = await it.connected(attackers[0])
        const topic = "devices/attacker-0/messages/events/"
        client.send(publishPacket({ topic, messageId: 77 }))
        assert.equal((await client.next("puback")).messageId, 77)
        await bystander.beat()
    })
