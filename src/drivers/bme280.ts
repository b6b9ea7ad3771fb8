/**
 * Bosch BME280: temperature, humidity, air pressure. Data sheet BST-BME280-DS001/DS002, sections 3 to 5 and appendix 8.1.
 *
 * Each reading is one measurement in forced mode, all values oversampled once, the filter off (section 3.5.1, weather monitoring):
 * the part sleeps in between. All of its set-up is written with each reading, so a part that lost its supply in between is fine; one
 * that lost it during a measurement has the values of a reset, which are an error.
 *
 * Temperature and humidity are compensated in integers of 32 bits. The formula for pressure wants 64 bits, which the VM does not
 * have; the data sheet's other one in 32 bits is off by Pascals, so pressure takes the one in doubles, the VM's numbers.
 *
 * The part has neither a self-test nor a serial number. SPI, normal mode, filter and higher oversampling are not here.
 * RAM: 180 B for the factory's values, and the sensors' servers.
 */
import * as ds from "@devicescript/core"
import { ErrorCode, failIf } from "../errors"
import { Part, type PartOptions } from "./bus"
import { startSensor } from "./sensor"

const CHIP_ID = 0x60

// Registers, section 5.3.
const REG_CALIBRATION_1 = 0x88
const REG_ID = 0xd0
const REG_CALIBRATION_2 = 0xe1
const REG_CTRL_HUM = 0xf2
const REG_STATUS = 0xf3
const REG_CTRL_MEAS = 0xf4
const REG_DATA = 0xf7

/** 0x88 to 0xa1 */
const CALIBRATION_1_BYTES = 26
const CALIBRATION_2_BYTES = 7

/** All three once, and forced mode. */
const FORCED = 0x25
/** Status: a measurement is running, or the factory's values are being copied after a reset. */
const BUSY = 0x09

/** The longest measurement with each value oversampled once is 9.3 ms (section 9.1). */
const MEASURE_MS = 10
/** How often it is looked whether it is over: a part that is still busy then has failed. */
const MAX_LOOKS = 5

// What a register of results holds after a reset, and when its value is not measured.
const NO_VALUE_20 = 0x80000
const NO_VALUE_16 = 0x8000

/** What is measured less than so many ms ago is not measured again. */
const FRESH_MS = 500

export interface Bme280Reading {
    /** In °C, -40 to 85. */
    temperature: number
    /** Relative, in %, 0 to 100. */
    humidity: number
    /** In hPa, 300 to 1100. */
    pressure: number
}

function int16(low: number, high: number): number {
    return ((high << 24) >> 16) | low
}

export class Bme280 extends Part<Bme280Reading> {
    /** The factory's values by their numbers: T1 to T3, P1 to P9. */
    private words: number[] = []
    /** H1 to H6. */
    private humid: number[] = []

    /** @param options addresses: 0x76 (default) and 0x77 */
    constructor(options: PartOptions) {
        super("BME280", 0x76, 0x77, options, FRESH_MS)
    }

    /**
     * Finds the part and reads its factory values. Before it, and after it failed, readings are an error.
     *
     * @throws LeafError DriverBus, DriverIdentity
     */
    async start(): Promise<void> {
        const id = await this.transfer(Buffer.from([REG_ID]), 1)
        failIf(
            id[0] !== CHIP_ID,
            ErrorCode.DriverIdentity,
            `drivers: no BME280, its id is ${id[0]}`
        )
        const a = await this.transfer(
            Buffer.from([REG_CALIBRATION_1]),
            CALIBRATION_1_BYTES
        )
        const b = await this.transfer(
            Buffer.from([REG_CALIBRATION_2]),
            CALIBRATION_2_BYTES
        )
        this.setCalibration(a, b)
    }

    /**
     * Takes the factory's values, section 4.2.2.
     *
     * @param a registers 0x88 to 0xa1
     * @param b registers 0xe1 to 0xe7
     * @throws LeafError DriverIdentity when they cannot be: T1 and P1 are divisors or offsets far from zero
     */
    setCalibration(a: Buffer, b: Buffer): void {
        const words: number[] = []
        for (let i = 0; i < 24; i += 2) words.push(int16(a[i], a[i + 1]))
        // T1 and P1 have no sign.
        words[0] &= 0xffff
        words[3] &= 0xffff
        failIf(
            words[0] === 0 ||
                words[3] === 0 ||
                (words[0] === 0xffff && words[3] === 0xffff),
            ErrorCode.DriverIdentity,
            "drivers: the BME280 has no factory values"
        )
        this.words = words
        this.humid = [
            a[25],
            int16(b[0], b[1]),
            b[2],
            ((b[3] << 24) >> 20) | (b[4] & 15),
            ((b[5] << 24) >> 20) | (b[4] >> 4),
            (b[6] << 24) >> 24,
        ]
    }

