/** Packets cut out of a byte stream. `hostile.test.ts` has such streams against a gateway that stands. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import fc from "fast-check"
import { generate, type Packet } from "mqtt-packet"
import { FrameError, Framer, readPacket } from "../../../sim/gateway/frames"
import { check } from "./property"

const id = fc.integer({ min: 1, max: 65_535 })
const topic = fc.stringMatching(/^[a-z0-9/$=&%é-]{1,40}$/)
const payload = fc
    .uint8Array({ maxLength: 400 })
    .map(bytes => Buffer.from(bytes))

/** Packets that a client sends, all of them right. */
const packet = fc.oneof(
    fc
        .tuple(topic, payload, id, fc.constantFrom(0, 1, 2), fc.boolean())
        .map(([name, body, messageId, qos, flag]): Packet => ({
            cmd: "publish",
            topic: name,
            payload: body,
            qos: qos as 0 | 1 | 2,
            messageId: qos ? messageId : undefined,
            dup: flag && qos > 0,
            retain: flag,
        })),
    fc
        .tuple(id, fc.array(topic, { minLength: 1, maxLength: 4 }))
        .map(([messageId, topics]): Packet => ({
            cmd: "subscribe",
            messageId,
            subscriptions: topics.map(name => ({ topic: name, qos: 1 })),
        })),
    fc
        .tuple(id, fc.array(topic, { minLength: 1, maxLength: 4 }))
        .map(([messageId, topics]): Packet => ({
            cmd: "unsubscribe",
            messageId,
            unsubscriptions: topics,
        })),
    fc
        .tuple(topic, payload, fc.boolean(), fc.nat(65_535))
        .map(([name, password, will, keepalive]): Packet => ({
            cmd: "connect",
            clientId: name,
            clean: will,
            keepalive,
            username: name,
            password,
            will: will
                ? { topic: name, payload: password, qos: 1, retain: true }
                : undefined,
        })),
    id.map((messageId): Packet => ({ cmd: "puback", messageId })),
    fc.constantFrom<Packet>({ cmd: "pingreq" }, { cmd: "disconnect" })
)

/** Gives the bytes in pieces of the lengths in `cuts`, again and again. */
function* pieces(bytes: Buffer, cuts: number[]): Generator<Buffer> {
    for (let at = 0, i = 0; at < bytes.length; i++) {
        const length = cuts[i % cuts.length]
        yield bytes.subarray(at, at + length)
        at += length
    }
}

describe("packets in a stream", () => {
    test("are found however the stream is cut, and read as they were sent", t =>
        check(
            t,
            1000,
            fc.property(
                fc.array(packet, { maxLength: 8 }),
                fc.array(fc.integer({ min: 1, max: 300 }), {
                    minLength: 1,
                    maxLength: 5,
                }),
                (packets, cuts) => {
                    const framer = new Framer(262_144)
                    const sent = packets.map(each => generate(each))
                    const found: Buffer[] = []
                    for (const piece of pieces(Buffer.concat(sent), cuts)) {
                        framer.push(piece)
                        for (
                            let next = framer.next();
                            next;
                            next = framer.next()
                        )
                            found.push(next)
                    }
                    assert.deepEqual(found, sent)
                    for (let i = 0; i < found.length; i++) {
                        const read = readPacket(found[i])
                        assert.equal(read.cmd, packets[i].cmd)
                        assert.deepEqual(generate(read), sent[i])
                    }
                }
            )
        ))

    test("that are damaged are read or refused, and nothing else is thrown", t =>
        check(
            t,
            5000,
            fc.property(
                packet,
                fc.array(fc.tuple(fc.nat(), fc.nat(255)), {
                    minLength: 1,
                    maxLength: 4,
                }),
                (sent, changes) => {
                    const bytes = Buffer.from(generate(sent))
                    for (const [at, value] of changes)
                        bytes[at % bytes.length] = value
                    try {
                        const framer = new Framer(262_144)
                        framer.push(bytes)
                        const frame = framer.next()
                        if (frame) readPacket(frame)
                    } catch (error) {
                        assert.ok(error instanceof FrameError, String(error))
                    }
                }
            )
        ))

    test("over the limit are refused by their header alone", () => {
        const framer = new Framer(100)
        framer.push(Buffer.from([0x30, 98]))
        assert.equal(framer.next(), undefined)
        const other = new Framer(100)
        other.push(Buffer.from([0x30, 99]))
        assert.throws(() => other.next(), { kind: "too-large" })
    })

    test("inside one another's lengths are not read: a length never leads into the next packet", () => {
        // A SUBSCRIBE that ends within its filter, with a PINGREQ behind it that would complete it.
        const frame = Buffer.from("8205000100026100", "hex").subarray(0, 7)
        const framer = new Framer(100)
        framer.push(Buffer.concat([frame, Buffer.from("c000", "hex")]))
        const first = framer.next()
        assert.deepEqual(first, frame)
        assert.throws(() => readPacket(frame), { kind: "malformed" })
    })
})
