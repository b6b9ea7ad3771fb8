/**
 * A simulated Bosch BME280: its registers, forced mode and the time that a measurement takes (data sheet, sections 3, 5 and 9.1).
 *
 * It does not compute: raw values are put in. In DeviceScript's dialect, see bus.ts.
 */
import type { I2cPart } from "./bus"

const CALIBRATION_1 = 0x88
const REG_ID = 0xd0
const REG_RESET = 0xe0
const CALIBRATION_2 = 0xe1
const REG_CTRL_HUM = 0xf2
const REG_STATUS = 0xf3
const REG_CTRL_MEAS = 0xf4
const REG_DATA = 0xf7
const RESET = 0xb6

/** With each value oversampled once, section 9.1: the longest. */
const MEASURE_MS = 9.3
/** From power-on until it answers, section 1.1. */
const STARTUP_MS = 2

export class SimulatedBme280 implements I2cPart {
    address = 0x76
    rawTemperature = 519888
    rawPressure = 415148
    rawHumidity = 30000
    /** It never ends a measurement. */
    isSlow = false
    /** Measurements that it has begun. */
    measurements = 0
    readonly registers = Buffer.alloc(256)
    private pointer = 0
    private latchedHumidity = 0
    private readyMs = 0
    private measuring = false
    private onMs: number

    /**
     * @param calibration1 registers 0x88 to 0xa1
     * @param calibration2 registers 0xe1 to 0xe7
     */
    constructor(
        private readonly now: () => number,
        private readonly calibration1: Buffer,
        private readonly calibration2: Buffer
    ) {
        this.powerOn()
        this.onMs = now() - STARTUP_MS
    }

    powerOn(): void {
        const r = this.registers
        for (let i = 0; i < 256; i++) r[i] = 0
        for (let i = 0; i < 26; i++) r[CALIBRATION_1 + i] = this.calibration1[i]
        for (let i = 0; i < 7; i++) r[CALIBRATION_2 + i] = this.calibration2[i]
        r[REG_ID] = 0x60
        // Results after a reset: 0x80000, 0x80000, 0x8000.
        r[REG_DATA] = 0x80
        r[REG_DATA + 3] = 0x80
        r[REG_DATA + 6] = 0x80
        this.pointer = 0
        this.latchedHumidity = 0
        this.measuring = false
        this.onMs = this.now()
    }

    onWrite(bytes: Buffer): boolean {
        if (this.now() - this.onMs < STARTUP_MS) return false
        this.pointer = bytes[0]
        // More than one byte: pairs of register and value (section 6.2.1).
        for (let i = 0; i + 1 < bytes.length; i += 2)
            this.setRegister(bytes[i], bytes[i + 1])
        return true
    }

    onRead(bytes: Buffer): boolean {
        if (this.now() - this.onMs < STARTUP_MS) return false
        this.finish()
        for (let i = 0; i < bytes.length; i++)
            bytes[i] = this.registers[(this.pointer + i) & 0xff]
        return true
    }

    private setRegister(register: number, value: number): void {
        if (register === REG_RESET && value === RESET) {
            this.powerOn()
            return
        }
        if (register !== REG_CTRL_HUM && register !== REG_CTRL_MEAS) return
        this.registers[register] = value
        if (register !== REG_CTRL_MEAS) return
        // The humidity's oversampling counts from here on (section 5.4.3).
        this.latchedHumidity = this.registers[REG_CTRL_HUM] & 7
        const mode = value & 3
        if (mode !== 1 && mode !== 2) return
        this.measurements++
        this.measuring = true
        this.registers[REG_STATUS] = 8
        this.readyMs = this.now() + MEASURE_MS
    }

    private finish(): void {
        if (!this.measuring || this.isSlow || this.now() < this.readyMs) return
        this.measuring = false
        const r = this.registers
        r[REG_STATUS] = 0
        const control = r[REG_CTRL_MEAS]
        // Back to sleep.
        r[REG_CTRL_MEAS] = control & 0xfc
        const p = ((control >> 2) & 7) !== 0 ? this.rawPressure : 0x80000
        const t = control >> 5 !== 0 ? this.rawTemperature : 0x80000
        const h = this.latchedHumidity !== 0 ? this.rawHumidity : 0x8000
        r[REG_DATA] = p >> 12
        r[REG_DATA + 1] = (p >> 4) & 0xff
        r[REG_DATA + 2] = (p << 4) & 0xff
        r[REG_DATA + 3] = t >> 12
        r[REG_DATA + 4] = (t >> 4) & 0xff
        r[REG_DATA + 5] = (t << 4) & 0xff
        r[REG_DATA + 6] = h >> 8
        r[REG_DATA + 7] = h & 0xff
    }
}

/** The factory's values of the data sheet's example for temperature and pressure (BMP280, section 3.12), and usual ones for humidity. */
export function exampleCalibration1(): Buffer {
    const values = [
        27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600,
        6000,
    ]
    const bytes = Buffer.alloc(26)
    for (let i = 0; i < values.length; i++) {
        bytes[2 * i] = values[i] & 0xff
        bytes[2 * i + 1] = (values[i] >> 8) & 0xff
    }
    // H1
    bytes[25] = 75
    return bytes
}

/** H2 = 362, H3 = 0, H4 = 321, H5 = 50, H6 = 30. */
export function exampleCalibration2(): Buffer {
    return Buffer.from([0x6a, 0x01, 0x00, 0x14, 0x21, 0x03, 0x1e])
}
