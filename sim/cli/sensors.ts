/** The option `--sensor`: what the simulated thermometer and hygrometer measure. */
import { readFileSync } from "node:fs"
import { parse } from "csv-parse/sync"
import { RANGES, type SensorOptions } from "../vm/sensors"
import {
    constant,
    randomWalk,
    replay,
    type Sample,
    type Signal,
    sine,
} from "../vm/signals"
import { Failure, systemCode } from "./failure"
import { USAGE } from "./options"

/** For the help of the commands that have it. */
export const SENSOR_HELP = `  --sensor <name>=<signal>
                       what temperature (in °C) or humidity (in %) is; once for each of them:
                         temperature=constant:21.5
                         temperature=sine:22,3,60       mean, amplitude, period in seconds
                         humidity=walk:45,0.5,10,7      start, largest step, seconds between steps, seed (default 1)
                         temperature=csv:day.csv        from a file with the columns seconds and temperature
                         humidity=none                  there is no such sensor
`

type SensorName = keyof typeof RANGES

const FIELDS = {
    temperature: "temperatureC",
    humidity: "humidityPercent",
} as const satisfies Record<SensorName, keyof SensorOptions>

/** 50 MB of CSV are a year of readings a second. */
const MAX_FILE_BYTES = 50_000_000
const LONGEST_SEC = 1e9

type Signals = Pick<SensorOptions, "temperatureC" | "humidityPercent">

/** What the options say, and `usual` for a sensor of which they say nothing. */
export function readSensors(
    options: readonly string[] | undefined,
    usual: Signals
): Signals {
    const signals = { ...usual }
    const named = new Set<string>()
    for (const option of options ?? []) {
        const equals = option.indexOf("=")
        const name = option.slice(0, Math.max(equals, 0))
        if (!Object.hasOwn(FIELDS, name))
            throw wrong(option, "temperature=… or humidity=… is wanted")
        if (named.has(name)) throw wrong(option, `${name} is there twice`)
        named.add(name)
        const sensor = name as SensorName
        signals[FIELDS[sensor]] = readSignal(
            option,
            sensor,
            option.slice(equals + 1)
        )
    }
    return signals
}

function readSignal(
    option: string,
    sensor: SensorName,
    text: string
): Signal | undefined {
    if (text === "none") return undefined
    const colon = text.indexOf(":")
    const kind = colon < 0 ? text : text.slice(0, colon)
    const rest = colon < 0 ? "" : text.slice(colon + 1)
    if (kind === "csv") return replay(readCsv(option, sensor, rest))
    const numbers = rest.split(",").map(toNumber)
    const count = (least: number, most = least) => {
        if (numbers.length < least || numbers.length > most)
            throw wrong(option, `${kind} has ${least} numbers behind the colon`)
        if (numbers.some(Number.isNaN))
            throw wrong(option, "one of the numbers is none")
    }
    const { minReading: least, maxReading: most } = RANGES[sensor]
    const inRange = (...values: number[]) => {
        if (values.some(value => value < least || value > most))
            throw wrong(option, `${sensor} is from ${least} to ${most}`)
    }
    const period = (seconds: number) => {
        if (!(seconds > 0 && seconds <= LONGEST_SEC))
            throw wrong(option, "the seconds have to be more than 0")
        return seconds * 1000
    }
    switch (kind) {
        case "constant": {
            count(1)
            inRange(numbers[0])
            return constant(numbers[0])
        }
        case "sine": {
            count(3)
            const [mean, amplitude, seconds] = numbers
            inRange(mean - Math.abs(amplitude), mean + Math.abs(amplitude))
            return sine(mean, amplitude, period(seconds))
        }
        case "walk": {
            count(3, 4)
            const [start, step, seconds, seed = 1] = numbers
            inRange(start)
            return randomWalk({
                start,
                step,
                stepMs: period(seconds),
                seed,
                least,
                most,
            })
        }
        default:
            throw wrong(
                option,
                "there are constant:…, sine:…, walk:…, csv:… and none"
            )
    }
}

/** Columns `seconds`, growing, and one with the sensor's name; others are left alone. */
function readCsv(option: string, sensor: SensorName, name: string): Sample[] {
    const { minReading: least, maxReading: most } = RANGES[sensor]
    const samples: Sample[] = []
    for (const { record, info } of readRecords(option, name)) {
        const line = `line ${info.lines} of ${name}`
        for (const column of ["seconds", sensor])
            if (record[column] === undefined)
                throw wrong(option, `${name} has no column ${column}`)
        const seconds = toNumber(record.seconds)
        const value = toNumber(record[sensor])
        if (!(seconds >= 0 && seconds <= LONGEST_SEC))
            throw wrong(option, `${line}: the seconds are no number from 0 on`)
        if (!(value >= least && value <= most))
            throw wrong(
                option,
                `${line}: the ${sensor} is no number from ${least} to ${most}`
            )
        const atMs = seconds * 1000
        const last = samples.at(-1)
        if (last && atMs <= last.atMs)
            throw wrong(option, `${line}: the seconds do not grow`)
        samples.push({ atMs, value })
    }
    if (!samples.length)
        throw wrong(option, `${name} has a first line with names and no others`)
    return samples
}

interface CsvRecord {
    record: Record<string, string | undefined>
    info: { lines: number }
}

function readRecords(option: string, name: string): CsvRecord[] {
    let text: string
    try {
        text = readFileSync(name, "utf8")
    } catch (error) {
        throw wrong(option, `the file cannot be read (${systemCode(error)})`)
    }
    if (text.length > MAX_FILE_BYTES)
        throw wrong(option, `the file has more than ${MAX_FILE_BYTES} bytes`)
    try {
        return parse(text, {
            bom: true,
            columns: true,
            info: true,
            record_delimiter: ["\r\n", "\n"],
            skip_empty_lines: true,
            trim: true,
        }) as unknown as CsvRecord[]
    } catch (error) {
        throw wrong(
            option,
            `that is no CSV: ${(error as Error).message.toLowerCase()}`
        )
    }
}

/** NaN for what is no decimal number. */
function toNumber(text: string | undefined): number {
    return text !== undefined && /^[+-]?\d+(\.\d+)?$/.test(text.trim())
        ? Number(text)
        : NaN
}

function wrong(option: string, what: string): Failure {
    return new Failure(`--sensor ${option}: ${what}.`, USAGE)
}
