/** Stand-ins for runtime images: as large and as laid out as needed, with random content. */
import { Chip } from "../../../sim/boards/catalog"
import { RP2040_FAMILY } from "../../../sim/boards/uf2"
import { Random } from "../../random"

export const STAND_IN_VERSION = "2.15.7"
const RP2040_FLASH = 0x10000000

/** The runtime's own bytes, from the address at which it starts. */
export function standInRuntime(chip: Chip, random: Random): Buffer {
    if (chip.format === "uf2") return random.bytes(0x3000 + 256)
    const bytes = random.bytes(0x12000)
    // Between boot loader and application: the place of the board's pins is blank.
    bytes.fill(0xff, 0x8000 - chip.flashOffset, 0x10000 - chip.flashOffset)
    const description = 0x10020 - chip.flashOffset
    bytes.writeUInt32LE(0xabcd5432, description)
    bytes.fill(0, description + 16, description + 48)
    bytes.write(`v${STAND_IN_VERSION}`, description + 16)
    return bytes
}

/** The file that such a runtime comes in. */
export function standInFile(chip: Chip, runtime: Buffer): Buffer {
    return chip.format === "bin" ? runtime : writeUf2(RP2040_FLASH, runtime)
}

/** A UF2 file, after the format's description; DeviceScript's writer has no part in it. */
export function writeUf2(address: number, bytes: Buffer): Buffer {
    const count = Math.ceil(bytes.length / 256)
    return Buffer.concat(
        Array.from({ length: count }, (_, index) => {
            const block = Buffer.alloc(512)
            block.writeUInt32LE(0x0a324655, 0)
            block.writeUInt32LE(0x9e5d5157, 4)
            block.writeUInt32LE(0x2000, 8)
            block.writeUInt32LE(address + index * 256, 12)
            block.writeUInt32LE(256, 16)
            block.writeUInt32LE(index, 20)
            block.writeUInt32LE(count, 24)
            block.writeUInt32LE(RP2040_FAMILY, 28)
            bytes.copy(block, 32, index * 256, (index + 1) * 256)
            block.writeUInt32LE(0x0ab16f30, 508)
            return block
        })
    )
}
