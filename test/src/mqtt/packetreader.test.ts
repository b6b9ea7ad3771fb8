/** The packet reader: packets out of pieces of any size. */
import { describe, expect, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import {
    MAX_PACKET_BYTES,
    PacketReader,
    Reading,
} from "../../../src/mqtt/packetreader"
import { expectBytes, expectCode } from "../check"
import { Pipe } from "../pipe"

/** A PUBLISH with QoS 0 and topic `t` whose remaining length is `remaining`; the payload's first and last byte are marked. */
function publishOf(remaining: number, lengthBytes: Buffer): Buffer {
    const head = Buffer.concat(hex`30`, lengthBytes, hex`000174`)
    const packet = Buffer.alloc(head.length + remaining - 3)
    packet.set(head, 0)
    packet[head.length] = 0xf1
    packet[packet.length - 1] = 0xee
    return packet
}

/** Reads until a packet is complete; counts the calls. */
async function readPacket(reader: PacketReader): Promise<number> {
    let calls = 1
    while ((await reader.read(0)) !== Reading.Packet) calls++
    return calls
}

/** Reads a packet whose length is written as `lengthBytes`, and looks at what is kept of it. */
async function expectRead(
    remaining: number,
    lengthBytes: Buffer
): Promise<void> {
    const pipe = new Pipe()
    pipe.pieceBytes = 1000
    pipe.send(publishOf(remaining, lengthBytes))
    const reader = new PacketReader(pipe)
    await readPacket(reader)
    const kept = Math.min(remaining, MAX_PACKET_BYTES)
    const isCut = remaining > MAX_PACKET_BYTES
    expect(reader.body.length).toBe(kept)
    expect(reader.isCut).toBe(isCut)
    expectBytes(reader.body.slice(0, 4), hex`000174f1`)
    expect(reader.body[kept - 1]).toBe(isCut ? 0 : 0xee)
}

async function expectReadCode(code: ErrorCode, bytes: Buffer): Promise<void> {
    const pipe = new Pipe()
    const reader = new PacketReader(pipe)
    pipe.send(bytes)
    pipe.end()
    await expectCode(code, async () => {
        await readPacket(reader)
    })
}

describe("mqtt packet reader", () => {
    test("reads packet after packet out of one piece, without looking for more", async () => {
        const pipe = new Pipe()
        const reader = new PacketReader(pipe)
        pipe.send(hex`20020100 d000 40021234`)
        expect(await reader.read(0)).toBe(Reading.Packet)
        expect(reader.first).toBe(0x20)
        expectBytes(reader.body, hex`0100`)
        expect(await reader.read(0)).toBe(Reading.Packet)
        expect(reader.first).toBe(0xd0)
        expect(reader.body.length).toBe(0)
        expect(await reader.read(0)).toBe(Reading.Packet)
        expect(reader.first).toBe(0x40)
        expectBytes(reader.body, hex`1234`)
        expect(pipe.waits.length).toBe(1)
    })

    test("reads a packet that comes byte by byte, one look at the transport a call", async () => {
        const pipe = new Pipe()
        const reader = new PacketReader(pipe)
        pipe.pieceBytes = 1
        pipe.send(hex`32 07 000161 0005 0102 d000`)
        expect(await readPacket(reader)).toBe(9)
        expect(pipe.waits.length).toBe(9)
        expectBytes(reader.body, hex`000161 0005 0102`)
        expect(await readPacket(reader)).toBe(2)
        expect(reader.first).toBe(0xd0)
    })

    test("thousands of packets in one piece are within the runtime's limit of steps", async () => {
        const pipe = new Pipe()
        const reader = new PacketReader(pipe)
        const many = Buffer.alloc(8192)
        for (let i = 0; i < many.length; i += 2) many[i] = 0xd0
        pipe.send(many)
        for (let i = 0; i < 4096; i++)
            if ((await reader.read(0)) !== Reading.Packet)
                throw new Error(`packet ${i} is missing`)
        expect(await reader.read(0)).toBe(Reading.Nothing)
    })

    test("goes on after a pause in the middle of a packet", async () => {
        const pipe = new Pipe()
        const reader = new PacketReader(pipe)
        pipe.send(hex`4002`)
        expect(await reader.read(0)).toBe(Reading.Part)
        expect(await reader.read(0)).toBe(Reading.Nothing)
        pipe.send(hex`12`)
        expect(await reader.read(0)).toBe(Reading.Part)
        expect(await reader.read(0)).toBe(Reading.Nothing)
        pipe.send(hex`34`)
        expect(await reader.read(0)).toBe(Reading.Packet)
        expectBytes(reader.body, hex`1234`)
    })

    test("a wake-up is nothing read", async () => {
        const pipe = new Pipe()
        const reader = new PacketReader(pipe)
        pipe.wake()
        expect(await reader.read(600000)).toBe(Reading.Nothing)
    })

    test("reads remaining lengths of one and two bytes", async () => {
        await expectRead(127, hex`7f`)
        await expectRead(128, hex`8001`)
        await expectRead(MAX_PACKET_BYTES, hex`8018`)
    })

    test("keeps the beginning of longer packets, with lengths of two and three bytes", async () => {
        await expectRead(16383, hex`ff7f`)
        await expectRead(16384, hex`808001`)
    })

    test("a length may be written longer than it need be, up to four bytes", async () => {
        const pipe = new Pipe()
        const reader = new PacketReader(pipe)
        pipe.send(hex`40 82808000 1234`)
        await readPacket(reader)
        expectBytes(reader.body, hex`1234`)
    })

    test("a length of five bytes is refused, even before the fifth has come", async () => {
        await expectReadCode(ErrorCode.MqttLength, hex`30 80808080`)
        await expectReadCode(ErrorCode.MqttLength, hex`30 8080808001`)
        await expectReadCode(ErrorCode.MqttLength, hex`30 ffffffff7f`)
    })

    test("what is behind a cut message is read as if nothing had been", async () => {
        const pipe = new Pipe()
        const reader = new PacketReader(pipe)
        pipe.pieceBytes = 4096
        pipe.send(Buffer.concat(publishOf(9000, hex`a846`), hex`40021234`))
        await readPacket(reader)
        expect(reader.isCut).toBe(true)
        await readPacket(reader)
        expect(reader.isCut).toBe(false)
        expectBytes(reader.body, hex`1234`)
    })

    test("a wrong header is refused before its packet has come", async () => {
        await expectReadCode(ErrorCode.MqttFlags, hex`41 02`)
        await expectReadCode(ErrorCode.MqttMalformed, hex`90 ffffff7f`)
        await expectReadCode(ErrorCode.MqttPacketTooLong, hex`30 ffffff7f`)
        await expectReadCode(ErrorCode.MqttUnexpectedPacket, hex`10 00`)
    })

    test("the end of the stream is an error, between packets and inside one", async () => {
        await expectReadCode(ErrorCode.ConnectionClosed, hex``)
        await expectReadCode(ErrorCode.ConnectionClosed, hex`40`)
        await expectReadCode(ErrorCode.ConnectionClosed, hex`400212`)
    })

    test("a stream that breaks is the transport's error", async () => {
        const pipe = new Pipe()
        pipe.breakOff()
        await expectCode(ErrorCode.ConnectionReset, async () => {
            await new PacketReader(pipe).read(0)
        })
    })
})
