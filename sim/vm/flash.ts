/**
 * The flash of a device: settings and the program, in the runtime's own format ("fstor").
 *
 * Two areas of 8 KB (16 KB on an ESP32) take turns as a log: entries of 24 bytes (name, offset, size) grow up from the start, their
 * values grow down from the end, the last entry of a name counts. When the log is full, what counts is copied to the
 * other area. Entries whose name starts with `*` point to pages of their own behind the two areas: the program.
 * `@devicescript/settings` keeps the setting `name` as JSON under `:name`.
 *
 * The limits are the runtime's: what would be lost there without a word is an error here.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs"

const PAGE = 4096
/** Pages of the simulator's store and of an RP2040 board's: 128 KB. An ESP32 has 64. */
export const STORE_PAGES = 32
/** Pages of each of the two areas: a sixteenth of the store, two at least. */
const areaPages = (pages: number) => Math.max(2, Math.floor(pages / 16))

const MAGIC0 = 0x52545346
const MAGIC1 = 0x6becea0a
const HEADER = 24
const ENTRY = 24
const NAME_BYTES = 16
/** The runtime keeps this much of the log empty. */
const RESERVE = 2 * ENTRY

const PROGRAM = "*prog"
const PROGRAM_HEADER = 128
const PROGRAM_MAGIC0 = 0x8d8abd53
const PROGRAM_MAGIC1 = 0xb27c4b2b
const PROGRAM_ALIGN = 32

/** The longest name that `readSetting` accepts. */
export const MAX_NAME_LENGTH = 13

/** Name, colon and JSON of one setting, in bytes. One byte more, and reading it aborts the runtime. */
export const MAX_SETTING_BYTES = 232

/** The largest program image for a store of so many pages. The runtime never gives its last data page away. */
export function maxProgramBytes(pages: number): number {
    return (pages - 2 * areaPages(pages) - 1) * PAGE - PROGRAM_HEADER
}

/** The largest program image, in bytes: 110,464. The runtime refuses 32 more when it is given a program. */
export const MAX_PROGRAM_BYTES = maxProgramBytes(STORE_PAGES)

/** A setting that does not fit, or bytes that are no flash image. */
export class FlashError extends Error {
    constructor(message: string) {
        super(message)
        this.name = "FlashError"
    }
}

interface Entry {
    name: string
    offset: number
    size: number
}

const align8 = (size: number) => (size === 0 ? 8 : (size + 7) & ~7)

/** The bytes of a device's flash, and what is in them. */
export class FlashImage {
    private readonly flash: Buffer
    /** Bytes of each of the two areas. */
    private readonly areaBytes: number

    /**
     * @param bytes a flash image as the runtime saves it; left out or empty: a new flash
     * @param pages of 4 KB that the board's runtime has for its store
     * @throws FlashError when the bytes are something else. (The runtime would erase them without a word.)
     */
    constructor(
        bytes: Uint8Array = new Uint8Array(0),
        private readonly pages = STORE_PAGES
    ) {
        this.flash = Buffer.alloc(pages * PAGE, 0xff)
        this.areaBytes = areaPages(pages) * PAGE
        if (bytes.length === 0) this.format(0, 1)
        if (bytes.length > this.flash.length)
            throw new FlashError(
                `This is no flash image: ${bytes.length} bytes, at most ${this.flash.length} expected.`
            )
        this.flash.set(bytes)
        this.area()
    }

    /** All bytes of the flash. */
    get bytes(): Buffer {
        return Buffer.from(this.flash)
    }

    /** Takes over what a device has saved. */
    replace(bytes: Uint8Array): void {
        this.flash.fill(0xff)
        this.flash.set(bytes.subarray(0, this.flash.length))
    }

    /** The settings that a device would read, by name; without those that are no JSON, such as a slot of the outbox. */
    settings(): Record<string, unknown> {
        const found: Record<string, unknown> = {}
        for (const [key, value] of this.values())
            if (key.startsWith(":") && value.length)
                try {
                    found[key.slice(1)] = JSON.parse(value.toString("utf8"))
                } catch {
                    // Bytes, for `settingBytes`.
                }
        return found
    }

    /** The names of all settings that are there, whatever their form. */
    settingNames(): string[] {
        return [...this.values()]
            .filter(([name, value]) => name.startsWith(":") && value.length)
            .map(([name]) => name.slice(1))
    }

    /** What the runtime itself reads, such as `wifi_ssid`: names without `:` in front. */
    rawValues(): Record<string, Buffer> {
        const found: Record<string, Buffer> = {}
        for (const [name, value] of this.values())
            if (!/^[:*]/.test(name)) found[name] = Buffer.from(value)
        return found
    }

    /** The bytes of one setting as they are; none if there is no such setting. */
    settingBytes(name: string): Buffer {
        return Buffer.from(this.values().get(`:${name}`) ?? [])
    }

