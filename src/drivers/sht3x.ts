/**
 * Sensirion SHT30, SHT31, SHT35: temperature and humidity. Data sheet "SHT3x-DIS", sections 4.3 to 4.13.
 *
 * Each reading is one command for a single measurement of high repeatability, without clock stretching: not every board's I2C
 * waits for a stretched clock. The part does not acknowledge its address while it measures, nor when it has nothing to tell; it is
 * read when the longest measurement is over. It keeps no settings that are used here, so a loss of supply needs no more than the
 * next reading.
 *
 * The part has no self-test command; `start` resets it and reads its serial number (Sensirion's note "SHT3x: electronic
 * identification code"), with CRC, which is as much. Heater, alerts and periodic mode are not here. RAM: the sensors' servers.
 */
import * as ds from "@devicescript/core"
import { Part, checkedWord, type PartOptions } from "./bus"
import { startSensor } from "./sensor"

// Commands, section 4.
const MEASURE = 0x2400
const SERIAL_NUMBER = 0x3682
const SOFT_RESET = 0x30a2

/** The longest measurement of high repeatability is 15.5 ms (below 2.4 V), section 2.2. */
const MEASURE_MS = 17
/** The longest reset is 1.5 ms. */
const RESET_MS = 2

/** What is measured less than so many ms ago is not measured again. */
const FRESH_MS = 500

export interface Sht3xReading {
    /** In °C, -40 to 125. */
    temperature: number
    /** Relative, in %, 0 to 100. */
    humidity: number
}

export class Sht3x extends Part<Sht3xReading> {
    /** @param options addresses: 0x44 (default, ADDR low) and 0x45 */
    constructor(options: PartOptions) {
        super("SHT3x", 0x44, 0x45, options, FRESH_MS)
    }

    /** Resets the part. @returns its serial number of 32 bits as two words @throws LeafError DriverBus, DriverChecksum */
    async start(): Promise<number[]> {
        await this.order(SOFT_RESET, RESET_MS)
        return await this.command(SERIAL_NUMBER, RESET_MS)
    }

    /**
     * Converts what the part measured, section 4.13.
     *
     * @throws LeafError DriverRange outside -40 to 125 °C
     */
    convert(rawTemperature: number, rawHumidity: number): Sht3xReading {
        return {
            temperature: this.check(
                (rawTemperature * 175) / 65535 - 45,
                -40,
                125
            ),
            humidity: (rawHumidity * 100) / 65535,
        }
    }

    protected override async measure(): Promise<Sht3xReading> {
        const words = await this.command(MEASURE, MEASURE_MS)
        return this.convert(words[0], words[1])
    }

    private async order(code: number, waitMs: number): Promise<void> {
        await this.transfer(Buffer.from([code >> 8, code & 0xff]))
        await ds.sleep(waitMs)
    }

    private async command(code: number, waitMs: number): Promise<number[]> {
        await this.order(code, waitMs)
        const data = await this.transfer(Buffer.alloc(0), 6)
        return [checkedWord(data, 0), checkedWord(data, 1)]
    }
}

/**
 * Starts an SHT3x as two sensors: `NAME_temperature` in °C and `NAME_humidity` in %.
 *
 * @devsPart Sensirion SHT30, SHT31, SHT35
 * @devsServices temperature, humidity
 * @param options addresses: 0x44 (default, ADDR low) and 0x45; the default name is `sht3x`
 * @throws LeafError DriverBus, DriverChecksum when there is no such part; DriverOption
 */
export async function startSHT3x(options: PartOptions = {}) {
    const part = new Sht3x(options)
    const serialNumber = await part.start()
    const name = options.name || "sht3x"
    const temperature = startSensor({
        spec: ds.Temperature.spec,
        name: `${name}_temperature`,
        min: -40,
        max: 125,
        error: 0.3,
        source: async () => (await part.read()).temperature,
    })
    const humidity = startSensor({
        spec: ds.Humidity.spec,
        name: `${name}_humidity`,
        min: 0,
        max: 100,
        error: 2,
        source: async () => (await part.read()).humidity,
    })
    return {
        temperature: new ds.Temperature(temperature),
        humidity: new ds.Humidity(humidity),
        /** 32 bits as two words. */
        serialNumber,
    }
}
