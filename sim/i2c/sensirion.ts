/**
 * A simulated Sensirion part: a command is written, and after its time words can be read, each with its CRC.
 *
 * As the data sheets have it, the part does not acknowledge its address while it works, nor when it has nothing to tell. Commands
 * are numbers of one byte (SHT4x) or two (SHT3x, SCD4x). In DeviceScript's dialect, see bus.ts.
 */
import type { I2cPart } from "./bus"

/** What a part does for one command. */
export interface Command {
    code: number
    /** How long it is busy, at most. */
    ms: number
    /** What can be read then; empty for nothing. */
    words: number[]
}

export class SimulatedSensirion implements I2cPart {
    /** It works for ever. */
    isSlow = false
    /** Commands that it took. */
    taken: number[] = []
    private answer: number[] = []
    private readyMs = 0

    /** @param codeBytes length of a command, 1 or 2 */
    constructor(
        private readonly now: () => number,
        public address: number,
        private readonly codeBytes: number,
        public commands: Command[]
    ) {
        this.readyMs = now()
    }

    powerOn(): void {
        this.answer = []
        // SHT3x and SHT4x: ready after a millisecond.
        this.readyMs = this.now() + 1
    }

    onWrite(bytes: Buffer): boolean {
        if (this.isBusy()) return false
        const code =
            this.codeBytes === 1 ? bytes[0] : (bytes[0] << 8) | bytes[1]
        for (const command of this.commands) {
            if (command.code !== code) continue
            this.taken.push(code)
            this.answer = command.words
            this.readyMs = this.now() + command.ms
            return true
        }
        return false
    }

    onRead(bytes: Buffer): boolean {
        if (this.isBusy() || this.isSlow || this.answer.length === 0)
            return false
        for (let i = 0; i < bytes.length; i++) {
            const word = this.answer[(i / 3) | 0]
            const low = word & 0xff
            const high = word >> 8
            const place = i % 3
            bytes[i] = place === 0 ? high : place === 1 ? low : crcOf(high, low)
        }
        this.answer = []
        return true
    }

    private isBusy(): boolean {
        return this.now() < this.readyMs
    }
}

/** The remainder of the division by x^8 + x^5 + x^4 + 1, of the two bytes with the start value 0xff on the first. */
function crcOf(high: number, low: number): number {
    let rest = (((high ^ 0xff) << 8) | low) << 8
    for (let bit = 23; bit >= 8; bit--)
        if (((rest >> bit) & 1) === 1) rest ^= 0x131 << (bit - 8)
    return rest & 0xff
}

/** An SHT4x with a serial number. @param address 0x44 to 0x46 */
export function simulatedSht4x(
    now: () => number,
    temperature: number,
    humidity: number
): SimulatedSensirion {
    return new SimulatedSensirion(now, 0x44, 1, [
        { code: 0xfd, ms: 8.3, words: [temperature, humidity] },
        { code: 0x89, ms: 1, words: [0x0123, 0x4567] },
        { code: 0x94, ms: 1, words: [] },
    ])
}

/** An SHT3x with a serial number, and its status register as it is after a reset. */
export function simulatedSht3x(
    now: () => number,
    temperature: number,
    humidity: number
): SimulatedSensirion {
    return new SimulatedSensirion(now, 0x44, 2, [
        { code: 0x2400, ms: 15.5, words: [temperature, humidity] },
        { code: 0x3682, ms: 1, words: [0x0123, 0x4567] },
        { code: 0x30a2, ms: 1.5, words: [] },
    ])
}
