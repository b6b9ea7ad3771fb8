/**
 * `leaf demo`: the firmware in the simulator against the local gateway, with everything that it needs made on the spot.
 *
 * First the cloud has its say: desired properties, a direct method, a message. Then the sensors fall silent, so that a heartbeat is seen; then the network is away for a while, so that
 * an overdue one is seen, and the way back: the time from the gateway, a token for an hour, what was not delivered.
 */
import { parseArgs } from "node:util"
import { Display, ShownEvent } from "../dashboard/events"
import { JsonDisplay, TextDisplay } from "../dashboard/display"
import { GatewayError } from "../gateway/errors"
import type { FaultOptions } from "../gateway/faultoptions"
import type { Gateway } from "../gateway/gateway"
import type { ProfileName } from "../gateway/profiles"
import { Registry } from "../gateway/registry"
import { provision } from "../provisioning/provision"
import { showConsole } from "../dashboard/console"
import { showGateway } from "../dashboard/gateway"
import { Board } from "../vm/boards"
import { Image } from "../vm/compiler"
import { Device, startDevice } from "../vm/host"
import { Plug } from "../vm/plug"
import { simulatedSensors, type SensorOptions } from "../vm/sensors"
import { sine } from "../vm/signals"
import { SkippingClock } from "../vm/virtualclock"
import { readSensors, SENSOR_HELP } from "./sensors"
import { Failure } from "./failure"
import { compileFirmware } from "./firmware"
import { openGateway } from "./gateway"
import {
    readBoard,
    readFaultFile,
    readFirmware,
    readNumber,
    readProfile,
    USAGE,
    usageFailure,
    type FirmwareName,
} from "./options"
import { GATEWAY_NAME, KeyType, Workspace } from "./workspace"

const HELP = `Usage: leaf demo [options]

Runs the firmware in the simulator against a local gateway, and shows what happens.
The first run makes a CA chain and a device identity.

Options:
  --messages <n>     end after n telemetry messages were accepted (exit code 0)
  --port <n>         the gateway's MQTT port (default 8883; 0: any free one)
  --https-port <n>   the gateway's HTTPS port, for the time (default 8443; 0: any free one)
  --chain <type>     rsa (default): RSA-4096 CAs, as Microsoft's scripts make them; ec: P-256 throughout
  --profile <name>   what the gateway behaves as, where the two differ: edgehub (default), the gateway of Azure IoT
                     Edge; or hub, IoT Hub itself
  --dir <folder>     where certificates and device are kept (default .leaf, and .leaf/ec for --chain ec)
  --firmware <name>  thermostat (default): messages, methods and twin, too; telemetry: no more than that;
                     field: telemetry, and settings that methods change
  --board <name>     as slow as this board: esp32-c3 or pico-w. Each public-key operation takes the seconds that are
                     estimated for it there. You do not wait for them: device and gateway skip them together,
                     so that the gateway's 60 s up to CONNECT count as they would
  --faults <file>    what is to go wrong at the gateway: a JSON list of faults, such as
                     [{ "do": "drop", "at": "puback", "after": 3 }]; sim/gateway/faultoptions.ts says what there is
${SENSOR_HELP}  --json             one JSON object a line
  --help             this text

Example:
  npm start -- --messages 5 --json
`

/** Faster than a device's defaults (60 s and 300 s), so that there is something to see. */
const TELEMETRY_SEC = 3
const HEARTBEAT_SEC = 10

/** The scenes, after the first telemetry message, in seconds. */
const DESIRED_AT = 2
const METHOD_AT = 6
const MESSAGE_AT = 10
const SENSORS_SILENT_AT = 14
const SENSORS_BACK_AT = 32
const NETWORK_AWAY_AT = 41
const NETWORK_BACK_AT = 57.5

/** What the cloud desires: more readings, and another threshold for the alert. */
const DESIRED = { telemetrySec: 1, alertC: 21 }

const ADDRESS = "127.0.0.1"

/** Nobody listens there: connections are refused, as by a network that is away. */
const DISCARD_PORT = 9

