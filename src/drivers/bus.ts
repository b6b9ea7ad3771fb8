/**
 * The I2C bus as drivers use it, and the CRC of Sensirion's parts.
 *
 * The seam is one transaction, the VM's own: bytes are written to an address and then, after a repeated start, bytes are read. The
 * board's bus is the default; tests give a simulated one (`sim/i2c`).
 */
import * as ds from "@devicescript/core"
import { ErrorCode, failIf } from "../errors"

export interface I2cBus {
    /**
     * @param address of seven bits
     * @param write bytes to write first, if any
     * @param read is filled with what is read then; `undefined` for nothing
     * @returns 0, or an `I2CStatus` that says why it failed
     */
    transaction(address: number, write: Buffer, read: Buffer): Promise<number>
}

/** What all drivers for I2C parts can be given. */
export interface PartOptions {
    /** Seven bits; each driver says which its part can have, and which is the default. */
    address?: number
    /** Default: the board's own bus, with the pins of its `configureHardware`. */
    bus?: I2cBus
    /** Prefix of the names of the part's sensors: `attic` gives `attic_temperature`. Default: the part's name. */
    name?: string
}

class BoardBus implements I2cBus {
    async transaction(
        address: number,
        write: Buffer,
        read: Buffer
    ): Promise<number> {
        // As `i2c.xfer` of `@devicescript/i2c` does it, without the 300 bytes of code that come with that name.
        return await (ds as any)._i2cTransaction(address, write, read)
    }
}

/** A part on a bus: one measurement at a time, shared by its sensors. */
export abstract class Part<Measured> {
    private readonly bus: I2cBus
    private isBusy = false
    private latest: Measured
    private latestMs = 0

    /**
     * @param title of the part, for messages
     * @param address of the options, or the default
     * @param last the highest address that the part can have
     */
    constructor(
        private readonly title: string,
        private readonly first: number,
        last: number,
        options: PartOptions,
        private readonly freshMs: number
    ) {
        if (options.address !== undefined) this.first = options.address
        failIf(
            !(this.first >= first && this.first <= last),
            ErrorCode.DriverOption,
            `drivers: a ${title} has no address ${this.first}`
        )
        this.bus = options.bus === undefined ? new BoardBus() : options.bus
    }

    /**
     * The part's measurement, at most `freshMs` old: the sensors of one part share it, and none waits for the other's.
     *
     * @throws LeafError; the next call tries anew
     */
    async read(): Promise<Measured> {
        while (this.isBusy) await ds.sleep(5)
        if (
            this.latest !== undefined &&
            ds.millis() - this.latestMs < this.freshMs
        )
            return this.latest
        this.isBusy = true
        this.latest = undefined
        try {
            this.latest = await this.measure()
            this.latestMs = ds.millis()
        } finally {
            this.isBusy = false
        }
        return this.latest
    }

    /** Measures once. It is never called a second time before it ends. @throws any error */
    protected abstract measure(): Promise<Measured>

    /** Writes bytes, then reads `numRead`, if any. @throws LeafError DriverBus */
    async transfer(write: Buffer, numRead?: number): Promise<Buffer> {
        const read = numRead === undefined ? undefined : Buffer.alloc(numRead)
        let why: any
        try {
            why = await this.bus.transaction(this.first, write, read)
        } catch (e: any) {
            // A runtime without I2C throws, as the simulator's does.
            why = e.message
        }
        failIf(
            why !== 0,
            ErrorCode.DriverBus,
            `drivers: no answer from the ${this.title} at ${this.first} (${why})`
        )
        return read
    }

    /** @throws LeafError DriverRange unless `value` is a number from `min` to `max` */
    check(value: number, min: number, max: number): number {
        failIf(
            !(value >= min && value <= max),
            ErrorCode.DriverRange,
            `drivers: ${this.title} measures ${value}, not ${min} to ${max}`
        )
        return value
    }
}

/** CRC-8 as Sensirion's parts have it: polynomial 0x31, from 0xff on, nothing reflected. Of two bytes, 0xbeef gives 0x92. */
export function crc8(data: Buffer, offset: number): number {
    let crc = 0xff
    for (let i = 0; i < 2; i++) {
        crc ^= data[offset + i]
        for (let bit = 0; bit < 8; bit++)
            crc = crc >= 0x80 ? ((crc << 1) ^ 0x31) & 0xff : crc << 1
    }
    return crc
}

/**
 * Takes a word of 16 bits, big-endian and with its CRC behind it, from an answer.
 *
 * @param index which word, from 0 on
 * @throws LeafError DriverChecksum
 */
export function checkedWord(data: Buffer, index: number): number {
    const offset = index * 3
    failIf(
        crc8(data, offset) !== data[offset + 2],
        ErrorCode.DriverChecksum,
        "drivers: the CRC of a reading is wrong"
    )
    return (data[offset] << 8) | data[offset + 1]
}
