/**
 * The runtime's image: found in DeviceScript's cache folder, and pinned by version and SHA-256.
 *
 * `devs flash` downloads whatever is the latest, once a day. Here nothing is downloaded, and only the one image counts that the project's file
 * `runtime-images.json` names: who commits that file has the same runtime on every board. The first pin is the owner's decision
 * (`--pin`): the images have no signature that could be checked.
 */
import { createHash } from "node:crypto"
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { runtimeVersion } from "./bundle"
import { BoardDescription, Chip } from "./catalog"

/** Where DeviceScript keeps what it has downloaded, below the project's folder. */
export const CACHE = ".devicescript/cache"
export const PINS = "runtime-images.json"

export interface Pin {
    version: string
    sha256: string
    bytes: number
}

/** The image is not there, or not the pinned one. */
export class RuntimeError extends Error {
    constructor(
        message: string,
        readonly isMissing = false
    ) {
        super(message)
        this.name = "RuntimeError"
    }
}

export interface Runtime {
    file: string
    bytes: Buffer
    pin: Pin
}

/** Where an image of a version is, or the newest one. */
function download({ newest }: Chip, version?: string): string {
    return version
        ? newest.replace("/latest/download/", `/download/v${version}/`)
        : newest
}

/**
 * Finds the board's runtime image and checks it against its pin.
 *
 * @param project the folder with the cache and the pins
 * @param options.file an image that lies elsewhere
 * @param options.pin a version: the image that is there becomes the pinned one
 * @throws RuntimeError
 */
export function findRuntime(
    { chip, title }: BoardDescription,
    project: string,
    options: { file?: string; pin?: string } = {}
): Runtime {
    const pins = readPins(project)
    const present = Object.hasOwn(pins, chip.image)
        ? pins[chip.image]
        : undefined
    const file = options.file ?? join(project, CACHE, chip.image)
    let bytes: Buffer
    try {
        bytes = readFileSync(file)
    } catch (error) {
        const code = (error as NodeJS.ErrnoException).code
        throw new RuntimeError(
            code === "ENOENT"
                ? `Missing: the runtime image for ${title}, ${file}. ` +
                      `Download ${download(chip, options.pin ?? present?.version)} and put it there, or name another place with --runtime`
                : `The runtime image ${file} cannot be read (${code})`,
            true
        )
    }
    const found: Pin = {
        version: "",
        sha256: createHash("sha256").update(bytes).digest("hex"),
        bytes: bytes.length,
    }
    const said = runtimeVersion(chip, bytes)
    if (options.pin !== undefined) {
        const version = options.pin.replace(/^v/, "")
        if (!/^\d+\.\d+\.\d+[\w.+-]*$/.test(version))
            throw new RuntimeError(
                `--pin ${options.pin}: a version such as 2.15.1 is wanted`
            )
        if (said !== undefined && said !== version)
            throw new RuntimeError(
                `--pin ${options.pin}: the image ${file} says of itself that it is ${said}`
            )
        const pin = { ...found, version }
        writePins(project, { ...pins, [chip.image]: pin })
        return { file, bytes, pin }
    }
    if (!present)
        throw new RuntimeError(
            `The runtime image ${file} is not pinned. Its SHA-256 is ${found.sha256}` +
                `${said ? `, its version ${said}` : ""}: if that is what you want on your boards, add --pin ${said ?? "<version>"}`
        )
    if (present.sha256 !== found.sha256)
        throw new RuntimeError(
            `The runtime image ${file} is not the pinned version ${present.version} (${PINS}): its SHA-256 is ${found.sha256}, pinned is ${present.sha256}. ` +
                `Download ${download(chip, present.version)}, or pin this one with --pin ${said ?? "<version>"}`
        )
    return { file, bytes, pin: present }
}

function readPins(project: string): Record<string, Pin> {
    const path = join(project, PINS)
    if (!existsSync(path)) return {}
    try {
        const pins = JSON.parse(readFileSync(path, "utf8")) as Record<
            string,
            Pin
        >
        for (const { version, sha256 } of Object.values(pins))
            if (!version || !/^[0-9a-f]{64}$/.test(sha256))
                throw new Error("version or sha256 is not as it should be")
        return pins
    } catch (error) {
        throw new RuntimeError(
            `${path} cannot be used (${(error as Error).message}): mend it, or delete it and pin the images anew`
        )
    }
}

function writePins(project: string, pins: Record<string, Pin>): void {
    const path = join(project, PINS)
    const draft = `${path}.${process.pid}.tmp`
    writeFileSync(draft, JSON.stringify(pins, null, 4) + "\n")
    renameSync(draft, path)
}