    /**
     * Writes a setting as `writeSetting` would.
     *
     * @throws FlashError when the name, the value or the flash is at its limit
     */
    set(name: string, value: unknown): void {
        if (!name.length || name.length > MAX_NAME_LENGTH)
            throw new FlashError(
                `The setting name "${name}" must have 1 to ${MAX_NAME_LENGTH} characters.`
            )
        const json = JSON.stringify(value) as string | undefined
        if (json === undefined)
            throw new FlashError(`The setting ${name} has no JSON value.`)
        const bytes = Buffer.from(json)
        const size = Buffer.byteLength(name) + 1 + bytes.length
        if (size > MAX_SETTING_BYTES)
            throw new FlashError(
                `The setting ${name} takes ${size} bytes with its name, ${MAX_SETTING_BYTES} at most: ` +
                    `shorten it by ${size - MAX_SETTING_BYTES} or spread it over two settings.`
            )
        this.write(`:${name}`, bytes)
    }

    /** Deletes a setting as `deleteSetting` would; its name keeps 32 bytes of the flash. */
    delete(name: string): void {
        if (this.values().has(`:${name}`))
            this.write(`:${name}`, Buffer.alloc(0))
    }

    /** Writes an entry that the runtime itself reads, such as `wifi_ssid`: 1 to 15 characters, no `:` in front. */
    setRaw(name: string, value: Uint8Array | string): void {
        this.write(name, Buffer.from(value as string))
    }

    /** Bytes of settings that can still be written, entry headers included. */
    freeBytes(): number {
        // What counts, packed: the runtime packs when the log is full.
        let used = HEADER
        for (const entry of this.current().values())
            used +=
                ENTRY + (entry.name.startsWith("*") ? 0 : align8(entry.size))
        return this.areaBytes - used - RESERVE + ENTRY
    }

    /** How often the log was packed into the other area, which is erased for it. */
    get packings(): number {
        return this.generation(this.area()) - 1
    }

    /** The program in flash, or `undefined`. */
    program(): Buffer | undefined {
        const entry = this.current().get(PROGRAM)
        if (!entry) return undefined
        const at = entry.offset
        const size = this.flash.readUInt32LE(at + 4)
        if (
            this.flash.readUInt32LE(at) !== PROGRAM_MAGIC0 ||
            this.flash.readUInt32LE(at + 8) !== PROGRAM_MAGIC1 ||
            size > entry.size - PROGRAM_HEADER
        )
            return undefined
        return Buffer.from(
            this.flash.subarray(at + PROGRAM_HEADER, at + PROGRAM_HEADER + size)
        )
    }

    /**
     * Writes the program, unless the same one is there already.
     *
     * @throws FlashError when it is too large
     */
    setProgram(image: Uint8Array): void {
        const most = maxProgramBytes(this.pages)
        if (image.length > most || image.length % PROGRAM_ALIGN)
            throw new FlashError(
                `The image has ${image.length} bytes; a multiple of ${PROGRAM_ALIGN}, at most ${most}, fits the flash.`
            )
        if (this.program()?.equals(image)) return
        const at = 2 * this.areaBytes
        const size = PROGRAM_HEADER + image.length
        this.flash.fill(0xff, at, at + Math.ceil(size / PAGE) * PAGE)
        this.flash.writeUInt32LE(PROGRAM_MAGIC0, at)
        this.flash.writeUInt32LE(image.length, at + 4)
        this.flash.writeUInt32LE(PROGRAM_MAGIC1, at + 8)
        this.flash.writeUInt32LE(fnv1a(image), at + 12)
        this.flash.fill(0, at + 16, at + PROGRAM_HEADER)
        this.flash.set(image, at + PROGRAM_HEADER)
        const old = this.current().get(PROGRAM)
        if (old?.offset === at && old.size === size) return
        this.makeRoom(PROGRAM, ENTRY)
        this.append({ name: PROGRAM, offset: at, size })
    }

    private values(): Map<string, Buffer> {
        const values = new Map<string, Buffer>()
        for (const { name, offset, size } of this.current().values())
            values.set(name, this.flash.subarray(offset, offset + size))
        return values
    }

    private current(): Map<string, Entry> {
        const found = new Map<string, Entry>()
        for (const entry of this.log().entries) {
            // The order of a compacted log is the order of each name's last entry.
            found.delete(entry.name)
            found.set(entry.name, entry)
        }
        return found
    }

    /** Where the area that counts starts. */
    private area(): number {
        const valid = [0, this.areaBytes].filter(
            at =>
                this.flash.readUInt32LE(at) === MAGIC0 &&
                this.flash.readUInt32LE(at + 4) === MAGIC1 &&
                this.flash.readUInt32LE(at + 12) === PAGE &&
                this.flash.readUInt16LE(at + 16) === this.pages &&
                this.flash.readUInt16LE(at + 18) === areaPages(this.pages)
        )
        if (!valid.length)
            throw new FlashError(
                "This is no flash image: neither of its two areas has a header."
            )
        return valid.reduce((a, b) =>
            this.generation(a) > this.generation(b) ? a : b
        )
    }

