/**
 * The boards: `boards/*.board.json` of this package and of the user's project, in DeviceScript's own format.
 *
 * What Edge Leaf adds stands under `$leaf`, which DeviceScript passes over: the short name, where the status LED and a sensor's wires
 * go, and what is different on the board. The chip's facts (where the runtime looks for the board's pins and for its store) are
 * DeviceScript's. A board without Wi-Fi, or without the heap that a TLS handshake takes, is refused.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs"
import { basename, join } from "node:path"
import { Architecture, loadCompiler } from "../vm/cli"
import { maxProgramBytes } from "../vm/flash"

/** The boards that come with the package. */
const PACKAGE_BOARDS = join(__dirname, "../../../boards")
const SUFFIX = ".board.json"

/** A board that is not there, or not as it should be: one sentence. */
export class BoardError extends Error {
    constructor(message: string) {
        super(message)
        this.name = "BoardError"
    }
}

/** What a sensor's wires go to, as it is printed on the board. */
export interface Wiring {
    supply: string
    ground: string
    sda: string
    scl: string
}

/** A board as DeviceScript describes it, as far as it is used here. */
export interface BoardFile {
    id: string
    archId: string
    devName: string
    productId: string
    pins: Record<string, number>
    i2c: { pinSDA: number | string; pinSCL: number | string }
    led: { pin: number | string; type?: number; isMono?: boolean }
}

export interface BoardDescription {
    /** What `--board` takes. */
    name: string
    title: string
    /** Where the status LED is. */
    led: string
    wiring: Wiring
    /** What is different on this board, a sentence each. */
    notes: string[]
    /** The board's file for DeviceScript. */
    file: BoardFile
    chip: Chip
}

/** What is known about a chip's runtime. Addresses are those of the image's file, from its first byte on. */
export interface Chip {
    id: string
    title: string
    format: "bin" | "uf2"
    /** The runtime image's file, without a version. */
    image: string
    /** Where DeviceScript downloads the newest one. */
    newest: string
    /** Where esptool writes the image; of UF2 files they know it themselves. */
    flashOffset: number
    /** Where the board's description goes: an address of the chip. */
    hardwareAddress: number
    /** Where the store goes: an address of the chip. */
    storeAddress: number
    storePages: number
    /** The largest program, in bytes. */
    programBytes: number
}

/** Chips on which the runtime has Wi-Fi and 64 KB of heap. */
const CHIPS: readonly string[] = ["esp32", "esp32c3", "esp32s3", "rp2040w"]

/** Why others are refused. */
const REFUSED: ReadonlyMap<string, string> = new Map([
    [
        "esp32s2",
        "the ESP32-S2 has 40 KB of heap, and a TLS handshake takes up to 54 KB: take an ESP32-C3, ESP32-S3, ESP32 or Pico W",
    ],
    [
        "rp2040",
        "the RP2040 has no Wi-Fi without the Pico W's chip: take a Pico W",
    ],
])

/** @throws BoardError */
export function chipOf(id: string): Chip {
    const architectures = loadCompiler().resolveBuildConfig({
        hwInfo: {},
    }).archs
    if (!CHIPS.includes(id) || !Object.hasOwn(architectures, id))
        throw new BoardError(
            REFUSED.get(id) ?? `the chip "${id}" is none that Edge Leaf runs on`
        )
    const chip: Architecture = architectures[id]
    const format = chip.bareUrl.endsWith(".uf2") ? "uf2" : "bin"
    return {
        id,
        title: chip.name,
        format,
        image: basename(chip.bareUrl),
        newest: chip.bareUrl,
        flashOffset: Number(chip.binFlashOffset ?? 0),
        hardwareAddress: Number(chip.dcfgOffset),
        storeAddress: Number(chip.fstorOffset),
        storePages: chip.fstorPages,
        programBytes: maxProgramBytes(chip.fstorPages),
    }
}

/**
 * The boards that there are: the package's, then those of the project.
 *
 * @param project the folder whose `boards/` may have more
 * @throws BoardError when a file is not as it should be
 */
export function readBoards(project?: string): BoardDescription[] {
    const folders = [PACKAGE_BOARDS]
    const own = project && join(project, "boards")
    if (own && own !== PACKAGE_BOARDS && existsSync(own)) folders.push(own)
    const boards = new Map<string, BoardDescription>()
    for (const folder of folders)
        for (const name of readdirSync(folder).sort())
            if (name.endsWith(SUFFIX)) {
                const board = readBoardFile(join(folder, name))
                boards.set(board.name, board)
            }
    return [...boards.values()]
}

/**
 * The board of `--board`: by its short name, or by the name of its file.
 *
 * @throws BoardError
 */
export function findBoard(name: string, project?: string): BoardDescription {
    const reason = REFUSED.get(name.replace(/\W/g, ""))
    if (reason) throw new BoardError(reason)
    const boards = readBoards(project)
    const found = boards.find(
        board => board.name === name || board.file.id === name
    )
    if (!found)
        throw new BoardError(
            `there is no such board, but ${boards.map(board => board.name).join(", ")}`
        )
    return found
}

/** @throws BoardError */
export function readBoardFile(path: string): BoardDescription {
    const id = basename(path, SUFFIX)
    let value: Partial<BoardFile> & { $leaf?: Partial<BoardDescription> }
    try {
        value = JSON.parse(readFileSync(path, "utf8")) as typeof value
    } catch (error) {
        throw new BoardError(
            `${path}: it cannot be read as JSON (${(error as Error).message})`
        )
    }
    const wrong = (what: string) => new BoardError(`${path}: ${what}`)
    if (typeof value.archId !== "string") throw wrong("archId is missing")
    let chip: Chip
    try {
        chip = chipOf(value.archId)
    } catch (error) {
        throw wrong((error as Error).message)
    }
    for (const field of ["devName", "productId", "pins", "i2c", "led"] as const)
        if (!value[field]) throw wrong(`${field} is missing`)
    const file = { ...value, id } as BoardFile
    const { errors } = loadCompiler().pinsInfo(
        loadCompiler().resolveBuildConfig({ hwInfo: {} }).archs[value.archId],
        file
    )
    if (errors.length) throw wrong(errors.join("; "))
    const leaf = value.$leaf ?? {}
    return {
        name: leaf.name ?? id,
        title: leaf.title ?? file.devName,
        led: leaf.led ?? `GPIO${file.led.pin}`,
        wiring: leaf.wiring ?? {
            supply: "3V3",
            ground: "GND",
            sda: String(file.i2c.pinSDA),
            scl: String(file.i2c.pinSCL),
        },
        notes: leaf.notes ?? [],
        file,
        chip,
    }
}
