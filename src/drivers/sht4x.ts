/**
 * Sensirion SHT40, SHT41, SHT45: temperature and humidity. Data sheet "SHT4x", sections 4.3 to 4.9.
 *
 * Each reading is one command for a measurement of high precision; the part sleeps in between and keeps no settings, so after a
 * loss of supply the next reading is as good as any. While it measures it does not acknowledge its address: it is read when the
 * longest measurement is over, and a part that was reset meanwhile does not acknowledge either, as it has nothing to tell.
 *
 * The part has no self-test command; `start` resets it and reads its serial number, with CRC, which is as much. The heater and
 * the lower precisions are not here. RAM: the sensors' servers.
 */
import * as ds from "@devicescript/core"
import { Part, checkedWord, type PartOptions } from "./bus"
import { startSensor } from "./sensor"

// Commands, section 4.5.
const MEASURE = 0xfd
const SERIAL_NUMBER = 0x89
const SOFT_RESET = 0x94

/** The longest measurement of high precision is 8.3 ms, section 3.1. */
const MEASURE_MS = 10
/** The longest reset is 1 ms. */
const RESET_MS = 2

/** What is measured less than so many ms ago is not measured again. */
const FRESH_MS = 500

export interface Sht4xReading {
    /** In °C, -40 to 125. */
    temperature: number
    /** Relative, in %, 0 to 100. */
    humidity: number
}

export class Sht4x extends Part<Sht4xReading> {
    /** @param options addresses: 0x44 (default) to 0x46, which the part's order code says */
    constructor(options: PartOptions) {
        super("SHT4x", 0x44, 0x46, options, FRESH_MS)
    }

    /** Resets the part. @returns its serial number of 32 bits as two words @throws LeafError DriverBus, DriverChecksum */
    async start(): Promise<number[]> {
        await this.transfer(Buffer.from([SOFT_RESET]))
        await ds.sleep(RESET_MS)
        return await this.command(SERIAL_NUMBER, RESET_MS)
    }

    /**
     * Converts what the part measured, section 4.6.
     *
     * The straight line for humidity leads from -6 to 119 %: what is beyond 0 to 100 is the part's tolerance there, and is
     * limited as the data sheet has it.
     *
     * @throws LeafError DriverRange outside -40 to 125 °C
     */
    convert(rawTemperature: number, rawHumidity: number): Sht4xReading {
        return {
            temperature: this.check(
                (rawTemperature * 175) / 65535 - 45,
                -40,
                125
            ),
            humidity: Math.min(
                Math.max((rawHumidity * 125) / 65535 - 6, 0),
                100
            ),
        }
    }

    protected override async measure(): Promise<Sht4xReading> {
        const words = await this.command(MEASURE, MEASURE_MS)
        return this.convert(words[0], words[1])
    }

    private async command(code: number, waitMs: number): Promise<number[]> {
        await this.transfer(Buffer.from([code]))
        await ds.sleep(waitMs)
        const data = await this.transfer(Buffer.alloc(0), 6)
        return [checkedWord(data, 0), checkedWord(data, 1)]
    }
}

/**
 * Starts an SHT4x as two sensors: `NAME_temperature` in °C and `NAME_humidity` in %.
 *
 * @devsPart Sensirion SHT40, SHT41, SHT45
 * @devsServices temperature, humidity
 * @param options addresses: 0x44 (default), 0x45, 0x46, by the part's order code; the default name is `sht4x`
 * @throws LeafError DriverBus, DriverChecksum when there is no such part; DriverOption
 */
export async function startSHT4x(options: PartOptions = {}) {
    const part = new Sht4x(options)
    const serialNumber = await part.start()
    const name = options.name || "sht4x"
    const temperature = startSensor({
        spec: ds.Temperature.spec,
        name: `${name}_temperature`,
        min: -40,
        max: 125,
        error: 0.2,
        source: async () => (await part.read()).temperature,
    })
    const humidity = startSensor({
        spec: ds.Humidity.spec,
        name: `${name}_humidity`,
        min: 0,
        max: 100,
        error: 1.8,
        source: async () => (await part.read()).humidity,
    })
    return {
        temperature: new ds.Temperature(temperature),
        humidity: new ds.Humidity(humidity),
        /** 32 bits as two words. */
        serialNumber,
    }
}
