/** `leaf fleet`: many simulated devices at a local gateway of their own, and a table of what each is at. */
import { parseArgs } from "node:util"
import { startControl, type ControlServer } from "../control/server"
import { describeTotals, fleetTable, totalsOf } from "../dashboard/fleettable"
import type { FaultOptions } from "../gateway/faultoptions"
import { Registry } from "../gateway/registry"
import { Fleet } from "../simulation/fleet"
import { Failure } from "./failure"
import { compileFirmware } from "./firmware"
import { openGateway } from "./gateway"
import { readFaultFile, readNumber, USAGE, usageFailure } from "./options"
import { GATEWAY_NAME, type KeyType, Workspace } from "./workspace"

const HELP = `Usage: leaf fleet [options]

Runs many simulated devices against a local gateway, all in this process, and shows what each of them is at. Ctrl-C ends it.
A device's first connection computes for some seconds; four of them connect at once.

Options:
  --devices <n>       how many (default 10, at most 200)
  --telemetry <s>     seconds from one telemetry message of a device to the next (default 5)
  --heartbeat <s>     seconds of silence before a heartbeat (default 30)
  --chain <type>      ec (default), which is faster; or rsa
  --seconds <n>       end after so long (default: not at all)
  --control-port <n>  the gateway's control API, on 127.0.0.1 (default: it is not there; 0: any free port)
  --faults <file>     what is to go wrong, see "leaf gateway --help"
  --dir <folder>      where the CA is kept (default .leaf/ec, and .leaf for --chain rsa)
  --json              one JSON object a line, each second
  --help              this text

Exit codes: 0 ended, and all devices had connected; 1 not all of them had; 2 wrong usage.

Example:
  leaf fleet --devices 20 --telemetry 2
`

const MAX_DEVICES = 200
const DAY_SEC = 86_400
const ADDRESS = "127.0.0.1"
const REFRESH_MS = 1000
/** Without a terminal, a line so often. */
const LINE_MS = 10_000

/** What the command reads and writes, so that tests run it in their own process. */
export interface FleetWorld {
    write(text: string): void
    /** The lines of the terminal; none if it is not one. */
    rows?: number
    /** Resolves when the user has had enough. */
    interrupted: Promise<void>
}

interface Options {
    devices: number
    telemetrySec: number
    heartbeatSec: number
    chain: KeyType
    seconds: number | undefined
    controlPort: number | undefined
    faults: FaultOptions[]
    folder: string
    json: boolean
}

/** @returns the exit code */
export async function fleet(
    args: string[],
    world: FleetWorld = {
        write: text => void process.stdout.write(text),
        rows: process.stdout.isTTY ? process.stdout.rows : undefined,
        interrupted: new Promise(resolve => {
            process.once("SIGINT", resolve)
            process.once("SIGTERM", resolve)
        }),
    }
): Promise<number> {
    const options = readOptions(args)
    if (!options) {
        world.write(HELP)
        return 0
    }
    const { chain, folder, faults } = options
    const workspace = await Workspace.open(folder, chain, () =>
        world.write(`making an owner's CA chain in ${folder}\n`)
    )
    const image = await compileFirmware(chain, "telemetry")
    const registry = new Registry()
    const deviceIds = Array.from(
        { length: options.devices },
        (_, i) => `leaf-${String(i + 1).padStart(3, "0")}`
    )
    for (const deviceId of deviceIds) registry.add({ deviceId })
    const { hubName } = workspace.device
    const gateway = await openGateway({
        cert: workspace.chain,
        key: workspace.key,
        hubName,
        gatewayName: GATEWAY_NAME,
        registry,
        host: ADDRESS,
        port: 0,
        httpsPort: 0,
        heartbeat: { intervalMs: options.heartbeatSec * 1000 },
        faults,
        unfitCertificates: faults.some(fault => fault.certificate)
            ? await workspace.unfitCertificates()
            : {},
    })
    let control: ControlServer | undefined
    const running = new Fleet({
        gateway,
        deviceIds,
        image,
        ca: workspace.root,
        connectionString: deviceId =>
            `HostName=${hubName};DeviceId=${deviceId};SharedAccessKey=${registry.get(deviceId)!.primaryKey};GatewayHostName=${GATEWAY_NAME}`,
        provisioning: {
            provisionedSec: Math.floor(Date.now() / 1000),
            gatewayAddress: ADDRESS,
            mqttPort: gateway.port,
            timePort: gateway.httpsPort,
            telemetrySec: options.telemetrySec,
            heartbeatSec: options.heartbeatSec,
        },
    })
    try {
        if (options.controlPort !== undefined) {
            control = await startControl({ gateway, port: options.controlPort })
            world.write(`the control API is ${control.url}\n`)
        }
        await watch(running, options, world)
        const isComplete = running.rows().every(row => row.connections > 0)
        return isComplete ? 0 : 1
    } finally {
        running.close()
        await control?.close()
        await gateway.close()
    }
}

