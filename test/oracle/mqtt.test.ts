/**
 * The MQTT layer against `mqtt-packet`, on random input: what one writes the other reads, in pieces of any size; and whatever
 * comes in, the session ends with an error of its own, after no more steps than there are bytes.
 *
 * `SEED=… node built/test/run.js oracle/mqtt` repeats a run.
 */
import assert from "node:assert/strict"
import { randomInt } from "node:crypto"
import { describe, test } from "node:test"
import fc from "fast-check"
import { Packet, generate, parser } from "mqtt-packet"

interface OutgoingMessage {
    topic: string
    payload: Uint8Array
    qos: number
    packetId: number
    sent: boolean
}
interface Session {
    oversized: number
    strayAcknowledgements: number
    connect(options: object): Promise<boolean>
    subscribe(filter: string, qos: number): Promise<void>
    publish(message: OutgoingMessage): Promise<void>
    poll(maxWaitMs: number): Promise<void>
}
interface Incoming {
    topic: string
    packetId: number
    payload: Uint8Array
    isCut: boolean
    isHandled: boolean
}
interface Pipe {
    written: Uint8Array[]
    waiting(): number
    send(data: Uint8Array): void
    end(): void
}
interface PacketReader {
    first: number
    body: Uint8Array
    isCut: boolean
    read(timeoutMs: number): Promise<number>
}

// Device code: loosely typed, as it must not be checked with Node's types.
/* eslint-disable @typescript-eslint/no-require-imports */
const codec = require("../../src/mqtt/packet") as {
    encodeConnect(fields: object): Uint8Array
    encodePublish(
        topic: string,
        payload: Uint8Array,
        qos: number,
        packetId: number,
        duplicate: boolean
    ): Uint8Array
    encodePuback(packetId: number): Uint8Array
    encodeSubscribe(packetId: number, filter: string, qos: number): Uint8Array
    encodeEmpty(type: number): Uint8Array
    decodePublish(flags: number, body: Uint8Array, isCut: boolean): Incoming
    encodeWill(topic: string, payload: Uint8Array): Uint8Array
}
const { PacketReader, MAX_PACKET_BYTES } =
    require("../../src/mqtt/packetreader") as {
        PacketReader: new (transport: Pipe) => PacketReader
        MAX_PACKET_BYTES: number
    }
const { Session } = require("../../src/mqtt/session") as {
    Session: new (transport: Pipe, handlers: object) => Session
}
const { errorCode } = require("../../src/errors") as {
    errorCode(error: unknown): number
}
const { Pipe } = require("../src/pipe") as { Pipe: new () => Pipe }
const { Buffer: DeviceBuffer } = require("../../sim/shim/buffer") as {
    Buffer: {
        alloc(length: number): Uint8Array
        from(data: ArrayLike<number>): Uint8Array
    }
}
/* eslint-enable @typescript-eslint/no-require-imports */

const seed = Number(process.env.SEED ?? randomInt(2 ** 31))
console.log(`SEED=${seed}`)

/** `read` has completed a packet. */
const PACKET = 2

// The device's texts have no surrogates that stand alone, no NUL, and not the characters that its VM replaces.
const text = (maxLength: number) =>
    fc
        .string({ unit: "binary", maxLength })
        .map(s => s.replace(/[\0\ufffd-\uffff]/g, "x"))
