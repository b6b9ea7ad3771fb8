/**
 * Reads UF2 files (Microsoft's USB flashing format): blocks of 512 bytes, each with an address and up to 476 bytes of data.
 *
 * This is the reader that checks what DeviceScript's writer has made, so it is code of its own and strict: a block with other marks, out
 * of its place, or at an address that another has, is an error. Extension tags, file containers and checksums are not read.
 */

const BLOCK = 512
const DATA_AT = 32
const MAX_DATA = 476
const MAGIC_0 = 0x0a324655
const MAGIC_1 = 0x9e5d5157
const MAGIC_END = 0x0ab16f30
/** The block is not for the flash. */
const NOT_FLASH = 1
const HAS_FAMILY = 0x2000

/** The family of RP2040 boards. */
export const RP2040_FAMILY = 0xe48bff56

/** The file is no UF2 file, or a damaged one. */
export class Uf2Error extends Error {
    constructor(message: string) {
        super(message)
        this.name = "Uf2Error"
    }
}

export interface Uf2Block {
    address: number
    data: Buffer
}

export interface Uf2 {
    /** In the order of their addresses. */
    blocks: Uf2Block[]
    /** Which chip it is for; 0 when the file does not say. */
    family: number
}

export function isUf2(bytes: Buffer): boolean {
    return bytes.length >= BLOCK && bytes.readUInt32LE(0) === MAGIC_0
}

/** @throws Uf2Error */
export function readUf2(bytes: Buffer): Uf2 {
    if (!isUf2(bytes) || bytes.length % BLOCK)
        throw new Uf2Error("it is no UF2 file of whole blocks")
    const count = bytes.length / BLOCK
    const blocks: Uf2Block[] = []
    let family = 0
    for (let index = 0; index < count; index++) {
        const block = bytes.subarray(index * BLOCK, (index + 1) * BLOCK)
        const size = block.readUInt32LE(16)
        if (
            block.readUInt32LE(0) !== MAGIC_0 ||
            block.readUInt32LE(4) !== MAGIC_1 ||
            block.readUInt32LE(BLOCK - 4) !== MAGIC_END ||
            size > MAX_DATA
        )
            throw new Uf2Error(`its block ${index} is damaged`)
        if (
            block.readUInt32LE(20) !== index ||
            block.readUInt32LE(24) !== count
        )
            throw new Uf2Error(`its block ${index} is not in its place`)
        const flags = block.readUInt32LE(8)
        if (flags & NOT_FLASH) continue
        if (flags & HAS_FAMILY) family = block.readUInt32LE(28)
        blocks.push({
            address: block.readUInt32LE(12),
            data: block.subarray(DATA_AT, DATA_AT + size),
        })
    }
    blocks.sort((a, b) => a.address - b.address)
    for (let index = 1; index < blocks.length; index++) {
        const { address, data } = blocks[index - 1]
        if (blocks[index].address < address + data.length)
            throw new Uf2Error(
                `two blocks are for 0x${blocks[index].address.toString(16)}`
            )
    }
    return { blocks, family }
}
