/**
 * What a bundle holds, in words: program, settings, anchors, Wi-Fi. Secrets are never shown: only settings that are known to be none
 * have their values shown, of all others the length.
 */
import "reflect-metadata"
import { Name } from "@peculiar/x509"
import { createHash, createPublicKey } from "node:crypto"
import { configurationOf } from "../vm/linker/image"
import { endOfCode } from "../vm/compiler"
import { verifyImage } from "../vm/machine"
import { Bundle } from "./bundle"
import { readHardware } from "./hardware"

/** Settings whose values may be seen. */
const OPEN = new Set([
    "schema",
    "hubhost",
    "deviceid",
    "gateway",
    "gwaddr",
    "gwport",
    "timeport",
    "provtime",
    "floor",
    "boots",
    "telemetry",
    "heartbeat",
    "alertat",
    "inuse0",
    "inuse1",
])

export interface AnchorReport {
    place: number
    /** The first 8 digits of SHA-256 over name and key, as `leaf.settingsStatus` has them. */
    fingerprint: string
    subject: string
    key: string
}

export interface Report {
    board: string
    chip: string
    runtimeVersion: string | undefined
    program:
        | {
              name: string
              version: string
              /** The board that it was built for. */
              board: string | undefined
              bytes: number
              codeBytes: number
              sha256: string
              /** 0, or the VM's error. */
              verdict: number
          }
        | undefined
    /** Values, or `{ bytes }` of what is not shown. */
    settings: Record<string, unknown>
    anchors: AnchorReport[]
    wifi: { ssid: string; passwordBytes: number } | undefined
    /** Bytes of settings for which there is still room. */
    freeBytes: number
}

export async function inspect(bundle: Bundle): Promise<Report> {
    const { chip, hardware, store, runtimeVersion } = bundle
    const raw = store.rawValues()
    const settings: Record<string, unknown> = {}
    for (const name of store.settingNames())
        if (!/^anchor\d[a-e]$/.test(name))
            settings[name] = OPEN.has(name)
                ? store.settings()[name]
                : { bytes: store.settingBytes(name).length }
    return {
        board: String(hardware.id ?? hardware.devName),
        chip: chip.title,
        runtimeVersion,
        program: await programReport(store.program()),
        settings,
        anchors: anchorReports(store.settings()),
        wifi:
            raw.wifi_ssid &&
            ({
                ssid: raw.wifi_ssid.toString("utf8"),
                passwordBytes: raw.wifi_psk?.length ?? 0,
            } as const),
        freeBytes: store.freeBytes(),
    }
}

async function programReport(
    image: Buffer | undefined
): Promise<Report["program"]> {
    if (!image) return undefined
    const verdict = await verifyImage(image)
    const said = (verdict === 0 && readHardware(configurationOf(image))) || {}
    return {
        name: String(said["@name"] ?? "?"),
        version: String(said["@version"] ?? "?"),
        board: "@board" in said ? String(said["@board"]) : undefined,
        bytes: image.length,
        codeBytes: verdict === 0 ? endOfCode(image) : 0,
        sha256: createHash("sha256").update(image).digest("hex"),
        verdict,
    }
}

function anchorReports(settings: Record<string, unknown>): AnchorReport[] {
    const found: AnchorReport[] = []
    for (const place of [1, 2]) {
        const text = [..."abcde"]
            .map(part => settings[`anchor${place}${part}`])
            .filter(part => typeof part === "string")
            .join("")
        if (text) found.push({ place, ...anchorReport(text) })
    }
    return found
}

function anchorReport(text: string): Omit<AnchorReport, "place"> {
    const bytes = Buffer.from(text, "base64")
    const fingerprint = createHash("sha256")
        .update(bytes)
        .digest("hex")
        .slice(0, 8)
    try {
        const length = elementLength(bytes)
        const subject = new Name(
            Uint8Array.from(bytes.subarray(0, length)).buffer
        ).toString()
        const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({
            key: bytes.subarray(length),
            format: "der",
            type: "spki",
        })
        const { modulusLength, namedCurve } = asymmetricKeyDetails ?? {}
        return {
            fingerprint,
            subject,
            key: `${asymmetricKeyType} ${modulusLength ?? namedCurve ?? ""}`.trim(),
        }
    } catch {
        return { fingerprint, subject: "not readable", key: "not readable" }
    }
}

/** The whole length of the DER element that comes first. */
function elementLength(bytes: Buffer): number {
    const first = bytes[1]
    if (first < 0x80) return 2 + first
    const count = first & 0x7f
    return 2 + count + bytes.readUIntBE(2, count)
}

/** The report as a user reads it. */
export function reportText(report: Report): string {
    const { program, wifi, settings, anchors } = report
    const lines = [
        `Board:     ${report.board} (${report.chip})`,
        `Runtime:   ${report.runtimeVersion ?? "its image does not say which version"}`,
        program
            ? `Program:   ${program.name} ${program.version}, ${program.bytes} bytes, ${program.codeBytes} of them code; ` +
              (program.verdict === 0
                  ? "the VM accepts it"
                  : `the VM refuses it (${program.verdict})`)
            : "Program:   none",
        ...(program
            ? [
                  `           built for ${program.board ?? "no board"}`,
                  `           SHA-256 ${program.sha256}`,
              ]
            : []),
        wifi
            ? `Wi-Fi:     ${printable(wifi.ssid)}, ${wifi.passwordBytes ? "with a password (not shown)" : "open"}`
            : "Wi-Fi:     none: the board does not know any network",
        ...(anchors.length
            ? anchors.map(
                  ({ place, subject, key, fingerprint }) =>
                      `Anchor ${place}:  ${printable(subject)}, ${key}, ${fingerprint}`
              )
            : ["Anchors:   none"]),
        `Settings:  ${Object.keys(settings).length ? "" : "none, "}room for ${report.freeBytes} bytes more`,
        ...Object.entries(settings).map(
            ([name, value]) =>
                `           ${name} = ${
                    OPEN.has(name)
                        ? printable(JSON.stringify(value))
                        : `(not shown, ${(value as { bytes: number }).bytes} bytes)`
                }`
        ),
    ]
    return lines.join("\n") + "\n"
}

/** What comes out of a file must not steer the terminal. */
function printable(text: string): string {
    return text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "?")
}