const topic = fc
    .oneof(text(40), fc.string({ maxLength: 400 }))
    .map(s => s.replace(/[\0+#]/g, "/") || "t")
const packetId = fc.integer({ min: 1, max: 65535 })
const payload = (maxLength: number) =>
    fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        // Sizes around the steps of the remaining length, and far above.
        fc
            .oneof(
                fc.integer({ min: 80, max: 140 }),
                fc.integer({ min: 16300, max: 16400 }),
                fc.integer({ max: maxLength, min: 0 })
            )
            .map(length => new Uint8Array(length).fill(0xa5))
    )

/** Reads packets as a gateway does; fails on what is left over. */
function decode(bytes: Uint8Array): Packet[] {
    const packets: Packet[] = []
    const p = parser({ protocolVersion: 4 })
    p.on("packet", packet => packets.push(packet))
    p.on("error", error => {
        throw error
    })
    assert.equal(p.parse(Buffer.from(bytes)), 0)
    return packets
}

/** No piece is longer than a record's content: the device has no larger one to give. */
const MAX_PIECE_BYTES = 16384

/** Queues `bytes`, cut at random places. */
function sendInPieces(pipe: Pipe, bytes: Uint8Array, cuts: number[]) {
    const places = [0, ...cuts.map(cut => cut % (bytes.length + 1))]
        .concat(bytes.length)
        .sort((a, b) => a - b)
    for (let i = 0; i + 1 < places.length; i++)
        for (let at = places[i]; at < places[i + 1]; at += MAX_PIECE_BYTES)
            pipe.send(
                DeviceBuffer.from(
                    bytes.subarray(
                        at,
                        Math.min(at + MAX_PIECE_BYTES, places[i + 1])
                    )
                )
            )
}

/** Runs a property with the seed of this run. */
async function check<T>(
    values: fc.Arbitrary<T>,
    body: (value: T) => void | Promise<void>,
    numRuns: number
) {
    await fc.assert(
        fc.asyncProperty(values, async value => body(value)),
        { seed, numRuns }
    )
}

describe("mqtt-packet reads what the device writes", () => {
    test("CONNECT", () =>
        check(
            fc.record({
                clientId: text(60),
                username: text(200),
                password: text(300),
                keepAliveSec: fc.integer({ min: 0, max: 65535 }),
                cleanSession: fc.boolean(),
                will: fc.option(fc.tuple(topic, payload(2000))),
            }),
            fields => {
                // [MQTT-3.1.3-8]: mqtt-packet refuses it, as a gateway would; a device always has an id.
                fields.clientId ||= "d"
                const { will } = fields
                const [packet, more] = decode(
                    codec.encodeConnect({
                        ...fields,
                        will: will
                            ? codec.encodeWill(
                                  will[0],
                                  DeviceBuffer.from(will[1])
                              )
                            : DeviceBuffer.alloc(0),
                    })
                )
                assert.equal(more, undefined)
                assert(packet.cmd === "connect")
                assert.equal(packet.protocolId, "MQTT")
                assert.equal(packet.protocolVersion, 4)
                assert.equal(packet.clientId, fields.clientId)
                assert.equal(packet.username, fields.username)
                assert.equal(packet.password?.toString(), fields.password)
                assert.equal(packet.keepalive, fields.keepAliveSec)
                assert.equal(packet.clean, fields.cleanSession)
                if (!will) return assert.equal(packet.will, undefined)
                assert.equal(packet.will?.topic, will[0])
                assert.deepEqual(packet.will?.payload, Buffer.from(will[1]))
                assert.equal(packet.will?.qos, 1)
                assert.equal(packet.will?.retain, false)
            },
            1000
        ))

    test("PUBLISH", () =>
        check(
            fc.tuple(
                topic,
                payload(57000),
                fc.integer({ min: 0, max: 1 }),
                packetId,
                fc.boolean()
            ),
            ([topic, payload, qos, id, duplicate]) => {
                const dup = duplicate && qos > 0
                const [packet, more] = decode(
                    codec.encodePublish(
                        topic,
                        DeviceBuffer.from(payload),
                        qos,
                        id,
                        dup
                    )
                )
                assert.equal(more, undefined)
                assert(packet.cmd === "publish")
                assert.equal(packet.topic, topic)
                assert.deepEqual(
                    new Uint8Array(packet.payload as Buffer),
                    payload
                )
                assert.equal(packet.qos, qos)
                assert.equal(packet.messageId, qos > 0 ? id : undefined)
                assert.equal(packet.dup, dup)
                assert.equal(packet.retain, false)
            },
            1000
        ))

    test("PUBACK, SUBSCRIBE, PINGREQ, DISCONNECT", () =>
        check(
            fc.tuple(packetId, topic, fc.integer({ min: 0, max: 1 })),
            ([id, filter, qos]) => {
                const packets = [
                    codec.encodePuback(id),
                    codec.encodeSubscribe(id, filter, qos),
                    codec.encodeEmpty(12),
                    codec.encodeEmpty(14),
                ].flatMap(decode)
                const [puback, subscribe, pingreq, disconnect] = packets
                assert.equal(packets.length, 4)
                assert(puback.cmd === "puback" && puback.messageId === id)
                assert(subscribe.cmd === "subscribe")
                assert.equal(subscribe.messageId, id)
                assert.equal(subscribe.subscriptions.length, 1)
                assert.equal(subscribe.subscriptions[0].topic, filter)
                assert.equal(subscribe.subscriptions[0].qos, qos)
                assert.equal(pingreq.cmd, "pingreq")
                assert.equal(disconnect.cmd, "disconnect")
            },
            500
        ))
})

const incomingMessage = fc
    .record({
        topic,
        payload: payload(20000),
        qos: fc.constantFrom(0 as const, 1 as const),
        messageId: packetId,
        dup: fc.boolean(),
        retain: fc.boolean(),
    })
    .map((m): Packet => ({
        cmd: "publish",
        ...m,
        payload: Buffer.from(m.payload),
        dup: m.dup && m.qos > 0,
    }))
const incomingPacket: fc.Arbitrary<Packet> = fc.oneof(
    { weight: 3, arbitrary: incomingMessage },
    {
        weight: 1,
        arbitrary: packetId.map((messageId): Packet => ({
            cmd: "puback",
            messageId,
        })),
    },
    {
        weight: 1,
        arbitrary: fc
            .tuple(packetId, fc.constantFrom(0, 1, 128))
            .map(([messageId, granted]) => ({
                cmd: "suback",
                messageId,
                granted: [granted],
            })) as fc.Arbitrary<Packet>,
    },
    { weight: 1, arbitrary: fc.constant<Packet>({ cmd: "pingresp" }) },
    {
        weight: 1,
        arbitrary: fc
            .tuple(fc.boolean(), fc.integer({ min: 0, max: 5 }))
            .map(([sessionPresent, returnCode]): Packet => ({
                cmd: "connack",
                sessionPresent,
                returnCode,
            })),
    }
)
const cuts = fc.oneof(
    fc.array(fc.nat(), { maxLength: 3 }),
    fc.array(fc.nat(), { maxLength: 200 })
)

/** What the reader gave must be what `packet` says. */
function compare(reader: PacketReader, packet: Packet) {
    const { first, body } = reader
    if (packet.cmd !== "publish") assert.equal(reader.isCut, false)
    switch (packet.cmd) {
        case "publish": {
            assert.equal(first >> 4, 3)
            const payload = new Uint8Array(packet.payload as Buffer)
            const before =
                2 + Buffer.byteLength(packet.topic) + (packet.qos > 0 ? 2 : 0)
            const kept = Math.min(payload.length, MAX_PACKET_BYTES - before)
            assert.equal(reader.isCut, kept < payload.length)
            const p = codec.decodePublish(first & 15, body, reader.isCut)
            assert.equal(p.topic, packet.topic)
            assert.equal(p.packetId, packet.qos > 0 ? packet.messageId : 0)
            assert.deepEqual(
                new Uint8Array(p.payload),
                payload.subarray(0, kept)
            )
            break
        }
        case "puback":
            assert.equal(first, 0x40)
            assert.equal((body[0] << 8) | body[1], packet.messageId)
            break
        case "suback":
            assert.equal(first, 0x90)
            assert.equal((body[0] << 8) | body[1], packet.messageId)
            assert.equal(body[2], packet.granted[0])
            break
        case "connack":
            assert.equal(first, 0x20)
            assert.deepEqual(
                [...body],
                [packet.sessionPresent ? 1 : 0, packet.returnCode]
            )
            break
        default:
            assert.equal(packet.cmd, "pingresp")
            assert.equal(first, 0xd0)
    }
}

test("the device reads what mqtt-packet writes, in pieces of any size", () =>
    check(
        fc.tuple(
            fc.array(incomingPacket, { minLength: 1, maxLength: 6 }),
            cuts
        ),
        async ([packets, cuts]) => {
            const bytes = Buffer.concat(
                packets.map(packet => generate(packet, { protocolVersion: 4 }))
            )
            const pipe = new Pipe()
            sendInPieces(pipe, bytes, cuts)
            pipe.end()
            const reader = new PacketReader(pipe)
            for (const packet of packets) {
                while ((await reader.read(0)) !== PACKET);
                compare(reader, packet)
            }
            await assert.rejects(reader.read(0), e => errorCode(e) === 1004)
        },
        1000
    ))

/** A step of a session that a caller might take. */
type Step = "poll" | "subscribe" | "publish"

/** What became of a session whose gateway sent `bytes` and closed: the code of the error that ended it, and its steps. */
async function run(bytes: Uint8Array, cuts: number[], steps: Step[]) {
    const pipe = new Pipe()
    sendInPieces(pipe, bytes, cuts)
    pipe.end()
    let received = 0
    const session = new Session(pipe, {
        acknowledged: () => {},
        received: (message: Incoming) => {
            assert(message.topic.length > 0)
            assert(message.payload.length <= MAX_PACKET_BYTES)
            if (!message.isCut) received++
            message.isHandled = true
        },
    })
    let polls = 0
    try {
        await session.connect({
            clientId: "d",
            username: "u",
            password: "p",
            keepAliveSec: 120,
            cleanSession: false,
            will: DeviceBuffer.alloc(0),
            connackTimeoutMs: 60000,
        })
        for (const step of steps)
            if (step === "poll") await session.poll(1000)
            else if (step === "subscribe") await session.subscribe("f", 1)
            else
                await session.publish({
                    topic: "t",
                    payload: DeviceBuffer.from([1]),
                    qos: 1,
                    packetId: 0,
                    sent: false,
                })
        // Each poll takes at least one byte, or is the one that sees the end.
        for (; polls <= bytes.length + 1; polls++) await session.poll(1000)
    } catch (error) {
        const code = errorCode(error)
        if (code === 0) throw error
        return { code, received, polls, unread: pipe.waiting(), pipe }
    }
    throw new Error(`the session has not ended after ${polls} polls`)
}

const isOurs = (code: number) => (code >= 5001 && code <= 5999) || code === 1004

const steps = fc.array(fc.constantFrom<Step>("poll", "subscribe", "publish"), {
    maxLength: 4,
})
const CONNACK = Buffer.of(0x20, 2, 0, 0)

describe("whatever a gateway sends, the session ends with an error of its own", () => {
    test("random bytes, with and without a CONNACK before them", () =>
        check(
            fc.tuple(
                fc.uint8Array({ maxLength: 300 }),
                fc.boolean(),
                cuts,
                steps
            ),
            async ([bytes, connected, cuts, steps]) => {
                const all = connected ? Buffer.concat([CONNACK, bytes]) : bytes
                const { code } = await run(all, cuts, steps)
                assert(isOurs(code), `code ${code}`)
            },
            5000
        ))

    test("valid packets with bytes changed, dropped, doubled or put in", () =>
        check(
            fc.tuple(
                fc.array(incomingPacket, { minLength: 1, maxLength: 4 }),
                fc.array(
                    fc.record({
                        kind: fc.constantFrom("set", "drop", "double", "put"),
                        // Mostly in the headers, where it matters.
                        at: fc.oneof(fc.nat({ max: 12 }), fc.nat()),
                        value: fc.nat({ max: 255 }),
                    }),
                    { maxLength: 4 }
                ),
                cuts,
                steps
            ),
            async ([packets, mutations, cuts, steps]) => {
                const bytes = [
                    ...Buffer.concat(
                        packets.map(packet =>
                            generate(packet, { protocolVersion: 4 })
                        )
                    ),
                ]
                for (const { kind, at, value } of mutations) {
                    const place = at % (bytes.length + 1)
                    if (kind === "set") bytes[place] = value
                    else if (kind === "drop") bytes.splice(place, 1)
                    else if (kind === "put") bytes.splice(place, 0, value)
                    else bytes.splice(place, 0, bytes[place] ?? value)
                }
                const all = Buffer.concat([CONNACK, Buffer.from(bytes)])
                const { code } = await run(all, cuts, steps)
                assert(isOurs(code), `code ${code}`)
            },
            3000
        ))

    test("messages alone are all received or counted, and each with QoS 1 is acknowledged, in order", () =>
        check(
            fc.tuple(fc.array(incomingMessage, { maxLength: 5 }), cuts),
            async ([packets, cuts]) => {
                const bytes = Buffer.concat([
                    CONNACK,
                    ...packets.map(packet =>
                        generate(packet, { protocolVersion: 4 })
                    ),
                ])
                const { code, received, pipe } = await run(bytes, cuts, [])
                assert.equal(code, 1004)
                const messages = packets.filter(p => p.cmd === "publish")
                const short = messages.filter(
                    m =>
                        generate(m, { protocolVersion: 4 }).length <=
                        MAX_PACKET_BYTES
                )
                // The fixed header is not part of the limit: up to 3 bytes may make no difference.
                assert(received >= short.length)
                assert(
                    received <=
                        messages.filter(
                            m =>
                                generate(m, { protocolVersion: 4 }).length <=
                                MAX_PACKET_BYTES + 3
                        ).length
                )
                const acknowledged = pipe.written.slice(1).flatMap(decode)
                assert.deepEqual(
                    acknowledged.map(p => [p.cmd, p.messageId]),
                    messages
                        .filter(m => m.qos > 0)
                        .map(m => ["puback", m.messageId])
                )
            },
            500
        ))

    test("a message that is announced and never comes is not waited for in memory", async () => {
        // 256 KB are announced, the most there is: 8 KB are set aside.
        const head = Buffer.from("30808010000174", "hex")
        const pipe = new Pipe()
        pipe.send(DeviceBuffer.from(head))
        pipe.end()
        const reader = new PacketReader(pipe)
        await reader.read(0)
        assert.equal(reader.body.length, MAX_PACKET_BYTES)
        await assert.rejects(reader.read(0), e => errorCode(e) === 1004)
    })
})
