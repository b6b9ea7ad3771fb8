/**
 * What a driver measures, as a sensor on the device's own Jacdac bus: roles of the program find it, and so does a gateway of Jacdac.
 *
 * A failed reading is no value: its request is answered with nothing, no sample is sent, the console tells why once, and the service's
 * status code has the error's code until a reading succeeds. DeviceScript's own server would end the program there.
 */
import * as ds from "@devicescript/core"
import { SensorServer, startServer } from "@devicescript/server"
import { ErrorCode, errorCode, failIf } from "../errors"

/** What is measured and its limits, in the unit of its Jacdac service. */
export interface SensorOptions {
    spec: ds.ServiceSpec
    name: string
    min: number
    max: number
    /** How far a reading may be off. */
    error: number
    /** @throws any error when there is no reading */
    source: () => Promise<number>
}

class ReadingServer extends SensorServer {
    private failure = 0

    constructor(private readonly options: SensorOptions) {
        super(options.spec)
        const self = this as any
        // The library's own encodes whatever `reading` returns: nothing would be an exception in a timer, and so a panic.
        self.sendSample = async () => {
            const value = await self.reading()
            if (value !== undefined)
                await self._send(self.spec.lookup("reading").encode(value))
            self._streamingSamples--
            self.maybeStop()
        }
    }

    async reading(): Promise<number> {
        try {
            const value = await this.options.source()
            this.failure = 0
            return value
        } catch (e: any) {
            const code = errorCode(e)
            // Once: a sensor that is gone fails at each sample.
            if (code !== this.failure)
                console.log(`${this.options.name}: ${e.message} (${code})`)
            this.failure = code
            return undefined
        }
    }

    override statusCode(): ds.AsyncValue<[number, number]> {
        return [0, this.failure]
    }

    readingError(): number {
        return this.options.error
    }

    minReading(): number {
        return this.options.min
    }

    maxReading(): number {
        return this.options.max
    }
}

const names: string[] = []

/**
 * Puts a sensor on the bus.
 *
 * @returns the name of its role: `new ds.Temperature(startSensor(…))`
 * @throws LeafError DriverOption when a sensor of that name is there
 */
export function startSensor(options: SensorOptions): string {
    for (const name of names)
        failIf(
            name === options.name,
            ErrorCode.DriverOption,
            `drivers: there is a sensor ${name}`
        )
    names.push(options.name)
    return startServer(new ReadingServer(options), { roleName: options.name })
}