async function watch(
    running: Fleet,
    { seconds, json }: Options,
    world: FleetWorld
): Promise<void> {
    let drawn = 0
    const draw = () => {
        const rows = running.rows()
        if (json)
            return world.write(
                JSON.stringify({ ...totalsOf(rows), rows }) + "\n"
            )
        if (world.rows === undefined)
            return world.write(describeTotals(totalsOf(rows)) + "\n")
        const lines = fleetTable(rows, Date.now(), world.rows)
        // Up to where the table began, and each line to its end.
        const up = drawn > 0 ? `\u001b[${drawn}A` : ""
        world.write(
            up + lines.map(text => `\u001b[2K${text}\n`).join("") + "\u001b[J"
        )
        drawn = lines.length
    }
    const isLive = json || world.rows !== undefined
    const timer = setInterval(draw, isLive ? REFRESH_MS : LINE_MS)
    let enough: NodeJS.Timeout | undefined
    const timeout = new Promise<void>(resolve => {
        if (seconds !== undefined) enough = setTimeout(resolve, seconds * 1000)
    })
    const started = running.start()
    try {
        await Promise.race([
            world.interrupted,
            timeout,
            // An error ends it; that all have started does not.
            started.then(() => new Promise<void>(() => undefined)),
        ])
    } finally {
        clearInterval(timer)
        clearTimeout(enough)
        draw()
    }
}

function readOptions(args: string[]): Options | undefined {
    let values
    try {
        values = parseArgs({
            args,
            options: {
                devices: { type: "string", default: "10" },
                telemetry: { type: "string", default: "5" },
                heartbeat: { type: "string", default: "30" },
                chain: { type: "string", default: "ec" },
                seconds: { type: "string" },
                "control-port": { type: "string" },
                faults: { type: "string" },
                dir: { type: "string" },
                json: { type: "boolean", default: false },
                help: { type: "boolean", default: false },
            },
        }).values
    } catch (error) {
        throw usageFailure("fleet", error)
    }
    if (values.help) return undefined
    const { chain, seconds, "control-port": controlPort } = values
    if (chain !== "rsa" && chain !== "ec")
        throw new Failure(`--chain ${chain}: there are rsa and ec.`, USAGE)
    const folder = values.dir ?? (chain === "ec" ? ".leaf/ec" : ".leaf")
    if (!folder)
        throw new Failure("--dir: the name of a folder is wanted.", USAGE)
    return {
        devices: readNumber("--devices", values.devices, 1, MAX_DEVICES),
        telemetrySec: readNumber("--telemetry", values.telemetry, 1, DAY_SEC),
        heartbeatSec: readNumber("--heartbeat", values.heartbeat, 1, DAY_SEC),
        chain,
        seconds:
            seconds === undefined
                ? undefined
                : readNumber("--seconds", seconds, 1, DAY_SEC),
        controlPort:
            controlPort === undefined
                ? undefined
                : readNumber("--control-port", controlPort, 0, 65_535),
        faults: readFaultFile(values.faults),
        folder,
        json: values.json,
    }
}
