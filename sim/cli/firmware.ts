/** The firmwares that ship with the package, for each set of TLS parts. */
import type { X509Certificate } from "node:crypto"
import { join } from "node:path"
import { compile, Image } from "../vm/compiler"
import { Failure } from "./failure"
import { type FirmwareName, USAGE } from "./options"

const PACKAGE = join(__dirname, "../../..")

/** The set of TLS parts that a firmware has: for RSA chains, for P-256 chains, for both. */
export type FirmwareSet = "rsa" | "ec" | "all"

const ENTRIES: Record<
    FirmwareSet,
    Partial<Record<FirmwareName, string>> & { telemetry: string }
> = {
    rsa: {
        thermostat: "src/mainthermostat.ts",
        field: "src/mainfield.ts",
        telemetry: "src/main.ts",
    },
    ec: { thermostat: "src/mainthermostatec.ts", telemetry: "src/mainec.ts" },
    all: { telemetry: "src/mainall.ts" },
}

/**
 * Compiles a firmware; the first time takes some seconds.
 *
 * @param name the one that does most, if it is missing
 * @throws Failure if the set leaves no room for it
 */
export function compileFirmware(
    set: FirmwareSet,
    name?: FirmwareName
): Promise<Image> {
    const entries = ENTRIES[set]
    const entry = name
        ? entries[name]
        : (entries.thermostat ?? entries.telemetry)
    if (!entry)
        throw new Failure(
            name === "field"
                ? `--firmware field: it is made with --set rsa only, not with ${set}: take --firmware telemetry, or gateways with an RSA chain.`
                : "--firmware thermostat: the TLS parts of --set all leave no room for it: take --firmware telemetry, or --set rsa or ec.",
            USAGE
        )
    return compile(join(PACKAGE, entry), { root: PACKAGE })
}

/** The set for gateways with a chain up to one of these CAs, by the kind of their keys. */
export function setFor(
    anchors: Pick<X509Certificate, "publicKey">[]
): FirmwareSet {
    const isEc = anchors.map(
        ({ publicKey }) => publicKey.asymmetricKeyType === "ec"
    )
    if (isEc.every(Boolean)) return "ec"
    return isEc.some(Boolean) ? "all" : "rsa"
}
