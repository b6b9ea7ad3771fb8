/** The firmwares that ship with the package: one for each set of TLS parts. */
import { X509Certificate } from "node:crypto"
import { join } from "node:path"
import { compile, Image } from "../vm/compiler"

const PACKAGE = join(__dirname, "../../..")

/** The set of TLS parts that a firmware has: for RSA chains, for P-256 chains, for both. */
export type FirmwareSet = "rsa" | "ec" | "all"

const ENTRIES: Record<FirmwareSet, string> = {
    rsa: "src/main.ts",
    ec: "src/mainec.ts",
    all: "src/mainall.ts",
}

/** Compiles a firmware; the first time takes some seconds. */
export function compileFirmware(set: FirmwareSet): Promise<Image> {
    return compile(join(PACKAGE, ENTRIES[set]), { root: PACKAGE })
}

/** The set for gateways with a chain up to one of these CAs, by the kind of their keys. */
export function setFor(anchors: X509Certificate[]): FirmwareSet {
    const isEc = anchors.map(
        ({ publicKey }) => publicKey.asymmetricKeyType === "ec"
    )
    if (isEc.every(Boolean)) return "ec"
    return isEc.some(Boolean) ? "all" : "rsa"
}