interface DemoOptions {
    messages: number | undefined
    port: number
    httpsPort: number
    chain: KeyType
    profile: ProfileName
    folder: string
    firmware: FirmwareName | undefined
    board: Board | undefined
    sensors: Pick<SensorOptions, "temperatureC" | "humidityPercent">
    faults: FaultOptions[]
    json: boolean
}

/** @returns the exit code */
export async function demo(args: string[]): Promise<number> {
    const options = readOptions(args)
    if (!options) {
        process.stdout.write(HELP)
        return 0
    }
    const write = (text: string) => process.stdout.write(text)
    const display = options.json
        ? new JsonDisplay(write)
        : new TextDisplay(write, process.stdout.isTTY && !process.env.NO_COLOR)
    const run = new Demo(options, display)
    process.once("SIGINT", () => run.end())
    process.once("SIGTERM", () => run.end())
    try {
        await run.start()
        await run.ended
    } finally {
        await run.close()
    }
    return 0
}

function readOptions(args: string[]): DemoOptions | undefined {
    let values
    try {
        values = parseArgs({
            args,
            options: {
                messages: { type: "string" },
                port: { type: "string", default: "8883" },
                "https-port": { type: "string", default: "8443" },
                chain: { type: "string", default: "rsa" },
                profile: { type: "string", default: "edgehub" },
                firmware: { type: "string" },
                board: { type: "string" },
                sensor: { type: "string", multiple: true },
                dir: { type: "string" },
                faults: { type: "string" },
                json: { type: "boolean", default: false },
                help: { type: "boolean", default: false },
            },
        }).values
    } catch (error) {
        throw usageFailure("demo", error)
    }
    if (values.help) return undefined
    const chain = values.chain
    if (chain !== "rsa" && chain !== "ec")
        throw new Failure(`--chain ${chain}: there are rsa and ec.`, USAGE)
    const folder = values.dir ?? (chain === "ec" ? ".leaf/ec" : ".leaf")
    if (!folder)
        throw new Failure("--dir: the name of a folder is wanted.", USAGE)
    return {
        messages:
            values.messages === undefined
                ? undefined
                : readNumber("--messages", values.messages, 1, 1e6),
        port: readNumber("--port", values.port!, 0, 65535),
        httpsPort: readNumber("--https-port", values["https-port"]!, 0, 65535),
        chain,
        profile: readProfile(values.profile!),
        folder,
        firmware: readFirmware(values.firmware),
        board: readBoard(values.board),
        sensors: readSensors(values.sensor, {
            temperatureC: sine(22, 3, 60000),
            humidityPercent: sine(45, 10, 90000),
        }),
        faults: readFaultFile(values.faults),
        json: values.json!,
    }
}

class Demo {
    readonly ended: Promise<void>
    end!: () => void
    private gateway: Gateway | undefined
    private device: Device | undefined
    private sensors: Plug | undefined
    /** The one time of device and gateway. */
    private readonly clock = new SkippingClock()
    private networkAway = false
    private deviceId = ""
    private accepted = 0
    private readonly timers: NodeJS.Timeout[] = []

    constructor(
        private readonly options: DemoOptions,
        private readonly display: Display
    ) {
        this.ended = new Promise(resolve => (this.end = resolve))
    }

    private show(event: ShownEvent) {
        this.display.show(event)
    }

    async start() {
        const { folder, chain } = this.options
        const workspace = await Workspace.open(folder, chain, () =>
            this.show({
                type: "scene",
                text: `making an owner's CA chain (three ${chain === "ec" ? "P-256" : "RSA-4096"} keys) and a device identity in ${folder}`,
            })
        )
        const image = await compileFirmware(chain, this.options.firmware)
        const gateway = await this.startGateway(workspace)
        await this.startDevice(workspace, gateway, image)
    }

