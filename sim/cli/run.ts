/** `leaf run`: the firmware in the simulator, at a gateway that is somewhere else: an IoT Edge gateway, for example. */
import { X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { showConsole } from "../dashboard/console"
import { JsonDisplay, TextDisplay } from "../dashboard/display"
import { provision, ProvisioningOptions } from "../provisioning/provision"
import { Board } from "../vm/boards"
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

Runs the firmware in the simulator against a gateway, with simulated sensors, until Ctrl-C.

Options:
  --connection-string-file <file>
                       the device's connection string, with GatewayHostName; - reads standard input
  --ca <file>          the owner's root CA (PEM or DER) that the gateway's chain ends in; two while it is being changed
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
    const ca = options.ca.map(file => readBytes("--ca", file))
    const flash = await provision(
        readText("--connection-string-file", options.connectionStringFile),
        ca,
        options.provisioning
    )
    const image = await compileFirmware(
        options.set ??
            setFor(ca.map(certificate => new X509Certificate(certificate))),
        options.firmware
    )
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

interface RunOptions {
    connectionStringFile: string
    ca: string[]
    set: FirmwareSet | undefined
    firmware: FirmwareName | undefined
    provisioning: ProvisioningOptions
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
                address: { type: "string" },
                port: { type: "string", default: "8883" },
                "https-port": { type: "string", default: "443" },
                telemetry: { type: "string", default: "60" },
                heartbeat: { type: "string", default: "300" },
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
    const file = values["connection-string-file"]
    if (!file || !values.ca?.length)
        throw new Failure(
            '--connection-string-file and --ca are needed. "leaf run --help" says more.',
            USAGE
        )
    const set = values.set
    if (set !== undefined && set !== "rsa" && set !== "ec" && set !== "all")
        throw new Failure(`--set ${set}: there are rsa, ec and all.`, USAGE)
    return {
        set,
        firmware: readFirmware(values.firmware),
        connectionStringFile: file,
        ca: values.ca,
        json: values.json!,
        board: readBoard(values.board),
        sensors: readSensors(values.sensor, {
            temperatureC: sine(22, 3, 60000),
            humidityPercent: sine(45, 10, 90000),
        }),
        provisioning: {
            provisionedSec: Math.floor(Date.now() / 1000),
            gatewayAddress: values.address,
            mqttPort: readNumber("--port", values.port!, 1, 65535),
            timePort: readNumber(
                "--https-port",
                values["https-port"]!,
                1,
                65535
            ),
            telemetrySec: readNumber(
                "--telemetry",
                values.telemetry!,
                1,
                DAY_SEC
            ),
            heartbeatSec: readNumber(
                "--heartbeat",
                values.heartbeat!,
                1,
                DAY_SEC
            ),
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
