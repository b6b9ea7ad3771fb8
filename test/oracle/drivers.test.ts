/**
 * Drivers' conversions, 10,000 random raw values a part, against formulas written another way: for the BME280 the data sheet's
 * floating-point ones for temperature and humidity, and its 64-bit integer one for pressure, where the driver has doubles.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { exampleCalibration1, exampleCalibration2 } from "../../sim/i2c/bme280"
// The VM's own Buffer class, as the drivers see it.
import { Buffer as DeviceBuffer } from "../../sim/shim/buffer"
import { seededRandom } from "../random"

const { errorCode } = require("../../src/errors") as {
    errorCode(error: unknown): number
}
const deviceBytes = (bytes: Iterable<number>) => DeviceBuffer.from([...bytes])

const DRIVER_NO_DATA = 8005
const DRIVER_RANGE = 8006

/** What a conversion gives, or its error's code. */
function codeOr<T>(convert: () => T): T | number {
    try {
        return convert()
    } catch (error) {
        return errorCode(error)
    }
}

function near(actual: number, expected: number, tolerance: number): void {
    assert.ok(
        Math.abs(actual - expected) <= tolerance,
        `${actual} is not ${expected} +- ${tolerance}`
    )
}

interface Device280 {
    setCalibration(a: unknown, b: unknown): void
    convert(data: unknown): {
        temperature: number
        humidity: number
        pressure: number
    }
}
const { Bme280 } = require("../../src/drivers/bme280") as {
    Bme280: new (options: object) => Device280
}

const VALUES = 10_000

// The factory's values of the example.
const T = [27504, 26435, -1000]
const P = [36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000]
const H = [75, 362, 0, 321, 50, 30]

/** Degrees, and the fine temperature. */
function temperatureOf(raw: number): { celsius: number; fine: number } {
    const difference = raw / 16384 - T[0] / 1024
    const fine = difference * T[1] + (difference / 8) ** 2 * T[2]
    return { celsius: fine / 5120, fine }
}

function humidityOf(raw: number, fine: number): number {
    const t = fine - 76800
    const wet = raw - (H[3] * 64 + (H[4] / 16384) * t)
    const gain = 1 + (H[5] / 67108864) * t * (1 + (H[2] / 67108864) * t)
    const h = wet * (H[1] / 65536) * gain
    return Math.min(100, Math.max(0, h * (1 - (H[0] * h) / 524288)))
}

/** In Pa. */
function pressureOf(raw: number, fine: number): number {
    const [p1, p2, p3, p4, p5, p6, p7, p8, p9] = P.map(BigInt)
    const t = BigInt(Math.trunc(fine)) - 128000n
    const offset = t * t * p6 + ((t * p5) << 17n) + (p4 << 35n)
    const scale =
        (((1n << 47n) + ((t * t * p3) >> 8n) + ((t * p2) << 12n)) * p1) >> 33n
    const p = (((1048576n - BigInt(raw)) << 31n) - offset) * 3125n
    const q = p / scale
    const curved = (p9 * (q >> 13n) * (q >> 13n)) >> 25n
    return Number(((q + curved + ((p8 * q) >> 19n)) >> 8n) + (p7 << 4n)) / 256
}

test("BME280: 10,000 random raw values give what the other formulas give, or the error of what is outside", () => {
    const random = seededRandom("drivers")
    const part = new Bme280({ bus: {} })
    part.setCalibration(
        deviceBytes(exampleCalibration1()),
        deviceBytes(exampleCalibration2())
    )
    const seen = { values: 0, range: 0 }
    for (let i = 0; i < VALUES; i++) {
        // Half of them over all bits, half where the part measures.
        const wide = random.oneIn(2)
        const t = wide ? random.below(1 << 20) : random.between(310000, 700000)
        const p = wide ? random.below(1 << 20) : random.between(330000, 600000)
        const h = random.below(1 << 16)
        const data = deviceBytes([
            p >> 12,
            (p >> 4) & 255,
            (p << 4) & 255,
            t >> 12,
            (t >> 4) & 255,
            (t << 4) & 255,
            h >> 8,
            h & 255,
        ])
        const result = codeOr(() => part.convert(data))
        if (p === 0x80000 || t === 0x80000 || h === 0x8000) {
            assert.equal(result, DRIVER_NO_DATA)
            continue
        }
        const { celsius, fine } = temperatureOf(t)
        const hectopascals = pressureOf(p, fine) / 100
        if (typeof result === "number") {
            assert.equal(result, DRIVER_RANGE)
            const outside = (value: number, min: number, max: number) =>
                value < min + 0.02 || value > max - 0.02
            assert.ok(
                outside(celsius, -40, 85) || outside(hectopascals, 300, 1100),
                `${celsius} degrees and ${hectopascals} hPa were refused`
            )
            seen.range++
            continue
        }
        // The integers' resolution: 0.01 degrees, 0.05 % after several roundings, a Pascal for a rounded temperature.
        near(result.temperature, celsius, 0.011)
        near(result.humidity, humidityOf(h, fine), 0.05)
        near(result.pressure, hectopascals, 0.01)
        seen.values++
    }
    console.log(seen)
    assert.ok(seen.values > 2000 && seen.range > 2000)
})

interface DeviceSht {
    convert(t: number, h: number): { temperature: number; humidity: number }
}
const { Sht4x } = require("../../src/drivers/sht4x") as {
    Sht4x: new (options: object) => DeviceSht
}

test("SHT4x: 10,000 random raw values give what the data sheet's lines give, or the error of what is outside", () => {
    const random = seededRandom("SHT4x")
    const part = new Sht4x({ bus: {} })
    const seen = { values: 0, range: 0 }
    for (let i = 0; i < VALUES; i++) {
        const t = random.below(1 << 16)
        const h = random.below(1 << 16)
        const celsius = -45 + 175 * (t / (2 ** 16 - 1))
        const percent = -6 + 125 * (h / (2 ** 16 - 1))
        const result = codeOr(() => part.convert(t, h))
        if (typeof result === "number") {
            assert.equal(result, DRIVER_RANGE)
            assert.ok(celsius < -39.999 || celsius > 124.999)
            seen.range++
            continue
        }
        near(result.temperature, celsius, 1e-9)
        near(result.humidity, Math.max(0, Math.min(100, percent)), 1e-9)
        seen.values++
    }
    console.log(seen)
    assert.ok(seen.values > 9000 && seen.range > 0)
})

const { Sht3x } = require("../../src/drivers/sht3x") as {
    Sht3x: new (options: object) => DeviceSht
}

test("SHT3x: 10,000 random raw values give what the data sheet's lines give, or the error of what is outside", () => {
    const random = seededRandom("SHT3x")
    const part = new Sht3x({ bus: {} })
    const seen = { values: 0, range: 0 }
    for (let i = 0; i < VALUES; i++) {
        const t = random.below(1 << 16)
        const h = random.below(1 << 16)
        const celsius = -45 + 175 * (t / (2 ** 16 - 1))
        const result = codeOr(() => part.convert(t, h))
        if (typeof result === "number") {
            assert.equal(result, DRIVER_RANGE)
            assert.ok(celsius < -39.999 || celsius > 124.999)
            seen.range++
            continue
        }
        near(result.temperature, celsius, 1e-9)
        near(result.humidity, 100 * (h / (2 ** 16 - 1)), 1e-9)
        seen.values++
    }
    console.log(seen)
    assert.ok(seen.values > 9000 && seen.range > 0)
})
