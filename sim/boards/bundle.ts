/**
 * Bundles: one file for a board's flash with the runtime, the board's pins, the program, and the settings.
 *
 * It is what DeviceScript's `devs bundle` makes, at the same places, but for three things: the Wi-Fi network is in it (`devs bundle`
 * drops it without a word), the program is the linked one, and no server is started for it. The runtime reads the network from two raw
 * entries of its store, `wifi_ssid` and `wifi_psk`.
 *
 * A bundle holds the device key and the Wi-Fi password in the clear, as the flash itself does.
 */
import { isIPv4 } from "node:net"
import { FlashImage } from "../vm/flash"
import { BoardDescription, Chip, readBoards } from "./catalog"
import { FlashFile, FlashFileError } from "./flashfile"
import { Hardware, boardHardware, readHardware } from "./hardware"
import { Settings } from "./settings"

/** The longest description of a board that is looked for. */
const MAX_HARDWARE = 4096

/** What is put together. */
export interface Parts {
    runtime: Buffer
    board: BoardDescription
    /** The image, with the board's pins. */
    program: Buffer
    settings: Settings
}

/** @throws FlashFileError, FlashError, Uf2Error when the parts do not fit together */
export function makeBundle({
    runtime,
    board,
    program,
    settings,
}: Parts): Buffer {
    const { chip } = board
    checkAddress(board, settings)
    const file = FlashFile.read(chip, runtime)
    const store = new FlashImage(undefined, chip.storePages)
    for (const [name, value] of settings.values) store.set(name, value)
    const { wifi } = settings
    if (wifi) {
        store.setRaw("wifi_ssid", wifi.ssid)
        store.setRaw("wifi_psk", wifi.password)
    }
    store.setProgram(program)
    return file.with([
        { address: chip.hardwareAddress, data: hardwareFor(file, board) },
        { address: chip.storeAddress, data: storeFor(file, chip, store) },
    ]).bytes
}

/** The board's pins, as long as those that the runtime image already has at that place, so that nothing of them stays. */
function hardwareFor(file: FlashFile, board: BoardDescription): Uint8Array {
    const { hardwareAddress } = board.chip
    const hardware = boardHardware(board)
    const present = file.at(hardwareAddress, MAX_HARDWARE)
    const length = readHardware(present) ? present.readUInt32LE(8) : 0
    if (!length && !file.isBlank(hardwareAddress, hardware.length))
        throw new FlashFileError(
            "there is something else where the board's pins go: it is no DeviceScript runtime for this chip, or it is of another version"
        )
    const padded = new Uint8Array(Math.max(length, hardware.length))
    padded.set(hardware)
    return padded
}

function storeFor(file: FlashFile, chip: Chip, store: FlashImage): Buffer {
    const { bytes } = store
    if (!file.isBlank(chip.storeAddress, bytes.length))
        throw new FlashFileError(
            "there is something where program and settings go: take the runtime image as it was downloaded, not a bundle"
        )
    return bytes
}

/** The Pico W's runtime opens one connection after the other, until none is left, when it need not ask a name server. */
function checkAddress({ chip }: BoardDescription, { values }: Settings): void {
    const name = ["gwaddr", "gateway", "hubhost"].find(name => values.has(name))
    if (chip.id === "rp2040w" && name && isIPv4(String(values.get(name))))
        throw new FlashFileError(
            `the setting ${name} is an IP address, to which the Pico W's runtime cannot connect: give the gateway a name in DNS`
        )
}

/** What a bundle holds. */
export interface Bundle {
    chip: Chip
    /** What the runtime's image says about the board. */
    hardware: Hardware
    store: FlashImage
    /** The runtime's version, if its image says it. */
    runtimeVersion: string | undefined
}

/**
 * Reads a bundle.
 *
 * @throws FlashFileError when it is none, FlashError, Uf2Error when it is damaged
 */
export function readBundleFile(bytes: Buffer): Bundle {
    const chips = new Map(readBoards().map(({ chip }) => [chip.id, chip]))
    for (const chip of chips.values()) {
        let file: FlashFile
        try {
            file = FlashFile.read(chip, bytes)
        } catch (error) {
            if (error instanceof FlashFileError) continue
            throw error
        }
        const hardware = readHardware(
            file.at(chip.hardwareAddress, MAX_HARDWARE)
        )
        // The ESP32s' files differ in nothing else.
        if (!hardware || hardware.archId !== chip.id) continue
        const pages = chip.storePages
        return {
            chip,
            hardware,
            store: new FlashImage(
                file.at(chip.storeAddress, pages * 4096),
                pages
            ),
            runtimeVersion: runtimeVersion(chip, bytes),
        }
    }
    throw new FlashFileError(
        'it is no bundle: neither a board nor a store is where they should be. "leaf bundle" makes one'
    )
}

const APP_AT = 0x10000
const APP_DESCRIPTION = 0x20
const APP_MAGIC = 0xabcd5432

/** The version in an ESP32 image (`esp_app_desc_t` of ESP-IDF); UF2 files of the RP2040 do not say one. */
export function runtimeVersion(chip: Chip, bytes: Buffer): string | undefined {
    const at = APP_AT - chip.flashOffset + APP_DESCRIPTION
    if (
        chip.format !== "bin" ||
        bytes.length < at + 48 ||
        bytes.readUInt32LE(at) !== APP_MAGIC
    )
        return undefined
    const text = bytes
        .toString("latin1", at + 16, at + 48)
        .replace(/\0.*$/s, "")
    return /^[\x21-\x7e]+$/.test(text) ? text.replace(/^v/, "") : undefined
}
