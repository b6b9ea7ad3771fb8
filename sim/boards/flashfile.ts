/**
 * A file that is written to a board's flash, whichever its form: what is at an address, and a copy with more in it.
 *
 * `.bin` files (ESP32) are the flash from one offset on; `.uf2` files (RP2040) name the address of each block.
 */
import { loadCompiler } from "../vm/cli"
import { Chip } from "./catalog"
import { isUf2, readUf2 } from "./uf2"

const PAGE = 4096

/** A file that does not fit together: one clause. */
export class FlashFileError extends Error {
    constructor(message: string) {
        super(message)
        this.name = "FlashFileError"
    }
}

export class FlashFile {
    private constructor(
        private readonly chip: Chip,
        readonly bytes: Buffer,
        /** Pieces in the order of their addresses, none over another. */
        private readonly pieces: { address: number; data: Buffer }[]
    ) {}

    /** @throws FlashFileError, Uf2Error */
    static read(chip: Chip, bytes: Buffer): FlashFile {
        if (isUf2(bytes) !== (chip.format === "uf2"))
            throw new FlashFileError(
                `a ${chip.title} takes a .${chip.format} file, which this is not`
            )
        return new FlashFile(
            chip,
            bytes,
            chip.format === "uf2"
                ? readUf2(bytes).blocks
                : [{ address: chip.flashOffset, data: bytes }]
        )
    }

    /** Bytes from an address on: 0xff where the file has nothing. */
    at(address: number, length: number): Buffer {
        const found = Buffer.alloc(length, 0xff)
        for (const piece of this.pieces) {
            const from = Math.max(address, piece.address)
            const to = Math.min(
                address + length,
                piece.address + piece.data.length
            )
            if (from < to)
                piece.data.copy(
                    found,
                    from - address,
                    from - piece.address,
                    to - piece.address
                )
        }
        return found
    }

    /** Whether the file has nothing there: only bytes of erased or never used flash. */
    isBlank(address: number, length: number): boolean {
        const bytes = this.at(address, length)
        return (
            bytes.every(byte => byte === 0xff) ||
            bytes.every(byte => byte === 0)
        )
    }

    /** Where the file's last byte goes. */
    get end(): number {
        const last = this.pieces[this.pieces.length - 1]
        return last.address + last.data.length
    }

    /** A copy with these bytes at their addresses; the caller has seen that nothing else is there. */
    with(additions: { address: number; data: Uint8Array }[]): FlashFile {
        const { chip } = this
        if (chip.format === "uf2") {
            const file = loadCompiler().UF2File.fromFile(this.bytes)
            // The boot loader erases whole pages: the rest of the runtime's last page is written too, as DeviceScript does it.
            const rest = -this.end & (PAGE - 1)
            if (rest) file.writeBytes(this.end, new Uint8Array(rest).fill(0xff))
            for (const { address, data } of additions)
                file.writeBytes(address, data)
            return FlashFile.read(chip, Buffer.from(file.serialize()))
        }
        const end = Math.max(
            this.end,
            ...additions.map(({ address, data }) => address + data.length)
        )
        const size = (end - chip.flashOffset + PAGE - 1) & ~(PAGE - 1)
        const bytes = Buffer.alloc(size, 0xff)
        this.bytes.copy(bytes)
        for (const { address, data } of additions)
            bytes.set(data, address - chip.flashOffset)
        return FlashFile.read(chip, bytes)
    }
}
