/**
 * A simulated I2C bus at the level of a transaction, with the faults of a real one.
 *
 * Plain code that runs in both worlds: under Node, and compiled into a test's firmware, where it stands in for the board's bus. So
 * it keeps to DeviceScript's dialect. What the device sees is what the VM's `_i2cTransaction` gives it: a status, and bytes.
 */

/** Status of a transaction, as DeviceScript numbers them. */
export const I2C_OK = 0
export const I2C_NACK_ADDRESS = 1
export const I2C_NACK_DATA = 2

/** A part on the bus. */
export interface I2cPart {
    address: number
    /** Takes bytes. @returns whether it acknowledges them */
    onWrite(bytes: Buffer): boolean
    /** Fills `bytes`. @returns whether it acknowledges its address */
    onRead(bytes: Buffer): boolean
    /** Its supply was gone for a moment: whatever it was doing is lost. */
    powerOn(): void
}

/** What goes wrong at one transaction: a brown-out comes right after it. */
export type BusFault = "none" | "nack" | "brownout" | "flip"

export class SimulatedBus {
    readonly parts: I2cPart[] = []
    /** Something holds the data line low: no transaction gets through. */
    isStuck = false
    /** Transactions so far. */
    count = 0
    /** The number of the transaction that `fault` hits; counted from 0, and none by default. */
    faultAt = -1
    fault: BusFault = "none"
    /** Which bit of what is read flips. */
    flipBit = 0

    /** One transaction, as the VM's `_i2cTransaction` has it. */
    async transaction(
        address: number,
        write: Buffer,
        read: Buffer | undefined
    ): Promise<number> {
        const isHit = this.count === this.faultAt
        this.count++
        if (this.isStuck) return I2C_NACK_ADDRESS
        if (isHit && this.fault === "nack") return I2C_NACK_ADDRESS
        const status = this.pass(address, write, read)
        if (isHit && this.fault === "brownout")
            for (const part of this.parts) part.powerOn()
        if (isHit && this.fault === "flip" && read !== undefined)
            read[this.flipBit >> 3] ^= 1 << (this.flipBit & 7)
        return status
    }

    private pass(
        address: number,
        write: Buffer,
        read: Buffer | undefined
    ): number {
        for (const part of this.parts) {
            if (part.address !== address) continue
            if (write.length > 0 && !part.onWrite(write)) return I2C_NACK_DATA
            if (read === undefined) return I2C_OK
            return part.onRead(read) ? I2C_OK : I2C_NACK_ADDRESS
        }
        return I2C_NACK_ADDRESS
    }
}
