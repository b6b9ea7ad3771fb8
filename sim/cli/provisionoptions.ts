/** The options of `leaf provision`. What is wrong with them is said without quoting them: one may be the key. */
import { parseArgs } from "node:util"
import type { ProvisioningOptions } from "../provisioning/provision"
import { Failure } from "./failure"
import { readNumber, USAGE, usageFailure } from "./options"

export const PROVISION_HELP = `Usage: leaf provision --connection-string-file <file> --ca <file> [options]
       leaf provision '<connection string>' --ca <file> [options]

Checks a device's connection string and the owner's CA, and writes the settings for DeviceScript's deploy and bundle.

Who the device is:
  --connection-string-file <file>
                       its connection string; - reads standard input. As an argument it is taken too, in quotes: other
                       users of this machine, and the shell's history, can see it then

What it trusts, and where it connects to:
  --ca <file>          the owner's root CA (PEM or DER); two while it is being changed
  --accept-intermediate  the CA was signed by another one, and shall be trusted all the same
  --address <host>     where to connect to (default: GatewayHostName, which is what the certificate must be for)
  --port <n>           MQTT (default 8883)
  --https-port <n>     HTTPS, for the time (default 443)
  --verify             connects to the gateway, and verifies it as the device would, before anything is written
  --known-issuers      that, and stores what was verified, so that the device's first connection is short

What else it is told:
  --wifi-ssid <name>   the Wi-Fi network
  --wifi-password-file <file>
                       its password; without it the network is an open one
  --telemetry <s>      seconds from one telemetry message to the next
  --heartbeat <s>      seconds of silence before a heartbeat

What is written:
  --out <file>         the settings (default .env.local); lines of others stay. git has to ignore it
  --flash-image <file> the same as a flash image, for "leaf run --flash"
  --force              also over the settings of another device
  --json               one JSON object
  --help               this text

Exit codes: 0 provisioned; 1 something is wrong, and nothing was written; 2 wrong usage.

Example:
  leaf provision --connection-string-file leaf-1.txt --ca owner-root-ca.pem --wifi-ssid barn --wifi-password-file wifi.txt
`

const DAY_SEC = 86400
/** Devices have room for two pinned CAs. */
const MOST_CAS = 2

export interface ProvisionOptions {
    connectionString: { text: string } | { text?: undefined; file: string }
    ca: string[]
    acceptIntermediate: boolean
    options: Omit<ProvisioningOptions, "provisionedSec">
    wifi: { ssid: string; passwordFile: string | undefined } | undefined
    out: string
    flashImage: string | undefined
    verify: boolean
    knownIssuers: boolean
    force: boolean
    json: boolean
}

/** Nothing if help is wanted. */
export function readProvisionOptions(
    args: string[]
): ProvisionOptions | undefined {
    const { values, positionals } = parse(args)
    if (values.help) return undefined
    const file = values["connection-string-file"]
    if (positionals.length + (file === undefined ? 0 : 1) !== 1)
        throw wrong(
            positionals.length > 1
                ? "More than one argument is there: put the connection string in quotes, or in a file."
                : 'One connection string is needed: --connection-string-file <file>. "leaf provision --help" says more.'
        )
    const ca = values.ca ?? []
    if (!ca.length || ca.length > MOST_CAS)
        throw wrong(
            `--ca is needed, once, or twice while the owner's CA is being changed.`
        )
    const ssid = values["wifi-ssid"]
    const passwordFile = values["wifi-password-file"]
    if (ssid === undefined && passwordFile !== undefined)
        throw wrong("--wifi-password-file: --wifi-ssid is missing.")
    const inputs = [file, passwordFile, ...ca].filter(name => name === "-")
    if (inputs.length > 1)
        throw wrong(
            "Standard input can give one thing: put the others in files."
        )
    const number = (
        name: "port" | "https-port" | "telemetry" | "heartbeat",
        most: number
    ) => {
        const text = values[name]
        return text === undefined
            ? undefined
            : readNumber(`--${name}`, text, 1, most)
    }
    return {
        connectionString:
            file === undefined ? { text: positionals[0] } : { file },
        ca,
        acceptIntermediate: values["accept-intermediate"],
        options: {
            gatewayAddress: values.address,
            mqttPort: number("port", 65535),
            timePort: number("https-port", 65535),
            telemetrySec: number("telemetry", DAY_SEC),
            heartbeatSec: number("heartbeat", DAY_SEC),
        },
        wifi: ssid === undefined ? undefined : { ssid, passwordFile },
        out: values.out,
        flashImage: values["flash-image"],
        verify: values.verify,
        knownIssuers: values["known-issuers"],
        force: values.force,
        json: values.json,
    }
}

function parse(args: string[]) {
    try {
        return parseArgs({
            args,
            allowPositionals: true,
            options: {
                "connection-string-file": { type: "string" },
                ca: { type: "string", multiple: true },
                "accept-intermediate": { type: "boolean", default: false },
                address: { type: "string" },
                port: { type: "string" },
                "https-port": { type: "string" },
                verify: { type: "boolean", default: false },
                "known-issuers": { type: "boolean", default: false },
                "wifi-ssid": { type: "string" },
                "wifi-password-file": { type: "string" },
                telemetry: { type: "string" },
                heartbeat: { type: "string" },
                out: { type: "string", default: ".env.local" },
                "flash-image": { type: "string" },
                force: { type: "boolean", default: false },
                json: { type: "boolean", default: false },
                help: { type: "boolean", default: false },
            },
        })
    } catch (error) {
        throw usageFailure("provision", error)
    }
}

function wrong(message: string): Failure {
    return new Failure(message, USAGE)
}
