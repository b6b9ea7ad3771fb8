/** The order of the house: which part of `src/` may import which. */
import { posix } from "node:path"
import { preProcessFile } from "typescript"

/**
 * From the ground up. A file may import its own layer and the layers before it. `""` stands for the files that lie
 * in `src/` itself and belong to no other layer.
 */
const LAYERS = [
    "base",
    "crypto",
    "x509",
    "tls",
    "net",
    "mqtt",
    "iothub",
    "app",
    "top",
] as const

type Layer = (typeof LAYERS)[number] | "drivers"

/** Files of `src/` that are in no folder. */
const SINGLE_FILES: Record<string, Layer> = {
    "src/bytes.ts": "base",
    "src/errors.ts": "base",
    "src/heap.ts": "base",
    "src/transport.ts": "base",
    "src/unixtime.ts": "base",
    "src/wirewriter.ts": "base",
    "src/index.ts": "top",
    "src/firmware.ts": "top",
    "src/thermostat.ts": "top",
    "src/field.ts": "top",
    "src/main.ts": "top",
    "src/mainec.ts": "top",
    "src/mainall.ts": "top",
    "src/mainfield.ts": "top",
    "src/mainthermostat.ts": "top",
    "src/mainthermostatec.ts": "top",
    "src/maintokenservice.ts": "top",
}

/** Modules that come with DeviceScript, boards included. */
const BUILT_IN = /^@(devicescript|dsboard)\//

function layerOf(file: string): Layer | undefined {
    const single = SINGLE_FILES[file]
    if (single) return single
    const [, folder, ...rest] = file.split("/")
    return rest.length &&
        (folder === "drivers" ||
            (LAYERS as readonly string[]).slice(1, -1).includes(folder))
        ? (folder as Layer)
        : undefined
}

/** Drivers are parts of their own: they stand on the ground floor, and only a firmware takes them up. */
function mayImport(from: Layer, to: Layer): boolean {
    if (from === to) return true
    if (from === "drivers") return to === "base"
    if (to === "drivers") return from === "top"
    return LAYERS.indexOf(to) < LAYERS.indexOf(from)
}

/**
 * What breaks the order, one sentence each.
 *
 * @param sources text by file name, from the repository's folder, with forward slashes
 */
export function brokenImports(sources: Map<string, string>): string[] {
    const broken: string[] = []
    for (const [file, text] of sources) {
        const layer = layerOf(file)
        if (!layer) {
            broken.push(`${file} belongs to no layer: see test/house/layers.ts`)
            continue
        }
        for (const { fileName: name } of preProcessFile(text).importedFiles) {
            if (!name.startsWith(".")) {
                if (!BUILT_IN.test(name))
                    broken.push(
                        `${file} imports ${name}, which a device does not have`
                    )
                continue
            }
            const target = find(
                sources,
                posix.normalize(posix.join(posix.dirname(file), name))
            )
            const targetLayer = target && layerOf(target)
            if (!target)
                broken.push(
                    `${file} imports ${name}, which is not a file of src`
                )
            else if (targetLayer && !mayImport(layer, targetLayer))
                broken.push(
                    `${file} (${layer}) imports ${target} (${targetLayer})`
                )
        }
    }
    return broken
}

function find(sources: Map<string, string>, path: string): string | undefined {
    return [`${path}.ts`, `${path}/index.ts`].find(file => sources.has(file))
}
