/**
 * A thermometer and hygrometer on a device's Jacdac bus that knows each of its readings, for simulations of many days.
 *
 * It announces itself, answers reads of the two reading registers, and does nothing else: `sim/vm/sensors.ts` has whole
 * simulated services, which stream ten values a second, and a day of that takes a minute. Each read gets the value that
 * `read` gives, so that a message can be told from all others by what is in it. Temperature and humidity have 1/1024 as
 * their last place: two decimals come out right.
 *
 * Format: Jacdac frames as the VM's simulator has them, 12 bytes of header (CRC, size, flags, device id), packets of 4 bytes
 * of header (size, service, command) and data.
 */
import { SRV_HUMIDITY, SRV_TEMPERATURE } from "jacdac-ts"
import type { Clock } from "../vm/clock"
import type { JacdacPort } from "../vm/host"

/** Roles are taken from services that were silent for 2 s. */
const ANNOUNCE_MS = 1000

/** Less than the time between two readings, and more than a question waits to be asked again. */
const SAME_MS = 5000

const FRAME_HEADER = 12
const PACKET_HEADER = 4
const FLAG_COMMAND = 1

const ANNOUNCE = 0
/** Register 0x101, and the bit that says that it is read. */
const READ_READING = 0x1101

/** Of the announcement: the device has been on for long, it sends packets. */
const ANNOUNCED = 0x0f
const UNITS = 1024

const DEVICE_ID = Buffer.from("e1eaf00000000001", "hex")

const enum Service {
    Thermometer = 1,
    Hygrometer = 2,
}

export interface Values {
    temperatureC: number
    humidityPercent: number
}

export class Meter implements JacdacPort {
    private send: (frame: Uint8Array) => void = () => undefined
    private timer: unknown
    private values: Values = { temperatureC: 0, humidityPercent: 0 }
    /** Until then the thermometer's answer is the same: the runtime asks again when it is too busy to hear it. */
    private sameUntilMs = -Infinity

    /** @param read the device reads its thermometer: what is measured now; the hygrometer is read after it */
    constructor(
        private readonly clock: Clock,
        private readonly read: () => Values
    ) {}

    attach(send: (frame: Uint8Array) => void): void {
        this.send = send
        this.announce()
    }

    detach(): void {
        this.clock.clearTimeout(this.timer)
        this.send = () => undefined
    }

    receive(frame: Uint8Array): void {
        const bytes = Buffer.from(frame)
        if (!(bytes[3] & FLAG_COMMAND)) return
        if (!bytes.subarray(4, FRAME_HEADER).equals(DEVICE_ID)) return
        const end = FRAME_HEADER + bytes[2]
        for (let at = FRAME_HEADER; at + PACKET_HEADER <= end;) {
            const size = bytes[at]
            if (bytes.readUInt16LE(at + 2) === READ_READING)
                this.answer(bytes[at + 1])
            at += (PACKET_HEADER + size + 3) & ~3
        }
    }

    private answer(service: number): void {
        const nowMs = this.clock.now()
        if (service !== Service.Thermometer) this.sameUntilMs = -Infinity
        else {
            if (nowMs >= this.sameUntilMs) this.values = this.read()
            this.sameUntilMs = nowMs + SAME_MS
        }
        const { temperatureC, humidityPercent } = this.values
        const data = Buffer.alloc(4)
        data.writeInt32LE(
            Math.round(
                (service === Service.Thermometer
                    ? temperatureC
                    : humidityPercent) * UNITS
            )
        )
        this.send(frameOf(service, READ_READING, data))
    }

    private announce(): void {
        const data = Buffer.alloc(12)
        data.writeUInt16LE(ANNOUNCED)
        data[2] = 1
        data.writeUInt32LE(SRV_TEMPERATURE, 4)
        data.writeUInt32LE(SRV_HUMIDITY, 8)
        this.send(frameOf(0, ANNOUNCE, data))
        this.timer = this.clock.setTimeout(() => this.announce(), ANNOUNCE_MS)
    }
}

function frameOf(service: number, command: number, data: Buffer): Buffer {
    const frame = Buffer.alloc(FRAME_HEADER + PACKET_HEADER + data.length)
    frame[2] = PACKET_HEADER + data.length
    DEVICE_ID.copy(frame, 4)
    frame[FRAME_HEADER] = data.length
    frame[FRAME_HEADER + 1] = service
    frame.writeUInt16LE(command, FRAME_HEADER + 2)
    data.copy(frame, FRAME_HEADER + PACKET_HEADER)
    frame.writeUInt16LE(crc16(frame.subarray(2)))
    return frame
}

/** CCITT, as Jacdac has it. */
function crc16(bytes: Uint8Array): number {
    let crc = 0xffff
    for (const byte of bytes) {
        let x = (crc >> 8) ^ byte
        x ^= x >> 4
        crc = ((crc << 8) ^ (x << 12) ^ (x << 5) ^ x) & 0xffff
    }
    return crc
}