    private generation(area: number): number {
        return this.flash.readUInt32LE(area + 8)
    }

    private log(): { entries: Entry[]; end: number; dataStart: number } {
        const area = this.area()
        const entries: Entry[] = []
        let dataStart = area + this.areaBytes
        let end = area + HEADER
        while (end + ENTRY <= dataStart) {
            const offset = this.flash.readUInt32LE(end + NAME_BYTES)
            if (offset === 0xffffffff) break
            const name = this.flash
                .toString("latin1", end, end + NAME_BYTES)
                .replace(/\0.*$/s, "")
            const size = this.flash.readUInt32LE(end + NAME_BYTES + 4)
            if (offset + size > this.flash.length)
                throw new FlashError(`The flash is broken at ${name}.`)
            entries.push({ name, offset, size })
            if (offset < dataStart) dataStart = offset
            end += ENTRY
        }
        return { entries, end, dataStart }
    }

    private write(name: string, value: Buffer): void {
        if (!/^[\x21-\x7e]{1,15}$/.test(name) || name.startsWith("*"))
            throw new FlashError(
                `"${name}" cannot be the name of an entry in flash.`
            )
        const old = this.values().get(name)
        if (old?.equals(value)) return
        const room = align8(value.length)
        this.makeRoom(name, room + ENTRY)
        const offset = this.log().dataStart - room
        value.copy(this.flash, offset)
        this.append({ name, offset, size: value.length })
    }

    private append({ name, offset, size }: Entry): void {
        const { end } = this.log()
        this.flash.fill(0, end, end + NAME_BYTES)
        this.flash.write(name, end, "latin1")
        this.flash.writeUInt32LE(offset, end + NAME_BYTES)
        this.flash.writeUInt32LE(size, end + NAME_BYTES + 4)
    }

    private makeRoom(name: string, bytes: number): void {
        const room = () => {
            const { end, dataStart } = this.log()
            return dataStart - (end - ENTRY) - RESERVE
        }
        if (room() >= bytes) return
        this.compact()
        if (room() < bytes)
            throw new FlashError(
                `The flash is full: ${name.replace(":", "")} needs ${bytes} bytes, ${Math.max(room(), 0)} are free.`
            )
    }

    private compact(): void {
        const current = [...this.current().values()].map(entry => ({
            ...entry,
            value: Buffer.from(
                this.flash.subarray(entry.offset, entry.offset + entry.size)
            ),
        }))
        const old = this.area()
        const area = old === 0 ? this.areaBytes : 0
        this.format(area, this.generation(old) + 1)
        let dataStart = area + this.areaBytes
        for (const { name, offset, size, value } of current) {
            if (name.startsWith("*")) {
                this.append({ name, offset, size })
                continue
            }
            dataStart -= align8(size)
            value.copy(this.flash, dataStart)
            this.append({ name, offset: dataStart, size })
        }
    }

    private format(area: number, generation: number): void {
        this.flash.fill(0xff, area, area + this.areaBytes)
        this.flash.writeUInt32LE(MAGIC0, area)
        this.flash.writeUInt32LE(MAGIC1, area + 4)
        this.flash.writeUInt32LE(generation, area + 8)
        this.flash.writeUInt32LE(PAGE, area + 12)
        this.flash.writeUInt16LE(this.pages, area + 16)
        this.flash.writeUInt16LE(areaPages(this.pages), area + 18)
        this.flash.writeUInt32LE(0, area + 20)
    }
}

/** A new flash that holds these settings, as provisioning leaves it. */
export function flashWith(settings: Record<string, unknown>): FlashImage {
    const image = new FlashImage()
    for (const name of Object.keys(settings)) image.set(name, settings[name])
    return image
}

/** The flash image in a file, or a new flash when there is no such file. */
export function readFlashFile(path: string): FlashImage {
    let bytes: Buffer
    try {
        bytes = readFileSync(path)
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT")
            return new FlashImage()
        throw error
    }
    try {
        return new FlashImage(bytes)
    } catch (error) {
        throw new FlashError(`${path}: ${(error as Error).message}`)
    }
}

/** Writes a flash image so that the file holds either all of the old or all of the new content. */
export function writeFlashFile(path: string, flash: FlashImage): void {
    const draft = `${path}.${process.pid}.tmp`
    writeFileSync(draft, flash.bytes, { mode: 0o600 })
    renameSync(draft, path)
}

/** FNV-1a, 32 bits. */
function fnv1a(bytes: Uint8Array): number {
    let hash = 0x811c9dc5
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
    return hash >>> 0
}