    /**
     * Compensates what the part measured.
     *
     * @param data registers 0xf7 to 0xfe
     * @throws LeafError DriverNoData after a reset, DriverRange outside the part's limits
     */
    convert(data: Buffer): Bme280Reading {
        const rawP = (data[0] << 12) | (data[1] << 4) | (data[2] >> 4)
        const rawT = (data[3] << 12) | (data[4] << 4) | (data[5] >> 4)
        const rawH = (data[6] << 8) | data[7]
        failIf(
            rawP === NO_VALUE_20 ||
                rawT === NO_VALUE_20 ||
                rawH === NO_VALUE_16,
            ErrorCode.DriverNoData,
            "drivers: the BME280 has not measured"
        )
        const w = this.words
        const near = (rawT >> 4) - w[0]
        const fine =
            ((((rawT >> 3) - (w[0] << 1)) * w[1]) >> 11) +
            ((((near * near) >> 12) * w[2]) >> 14)
        // Checked first: within these limits no product of the humidity's leaves 32 bits.
        const temperature = this.check(((fine * 5 + 128) >> 8) / 100, -40, 85)
        return {
            temperature,
            humidity: this.humidityOf(rawH, fine - 76800),
            pressure: this.check(
                this.pressureOf(rawP, fine / 2 - 64000) / 100,
                300,
                1100
            ),
        }
    }

    /** In %: the data sheet limits it to 0 to 100, where the part's tolerance leads beyond. @param t from 15 °C on, as `fine` */
    private humidityOf(raw: number, t: number): number {
        const h = this.humid
        const slope =
            ((((((t * h[5]) >> 10) * (((t * h[2]) >> 11) + 32768)) >> 10) +
                2097152) *
                h[1] +
                8192) >>
            14
        let v = (((raw << 14) - (h[3] << 20) - h[4] * t + 16384) >> 15) * slope
        // At 128 % what follows still gives more than 100, and its square stays within 32 bits.
        v = Math.min(Math.max(v, 0), 0x20000000)
        v -= ((((v >> 15) * (v >> 15)) >> 7) * h[0]) >> 4
        return Math.min(Math.max(v, 0), 419430400) / 4194304
    }

    /** In Pa. @param t half of `fine`, from 25 °C on */
    private pressureOf(raw: number, t: number): number {
        const w = this.words
        const offset =
            ((t * t * w[8]) / 32768 + t * w[7] * 2) / 4 + w[6] * 65536
        const slope =
            (1 + ((w[5] * t * t) / 524288 + w[4] * t) / 524288 / 32768) * w[3]
        const p = ((1048576 - raw - offset / 4096) * 6250) / slope
        return (
            p + ((w[11] * p * p) / 2147483648 + (p * w[10]) / 32768 + w[9]) / 16
        )
    }

    protected override async measure(): Promise<Bme280Reading> {
        // A part that was not there at the start, or that lost its supply before its factory values were read.
        if (this.words.length === 0) await this.start()
        // The humidity's oversampling counts from the next write to ctrl_meas on (section 5.4.3).
        await this.transfer(
            Buffer.from([REG_CTRL_HUM, 1, REG_CTRL_MEAS, FORCED])
        )
        for (let i = 0; i < MAX_LOOKS; i++) {
            await ds.sleep(MEASURE_MS)
            const status = await this.transfer(Buffer.from([REG_STATUS]), 1)
            if ((status[0] & BUSY) === 0)
                return this.convert(
                    await this.transfer(Buffer.from([REG_DATA]), 8)
                )
        }
        failIf(true, ErrorCode.DriverNoData, "drivers: the BME280 stays busy")
        return undefined
    }
}

/**
 * Starts a BME280 as three sensors: `NAME_temperature` in °C, `NAME_humidity` in %, `NAME_pressure` in hPa.
 *
 * @devsPart Bosch BME280
 * @devsServices temperature, humidity, airPressure
 * @param options addresses: 0x76 (default, SDO low) and 0x77; the default name is `bme280`
 * @throws LeafError DriverBus, DriverIdentity when there is no such part; DriverOption
 */
export async function startBME280(options: PartOptions = {}) {
    const part = new Bme280(options)
    await part.start()
    const name = options.name || "bme280"
    const temperature = startSensor({
        spec: ds.Temperature.spec,
        name: `${name}_temperature`,
        min: -40,
        max: 85,
        error: 1,
        source: async () => (await part.read()).temperature,
    })
    const humidity = startSensor({
        spec: ds.Humidity.spec,
        name: `${name}_humidity`,
        min: 0,
        max: 100,
        error: 3,
        source: async () => (await part.read()).humidity,
    })
    const pressure = startSensor({
        spec: ds.AirPressure.spec,
        name: `${name}_pressure`,
        min: 300,
        max: 1100,
        error: 1,
        source: async () => (await part.read()).pressure,
    })
    return {
        temperature: new ds.Temperature(temperature),
        humidity: new ds.Humidity(humidity),
        pressure: new ds.AirPressure(pressure),
    }
}
