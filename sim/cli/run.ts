/** `leaf run`: the firmware in the simulator, at a gateway that is somewhere else: an IoT Edge gateway, for example. */
import { X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { showConsole } from "../dashboard/console"
import { JsonDisplay, TextDisplay } from "../dashboard/display"
import { anchorKey } from "../provisioning/anchors"
import {
    provision,
    ProvisioningOptions,
    readDevice,
} from "../provisioning/provision"
import { Board } from "../vm/boards"
import { FlashImage } from "../vm/flash"
import { startDevice } from "../vm/host"
import { simulatedSensors, type SensorOptions } from "../vm/sensors"
import { sine } from "../vm/signals"
import { readSensors, SENSOR_HELP } from "./sensors"
import { Failure, systemCode } from "./failure"
import { compileFirmware, type FirmwareSet, setFor } from "./firmware"
import {
    readBoard,
    readFirmware,
    readNumber,
    USAGE,
    usageFailure,
    type FirmwareName,
} from "./options"

const HELP = `Usage: leaf run --connection-string-file <file> --ca <file> [options]
       leaf run --flash <file> [options]

Runs the firmware in the simulator against a gateway, with simulated sensors, until Ctrl-C.

Options:
  --connection-string-file <file>
                       the device's connection string, with GatewayHostName; - reads standard input
  --ca <file>          the owner's root CA (PEM or DER) that the gateway's chain ends in; two while it is being changed
  --flash <file>       a flash image of "leaf provision", in place of the two and of the next five: the device keeps what it
                       learns there
  --address <host>     where to connect to (default: GatewayHostName, which is what the certificate must be for)
  --port <n>           MQTT (default 8883)
  --https-port <n>     HTTPS, for the time (default 443)
  --telemetry <s>      seconds from one telemetry message to the next (default 60)
  --heartbeat <s>      seconds of silence before a heartbeat (default 300)
  --firmware <name>    thermostat (default): messages, methods and twin, too; telemetry: no more than that;
                       field: telemetry, and settings that methods change (with rsa only)
  --set <set>          the firmware's TLS parts: rsa, ec or all (default: what the CAs' keys need);
                       with all there is no room for the thermostat
  --board <name>       as slow as this board, in real time: esp32-c3 or pico-w. Each public-key operation takes the seconds
                       that are estimated for it there (a first connection a minute or two), so that the gateway's
                       limits are met as they would be
${SENSOR_HELP}  --json               one JSON object a line
  --help               this text

Example:
  leaf run --connection-string-file leaf-1.txt --ca azure-iot-test-only.root.ca.cert.pem --telemetry 5
`

const DAY_SEC = 86400

/** @returns the exit code */
export async function run(args: string[]): Promise<number> {
    const options = readOptions(args)
    if (!options) {
        process.stdout.write(HELP)
        return 0
    }
    const write = (text: string) => process.stdout.write(text)
    const display = options.json
        ? new JsonDisplay(write)
        : new TextDisplay(write, process.stdout.isTTY && !process.env.NO_COLOR)
    const { flash, set } =
        "flash" in options.identity
            ? await fromFlash(options.identity.flash)
            : await fromFiles(options.identity)
    const image = await compileFirmware(options.set ?? set, options.firmware)
    const device = await startDevice({
        image,
        flash,
        board: options.board,
        bus: simulatedSensors(options.sensors),
    })
    showConsole(device, display)
    await new Promise<void>(resolve => {
        process.once("SIGINT", resolve)
        process.once("SIGTERM", resolve)
    })
    device.stop()
    return 0
}

interface Started {
    flash: FlashImage | string
    /** The TLS parts that the CAs' keys need. */
    set: FirmwareSet
}

async function fromFiles(identity: IdentityFiles): Promise<Started> {
    const ca = identity.ca.map(file => readBytes("--ca", file))
    const flash = await provision(
        readText("--connection-string-file", identity.connectionStringFile),
        ca,
        identity.provisioning
    )
    return { flash, set: setFor(ca.map(one => new X509Certificate(one))) }
}

/** For `--flash`. @throws Failure unless a device would start with it */
export async function fromFlash(file: string): Promise<Started> {
    let anchors
    try {
        const flash = new FlashImage(readBytes("--flash", file))
        ;({ anchors } = await readDevice(flash.settings()))
    } catch (error) {
        if (error instanceof Failure) throw error
        // The messages of flash and settings hold no values.
        throw new Failure(
            `--flash ${file}: ${(error as Error).message.replace(/\.$/, "")}. "leaf provision --flash-image" makes one.`
        )
    }
    const keys = anchors.map(anchor => ({ publicKey: anchorKey(anchor) }))
    return { flash: file, set: setFor(keys) }
}

interface IdentityFiles {
    connectionStringFile: string
    ca: string[]
    provisioning: ProvisioningOptions
}

interface RunOptions {
    identity: IdentityFiles | { flash: string }
    set: FirmwareSet | undefined
    firmware: FirmwareName | undefined
    board: Board | undefined
    sensors: Pick<SensorOptions, "temperatureC" | "humidityPercent">
    json: boolean
}

function readOptions(args: string[]): RunOptions | undefined {
    let values
    try {
        values = parseArgs({
            args,
            options: {
                "connection-string-file": { type: "string" },
                ca: { type: "string", multiple: true },
                flash: { type: "string" },
                address: { type: "string" },
                port: { type: "string" },
                "https-port": { type: "string" },
                telemetry: { type: "string" },
                heartbeat: { type: "string" },
                firmware: { type: "string" },
                set: { type: "string" },
                board: { type: "string" },
                sensor: { type: "string", multiple: true },
                json: { type: "boolean", default: false },
                help: { type: "boolean", default: false },
            },
        }).values
    } catch (error) {
        throw usageFailure("run", error)
    }
    if (values.help) return undefined
    const set = values.set
    if (set !== undefined && set !== "rsa" && set !== "ec" && set !== "all")
        throw new Failure(`--set ${set}: there are rsa, ec and all.`, USAGE)
    return {
        set,
        firmware: readFirmware(values.firmware),
        identity: readIdentity(values),
        json: values.json!,
        board: readBoard(values.board),
        sensors: readSensors(values.sensor, {
            temperatureC: sine(22, 3, 60000),
            humidityPercent: sine(45, 10, 90000),
        }),
    }
}

/** What is in a flash image, and can be given apart only without one. */
const PROVISIONED = [
    "connection-string-file",
    "ca",
    "address",
    "port",
    "https-port",
    "telemetry",
    "heartbeat",
] as const
type Given = { [name in (typeof PROVISIONED)[number]]?: string | string[] } & {
    ca?: string[]
    flash?: string
}

function readIdentity(values: Given): RunOptions["identity"] {
    if (values.flash !== undefined) {
        const both = PROVISIONED.find(name => values[name] !== undefined)
        if (both)
            throw new Failure(
                `--flash and --${both}: the flash image says that already, so leave one of them out.`,
                USAGE
            )
        return { flash: values.flash }
    }
    const text = (name: keyof Given) => values[name] as string | undefined
    const file = text("connection-string-file")
    if (!file || !values.ca?.length)
        throw new Failure(
            '--connection-string-file and --ca are needed, or --flash. "leaf run --help" says more.',
            USAGE
        )
    const number = (name: keyof Given, fallback: string, most: number) =>
        readNumber(`--${name}`, text(name) ?? fallback, 1, most)
    return {
        connectionStringFile: file,
        ca: values.ca,
        provisioning: {
            provisionedSec: Math.floor(Date.now() / 1000),
            gatewayAddress: text("address"),
            mqttPort: number("port", "8883", 65535),
            timePort: number("https-port", "443", 65535),
            telemetrySec: number("telemetry", "60", DAY_SEC),
            heartbeatSec: number("heartbeat", "300", DAY_SEC),
        },
    }
}

function readBytes(option: string, file: string): Buffer {
    try {
        // 0 is standard input.
        return readFileSync(file === "-" ? 0 : file)
    } catch (error) {
        throw new Failure(
            `${option} ${file}: the file cannot be read (${systemCode(error)}): check its name and rights.`
        )
    }
}

function readText(option: string, file: string): string {
    return readBytes(option, file).toString().trim()
}