    private async startGateway(workspace: Workspace): Promise<Gateway> {
        const { hubName, deviceId, key } = workspace.device
        const registry = new Registry()
        registry.add({ deviceId, primaryKey: key })
        const { faults } = this.options
        const unfitCertificates = faults.some(fault => fault.certificate)
            ? await workspace.unfitCertificates()
            : {}
        const gateway = await openGateway({
            cert: workspace.chain,
            key: workspace.key,
            hubName,
            gatewayName: GATEWAY_NAME,
            profile: this.options.profile,
            registry,
            clock: this.clock,
            host: ADDRESS,
            port: this.options.port,
            httpsPort: this.options.httpsPort,
            heartbeat: { intervalMs: HEARTBEAT_SEC * 1000 },
            faults,
            unfitCertificates,
        })
        this.gateway = gateway
        this.show({
            type: "gateway",
            address: ADDRESS,
            port: gateway.port,
            httpsPort: gateway.httpsPort,
            host: GATEWAY_NAME,
            profile: this.options.profile,
        })
        showGateway(gateway, this.display, count => {
            this.accepted = count
            if (count === 1) this.playScenes()
            if (count === this.options.messages) this.end()
        })
        return gateway
    }

    private async startDevice(
        workspace: Workspace,
        gateway: Gateway,
        image: Image
    ) {
        const flash = await provision(
            workspace.connectionString,
            [workspace.root],
            {
                provisionedSec: Math.floor(Date.now() / 1000),
                gatewayAddress: ADDRESS,
                mqttPort: gateway.port,
                timePort: gateway.httpsPort,
                telemetrySec: TELEMETRY_SEC,
                heartbeatSec: HEARTBEAT_SEC,
                alertC: 24,
            }
        )
        this.show({
            type: "firmware",
            codeBytes: image.codeBytes,
            imageBytes: image.binary.length,
            deviceId: workspace.device.deviceId,
        })
        this.sensors = new Plug(
            simulatedSensors({ ...this.options.sensors, clock: this.clock })
        )
        this.deviceId = workspace.device.deviceId
        this.device = await startDevice({
            image,
            flash,
            clock: this.clock,
            board: this.options.board,
            bus: this.sensors,
            resolve: () =>
                this.networkAway
                    ? { host: ADDRESS, port: DISCARD_PORT }
                    : undefined,
        })
        // Whoever watches need not wait while the board computes.
        this.device.on("busy", ms => this.clock.skip(ms))
        showConsole(this.device, this.display)
    }

    private playScenes() {
        const at = (seconds: number, text: string, action: () => void) =>
            this.timers.push(
                setTimeout(() => {
                    this.show({ type: "scene", text })
                    action()
                }, seconds * 1000)
            )
        if ((this.options.firmware ?? "thermostat") === "thermostat") {
            at(
                DESIRED_AT,
                "the cloud desires more readings, and an alert at a lower temperature",
                () => this.gateway?.twins.patchDesired(this.deviceId, DESIRED)
            )
            at(
                METHOD_AT,
                `the cloud calls the method setInterval: a reading every ${TELEMETRY_SEC} s again`,
                () => void this.callMethod()
            )
            at(
                MESSAGE_AT,
                "the cloud sends a message, which the device shows and acknowledges",
                () =>
                    this.gateway?.cloudMessages.send(this.deviceId, {
                        body: "good day",
                    })
            )
        }
        at(
            SENSORS_SILENT_AT,
            `the sensors fall silent: without telemetry, a heartbeat comes after ${HEARTBEAT_SEC} s`,
            () => this.sensors?.unplug()
        )
        at(SENSORS_BACK_AT, "the sensors are back", () =>
            this.sensors?.plugIn()
        )
        at(
            NETWORK_AWAY_AT,
            "the network is away: the device tries again and again, its heartbeat will be overdue",
            () => this.cutNetwork()
        )
        at(
            NETWORK_BACK_AT,
            "the network is back: the device reads the time, connects, and sends what it could not",
            () => (this.networkAway = false)
        )
    }

    private async callMethod() {
        try {
            await this.gateway?.methods.invoke(
                this.deviceId,
                "setInterval",
                TELEMETRY_SEC
            )
        } catch (error) {
            // The device may just be away, or the demonstration at its end.
            if (!(error instanceof GatewayError)) throw error
            this.show({ type: "scene", text: error.message })
        }
    }

    private cutNetwork() {
        this.networkAway = true
        this.gateway?.drop(this.deviceId)
    }

    /** Leaves no timer and no socket. */
    async close() {
        for (const timer of this.timers) clearTimeout(timer)
        this.device?.stop()
        await this.gateway?.close()
        if (this.gateway) this.show({ type: "end", accepted: this.accepted })
    }
}
